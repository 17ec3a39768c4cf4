import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { renderSvg } from "../../lib/figures/render.ts";
import { FigureError, type Spec } from "../../lib/figures/spec.ts";
import { smallMultiples } from "../../lib/figures/compose.ts";
import { curves, type CurvesOptions, multiples, points } from "../../lib/figures/curves.ts";
import { PALETTE, shadeScale } from "../../lib/figures/theme.ts";
import { validate } from "../../lib/figures/validate.ts";
import { lines, picture, theory } from "./demonstration.ts";

/** The specification of something that can be drawn. */
function drawn(spec: Spec | null): Spec {
  assert(spec !== null);
  return spec;
}

const svgOf = (options: CurvesOptions) => renderSvg(drawn(curves(options)));

/** Marks of a kind, one string a mark. */
function marks(svg: string, kind: string): string[] {
  return [...svg.matchAll(new RegExp(`<(path|line) [^>]*aria-roledescription="${kind}"[^>]*>`, "g"))].map(([path]) =>
    path
  );
}

/** Lines of text end with their own tag, in a block or alone. */
function assertText(svg: string, text: string): void {
  assert(svg.includes(`>${text}</text>`) || svg.includes(`>${text}</tspan>`), `no text "${text}" in the SVG`);
}

/** Entries of the legend in order. */
function legend(svg: string): string[] {
  return [...svg.matchAll(/role-legend-label[^>]*>\s*<text[^>]*>([^<]*)/g)].map(([, label]) => label);
}

/** Rows of a dataset of a specification. */
function rowsOf(spec: Spec | null, name: string): readonly Record<string, unknown>[] {
  const rows = drawn(spec).datasets?.[name];
  assert(Array.isArray(rows), `no dataset ${name}`);
  return rows as Record<string, unknown>[];
}

/** One mode alone, without a legend of modes. */
const { by: _, ...unnamed } = picture;
const alone = { ...unnamed, lines: { "s = 4": lines["s = 4"] }, theory: {} };

/** A falling theory curve. */
const falling = { x: [1, 10], y: [1, 0.1] };

