/**
 * Exact finite-N population loss of general matrices p = p2, q = q1, with p1 = q2 = 0: commuting tasks and dense ones.
 *
 * Key step: averaging ½‖p W Σ̂ q x_q − W x_q‖² over x_q and the context leaves only second moments of the task. With
 * `A = q S qᵀ`, `R = E[Σ̂AΣ̂]` (see wishartMoment) and the linear operator `Φ(X) = E[Wᵀ X W]`, which for the task laws here
 * equals `E[W X Wᵀ]`:
 *
 *     L = ½ [ tr(Φ(pᵀp) R) − 2 tr(Φ(p) S q S) + tr(Φ(1) S) ]
 *     ∂L/∂p = p Φ(R) − Φ(S qᵀ S)
 *     ∂L/∂q = ((1+1/N) S D S + (1/N) tr(D S) S) q S − S Φ(p)ᵀ S,   D = Φ(pᵀp)
 *
 * Commuting tasks: Φ(X) = M ∘ X, M_αβ = E[λ_α λ_β] (fresh: the identity; a pool of P tasks: its empirical moments).
 * Dense tasks, W_ij iid N(0, σ²): Φ(X) = σ² tr(X) 1. All matrices in the eigenbasis; time is t = η · steps.
 */

import { gradientFlow } from "../descend.ts";
import type { IntegrateOptions, Solution } from "../integrate.ts";
import { diagonal, product, traceProduct, transpose, wishartMoment } from "../matrix.ts";
import { expectLength, type IclProblem, spectrumOf } from "./problem.ts";

/** Law of the task matrix W, through its second moments. */
export type TaskLaw =
  /** W = diag(λ); `moments` is E[λ_α λ_β] (d, d), by default the identity of fresh N(0, 1) tasks. */
  | { readonly kind: "commuting"; readonly moments?: ArrayLike<number> }
  /** W_ij iid N(0, variance). */
  | { readonly kind: "dense"; readonly variance: number };

/** Merged blocks p2 and q1, each (d, d) row-major in the eigenbasis. */
export interface Blocks {
  /** Block p2 of W_P. */
  readonly p: ArrayLike<number>;
  /** Block q1 of W_Q. */
  readonly q: ArrayLike<number>;
}

/**
 * Second moments of a fixed pool of commuting tasks, `M_αβ = mean_µ λ^µ_α λ^µ_β`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { poolMoments } from "./flow.ts";
 * assertEquals([...poolMoments([[1, 2], [1, -2]])], [1, 0, 0, 4]);
 * ```
 *
 * @param pool P ≥ 1 tasks, each its eigenvalues λ (d).
 * @returns M (d, d).
 * @throws {RangeError} If the pool is empty or ragged.
 */
export function poolMoments(pool: readonly ArrayLike<number>[]): Float64Array {
  if (pool.length === 0) throw new RangeError("expected a pool of at least one task, found none");
  const d = pool[0].length, moments = new Float64Array(d * d);
  for (const task of pool) {
    expectLength("task", task, d);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) moments[i * d + j] += task[i] * task[j] / pool.length;
    }
  }
  return moments;
}

/**
 * Second moment of the task law as an operator, `Φ(X) = E[Wᵀ X W]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { taskMoment } from "./flow.ts";
 * assertEquals([...taskMoment({ kind: "dense", variance: 2 }, Float64Array.of(1, 9, 9, 2))], [6, 0, 0, 6]);
 * ```
 *
 * @param law Task law.
 * @param x X (d, d).
 * @returns Φ(X) (d, d).
 * @throws {RangeError} If a pool's moments have another shape.
 */
export function taskMoment(law: TaskLaw, x: Float64Array): Float64Array {
  const d = Math.sqrt(x.length);
  if (law.kind === "dense") {
    let trace = 0;
    for (let i = 0; i < d; i++) trace += x[i * d + i];
    return diagonal(new Float64Array(d).fill(law.variance * trace));
  }
  const { moments } = law;
  if (moments === undefined) return x.map((value, k) => k % (d + 1) === 0 ? value : 0);
  expectLength("moments", moments, x.length);
  return x.map((value, k) => value * moments[k]);
}

