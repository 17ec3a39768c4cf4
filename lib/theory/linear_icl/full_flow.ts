/**
 * Exact finite-N population loss of the FULL model, no block zero: p1, p2, q1, q2 general, any task law.
 *
 * Key step: Y = W X makes the attention factor. With `A = p1 + p2 W`, `B = q1 + Wᵀ q2`,
 *
 *     ŷ = A Σ̂ B x_q + (1/N) p1 x_q (x_qᵀ q1 x_q),
 *
 * the last term being the query's own share of Z Zᵀ. Given W, Wick's theorem over the context and over x_q gives, with
 * `R = E[Σ̂ BSBᵀ Σ̂]`, `F = p1ᵀ(ASB − W)`, `Y = tr(q1 S) S + S(q1+q1ᵀ)S`, `G = (q1+q1ᵀ)/2`, `g = tr(GS)`:
 *
 *     L_W = ½ tr(AᵀA R) − tr(Wᵀ A S B S) + ½ tr(W S Wᵀ) + (1/N) tr(F Y) + (1/2N²) tr(p1ᵀp1 H),
 *     H = (g² + 2 tr(GSGS)) S + 4g SGS + 8 SGSGS.
 *
 * L_W is a polynomial of degree 4 in W, so the mean over tasks is an exact finite sum (task_average.ts). The layer is
 * invariant under (p1, p2) → c (p1, p2), (q1, q2) → (q1, q2)/c, hence ‖p1‖² + ‖p2‖² − ‖q1‖² − ‖q2‖² is conserved.
 */

import { gradientFlow } from "../descend.ts";
import type { IntegrateOptions, Solution } from "../integrate.ts";
import { combine, diagonal, product, traceProduct, transpose, wishartMoment } from "../matrix.ts";
import { expectLength, type IclProblem, spectrumOf } from "./problem.ts";
import type { WeightedTasks } from "./task_average.ts";

/** The four blocks that reach the prediction, each (d, d) row-major in the eigenbasis. */
export interface FullBlocks {
  /** W_P, from inputs to labels: a null block. */
  readonly p1: Float64Array;
  /** W_P, from labels to labels. */
  readonly p2: Float64Array;
  /** W_Q, from inputs to inputs. */
  readonly q1: Float64Array;
  /** W_Q, from inputs to labels: a null block. */
  readonly q2: Float64Array;
}

/** Order of the blocks in a state of 4d² numbers. */
export const BLOCK_NAMES = ["p1", "p2", "q1", "q2"] as const;

/**
 * Splits a state (p1, p2, q1, q2) of 4d² numbers into its matrices; views, not copies.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fullBlocksOf } from "./full_flow.ts";
 * assertEquals([...fullBlocksOf(Float64Array.of(1, 2, 3, 4)).q1], [3]);
 * ```
 *
 * @param state (4d²).
 * @returns The blocks, each (d, d).
 */
export function fullBlocksOf(state: Float64Array): FullBlocks {
  const size = state.length / 4, part = (k: number) => state.subarray(k * size, (k + 1) * size);
  return { p1: part(0), p2: part(1), q1: part(2), q2: part(3) };
}

/**
 * Joins four blocks into one state.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fullState } from "./full_flow.ts";
 * const one = Float64Array.of(1), none = Float64Array.of(0);
 * assertEquals([...fullState({ p1: none, p2: one, q1: one, q2: none })], [0, 1, 1, 0]);
 * ```
 *
 * @param blocks The blocks, each (d, d).
 * @returns State (4d²).
 */
export function fullState(blocks: FullBlocks): Float64Array {
  return Float64Array.from(BLOCK_NAMES.flatMap((name) => Array.from(blocks[name])));
}