Deno.test("curves: theory is dark, dashed and solid as it comes; the simulation is coloured", async () => {
  const svg = await svgOf(picture);
  const groups = [...svg.matchAll(/<g class="mark-line[^"]*"[^>]*>.*?<\/g>/g)].map(([group]) => group).join("");
  const paths = [...groups.matchAll(/<path [^>]*d="[^"]*"[^>]*>/g)].map(([path]) => path);
  for (const shade of shadeScale(["s = 4", "s = 1"]).range) {
    const dark = paths.filter((path) => path.includes(`stroke="${shade}"`));
    assertEquals(dark.filter((path) => path.includes('stroke-dasharray="5,3"')).length, 1);
    assertEquals(dark.filter((path) => path.includes('stroke-dasharray="1,0"')).length, 1);
  }
  for (const color of PALETTE.slice(0, 2)) {
    assertEquals(paths.filter((path) => path.includes(`stroke="${color}"`)).length, 1);
    assertMatch(svg, new RegExp(`<path [^>]*fill="${color}"[^>]*opacity="0.25"|opacity="0.25"[^>]*fill="${color}"`));
  }
});

Deno.test("curves: title, setup with what the band is, axes and legends are written out", async () => {
  const svg = await svgOf(picture);
  const texts = [
    "Modes &amp; their order",
    "N = 8; band: range of 4 replicas",
    "two modes",
    "SGD step",
    "a(t)",
    "mode",
  ];
  for (const text of [...texts, "s = 4", "s = 1", "closed form", "exact flow", "simulation"]) assertText(svg, text);
});

Deno.test("curves: mean and range of replicas at every step, known", () => {
  const loss = [{ x: [0, 10], y: [4, 1] }, { x: [0, 10], y: [8, 3] }, { x: [10], y: [5] }];
  const spec = curves({ title: "Loss", lines: { loss, none: [] }, y: { title: "loss" } });
  assertEquals(rowsOf(spec, "simulation"), [
    { x: 0, group: "loss", mean: 6, low: 4, high: 8, replicas: 2, series: "simulation" },
    { x: 10, group: "loss", mean: 3, low: 1, high: 5, replicas: 3, series: "simulation" },
  ]);
  assertEquals(drawn(spec).title, { text: "Loss", subtitle: ["band: range of 2 to 3 replicas"] });
  assertEquals(drawn(spec).description, "Loss: loss against step.");
});

Deno.test("curves: an interval is called one, with its level; a rule of one's own by its words", () => {
  const told = (band: CurvesOptions["band"]) => JSON.stringify(drawn(curves({ ...picture, band })).title);
  assertStringIncludes(told("interval95"), "N = 8; band: 95 % interval of the mean over 4 replicas");
  assertStringIncludes(told("central90"), "N = 8; band: central 90 % of 4 replicas");
  const median = { words: "quartiles", of: (values: readonly number[]) => ({ centre: values[1], low: 0, high: 1 }) };
  assertStringIncludes(told(median), "N = 8; band: quartiles over 4 replicas");
  assertEquals(rowsOf(curves({ ...alone, band: median }), "simulation")[0].high, 1);
});

Deno.test("curves: one replica has no band to speak of", async () => {
  const { setup: _, ...rest } = alone;
  const single = curves({ ...rest, lines: { "s = 4": lines["s = 4"].slice(0, 1) } });
  assertEquals(drawn(single).title, { text: picture.title });
  assertEquals(legend(await renderSvg(drawn(single))), []);
});

Deno.test("curves: one line a replica, in the colour of its group, without band", async () => {
  const svg = await svgOf({ ...picture, theory: {}, each: "replica" });
  assertEquals(marks(svg, "line mark").length, 8);
  assertEquals(marks(svg, "area mark").length, 0);
  assertEquals(legend(svg), ["s = 4", "s = 1"]);
  assertText(svg, "N = 8; one line a replica");
  const panels = await svgOf({ ...unnamed, theory: {}, each: "replica", panels: 2 });
  assertEquals(marks(panels, "line mark").length, 8);
  assertEquals(legend(panels), []);
});

Deno.test("curves: every theory has a stroke of its own, in the order of appearance", async () => {
  const names = ["ridge regression", "dMMSE", "gradient descent", "memory"];
  for (const order of [names, names.toReversed()]) {
    for (const kind of ["line", "points"] as const) {
      const own = Object.fromEntries(order.map((name) => [name, { "s = 4": falling }]));
      const svg = await svgOf({ ...alone, theory: own, marks: kind });
      assertEquals(legend(svg), [...order, "simulation"]);
      const dashes = order.map((name) =>
        marks(svg, "line mark").find((path) => path.includes(`curve: ${name}`))?.match(/stroke-dasharray="([^"]*)"/)
          ?.[1]
      );
      assertEquals(dashes, ["5,3", "1,0", "1,2.5", "8,3,1,3"]);
    }
  }
});

Deno.test("curves: a theory takes the stroke that it asks for, the others what is left", async () => {
  const own = { flow: { "s = 4": falling }, noise: { "s = 4": falling } };
  const svg = await svgOf({ ...alone, theory: own, strokes: { flow: "solid", absent: "dotted" } });
  const dash = (name: string) => marks(svg, "line mark").find((path) => path.includes(`curve: ${name}`));
  assertStringIncludes(dash("flow")!, 'stroke-dasharray="1,0"');
  assertStringIncludes(dash("noise")!, 'stroke-dasharray="5,3"');
});

Deno.test("curves: theories that cannot be told apart are refused by name", () => {
  const named = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { "s = 4": falling }]));
  const refuse = (options: Partial<CurvesOptions>, message: string) =>
    assertThrows(() => curves({ ...alone, ...options }), FigureError, message);
  refuse({ theory: named("simulation") }, 'expected another name for a theory, found "simulation"');
  refuse({ theory: named("") }, 'expected another name for a theory, found ""');
  refuse(
    { theory: named(..."abcdefghij") },
    'cannot draw more than 9 theories because no further stroke can be told apart: none is left for "j"',
  );
  refuse(
    { theory: named("a", "b"), strokes: { a: "dotted", b: "dotted" } },
    "expected a stroke of its own for every theory, found dotted twice",
  );
});

