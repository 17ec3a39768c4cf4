/** Fixed points against the context length, for both laws of tasks. */
import { commutingFixedPoint, denseFixedPoint } from "../../lib/theory/linear_icl/exact_fixed_points.ts";
import { fixedPoint } from "../../lib/theory/linear_icl/closed_form.ts";
import { follow, type Watch } from "./follow.ts";
import { ensemble, type Setting } from "./setting.ts";
import { productsOf, stateOf } from "./state.ts";

/** Fixed point of every mode at one context length, under one law of tasks. */
export interface FixedPointRow {
  readonly tasks: "commuting" | "dense";
  readonly context: number;
  /** Counted from 0. */
  readonly mode: number;
  readonly paper: number;
  readonly exact: number;
  /** Measured a_α of each replica, averaged over the last quarter of its run. */
  readonly measured: readonly number[];
}

/** Fixed points a (d) by the paper and by the exact flow. */
export function predictedFixedPoints(
  problem: { spectrum: readonly number[]; context: number },
  tasks: "commuting" | "dense",
): { paper: Float64Array; exact: Float64Array } {
  const { products } = tasks === "dense" ? denseFixedPoint(problem, 1) : commutingFixedPoint(problem);
  return { paper: fixedPoint(problem), exact: products };
}

/** Start of a fixed-point run: half of the paper's products, with p ∝ 1 for dense tasks and p = q for commuting ones. */
function halfway(
  problem: { spectrum: readonly number[]; context: number },
  tasks: "commuting" | "dense",
): Float32Array {
  const d = problem.spectrum.length;
  const a = fixedPoint(problem).map((value) => value / 2);
  const balanced = (a.reduce((sum, value) => sum + value * value) / d) ** 0.25;
  const init = new Float32Array(8 * d * d);
  a.forEach((product, mode) => {
    const p = tasks === "dense" ? balanced : Math.sqrt(product);
    init[(d + mode) * 2 * d + d + mode] = p;
    init[4 * d * d + mode * 2 * d + mode] = product / p;
  });
  return init;
}

/**
 * Trains at every context length, all in one ensemble, and averages a_α over the last quarter of the run.
 *
 * Few tokens make gradients heavy-tailed, so the learning rate is scaled by N/(N + 8); dense tasks add up d outputs of every
 * mode, so theirs is also divided by d.
 */
export async function fixedPoints(
  setting: Setting,
  seeds: readonly number[],
  watch: Watch,
): Promise<FixedPointRow[]> {
  const { spectrum, contexts } = setting;
  const d = spectrum.length;
  const rows: FixedPointRow[] = [];
  for (const tasks of ["commuting", "dense"] as const) {
    const rate = setting.lr / (tasks === "dense" ? d : 1);
    const replicas = contexts.flatMap((context) => {
      const init = halfway({ spectrum, context }, tasks);
      return seeds.map((seed) => ({ seed, context, lr: rate * context / (context + 8), spectrum, init }));
    });
    using model = await ensemble({ ...setting, tasks }, replicas);
    const last = setting["study-steps"];
    const steps = [...new Set(Array.from({ length: 51 }, (_, index) => Math.round(last * (0.75 + index / 200))))];
    const sums = replicas.map(() => new Float64Array(d));
    for await (const { parameters } of follow(model, `fixed points, ${tasks} tasks`, steps, watch)) {
      replicas.forEach((_, replica) =>
        productsOf(stateOf(parameters, replica, d)).forEach((a, mode) => sums[replica][mode] += a / steps.length)
      );
    }
    contexts.forEach((context, index) => {
      const problem = { spectrum, context };
      const { paper, exact } = predictedFixedPoints(problem, tasks);
      for (let mode = 0; mode < d; mode++) {
        const measured = seeds.map((_, replica) => sums[index * seeds.length + replica][mode]);
        rows.push({ tasks, context, mode, paper: paper[mode], exact: exact[mode], measured });
      }
    });
  }
  return rows;
}
