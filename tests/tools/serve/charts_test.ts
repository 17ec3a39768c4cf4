/** What the page computes: pools of runs, intervals, other axes, smoothing, and what a logarithmic axis leaves out. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { meanInterval, studentQuantile } from "../../../lib/statistics/interval.ts";
import { Curve } from "../../../lib/tools/serve/curve.ts";
import * as charts from "../../../lib/tools/serve/page/charts.js";
import { differing, groupsOf } from "../../../lib/tools/serve/page/groups.js";

const { againstQuantity, csvOf, pooled, smoothed, student, thinned } = charts;

const parallelSpec = charts.parallelSpec as unknown as (of: object) => {
  readonly datasets: {
    readonly rows: readonly { readonly axis: string; readonly at: number }[];
    readonly labels: readonly { readonly text: string }[];
  };
};

/** A point as it is drawn. */
interface Row {
  x: number;
  mean: number;
  low: number;
  high: number;
  raw?: number;
}

const rowsOf = charts.rowsOf as unknown as (curves: object[], settings: object) => { rows: Row[]; dropped: number };

function curveOf(values: readonly number[][]): number[][] {
  const curve = new Curve();
  values.forEach((replicas, step) => replicas.forEach((value) => curve.add(10 * step, value, 0)));
  return curve.since(-1)!.points.map((point) => [...point]);
}

Deno.test("the page's quantile of Student's distribution is the library's", () => {
  for (const freedom of [1, 2, 3, 5, 10, 11, 15, 30, 100, 1000]) {
    const exact = studentQuantile(0.975, freedom);
    assertAlmostEquals(student(freedom) / exact, 1, 1e-3);
  }
});

Deno.test("several runs of one thing are what a pool of their replicas would have been, interval included", () => {
  const [a, b] = [[[1, 4], [2, 2.5]], [[7, 1.5], [0, 3]]];
  const both = a.map((values, step) => [...values, ...b[step]]);
  const [found, expected] = [pooled([curveOf(a), curveOf(b)]), curveOf(both)];
  found.flat().forEach((value: number, index: number) => assertAlmostEquals(value, expected.flat()[index], 1e-12));
  const { rows } = rowsOf([{ label: "main", points: found }], { band: "interval" });
  both.forEach((values, step) => {
    const { low, high } = meanInterval(values);
    assertAlmostEquals(rows[step].low, low, 1e-3);
    assertAlmostEquals(rows[step].high, high, 1e-3);
  });
});

Deno.test("runs with other positions are read between their points, where all of them have been", () => {
  const at = (x: number, y: number) => [x, y, y, y, 0, 1];
  const found = pooled([[at(0, 0), at(10, 10)], [at(4, 1), at(6, 1), at(20, 1)]]);
  assertEquals(found.map(([x, mean]: number[]) => [x, mean]), [[4, 2.5], [6, 3.5], [10, 5.5]]);
});

Deno.test("a logarithmic axis leaves out what is 0 or less, and says how much", () => {
  const points = [[0, 1, 0, 2, 0, 1], [1, 0, 0, 0, 0, 1], [2, -1, -1, -1, 0, 1], [3, 0.5, 0, 1, 0, 1]];
  const found = rowsOf([{ label: "main", points }], { yLog: true });
  assertEquals([found.dropped, found.rows.map(({ x, low }) => [x, low])], [2, [[0, 0.5], [
    3,
    0.5,
  ]]]);
  assertEquals(rowsOf([{ label: "main", points }], { xLog: true }).dropped, 1);
  assertEquals(rowsOf([{ label: "main", points }], { x: "relative" }).rows.map(({ x }) => x), [
    0,
    1 / 3,
    2 / 3,
    1,
  ]);
});

Deno.test("smoothing starts at the first value, keeps what is constant, and leaves theories as they are", () => {
  assertEquals(smoothed([3, 3, 3], 0.9).map((value: number) => Number(value.toFixed(12))), [3, 3, 3]);
  assertEquals(smoothed([2, 4], 0.5), [2, 10 / 3]);
  const points = [[0, 2, 2, 2, 0, 1], [1, 4, 4, 4, 0, 1]];
  const { rows } = rowsOf([{ label: "m", points }, { label: "m", theory: "flow", points }], { smooth: 0.5 });
  assertEquals(rows.map(({ mean, raw }) => [mean, raw]), [[2, 2], [10 / 3, 4], [
    2,
    undefined,
  ], [4, undefined]]);
});