Deno.test("curves: nothing to draw is null; step 0 has no place on a log axis", () => {
  const x = { title: "step", scale: "log" } as const;
  assertEquals(curves({ ...picture, lines: {}, theory: {} }), null);
  assertEquals(curves({ ...picture, lines: { a: [] }, theory: { b: {} }, panels: 2 }), null);
  assertEquals(curves({ title: "At 0", lines: { a: [{ x: [0], y: [1] }] }, x, y: { title: "loss" } }), null);
  assertEquals(multiples({ title: "None", panels: [], y: { title: "loss" } }), null);
  assertEquals(rowsOf(curves({ ...alone, x }), "simulation").some((row) => row.x === 0), false);
  assertEquals(rowsOf(curves(alone), "simulation")[0].x, 0);
});

Deno.test("curves: unnamed groups, numbers that are none and uneven curves are refused by name", () => {
  assertThrows(
    () => curves(unnamed),
    FigureError,
    'expected "by", which names 2 groups (s = 4, s = 1), found none',
  );
  const withCurve = (x: number[], y: number[]) => () => curves({ ...alone, lines: { loss: [{ x, y }] } });
  assertThrows(withCurve([1, 2], [1, NaN]), FigureError, "expected finite numbers in loss, found NaN at SGD step 2");
  assertThrows(withCurve([1, 2], [1]), FigureError, "expected as many values as positions in loss, found 1 for 2");
  assertThrows(
    () => curves({ ...unnamed, panels: 0 }),
    FigureError,
    "expected columns to be a positive integer, found 0",
  );
  assertThrows(
    () => curves({ ...picture, rules: [{ x: 1, y: 2 }] }),
    FigureError,
    "expected exactly one of x and y in rule, found x 1 and y 2",
  );
});

Deno.test("curves: a long curve is thinned, its spike kept", () => {
  const x = Array.from({ length: 20_000 }, (_, step) => step + 1);
  const long = [{ x, y: x.map((step) => step === 12_345 ? 9 : 1) }];
  const rows = rowsOf(curves({ title: "Long", lines: { loss: long }, y: { title: "loss" } }), "simulation");
  assert(rows.length < 3000, `${rows.length} rows`);
  assert(rows.some(({ mean }) => mean === 9));
});