/**
 * Exact population loss and gradient of general p and q.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { populationGradient } from "./flow.ts";
 * const { loss } = populationGradient({ spectrum: [2, 1], context: 8 }, { kind: "commuting" }, {
 *   p: [0, 0, 0, 0],
 *   q: [1, 0, 0, 1],
 * });
 * assertEquals(loss, 1.5);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param law Task law.
 * @param blocks p and q, each (d, d).
 * @returns Loss ½E‖ŷ − W x_q‖² ≥ 0, and ∂L/∂p, ∂L/∂q (d, d).
 * @throws {RangeError} If the problem or a shape is invalid.
 */
export function populationGradient(
  problem: IclProblem,
  law: TaskLaw,
  blocks: Blocks,
): { loss: number; dp: Float64Array; dq: Float64Array } {
  const { s, d, N } = spectrumOf(problem);
  expectLength("p", blocks.p, d * d);
  expectLength("q", blocks.q, d * d);
  const S = diagonal(s), p = Float64Array.from(blocks.p), q = Float64Array.from(blocks.q);
  const R = wishartMoment(S, product(q, S, transpose(q)), N);
  const D = taskMoment(law, product(transpose(p), p)), phi = taskMoment(law, p), SqS = product(S, q, S);
  const loss = 0.5 * traceProduct(D, R) - traceProduct(phi, SqS) +
    0.5 * traceProduct(taskMoment(law, diagonal(new Float64Array(d).fill(1))), S);
  const drive = taskMoment(law, transpose(SqS)), pull = product(S, transpose(phi), S);
  const dp = product(p, taskMoment(law, R)).map((value, k) => value - drive[k]);
  const dq = product(wishartMoment(S, D, N), q, S).map((value, k) => value - pull[k]);
  return { loss, dp, dq };
}

/**
 * Splits a state (p, q) of 2d² numbers into its matrices; views, not copies.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { blocksOf } from "./flow.ts";
 * assertEquals([...blocksOf(Float64Array.of(1, 2)).q], [2]);
 * ```
 *
 * @param state (2d²).
 * @returns p and q, each (d, d).
 */
export function blocksOf(state: Float64Array): { p: Float64Array; q: Float64Array } {
  return { p: state.subarray(0, state.length / 2), q: state.subarray(state.length / 2) };
}

/**
 * ∂L/∂(p, q) as one array, for descend and integrate.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { descend } from "../descend.ts";
 * import { populationSlope } from "./flow.ts";
 * const slope = populationSlope({ spectrum: [1], context: 4 }, { kind: "commuting" });
 * assertEquals(descend(slope, [0.1, 0.1], 0.01, [0, 5000])[1][0] > 0.8, true);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param law Task law.
 * @returns Gradient (2d²) as a function of the state (2d²).
 */
export function populationSlope(problem: IclProblem, law: TaskLaw): (state: Float64Array) => Float64Array {
  return (state) => {
    const { dp, dq } = populationGradient(problem, law, blocksOf(state)), slope = new Float64Array(state.length);
    slope.set(dp);
    slope.set(dq, dp.length);
    return slope;
  };
}

/**
 * Exact gradient flow of general p and q at the given steps, t = η · step.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { populationFlow } from "./flow.ts";
 * const problem = { spectrum: [1], context: 4 };
 * const { states } = populationFlow(problem, { kind: "dense", variance: 1 }, { p: [0.1], q: [0.1] }, 0.01, [4000]);
 * assertAlmostEquals(states[0][0] * states[0][1], 4 / 6, 1e-9);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param law Task law.
 * @param start p and q at step 0, each (d, d).
 * @param rate Learning rate η > 0.
 * @param steps Ascending steps ≥ 0.
 * @param options Tolerances of the integrator.
 * @returns States (2d²), to be read with blocksOf, and the measured integration error.
 * @throws {RangeError} If an argument is out of its domain.
 */
export function populationFlow(
  problem: IclProblem,
  law: TaskLaw,
  start: Blocks,
  rate: number,
  steps: ArrayLike<number>,
  options: IntegrateOptions = {},
): Solution {
  const state = [...Array.from(start.p), ...Array.from(start.q)];
  return gradientFlow(populationSlope(problem, law), state, rate, steps, options);
}
