/** Theories of linear attention as curves over the steps at which a run is looked at. */
import { diagonalInit } from "../../models/linear_icl.ts";
import { mean } from "../../statistics/mod.ts";
import { poolEntries, type TaskFamily } from "../../tasks/regression_prompts.ts";
import { blockImbalances, blockProducts, rootMeanSquare, squaredNorm } from "./blocks.ts";
import { decoupledLoss, decoupledProducts, fixedPoint } from "./closed_form.ts";
import { commutingFixedPoint, denseFixedPoint } from "./exact_fixed_points.ts";
import { type Blocks, blocksOf, poolMoments, populationFlow, populationGradient, type TaskLaw } from "./flow.ts";
import type { IclProblem } from "./problem.ts";
import { sgdNoise, type SgdPrediction } from "./sgd_noise.ts";

/** A theory's view of a run at some steps (T), by the names that `blockMeasures` has for what a run measures. */
export interface IclCurves {
  /** a_α (D, T). */
  readonly "product": readonly (readonly number[])[];
  /** p_α² − q_α² (D, T). */
  readonly "mode imbalance": readonly (readonly number[])[];
  /** ‖p2‖² − ‖q1‖² (T), as p1 = q2 = 0. */
  readonly "imbalance": readonly number[];
  /** Loss before the update of each step (T): what the batch loss reported at that step is a sample of. */
  readonly "loss": readonly number[];
}

/** Where a run starts, and at which steps it is looked at. */
export interface CurveOptions {
  /** Learning rate η > 0. */
  readonly rate: number;
  /** Steps (T), ascending from 0 on. */
  readonly steps: readonly number[];
}

/** Joins steps and the steps before them to one list, and the places of both in it. */
function withStepsBefore(steps: readonly number[]) {
  const before = steps.map((step) => Math.max(0, step - 1));
  const times = [...new Set([...steps, ...before])].sort((a, b) => a - b);
  return { times, at: steps.map((step) => times.indexOf(step)), atBefore: before.map((step) => times.indexOf(step)) };
}

/**
 * Draws the paper's closed form from a balanced start.
 *
 * @example
 * ```ts
 * import { decoupledCurves } from "./curves.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const problem = { spectrum: [2, 1], context: 8 };
 * const { product, loss } = decoupledCurves(problem, { initial: 0.01, rate: 0.02, steps: [0, 100] });
 * assertEquals([product.length, product[0][0], loss.length], [2, 0.01, 2]);
 * ```
 *
 * @param problem Spectrum (D) and context length.
 * @param options `initial`: a_α(0) of every mode; `outputs` that each have a mode's variance: 1 for commuting tasks, which
 *   the paper's loss is stated for, D for dense ones.
 * @returns Its curves.
 */
export function decoupledCurves(
  problem: IclProblem,
  { initial, rate, steps, outputs = 1 }: CurveOptions & { readonly initial: number; readonly outputs?: number },
): IclCurves {
  const { times, at, atBefore } = withStepsBefore(steps);
  const points = decoupledProducts(problem, initial, rate, times);
  return {
    "product": Array.from(problem.spectrum, (_, mode) => at.map((index) => points[index][mode])),
    "mode imbalance": Array.from(problem.spectrum, () => steps.map(() => 0)),
    "imbalance": steps.map(() => 0),
    "loss": atBefore.map((index) => outputs * decoupledLoss(problem, points[index])),
  };
}

/**
 * Integrates the exact population flow at finite context length.
 *
 * @param problem Spectrum (D) and context length.
 * @param law Law of the tasks.
 * @param start Blocks p2 and q1 at step 0.
 * @param options Learning rate and steps.
 * @returns Its curves, the blocks at its last step, and the measured error of the integration in units of the parameters.
 */
export function exactCurves(
  problem: IclProblem,
  law: TaskLaw,
  start: Blocks,
  { rate, steps }: CurveOptions,
): { readonly curves: IclCurves; readonly end: Blocks; readonly error: number } {
  const { times, at, atBefore } = withStepsBefore(steps);
  const { states, errorEstimate } = populationFlow(problem, law, start, rate, times);
  const blocks = states.map(blocksOf);
  const modes = (of: (blocks: Blocks) => number[]) => {
    const points = at.map((index) => of(blocks[index]));
    return Array.from(problem.spectrum, (_, mode) => points.map((point) => point[mode]));
  };
  return {
    curves: {
      "product": modes(blockProducts),
      "mode imbalance": modes(blockImbalances),
      "imbalance": at.map((index) => squaredNorm(blocks[index].p) - squaredNorm(blocks[index].q)),
      "loss": atBefore.map((index) => populationGradient(problem, law, blocks[index]).loss),
    },
    end: blocks[blocks.length - 1],
    error: errorEstimate,
  };
}

/**
 * Averages curves over replicas whose starts or tasks differ.
 *
 * @param curves Curves of each replica, at least one.
 * @returns Their means.
 */