Deno.test("curves: titles of panels are titles, and stand equally high above their panels", async () => {
  // A label at the very top of an axis sticks out of the panel, one below it does not.
  const tops = [1, 0.93];
  const panels = tops.map((top, index) => ({
    title: `panel ${index}`,
    layers: [{
      data: { values: [{ x: 0, y: 0 }, { x: 1, y: top }] },
      mark: "line" as const,
      encoding: {
        x: { field: "x", type: "quantitative" as const },
        y: { field: "y", type: "quantitative" as const, scale: { domain: [0, top] }, axis: { values: [0, 1] } },
      },
    }],
  }));
  const svg = await renderSvg(smallMultiples({ title: "Two", description: "Two." }, {}, panels, 2));
  const heights = tops.map((_, index) =>
    new RegExp(
      `role-title"><g transform="translate\\([^,]*,([^)]*)\\)(?:(?!role-title").)*>panel ${index}<`,
      "s",
    ).exec(svg)?.[1]
  );
  assert(Number(heights[0]) < 0, `${heights}`);
  assertEquals(heights[0], heights[1]);
  const starts = [
    ...svg.matchAll(/class="mark-group role-scope concat_\d+_group"[^>]*>\s*<g transform="translate\(([^)]*)\)/g),
  ];
  assertEquals(new Set(starts.map(([, at]) => at.split(",")[1])).size, 1);
  assertEquals(starts.length, 2);
});

Deno.test("curves: decades far from 1 are powers of ten", async () => {
  const far = lines["s = 4"].map(({ x, y }) => ({ x: x.map((step) => step * 1000), y }));
  const svg = await svgOf({ ...alone, x: { title: "SGD step", scale: "log" }, lines: { far } });
  for (const text of ["1,000", "10⁴", "10⁵", "10⁶"]) assertText(svg, text);
});

Deno.test("curves: labels of a log axis are exact at every magnitude", async () => {
  const labels = async (domain: [number, number], ticks: number[]) => {
    const svg = await svgOf({ ...picture, x: { title: "step", scale: "log", domain, ticks } });
    const axis = svg.slice(svg.indexOf("X-axis titled"), svg.indexOf("Y-axis titled"));
    return [...axis.matchAll(/fill="#444444" opacity="1">([^<]*)<\/text>/g)].map(([, label]) => label);
  };
  assertEquals(await labels([1e-4, 1e5], [1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000, 1e4, 1e5]), [
    ...["10⁻⁴", "10⁻³", "0.01", "0.1", "1", "10", "100", "1,000", "10⁴", "10⁵"],
  ]);
  assertEquals(await labels([1e-4, 1e-2], [2e-4, 5e-4, 3e-3, 5e-3]), ["2×10⁻⁴", "5×10⁻⁴", "3×10⁻³", "5×10⁻³"]);
  assertEquals(await labels([1e-120, 1e120], [1e-120, 1e-30, 1e30, 1e120]), ["10⁻¹²⁰", "10⁻³⁰", "10³⁰", "10¹²⁰"]);
});

Deno.test("curves: a single group takes the palette's first colour and no colour legend", async () => {
  const svg = await svgOf({ ...alone, theory: { flow: { "s = 4": theory["exact flow"]["s = 4"] } } });
  assertEquals(legend(svg), ["flow", "simulation"]);
  assert(svg.includes(`stroke="${PALETTE[0]}"`));
});

Deno.test("curves: panels are one titled panel a group, theory beside its own", async () => {
  const options = { ...unnamed, panels: 2, rules: [{ x: 100, label: "escape" }] };
  const svg = await svgOf(options);
  for (const text of ["SGD step", "escape"]) {
    assertEquals([...svg.matchAll(new RegExp(`>${text}</text>`, "g"))].length, 2);
  }
  assertEquals([...svg.matchAll(/>exact flow<\/text>/g)].length, 1);
  assertEquals(new Set(rowsOf(curves(options), "theory_1").map(({ group }) => group)), new Set(["s = 1"]));
});

Deno.test("points: one dot and one bar a position, with the mean's interval known", async () => {
  const spec = points({
    title: "Delay",
    lines: { frozen: [{ x: 100, values: [1, 2, 3] }, { x: 200, values: [5, 5, 5] }, { x: 300, values: [] }] },
    x: { title: "step of the intervention" },
    y: { title: "delay (steps)" },
    band: "interval95",
  });
  const rows = rowsOf(spec, "simulation");
  assertEquals(rows.map(({ x, mean }) => [x, mean]), [[100, 2], [200, 5]]);
  assertEquals(Number(rows[0].low).toFixed(4), (2 - 4.302653 / Math.sqrt(3)).toFixed(4));
  const svg = await renderSvg(drawn(spec));
  assertEquals([marks(svg, "point").length, marks(svg, "rule mark").length], [2, 2]);
  assertText(svg, "bar: 95 % interval of the mean over 3 replicas");
  const both = await svgOf({ ...picture, marks: "points" });
  assertEquals([marks(both, "point").length, marks(both, "rule mark").length], [22, 22]);
  assertEquals([...both.matchAll(/>simulation<\/text>/g)].length, 1);
});

Deno.test("multiples: several quantities under one title, colours mean the same in all panels", async () => {
  const spec = drawn(multiples({
    title: "Loss and norm",
    setup: "C = 8",
    panels: [
      { title: "losses", lines: { train: lines["s = 4"], test: lines["s = 1"] }, y: { title: "loss", scale: "log" } },
      { title: "norm", lines: { test: lines["s = 4"], absent: [] }, rules: [{ y: 0.3, label: "goal" }] },
      { title: "nothing", lines: {} },
    ],
    y: { title: "Σ w²" },
    rules: [{ x: 500 }],
    by: "quantity",
    columns: 1,
  }));
  await validate(spec);
  const svg = await renderSvg(spec);
  assertEquals(legend(svg), ["train", "test"]);
  for (const text of ["losses", "norm", "goal", "C = 8; band: range of 4 replicas"]) assertText(svg, text);
  assert(!svg.includes(">nothing<"));
  const areas = marks(svg, "area mark").map((path) => /fill="([^"]*)"/.exec(path)?.[1]);
  assertEquals(areas, [PALETTE[0], PALETTE[1], PALETTE[1]]);
  assertThrows(
    () => multiples({ title: "None", panels: [{ title: "a", lines }] }),
    FigureError,
    'expected y in panel "a" or for all panels, found none',
  );
});
