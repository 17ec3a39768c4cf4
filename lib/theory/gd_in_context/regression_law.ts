/** Moments of in-context regression with independent entries, and what one step of gradient descent makes of them. */
import { expectPositive } from "../linear_icl/problem.ts";

/**
 * In-context regression `y = w·x + σ ε` with w ~ N(0, I): N pairs and a query, all entries of x independent and of one
 * symmetric law.
 */
export interface RegressionLaw {
  /** Input dimension D ≥ 1. */
  readonly dimension: number;
  /** Pairs N ≥ 1 of a context. */
  readonly context: number;
  /** E x² of an entry, > 0. */
  readonly second: number;
  /** E x⁴ of an entry. */
  readonly fourth: number;
  /** Standard deviation σ ≥ 0 of the labels' noise, the query's label included; 0 by default. */
  readonly noise?: number;
}

/**
 * Law of inputs from U(−a, a): E x² = a²/3, E x⁴ = a⁴/5.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { uniformInputs } from "./regression_law.ts";
 * assertAlmostEquals(uniformInputs({ dimension: 10, context: 10, range: 0.5 }).second, 1 / 12);
 * ```
 *
 * @param options Dimension, context, half width a > 0 of the interval, noise.
 * @returns The law.
 * @throws {RangeError} If a number is out of its domain.
 */
export function uniformInputs(
  { dimension, context, range, noise = 0 }: Pick<RegressionLaw, "dimension" | "context" | "noise"> & {
    readonly range: number;
  },
): RegressionLaw {
  expectPositive("range", range);
  return { dimension, context, second: range ** 2 / 3, fourth: range ** 4 / 5, noise };
}

/** Moments of `S = Σ_i x_i x_iᵀ` over the context, of which each is a multiple of the identity. */
export interface ContextMoments {
  /** E S = `first` I. */
  readonly first: number;
  /** E S² = `square` I. */
  readonly square: number;
  /** E[S Tr S] = `trace` I. */
  readonly trace: number;
}

/**
 * Moments of `S = Σ_i x_i x_iᵀ`: E S = N s I, E S² = (N(N−1) s² + N(m + (D−1) s²)) I and
 * E[S Tr S] = (N(N−1) D s² + N(m + (D−1) s²)) I, with s = E x² and m = E x⁴.
 *
 * @param law Law of the inputs.
 * @returns The moments.
 */
export function contextMoments({ dimension: D, context: N, second: s, fourth: m }: RegressionLaw): ContextMoments {
  const same = N * (m + (D - 1) * s * s);
  const pairs = N * (N - 1) * s * s;
  return { first: N * s, square: pairs + same, trace: D * pairs + same };
}

/**
 * Exact loss `½ E (ŷ − y)²` of one step from w = 0, `ŷ = c Σ_i y_i x_i·x_q` (c = η/N):
 * `½ (s D (c² E S² − 2 c E S + 1) + c² s² N D σ² + σ²)`.
 *
 * The factor c belongs to the sum over the context, so that a layer that was trained on one law can be tested on another.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { bestStep, oneStepLoss, uniformInputs } from "./regression_law.ts";
 * const law = uniformInputs({ dimension: 10, context: 10, range: 0.5 });
 * assertAlmostEquals(10 * bestStep(law), 6.0606, 1e-4);
 * assertAlmostEquals(oneStepLoss(law, bestStep(law)), 0.20623, 1e-5);
 * ```
 *
 * @param law Law of the prompts.
 * @param factor c.
 * @returns The loss.
 */
export function oneStepLoss(law: RegressionLaw, factor: number): number {
  const { dimension: D, context: N, second: s, noise = 0 } = law;
  const { first, square } = contextMoments(law);
  const variance = noise ** 2;
  return 0.5 * (s * D * (factor ** 2 * (square + N * s * variance) - 2 * factor * first + 1) + variance);
}

/**
 * Factor `c = η/N` of the best step from w = 0: `E S / (E S² + N s σ²)`. (arXiv 2212.07677 finds it by a line search.)
 *
 * @param law Law of the prompts.
 * @returns c > 0.
 */
export function bestStep(law: RegressionLaw): number {
  const { first, square } = contextMoments(law);
  return first / (square + law.context * law.second * (law.noise ?? 0) ** 2);
}