Deno.test("another quantity as position is that of the same series", () => {
  const at = (x: number, y: number) => [x, y, y, y, 0, 1];
  const curve = (quantity: string, series: string, points: number[][]) => ({
    y: "value",
    facets: { quantity },
    curves: [{ label: series, groups: { series }, theory: "", points }],
  });
  const tokens = [curve("tokens", "main", [at(0, 0), at(10, 1000)]), curve("tokens", "wide", [at(0, 0), at(10, 4000)])];
  const loss = curve("loss", "wide", [at(0, 3), at(5, 2), at(20, 1)]);
  const [found] = againstQuantity(loss.curves, [...tokens, loss], "tokens") as unknown as { points: number[][] }[];
  assertEquals(found.points.map(([x, y]) => [x, y]), [[0, 3], [2000, 2]]);
});

Deno.test("many points are drawn as fewer, extremes kept", () => {
  const points = Array.from({ length: 1000 }, (_, x) => [x, 0, x === 500 ? -9 : 0, x === 77 ? 9 : 0, 0, 1]);
  const thin = thinned(points, 100);
  assertEquals([
    thin.length,
    Math.min(...thin.map((p: number[]) => p[2])),
    Math.max(...thin.map((p: number[]) => p[3])),
  ], [100, -9, 9]);
});

Deno.test("groups: each run, the seeds of one thing, the values of an option; the same seed twice is no further replica", () => {
  const run = (label: string, configuration: Record<string, string>) => ({
    label,
    record: { experiment: "e", configuration },
  });
  const runs = [
    run("a", { lr: "0.1", seed: "1", quiet: "true" }),
    run("b", { lr: "0.1", seed: "2" }),
    run("c", { lr: "0.02", seed: "1" }),
    run("d", { lr: "0.1", seed: "1" }),
  ];
  const shown = (by: "run" | "seeds" | "option", option = "") =>
    groupsOf(runs, by, option).map((
      { name, runs },
    ) => [name, (runs as { label: string }[]).map(({ label }) => label).join()]);
  assertEquals(differing(runs), ["lr", "seed"]);
  assertEquals(shown("seeds"), [["c", "c"], ["d", "d"], ["lr 0.1", "a,b"]]);
  assertEquals(shown("option", "lr"), [["lr 0.02", "c"], ["lr 0.1", "a,b,d"]]);
  assertEquals(shown("run").length, 4);
});

Deno.test("rows as CSV: quoted where they must be, columns of all rows", () => {
  assertEquals(csvOf([{ a: 1, b: 'x,"y"' }, { c: null }]), 'a,b,c\n1,"x,""y""",\n,,\n');
});

Deno.test("parallel coordinates: numbers at their place, logarithmic where asked for and possible, other values apart", () => {
  const line = (run: string, lr: number, kind: string, last: number) => ({
    run,
    group: "main",
    values: { lr, kind, last },
  });
  const { datasets } = parallelSpec({
    lines: [line("a", 0.01, "adam", 3), line("b", 0.1, "sgd", 1), line("c", 1, "lion", -1)],
    axes: ["lr", "kind", "last"],
    logs: new Set(["lr", "last"]),
    quantity: "loss",
    colour: null,
    names: ["main"],
  });
  const places = (axis: string) => datasets.rows.filter((row) => row.axis === axis).map(({ at }) => at);
  places("lr (log)").forEach((at, index) => assertAlmostEquals(at, index / 2));
  assertEquals(places("kind"), [0, 1, 0.5]);
  // Not all of these are positive.
  assertEquals(places("last"), [1, 0.5, 0]);
  assertEquals(datasets.labels.map(({ text }) => text), [
    ...["0.01", "1", "adam", "lion", "sgd", "-1", "3"],
  ]);
});
