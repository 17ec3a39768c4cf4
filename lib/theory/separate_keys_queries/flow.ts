/**
 * Exact population loss and gradient flow of linear attention on regression in context, several heads, keys of any rank.
 *
 * The model is ŷ = βᵀ M x_q with `M = Σ_h v_h K_hᵀ Q_h`, K_h and Q_h of shape (E, D), or merged `M = Σ_h v_h U_h`; the blocks
 * that mix inputs and labels are zero. The loss is a quadratic form of M, hence nothing is sampled:
 *
 *     −∂(½L)/∂M = Λ² − Γ M Λ =: F,   v̇_h = Tr(F Q_hᵀ K_h),   K̇_h = v_h Q_h Fᵀ,   Q̇_h = v_h K_h F,   U̇_h = v_h F.
 *
 * Conserved: v_h² − Tr K_hᵀK_h, and K_h K_hᵀ − Q_h Q_hᵀ. A state is one array: v (H), then K (H, E, D) and Q (H, E, D), or
 * U (H, D, D).
 */
import { gradientFlow } from "../descend.ts";
import type { IntegrateOptions, Solution } from "../integrate.ts";
import { expectLength, type IclProblem } from "../linear_icl/problem.ts";
import { regressionMoments } from "./plateaus.ts";

/** Sizes of the heads. */
export interface KeyQueryHeads {
  /** Heads H, ≥ 1. */
  readonly heads: number;
  /** Rank E ≥ 1 of keys and queries; or they are merged to one matrix (D, D) a head. */
  readonly rank: number | "merged";
}

/**
 * The map M of heads.
 *
 * @param sizes Heads and rank.
 * @param D Dimension of the inputs.
 * @param state State of the heads.
 * @returns M (D, D), row-major: rows are those of β, columns those of the query.
 * @throws {RangeError} If the state has another length.
 *
 * @example
 * ```ts
 * import { keyQueryMap } from "./flow.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // Value 2, key (1, 0), query (3, 4).
 * assertEquals([...keyQueryMap({ heads: 1, rank: 1 }, 2, [2, 1, 0, 3, 4])], [6, 8, 0, 0]);
 * ```
 */
export function keyQueryMap({ heads: H, rank }: KeyQueryHeads, D: number, state: ArrayLike<number>): Float64Array {
  const E = rank === "merged" ? D : rank;
  expectLength("state", state, H + (rank === "merged" ? 1 : 2) * H * E * D);
  const M = new Float64Array(D * D);
  for (let row = 0; row < H * E; row++) {
    const head = Math.floor(row / E);
    const [key, query] = [H + row * D, H + (H * E + row) * D];
    for (let i = 0; i < D; i++) {
      if (rank === "merged") M[(row % D) * D + i] += state[head] * state[key + i];
      else for (let j = 0; j < D; j++) M[i * D + j] += state[head] * state[key + i] * state[query + j];
    }
  }
  return M;
}

/**
 * Exact loss `E(ŷ − y)²` of a map M, without the factor ½.
 *
 * @param problem Spectrum (D) and context length.
 * @param M Map (D, D).
 * @returns The loss.
 * @throws {RangeError} If the problem or the size of M is invalid.
 */
export function keyQueryLoss(problem: IclProblem, M: ArrayLike<number>): number {
  const { lambda, gamma } = regressionMoments(problem);
  const D = lambda.length;
  expectLength("M", M, D * D);
  let loss = 0;
  for (let i = 0; i < D; i++) {
    loss += lambda[i] - 2 * M[i * D + i] * lambda[i] ** 2;
    for (let j = 0; j < D; j++) loss += M[i * D + j] ** 2 * gamma[i] * lambda[j];
  }
  return loss;
}

/**
 * Mean square of the difference between the predictions of two maps, `Tr((A − B) Λ (A − B)ᵀ Γ)`.
 *
 * @param problem Spectrum (D) and context length.
 * @param A Map (D, D).
 * @param B Map (D, D).
 * @returns Mean square, ≥ 0.
 */
export function predictionDistance(problem: IclProblem, A: ArrayLike<number>, B: ArrayLike<number>): number {
  const { lambda, gamma } = regressionMoments(problem);
  const D = lambda.length;
  let sum = 0;
  for (let i = 0; i < D; i++) {
    for (let j = 0; j < D; j++) sum += (A[i * D + j] - B[i * D + j]) ** 2 * gamma[i] * lambda[j];
  }
  return sum;
}

/**
 * Gradient of ½ E(ŷ − y)².
 *
 * @param problem Spectrum (D) and context length.
 * @param sizes Heads and rank.
 * @param state State of the heads.
 * @returns ∂(½L)/∂state, of the same length.
 * @throws {RangeError} If the problem or the length of the state is invalid.
 *
 * @example
 * ```ts
 * import { keyQueryGradient } from "./flow.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // A small head aligned with the first mode: every factor grows by λ²v² = 4 · 0.01.
 * const gradient = keyQueryGradient({ spectrum: [2], context: 1000 }, { heads: 1, rank: 1 }, [0.1, 0.1, 0.1]);
 * assertEquals(gradient.map((entry) => Math.round(1000 * entry)), new Float64Array(3).fill(-40));
 * ```
 */
export function keyQueryGradient(
  problem: IclProblem,
  sizes: KeyQueryHeads,
  state: ArrayLike<number>,
): Float64Array {
  const { lambda, gamma } = regressionMoments(problem);
  const { heads: H, rank } = sizes;
  const D = lambda.length;
  const F = keyQueryMap(sizes, D, state);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j < D; j++) F[i * D + j] = (i === j ? lambda[i] ** 2 : 0) - gamma[i] * F[i * D + j] * lambda[j];
  }
  const gradient = new Float64Array(state.length);
  const E = rank === "merged" ? D : rank;
  for (let row = 0; row < H * E; row++) {
    const head = Math.floor(row / E);
    const [key, query] = [H + row * D, H + (H * E + row) * D];
    for (let i = 0; i < D; i++) {
      if (rank === "merged") {
        gradient[head] -= F[(row % D) * D + i] * state[key + i];
        gradient[key + i] = -state[head] * F[(row % D) * D + i];
        continue;
      }
      for (let j = 0; j < D; j++) {
        gradient[head] -= state[key + i] * F[i * D + j] * state[query + j];
        gradient[key + i] -= state[head] * F[i * D + j] * state[query + j];
        gradient[query + j] -= state[head] * state[key + i] * F[i * D + j];
      }
    }
  }
  return gradient;
}

/**
 * Exact gradient flow of ½ E(ŷ − y)² at the given steps of gradient descent, t = η · step.
 *
 * @param problem Spectrum (D) and context length.
 * @param sizes Heads and rank.
 * @param start State at step 0.
 * @param rate Learning rate η > 0.
 * @param steps Ascending steps ≥ 0.
 * @param options Tolerances of the integrator.
 * @returns States at the steps, with the measured integration error.
 * @throws {RangeError} If an argument is out of its domain.
 */
export function keyQueryFlow(
  problem: IclProblem,
  sizes: KeyQueryHeads,
  start: ArrayLike<number>,
  rate: number,
  steps: ArrayLike<number>,
  options: IntegrateOptions = {},
): Solution {
  return gradientFlow((state) => keyQueryGradient(problem, sizes, state), start, rate, steps, options);
}
