import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { bars } from "../../lib/figures/bars.ts";
import { heatMap } from "../../lib/figures/heat_map.ts";
import { renderSvg } from "../../lib/figures/render.ts";
import { paths } from "../../lib/figures/paths.ts";
import { scatterPlot } from "../../lib/figures/scatter_plot.ts";
import { FigureError, type Spec } from "../../lib/figures/spec.ts";
import { PALETTE } from "../../lib/figures/theme.ts";
import { validate } from "../../lib/figures/validate.ts";

/** The SVG of a valid figure. */
async function draw(spec: Spec | null): Promise<string> {
  assert(spec !== null);
  await validate(spec);
  return await renderSvg(spec);
}

const fills = (svg: string, kind: string) =>
  [...svg.matchAll(/<path [^>]*>/g)].map(([path]) => path).filter((path) =>
    path.includes(`aria-roledescription="${kind}"`)
  ).map((path) => /fill="([^"]*)"/.exec(path)?.[1]);

const share = { title: "share", domain: [0, 1] } as const;

Deno.test("heat map: a cell reaches from its step to the next, on rows with names", async () => {
  const rows = { "layer 0": { x: [0, 10, 30], y: [0, 0.5, 1] }, "layer 1": { x: [0, 10, 30], y: [1, 1, 0] } };
  const spec = heatMap({ title: "Heads", setup: "seed 1", rows, y: { title: "layer" }, color: share });
  const cells = spec?.datasets?.cells;
  assert(Array.isArray(cells));
  assertEquals(cells.slice(0, 2), [
    { name: "layer 0", from: 0, to: 10, value: 0 },
    { name: "layer 0", from: 10, to: 30, value: 0.5 },
  ]);
  const svg = await draw(spec);
  const [first, second, third, ...others] = fills(svg, "rect mark");
  assertEquals(new Set([first, second, third]).size, 3);
  assertEquals(others, [third, third, first]);
  assert(svg.indexOf(">layer 0<") < svg.indexOf(">layer 1<"));
});

Deno.test("heat map: rows named by numbers have an axis of numbers; step 0 is left out on a log axis", async () => {
  const rows = Object.fromEntries([1, 2, 3].map((k) => [k, { x: [0, 1, 10], y: [0, k / 3, 1] }]));
  const options = { title: "Power", rows, y: { title: "frequency k" }, color: { ...share, format: ".0%" } };
  const spec = heatMap({ ...options, x: { title: "step", scale: "log" } });
  const cells = spec?.datasets?.cells;
  assert(Array.isArray(cells));
  assertEquals(cells.length, 6);
  assertEquals(cells[0], { low: 0.5, high: 1.5, from: 1, to: 10, value: 1 / 3 });
  assertStringIncludes(await draw(spec), ">100%<");
  assertEquals(heatMap({ ...options, rows: {} }), null);
  assertEquals(heatMap({ ...options, rows: { a: { x: [], y: [] } } }), null);
});

