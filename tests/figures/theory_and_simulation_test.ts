import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { renderSvg } from "../../lib/figures/render.ts";
import { FigureError } from "../../lib/figures/spec.ts";
import { smallMultiples } from "../../lib/figures/compose.ts";
import { bandOver } from "../../lib/figures/band.ts";
import { PALETTE, shadeScale } from "../../lib/figures/theme.ts";
import { theoryAndSimulation, type TheoryRow } from "../../lib/figures/theory_and_simulation.ts";
import { picture, simulation, theory } from "./demonstration.ts";

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

Deno.test("figure: theory is dark, dashed for the paper and solid for the flow; the simulation is coloured", async () => {
  const svg = await renderSvg(theoryAndSimulation(picture));
  const groups = [...svg.matchAll(/<g class="mark-line[^"]*"[^>]*>.*?<\/g>/g)].map(([group]) => group).join("");
  const lines = [...groups.matchAll(/<path [^>]*d="[^"]*"[^>]*>/g)].map(([path]) => path);
  for (const shade of shadeScale(["s = 4", "s = 1"]).range) {
    const dark = lines.filter((path) => path.includes(`stroke="${shade}"`));
    assertEquals(dark.filter((path) => path.includes('stroke-dasharray="5,3"')).length, 1);
    assertEquals(dark.filter((path) => path.includes('stroke-dasharray="1,0"')).length, 1);
  }
  for (const color of PALETTE.slice(0, 2)) {
    assertEquals(lines.filter((path) => path.includes(`stroke="${color}"`)).length, 1);
    assertMatch(svg, new RegExp(`<path [^>]*fill="${color}"[^>]*opacity="0.25"|opacity="0.25"[^>]*fill="${color}"`));
  }
});

Deno.test("figure: title, conditions, axes and legends are written out", async () => {
  const svg = await renderSvg(theoryAndSimulation(picture));
  const texts = [
    "Modes &amp; their order",
    "band: min–max of 4 replicas",
    "SGD step",
    "a(t)",
    "mode",
    "s = 4",
    "s = 1",
  ];
  for (const text of [...texts, "paper closed form", "exact flow", "simulation"]) {
    assertText(svg, text);
  }
});

/** Entries of the legend in order. */
function legend(svg: string): string[] {
  return [...svg.matchAll(/role-legend-label[^>]*>\s*<text[^>]*>([^<]*)/g)].map(([, label]) => label);
}

/** A falling curve under a name of its own. */
const baseline = (series: string, group = ""): TheoryRow[] => [1, 10].map((x) => ({ x, value: 1 / x, series, group }));

Deno.test("figure: baselines under names of one's own are in the legend, each with a stroke of its own", async () => {
  const { groupTitle: _, ...rest } = picture;
  const one = simulation.filter(({ group }) => group === "s = 4").map((row) => ({ ...row, group: "" }));
  const names = ["ridge regression", "dMMSE", "gradient descent"];
  for (const order of [names, names.toReversed()]) {
    const rows = [...baseline(order[0]), ...baseline("exact flow"), ...order.slice(1).flatMap((own) => baseline(own))];
    for (const marks of ["line", "points"] as const) {
      const svg = await renderSvg(theoryAndSimulation({ ...rest, marks, theory: rows, simulation: one }));
      assertEquals(legend(svg), ["exact flow", "simulation", ...order]);
      const lines = svg.match(/<path [^>]*aria-roledescription="line mark"[^>]*>/g)!;
      const own = lines.map((path) =>
        [/stroke="([^"]*)"/, /stroke-dasharray="([^"]*)"/].map((of) => of.exec(path)?.[1])
      );
      assertEquals(new Set(own.map(([color]) => color)).size, marks === "line" ? 5 : 4);
      assertEquals(new Set(own.map(([, dash]) => dash)).size, 4);
    }
  }
});

Deno.test("figure: six baselines differ in their dashes where colour tells groups", async () => {
  const rows = ["a", "b", "c", "d", "e", "f"].flatMap((own) => [...baseline(own, "s = 4"), ...baseline(own, "s = 1")]);
  const svg = await renderSvg(theoryAndSimulation({ ...picture, theory: rows, simulation: undefined }));
  assertEquals(legend(svg), ["s = 4", "s = 1", "a", "b", "c", "d", "e", "f"]);
  const dashes = svg.match(/<path [^>]*aria-roledescription="line mark"[^>]*>/g)!
    .map((path) => /stroke-dasharray="([^"]*)"/.exec(path)?.[1]);
  assertEquals([dashes.length, new Set(dashes).size], [12, 6]);
  assertThrows(
    () => theoryAndSimulation({ ...picture, theory: [...rows, ...baseline("g", "s = 1")] }),
    FigureError,
    'found 7: no stroke is left for "g"',
  );
});

Deno.test("figure: a curve that cannot be shown is refused by its name", () => {
  const withCurve = (series: string, x = 1, scale: "log" | "linear" = "linear") =>
    theoryAndSimulation({
      ...picture,
      x: { title: "step", scale },
      theory: [...theory, { x, value: 1, series, group: "s = 4" }],
    });
  assertThrows(() => withCurve("simulation"), FigureError, 'expected series of theory, found "simulation"');
  assertThrows(() => withCurve(""), FigureError, 'expected a name for every curve in series, found ""');
  withCurve("ridge", 0);
  const expected = 'expected rows of "ridge" that a logarithmic x axis can show, found x = 0 alone';
  assertThrows(() => withCurve("ridge", 0, "log"), FigureError, expected);
});

Deno.test("figure: a simulation alone has no legend of curves, and says what its band is", async () => {
  const { subtitle: _, ...rest } = picture;
  assertEquals(legend(await renderSvg(theoryAndSimulation({ ...rest, theory: [] }))), ["s = 4", "s = 1"]);
  for (const [definition, words] of [["range", "min–max"], ["central90", "central 90 %"]] as const) {
    const rows = [0, 1].flatMap((replica) => [1, 2].map((x) => ({ x, replica, y: x + replica })));
    const band = bandOver(rows, { x: "x", value: "y", definition });
    const { groupTitle: _, ...one } = rest;
    const spec = theoryAndSimulation({ ...one, theory: [], simulation: band });
    assertText(await renderSvg(spec), `band: ${words} of 2 replicas`);
    assert(!JSON.stringify(spec).includes('"definition"'));
  }
  const single = simulation.map((row) => ({ ...row, replicas: 1 }));
  assert(!JSON.stringify(theoryAndSimulation({ ...rest, simulation: single })).includes('"subtitle":'));
});

Deno.test("figure: titles of panels stand equally high above their panels, whatever their axes reach", async () => {
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
    new RegExp(`translate\\([^,]*,([^)]*)\\)"[^>]*>panel ${index}<`).exec(svg)?.[1]
  );
  assert(Number(heights[0]) < 0);
  assertEquals(heights[0], heights[1]);
  const starts = [
    ...svg.matchAll(/class="mark-group role-scope concat_\d+_group"[^>]*>\s*<g transform="translate\(([^)]*)\)/g),
  ];
  assertEquals(new Set(starts.map(([, at]) => at.split(",")[1])).size, 1);
  assertEquals(starts.length, 2);
});

Deno.test("figure: decades far from 1 are powers of ten, step 0 has no place on a log axis", async () => {
  const far = (rows: typeof simulation) => rows.map((row) => ({ ...row, x: row.x * 1000 }));
  const svg = await renderSvg(theoryAndSimulation({
    ...picture,
    x: { title: "SGD step", scale: "log" },
    simulation: far(simulation),
    theory: [],
  }));
  for (const text of ["1,000", "10⁴", "10⁵", "10⁶"]) assertText(svg, text);
  const spec = theoryAndSimulation({ ...picture, x: { title: "SGD step", scale: "log" } });
  assert(!JSON.stringify(spec).includes('"x":0,'));
  assert(JSON.stringify(theoryAndSimulation(picture)).includes('"x":0,'));
});

Deno.test("figure: labels of a log axis are exact at every magnitude", async () => {
  const labels = async (domain: [number, number], ticks: number[]) => {
    const x = { title: "step", scale: "log", domain, ticks } as const;
    const svg = await renderSvg(theoryAndSimulation({ ...picture, x }));
    const axis = svg.slice(svg.indexOf("X-axis titled"), svg.indexOf("Y-axis titled"));
    return [...axis.matchAll(/fill="#444444" opacity="1">([^<]*)<\/text>/g)].map(([, label]) => label);
  };
  assertEquals(await labels([1e-4, 1e5], [1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000, 1e4, 1e5]), [
    ...["10⁻⁴", "10⁻³", "0.01", "0.1", "1", "10", "100", "1,000", "10⁴", "10⁵"],
  ]);
  assertEquals(await labels([1e-4, 1e-2], [2e-4, 5e-4, 3e-3, 5e-3]), ["2×10⁻⁴", "5×10⁻⁴", "3×10⁻³", "5×10⁻³"]);
  assertEquals(await labels([1e-120, 1e120], [1e-120, 1e-30, 1e30, 1e120]), ["10⁻¹²⁰", "10⁻³⁰", "10³⁰", "10¹²⁰"]);
});

Deno.test("figure: a single group takes the palette's first colour and no colour legend", async () => {
  const one = <R extends { group: string }>(rows: readonly R[]) => rows.filter((row) => row.group === "s = 4");
  const { groupTitle: _, ...rest } = picture;
  const svg = await renderSvg(theoryAndSimulation({ ...rest, theory: one(theory), simulation: one(simulation) }));
  assert(!svg.includes(">mode</text>"));
  assert(svg.includes(`stroke="${PALETTE[0]}"`));
});

Deno.test("figure: points with intervals show one dot and one rule a position, and share the legend", async () => {
  const svg = await renderSvg(theoryAndSimulation({ ...picture, marks: "points" }));
  assertEquals(marks(svg, "point").length, 22);
  assertEquals(marks(svg, "rule mark").length, 22);
  assertEquals([...svg.matchAll(/>simulation<\/text>/g)].length, 1);
});

Deno.test("figure: columns give one titled panel a group", async () => {
  const svg = await renderSvg(theoryAndSimulation({ ...picture, columns: 2, rules: [{ x: 100, label: "escape" }] }));
  assertEquals([...svg.matchAll(/>SGD step<\/text>/g)].length, 2);
  assertEquals([...svg.matchAll(/>escape<\/text>/g)].length, 2);
  assertEquals([...svg.matchAll(/>exact flow<\/text>/g)].length, 1);
});

Deno.test("figure: nothing to draw, unnamed groups and bad panels are refused", () => {
  assertThrows(
    () => theoryAndSimulation({ ...picture, theory: undefined, simulation: undefined }),
    FigureError,
    "expected rows in theory or simulation, found none that can be drawn",
  );
  const { groupTitle: _, ...rest } = picture;
  assertThrows(
    () => theoryAndSimulation(rest),
    FigureError,
    "expected groupTitle for 2 groups (s = 4, s = 1), found none",
  );
  assertThrows(
    () => theoryAndSimulation({ ...picture, columns: 0 }),
    FigureError,
    "expected columns to be a positive integer, found 0",
  );
  assertThrows(
    () => theoryAndSimulation({ ...picture, rules: [{ x: 1, y: 2 }] }),
    FigureError,
    "expected exactly one of x and y in rule, found x 1 and y 2",
  );
});