export function meanCurves(curves: readonly IclCurves[]): IclCurves {
  const over = (of: (curves: IclCurves) => readonly number[]) =>
    of(curves[0]).map((_, index) => mean(curves.map((one) => of(one)[index])));
  const modes = (quantity: "product" | "mode imbalance") =>
    curves[0][quantity].map((_, mode) => over((one) => one[quantity][mode]));
  return {
    "product": modes("product"),
    "mode imbalance": modes("mode imbalance"),
    "imbalance": over(({ imbalance }) => imbalance),
    "loss": over(({ loss }) => loss),
  };
}

/** Predictions from SGD noise for an ensemble at some steps (T), by the names of {@linkcode IclCurves}. */
export interface NoiseCurves extends Omit<IclCurves, "loss"> {
  /** Standard deviation of a_α over replicas (D, T). */
  readonly "standard deviation of product": readonly (readonly number[])[];
  /** Root mean square of the entries of the null block p1 (T). */
  readonly "rms p1": readonly number[];
  /** Root mean square of the entries of the null block q2 (T). */
  readonly "rms q2": readonly number[];
  /** Root mean square of the entries of both null blocks (T). */
  readonly "rms p1 and q2": readonly number[];
  /** Standard deviation of the population loss over replicas (T). */
  readonly "standard deviation of population loss": readonly number[];
}

/**
 * Predicts what SGD noise adds to the exact flow of fresh commuting tasks, from a balanced start p = q = `initial` · 1.
 *
 * @param problem Spectrum (D) and context length.
 * @param options Start, learning rate, prompts a step, steps.
 * @returns Its curves.
 */
export function noiseCurves(
  problem: IclProblem,
  { initial, rate, batch, steps }: CurveOptions & { readonly initial: number; readonly batch: number },
): NoiseCurves {
  const D = problem.spectrum.length;
  const points = sgdNoise(problem, { start: new Float64Array(2 * D).fill(initial), rate, batch, steps });
  const over = (of: (point: SgdPrediction) => number) => points.map(of);
  const modes = (of: (point: SgdPrediction, mode: number) => number) =>
    Array.from(problem.spectrum, (_, mode) => over((point) => of(point, mode)));
  // E[p²] of an entry: the square of its mean plus its variance.
  const second = ({ state, covariance }: SgdPrediction, e: number) => state[e] ** 2 + covariance[e * 2 * D + e];
  return {
    "product": modes(({ products }, mode) => products[mode]),
    "standard deviation of product": modes(({ productStd }, mode) => productStd[mode]),
    "mode imbalance": modes((point, mode) => second(point, mode) - second(point, D + mode)),
    "imbalance": over(({ imbalance }) => imbalance),
    "rms p1": over(({ std }) => rootMeanSquare(std.p1)),
    "rms q2": over(({ std }) => rootMeanSquare(std.q2)),
    "rms p1 and q2": over(({ std: { p1, q2 } }) => Math.sqrt((rootMeanSquare(p1) ** 2 + rootMeanSquare(q2) ** 2) / 2)),
    "standard deviation of population loss": over(({ lossStd }) => lossStd),
  };
}

/**
 * Describes a replica's tasks as the population flow takes them.
 *
 * @param setting Family of the tasks, number of fixed ones or `fresh`, and spectrum (D) of the inputs.
 * @param seed Seed of the replica, from which its pool is drawn.
 * @returns The law; of dense tasks that of fresh ones, whatever the pool.
 */
export function taskLaw(
  { tasks, pool, spectrum }: {
    readonly tasks: TaskFamily;
    readonly pool: number | "fresh";
    readonly spectrum: readonly number[];
  },
  seed: number,
): TaskLaw {
  if (tasks === "dense") return { kind: "dense", variance: 1 };
  if (pool === "fresh") return { kind: "commuting" };
  const D = spectrum.length;
  const entries = poolEntries(seed, pool, D);
  return {
    kind: "commuting",
    moments: poolMoments(Array.from({ length: pool }, (_, task) => entries.slice(task * D, (task + 1) * D))),
  };
}

/**
 * Computes the fixed points a∞ of fresh tasks by the paper and by the exact flow, which agree for dense ones.
 *
 * @param problem Spectrum (D) and context length.
 * @param tasks Family of the tasks.
 * @returns Products (D) of both.
 */
export function fixedPoints(
  problem: IclProblem,
  tasks: TaskFamily,
): { paper: Float64Array; exact: Float64Array } {
  const { products } = tasks === "dense" ? denseFixedPoint(problem, 1) : commutingFixedPoint(problem);
  return { paper: fixedPoint(problem), exact: products };
}

/**
 * Makes a start from which the fixed point is near: half of the paper's products, with p ∝ 1 for dense tasks and p = q for
 * commuting ones, as the fixed points have it.
 *
 * @param problem Spectrum (D) and context length.
 * @param tasks Family of the tasks.
 * @returns W_P then W_Q, row-major (2, 2D, 2D).
 */
export function halfwayInit(problem: IclProblem, tasks: TaskFamily): Float32Array {
  const a = fixedPoint(problem).map((value) => value / 2);
  const balanced = (a.reduce((sum, value) => sum + value * value) / a.length) ** 0.25;
  const p = a.map((product) => tasks === "dense" ? balanced : Math.sqrt(product));
  return diagonalInit(p, a.map((product, mode) => product / p[mode]));
}