Deno.test("scatter plot: a dot a case, coloured by group or by its own value", async () => {
  const dots = { main: [{ x: 1, y: 2 }, { x: 2, y: 3 }], control: [{ x: 3, y: 1 }], none: [] };
  const options = { title: "Norm and time", x: { title: "norm" }, y: { title: "time" } };
  const grouped = await draw(scatterPlot({ ...options, dots, by: "condition" }));
  assertEquals(fills(grouped, "circle"), [PALETTE[0], PALETTE[0], PALETTE[1]]);
  const panels = await draw(scatterPlot({ ...options, dots, panels: 2 }));
  assertEquals(fills(panels, "circle"), [PALETTE[0], PALETTE[0], PALETTE[0]]);
  for (const text of [">main<", ">control<"]) assertStringIncludes(panels, text);
  const turn = { title: "turn", scheme: "rainbow", domain: [0, 1] } as const;
  const own = [0, 0.25, 0.5].map((color) => ({ x: color, y: color, color }));
  assertEquals(new Set(fills(await draw(scatterPlot({ ...options, dots: { own }, color: turn })), "circle")).size, 3);
  // Of many dots none has words of its own.
  const many = { own: Array.from({ length: 1001 }, (_, x) => ({ x, y: x % 7 })) };
  const small = await draw(scatterPlot({ ...options, dots: many, size: 5 }));
  assertEquals([small.includes('aria-label="norm: '), panels.includes('aria-label="norm: ')], [false, true]);
  assertEquals([small.match(/h0(?=[M"])/g)?.length, fills(small, "circle").length], [1001, 0]);
  assertStringIncludes(small, `stroke="${PALETTE[0]}" stroke-width="2.236" stroke-linecap="round"`);
  assertThrows(() => scatterPlot({ ...options, dots }), FigureError, 'expected "by", which names 2 groups');
  assertThrows(
    () => scatterPlot({ ...options, dots, color: turn }),
    FigureError,
    "expected a color for every dot of main, found none at x 1",
  );
  assertEquals(scatterPlot({ ...options, dots: {} }), null);
});

Deno.test("paths: lines in the order of their places, a dot at each end, named places on the side that is asked for", async () => {
  // Back and forth: sorted by x it would be another line.
  const there = [{ x: 0, y: 0 }, { x: 2, y: 1 }, { x: 1, y: 3 }];
  const options = { title: "Plane", x: { title: "PC1" }, y: { title: "PC2" } };
  const lines = { main: [there, there.map(({ x, y }) => ({ x: -x, y }))], control: [[{ x: 1, y: 1 }]], none: [] };
  const points = [{ x: 0, y: 1, name: "ridge" }, { x: 1, y: 0, name: "prior", side: "left" as const }];
  const spec = paths({ ...options, lines, points, by: "condition" });
  assertEquals(spec?.datasets?.ends, [
    { x: 1, y: 3, group: "main" },
    { x: -1, y: 3, group: "main" },
    { x: 1, y: 1, group: "control" },
  ]);
  const drawn = await draw(spec);
  for (const text of [">ridge<", ">prior<", ">main<", ">control<"]) assertStringIncludes(drawn, text);
  assertEquals(drawn.includes(">none<"), false);
  // Three places, the second one farthest to the right.
  const turns = [...drawn.matchAll(/d="M([-\d.]+),[-\d.]+L([-\d.]+),[-\d.]+L([-\d.]+),[-\d.]+"/g)];
  const [start, middle, end] = turns[0].slice(1).map(Number);
  assert(start < end && end < middle, turns[0][0]);
  assertThrows(() => paths({ ...options, lines }), FigureError, 'expected "by", which names 2 groups (main, control)');
  assertEquals(paths({ ...options, lines: { none: [] } }), null);
});

Deno.test("bars: height is the mean, the line the interval; groups stand side by side", async () => {
  const values = { main: { "all heads": [1, 2, 3], pruned: [4, 4, 4], none: [] }, control: { "all heads": [2, 2, 2] } };
  const options = { title: "Loss", y: { title: "loss (nats)" } };
  const spec = bars({ ...options, values, by: "condition", band: "interval95", setup: "C = 8" });
  const rows = spec?.datasets?.bars;
  assert(Array.isArray(rows));
  assertEquals(rows.map((row) => typeof row === "object" && row !== null && "mean" in row && row.mean), [2, 4, 2]);
  const svg = await draw(spec);
  assertEquals(fills(svg, "bar"), [PALETTE[0], PALETTE[0], PALETTE[1]]);
  assertStringIncludes(svg, "C = 8; line: 95 % interval of the mean over 3 replicas");
  assertEquals(bars({ ...options, values: { main: { none: [] } } }), null);
  assertThrows(() => bars({ ...options, values }), FigureError, 'expected "by", which names 2 groups (main, control)');
  assertThrows(
    () => bars({ title: "Loss", values, y: { title: "loss", scale: "log" } }),
    FigureError,
    "cannot draw bars on a logarithmic axis because they have no foot: use points",
  );
});
