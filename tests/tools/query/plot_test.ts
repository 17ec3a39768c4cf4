/** From rows to a figure that the house's checks accept. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Cell } from "../../../lib/tools/query/database.ts";
import { parsePlot, plotOf } from "../../../lib/tools/query/plot.ts";
import { renderSvg } from "../../../lib/figures/mod.ts";
import { validate } from "../../../lib/figures/validate.ts";
import { UserError } from "../../../lib/io/errors.ts";
import { inFolder, query, writeSample } from "./sample.ts";

const columns = [{ name: "step", type: "BIGINT" }, { name: "loss", type: "DOUBLE" }, {
  name: "depth",
  type: "VARCHAR",
}];

/** What a figure draws: its datasets and the types of its marks. */
function drawn(text: string, rows: Cell[][]) {
  const spec = plotOf(parsePlot(text), columns, rows);
  const { datasets, layer, title } = spec as unknown as {
    datasets: { answer: Record<string, number | string>[] };
    layer: { mark: { type: string } }[];
    title: { text: string; subtitle?: string };
  };
  return { spec, rows: datasets.answer, marks: layer.map(({ mark }) => mark.type), title };
}

Deno.test("rows that share a position become their mean in a band, curves are told apart by colour", async () => {
  const rows = [[0n, 1, "2"], [0n, 3, "2"], [10n, 1, "2"], [10n, 2, "2"], [0n, 5, "10"], [10n, 7, "10"]];
  const { spec, rows: summary, marks, title } = drawn("x=step,y=loss,color=depth", rows);
  assertEquals(summary[0], { x: 0, group: "2", mean: 2, low: 1, high: 3, replicas: 2 });
  assertEquals(summary.map(({ group }) => group), ["2", "2", "10", "10"]);
  assertEquals(marks, ["area", "line"]);
  assertEquals(title, {
    text: "loss against step, by depth",
    subtitle: "mean and band: range of 1 to 2 rows at a position",
  });
  await validate(spec);
  const svg = await renderSvg(spec);
  // The legend follows the numbers, not the order of the rows.
  assert(svg.indexOf(">2<") < svg.indexOf(">10<") && svg.includes(">2<"));
});

Deno.test("one row a position makes a line, one position a curve a dot; NULL and what no log axis has is left out", () => {
  assertEquals(drawn("x=step,y=loss", [[0n, 1, "a"], [1n, 2, "a"]]).marks, ["line"]);
  assertEquals(drawn("x=step,y=loss,color=depth", [[0n, 1, "a"], [1n, 2, "b"]]).marks, ["point"]);
  assertEquals(drawn("x=step,y=loss,mark=points", [[0n, 1, "a"], [0n, 2, "a"], [1n, 2, "a"]]).marks, ["rule", "point"]);
  const rows = [[0n, 1, "a"], [1n, 0, "a"], [2n, 4, "a"], [3n, null, "a"], [null, 1, "a"]];
  assertEquals(drawn("x=step,y=loss,log=xy", rows).rows.map(({ x }) => x), [2]);
});

Deno.test("a long log is thinned and keeps its spike", () => {
  const rows = Array.from({ length: 50_000 }, (_, step): Cell[] => [BigInt(step), step === 4321 ? 9 : 1, "a"]);
  const { rows: kept } = drawn("x=step,y=loss", rows);
  assert(kept.length < 4000, `${kept.length}`);
  assert(kept.some(({ mean }) => mean === 9));
});

Deno.test("what cannot be drawn is refused in words", () => {
  const cases: [string, Cell[][], string][] = [
    ["x=step", [], "expected y=COLUMN in --plot, found none"],
    ["x=step,y", [], 'expected --plot as in "x=step,y=loss,color=replica", found "y" in it'],
    ["x=step,y=loss,colour=a", [], "found colour; did you mean color?"],
    ["x=step,y=loss,log=z", [], "expected log in --plot to be one of x|y|xy, found z"],
    ["x=step,x=step,y=loss", [], "expected x once in --plot, found it twice"],
    ["x=steps,y=loss", [], "expected x in --plot to be one of the columns step, loss, depth, found steps"],
    ["x=depth,y=loss", [[1n, 1, "a"]], 'expected finite numbers in x=depth of --plot, found "a"'],
    ["x=step,y=loss", [[1n, NaN, "a"]], 'expected finite numbers in y=loss of --plot, found "NaN"'],
    ["x=step,y=loss", [], "expected rows with step and loss to plot, found none among 0"],
    ["x=step,y=loss,log=y", [[1n, -1, "a"]], "with a place on logarithmic axes (y) to plot, found none among 1"],
  ];
  for (const [text, rows, message] of cases) {
    assertThrows(() => plotOf(parsePlot(text), columns, rows), UserError, message);
  }
});

Deno.test("--plot writes specification, drawing and, for .png, a picture", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const sql = "select t.*, r.configuration->>'layers' as depth from train t join runs r using (experiment, run)";
    const plot = "--plot=x=step,y=loss,color=depth,log=y,title=Loss by depth";
    const { code, stderr } = await query(folder, [
      plot,
      "--out=results/loss.png",
      `${sql} where experiment = 'depths'`,
    ]);
    assertEquals([code, stderr], [0, "written: results/loss.vl.json, results/loss.svg, results/loss.png\n"]);
    assertStringIncludes(Deno.readTextFileSync(`${folder}/results/loss.svg`), "Loss by depth");
    await validate(JSON.parse(Deno.readTextFileSync(`${folder}/results/loss.vl.json`)));
    assertEquals([...Deno.readFileSync(`${folder}/results/loss.png`).slice(1, 4)], [0x50, 0x4e, 0x47]);
    const again = await query(folder, [plot, "--out=results/loss", sql]);
    assertEquals(again.code, 2);
    assertStringIncludes(again.stderr, "expected --out=results/loss to be new, found results/loss.vl.json");
  }));
