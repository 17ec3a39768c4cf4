/**
 * Plateaus and waits of linear attention that learns regression in context: scalar labels, separate or merged keys and queries.
 *
 * y = w·x with w ~ N(0, I) and x ~ N(0, diag λ); the model sees β = (1/N) Σ y_n x_n and predicts ŷ = βᵀ M x_q. As y is a
 * scalar, `E[ββᵀ] = (1 + 1/N) Λ² + (Tr Λ / N) Λ` is diagonal and the modes decouple, at every N: with
 * c_d = 1 + (1 + Tr Λ / λ_d) / N,
 *
 *     E(ŷ − y)² = Tr Λ − 2 Tr(M Λ²) + Tr(M Λ Mᵀ Γ),   Γ = diag(λ_d² c_d),   best M = diag(1 / (λ_d c_d)).
 *
 * Source: Zhang, Singh, Latham and Saxe 2025 (arXiv 2501.16265), re-derived. Time is t = η · steps of the loss ½ E(ŷ − y)².
 */
import { expectPositive, type IclProblem, spectrumOf } from "../linear_icl/problem.ts";

/** Second moments of the context's statistic β, and the map that predicts best from it. */
export interface RegressionMoments {
  /** Eigenvalues λ of the input covariance (D). */
  readonly lambda: Float64Array;
  /** Γ_d = E β_d² = λ_d² c_d (D). */
  readonly gamma: Float64Array;
  /** Diagonal of the best M, 1/(λ_d c_d) (D). */
  readonly slopes: Float64Array;
}

/**
 * Second moments of β, and the best diagonal of M.
 *
 * @param problem Spectrum (D) and context length.
 * @returns λ, Γ and the slopes.
 * @throws {RangeError} If the problem is invalid.
 *
 * @example
 * ```ts
 * import { regressionMoments } from "./plateaus.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // One input, one pair: E (x²w)² = 3, and 1/3 is the best slope.
 * const { gamma, slopes } = regressionMoments({ spectrum: [1], context: 1 });
 * assertEquals([gamma[0], slopes[0]], [3, 1 / 3]);
 * ```
 */
export function regressionMoments(problem: IclProblem): RegressionMoments {
  const { s: lambda, N, T } = spectrumOf(problem);
  const gamma = lambda.map((value) => value * value * (1 + (1 + T / value) / N));
  return { lambda, gamma, slopes: gamma.map((value, d) => lambda[d] / value) };
}

/**
 * Loss with the m largest modes learnt and nothing else: `L(m) = Tr Λ − Σ_{d ≤ m} λ_d / c_d`, without the factor ½.
 *
 * @param problem Spectrum (D) and context length.
 * @returns L(0), …, L(D), falling.
 * @throws {RangeError} If the problem is invalid.
 *
 * @example
 * ```ts
 * import { keyQueryPlateaus } from "./plateaus.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const found = keyQueryPlateaus({ spectrum: [0.4, 0.3, 0.2, 0.1], context: 31 });
 * assertEquals(Array.from(found, (loss) => loss.toFixed(4)), ["1.0000", "0.6406", "0.3774", "0.2098", "0.1360"]);
 * ```
 */
export function keyQueryPlateaus(problem: IclProblem): Float64Array {
  const { lambda, slopes } = regressionMoments(problem);
  const falls = lambda.map((value, d) => value * value * slopes[d]).sort().reverse();
  const losses = new Float64Array(lambda.length + 1).fill(lambda.reduce((sum, value) => sum + value, 0), 0, 1);
  falls.forEach((fall, m) => losses[m + 1] = losses[m] - fall);
  return losses;
}

/** An aligned start, and what counts as its end. */
export interface WaitOptions {
  /** Mode that is learnt, from 0. */
  readonly mode: number;
  /** Size v₀ > 0 of every factor at the start, below its final size. */
  readonly start: number;
  /** Share of the final slope at which the wait ends, in (0, 1); half of it by default. */
  readonly share?: number;
}

/**
 * Time that a head aligned with a mode waits: separate, `v̇ = λ²v² − λ³c v⁵`, where v is the size of value, key and query;
 * merged, `v̇ = λ²v − λ³c v³`, of value and key-query.
 *
 * With u = v/v∞, separate, `λ² v∞ t = ∫ du (1/u² + u/(1 − u³))` is elementary: hyperbolic, ≈ 1/(λ²v₀). Merged, the slope
 * m = v² is a logistic curve: t = (logit m/m∞ − logit m₀/m∞) / (2λ²), logarithmic in v₀. A separate head that starts aligned
 * stays so; the value of a merged one feeds all modes, and its wait is this one only where there is no other mode:
 * `keyQueryFlow` has them all.
 *
 * @param problem Spectrum (D) and context length.
 * @param matrices Whether keys and queries are separate or merged.
 * @param options Mode, start, and share of the final slope.
 * @returns Time t = η · steps.
 * @throws {RangeError} If the start is not below the end, or an option is out of its domain.
 *
 * @example
 * ```ts
 * import { keyQueryWait } from "./plateaus.ts";
 * import { assert } from "@std/assert";
 *
 * const problem = { spectrum: [0.4, 0.3, 0.2, 0.1], context: 31 };
 * const wait = (start: number) => keyQueryWait(problem, "separate", { mode: 0, start });
 * assert(Math.abs(wait(0.01) - 621) < 1 && wait(0.001) > 9.9 * wait(0.01));
 * ```
 */
export function keyQueryWait(
  problem: IclProblem,
  matrices: "separate" | "merged",
  { mode, start, share = 0.5 }: WaitOptions,
): number {
  const { lambda, slopes } = regressionMoments(problem);
  expectPositive("start", start);
  if (!(mode in lambda)) throw new RangeError(`expected a mode from 0 to ${lambda.length - 1}, found ${mode}`);
  const [slope, rate] = [slopes[mode], lambda[mode] ** 2];
  const from = start ** (matrices === "separate" ? 3 : 2) / slope;
  if (!(from < share && share < 1)) {
    throw new RangeError(`expected a share of the slope between that of the start, ${from}, and 1, found ${share}`);
  }
  if (matrices === "merged") return (logit(share) - logit(from)) / (2 * rate);
  return (hyperbolicTime(Math.cbrt(share)) - hyperbolicTime(Math.cbrt(from))) / (rate * Math.cbrt(slope));
}

const logit = (share: number) => Math.log(share / (1 - share));

/** ∫ du / (u² (1 − u³)). */
function hyperbolicTime(u: number): number {
  const turn = Math.atan((2 * u + 1) / Math.sqrt(3)) / Math.sqrt(3);
  return -1 / u - Math.log(1 - u) / 3 + Math.log(1 + u + u * u) / 6 - turn;
}
