/** Theory as curves: against the functions that they are made of, at cases whose answer is known. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { poolEntries } from "../../../lib/tasks/regression_prompts.ts";
import { decoupledLoss, decoupledProducts } from "../../../lib/theory/linear_icl/closed_form.ts";
import {
  decoupledCurves,
  exactCurves,
  fixedPoints,
  halfwayInit,
  meanCurves,
  noiseCurves,
  taskLaw,
} from "../../../lib/theory/linear_icl/curves.ts";
import { blockImbalances, blockProducts, learningBlocks } from "../../../lib/theory/linear_icl/blocks.ts";
import { populationGradient } from "../../../lib/theory/linear_icl/flow.ts";
import { modeFlow, modeProducts } from "../../../lib/theory/linear_icl/modes.ts";

const problem = { spectrum: [2, 1], context: 8 };
const at = { rate: 0.02, steps: [0, 1, 10, 200] };

Deno.test("decoupledCurves: logistic products; losses are those of the step before", () => {
  const { product, "mode imbalance": imbalance, loss } = decoupledCurves(problem, { ...at, initial: 0.01, outputs: 3 });
  const expected = decoupledProducts(problem, 0.01, at.rate, [0, 0, 9, 199]);
  assertEquals(loss, expected.map((a) => 3 * decoupledLoss(problem, a)));
  assertEquals(product[1][3], decoupledProducts(problem, 0.01, at.rate, [200])[0][1]);
  assertEquals(imbalance, [[0, 0, 0, 0], [0, 0, 0, 0]]);
});

Deno.test("exactCurves: from a diagonal start they are the flow of modes; mean, end and losses agree with it", () => {
  const p = Float64Array.of(0.3, 0, 0, 0.1), law = { kind: "commuting" } as const;
  const { curves, end, error } = exactCurves(problem, law, { p, q: p }, at);
  const { states } = modeFlow(problem, [0.3, 0.1, 0.3, 0.1], at.rate, at.steps);
  states.forEach((state, report) => {
    const a = modeProducts(state);
    curves.product.forEach((mode, index) => assertAlmostEquals(mode[report], a[index], 1e-6));
    const [first, second] = [state[0] ** 2 - state[2] ** 2, state[1] ** 2 - state[3] ** 2];
    [first, second].forEach((value, mode) => assertAlmostEquals(curves["mode imbalance"][mode][report], value, 1e-6));
  });
  assertAlmostEquals(curves.imbalance[3], curves["mode imbalance"][0][3] + curves["mode imbalance"][1][3], 1e-12);
  assertEquals(curves.loss[0], populationGradient(problem, law, { p, q: p }).loss);
  assertEquals(curves.loss[1], curves.loss[0]);
  assertAlmostEquals(end.p[0] * end.q[0], curves.product[0][3], 1e-15);
  assert(error < 1e-6);
  const { loss, product } = meanCurves([curves, { ...curves, loss: curves.loss.map((loss) => 3 * loss) }]);
  assertAlmostEquals(loss[2], 2 * curves.loss[2], 1e-12);
  assertEquals(product, curves.product);
});

Deno.test("noiseCurves: from many prompts a step they are the exact flow's; the spread falls as their root", () => {
  const law = { kind: "commuting" } as const, p = Float64Array.of(0.1, 0, 0, 0.1);
  const { curves } = exactCurves(problem, law, { p, q: p }, at);
  const [some, many] = [100, 1e8].map((batch) => noiseCurves(problem, { ...at, initial: 0.1, batch }));
  // A step of the flow is one of descent up to O(η).
  many.product.forEach((mode, index) => assertAlmostEquals(mode[3] / curves.product[index][3], 1, 0.02));
  many["mode imbalance"].forEach((mode, i) => assertAlmostEquals(mode[3], curves["mode imbalance"][i][3], 0.01));
  assertAlmostEquals(many.imbalance[3], 0, 1e-3);
  for (const  of of["rms p1", "rms q2", "rms p1 and q2", "standard deviation of population loss"] as const) {
    assertAlmostEquals(some[of][2] / many[of][2], 1000, 5);
    assertEquals(some[of][0], 0);
  }
  const deviation = "standard deviation of product";
  assertAlmostEquals(some[deviation][1][2] / many[deviation][1][2], 1000, 5);
});

Deno.test("taskLaw: fresh and dense tasks by name, a pool by the moments of its own entries", () => {
  const { spectrum } = problem;
  assertEquals(taskLaw({ tasks: "commuting", pool: "fresh", spectrum }, 1), { kind: "commuting" });
  assertEquals(taskLaw({ tasks: "dense", pool: "fresh", spectrum }, 1), { kind: "dense", variance: 1 });
  const law = taskLaw({ tasks: "commuting", pool: 3, spectrum }, 7);
  assert(law.kind === "commuting" && law.moments !== undefined);
  const entries = poolEntries(7, 3, 2);
  const moment = (i: number, j: number) =>
    [0, 1, 2].reduce((sum, t) => sum + entries[2 * t + i] * entries[2 * t + j] / 3, 0);
  const expected = [moment(0, 0), moment(0, 1), moment(1, 0), moment(1, 1)];
  expected.forEach((value, index) => assertAlmostEquals(law.moments![index], value, 1e-12));
});

Deno.test("fixedPoints: the paper's is exact for dense tasks, and for commuting ones as N → ∞", () => {
  const dense = fixedPoints(problem, "dense");
  const long = fixedPoints({ ...problem, context: 2 ** 24 }, "commuting");
  for (const { paper, exact } of [dense, long]) {
    paper.forEach((value, mode) => assertAlmostEquals(value, exact[mode], 1e-5));
  }
  assert(Math.abs(fixedPoints(problem, "commuting").exact[1] - dense.paper[1]) > 0.01);
});

Deno.test("halfwayInit: half of the paper's products, p = q for commuting tasks and p ∝ 1 for dense ones", () => {
  for (const tasks of ["commuting", "dense"] as const) {
    const blocks = learningBlocks(halfwayInit(problem, tasks), 0, 2);
    const { paper } = fixedPoints(problem, tasks);
    blockProducts(blocks).forEach((product, mode) => assertAlmostEquals(product, paper[mode] / 2, 1e-7));
    if (tasks === "dense") assertEquals(blocks.p[0], blocks.p[3]);
    else blockImbalances(blocks).forEach((imbalance) => assertAlmostEquals(imbalance, 0, 1e-7));
  }
});