function givenTask(S: Float64Array, N: number, blocks: FullBlocks, W: Float64Array) {
  const { p1, p2, q1, q2 } = blocks, Wt = transpose(W);
  const A = combine([1, p1], [1, product(p2, W)]), B = combine([1, q1], [1, product(Wt, q2)]);
  const At = transpose(A), Bt = transpose(B), AtA = product(At, A);
  const R = wishartMoment(S, product(B, S, Bt), N), E = wishartMoment(S, AtA, N);
  const G = combine([0.5, q1], [0.5, transpose(q1)]), GS = product(G, S), SGS = product(S, GS);
  const g = traceProduct(G, S), g2 = traceProduct(GS, GS);
  const Y = combine([g, S], [2, SGS]), H = combine([g * g + 2 * g2, S], [4 * g, SGS], [8, product(SGS, GS)]);
  const error = combine([1, product(A, S, B)], [-1, W]), F = product(transpose(p1), error);
  const P = product(transpose(p1), p1), PS = product(P, S), SPS = product(S, PS);
  const loss = 0.5 * traceProduct(AtA, R) - traceProduct(product(Wt, A), product(S, B, S)) +
    0.5 * traceProduct(product(W, S), Wt) + traceProduct(F, Y) / N + traceProduct(P, H) / (2 * N * N);
  const p1Y = product(p1, Y);
  const dA = combine([1, product(A, R)], [-1, product(W, S, Bt, S)], [1 / N, product(p1Y, Bt, S)]);
  const dB = combine([1, product(E, B, S)], [-1, product(S, At, W, S)], [1 / N, product(S, At, p1Y)]);
  const trace = traceProduct(P, S), mixed = product(SPS, GS);
  const dG = combine(
    [2 * trace * g + 4 * traceProduct(PS, GS), S],
    [4 * trace, SGS],
    [4 * g, SPS],
    [8, combine([1, mixed], [1, transpose(mixed)])],
  );
  return {
    loss,
    p1: combine([1, dA], [1 / N, product(error, Y)], [1 / (N * N), product(p1, H)]),
    p2: product(dA, Wt),
    q1: combine(
      [1, dB],
      [traceProduct(F, S) / N, S],
      [1 / N, product(S, combine([1, F], [1, transpose(F)]), S)],
      [1 / (2 * N * N), dG],
    ),
    q2: product(W, dB),
  };
}

/**
 * Exact population loss and gradient of the full model.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { fullGradient } from "./full_flow.ts";
 * import { freshCommuting } from "./task_average.ts";
 * const zero = new Float64Array(4), blocks = { p1: zero, p2: zero, q1: zero, q2: zero };
 * assertAlmostEquals(fullGradient({ spectrum: [2, 1], context: 8 }, freshCommuting(2), blocks).loss, 1.5, 1e-12);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param average Tasks with weights.
 * @param blocks p1, p2, q1, q2, each (d, d).
 * @returns Loss ½E‖ŷ − W x_q‖² and its gradient (4d²) in the order of BLOCK_NAMES.
 * @throws {RangeError} If the problem or a shape is invalid.
 */
export function fullGradient(
  problem: IclProblem,
  average: WeightedTasks,
  blocks: FullBlocks,
): { loss: number; gradient: Float64Array } {
  const { s, d, N } = spectrumOf(problem), S = diagonal(s), gradient = new Float64Array(4 * d * d);
  for (const name of BLOCK_NAMES) expectLength(name, blocks[name], d * d);
  let loss = 0;
  average.tasks.forEach((W, k) => {
    expectLength("task", W, d * d);
    const weight = average.weights[k], one = givenTask(S, N, blocks, W);
    loss += weight * one.loss;
    BLOCK_NAMES.forEach((name, b) => {
      for (let i = 0; i < d * d; i++) gradient[b * d * d + i] += weight * one[name][i];
    });
  });
  return { loss, gradient };
}

/**
 * Exact gradient flow of the full model at the given steps, t = η · step.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fullBlocksOf, fullFlow } from "./full_flow.ts";
 * import { freshCommuting } from "./task_average.ts";
 * const start = Float64Array.of(0, 0.1, 0.1, 0);
 * const { states } = fullFlow({ spectrum: [1], context: 4 }, freshCommuting(1), start, 0.01, [400]);
 * assertEquals(Math.abs(fullBlocksOf(states[0]).p1[0]) < 1e-12, true);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param average Tasks with weights.
 * @param start State (p1, p2, q1, q2) at step 0, (4d²).
 * @param rate Learning rate η > 0.
 * @param steps Ascending steps ≥ 0.
 * @param options Tolerances of the integrator.
 * @returns States (4d²), to be read with fullBlocksOf, and the measured integration error.
 * @throws {RangeError} If an argument is out of its domain.
 */
export function fullFlow(
  problem: IclProblem,
  average: WeightedTasks,
  start: ArrayLike<number>,
  rate: number,
  steps: ArrayLike<number>,
  options: IntegrateOptions = {},
): Solution {
  const slope = (state: Float64Array) => fullGradient(problem, average, fullBlocksOf(state)).gradient;
  return gradientFlow(slope, start, rate, steps, options);
}
