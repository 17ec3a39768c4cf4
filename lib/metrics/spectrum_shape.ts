/**
 * Shapes of spectra: sparsity, condition, tails, and the edge of a random matrix.
 *
 * @module
 */
import { effectiveRank } from "./spectrum.ts";

/**
 * Proportional effective rank: the effective rank over the largest that it can be.
 *
 * @example
 * ```ts
 * import { proportionalEffectiveRank } from "./spectrum_shape.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(proportionalEffectiveRank([3, 3, 0, 0]), 0.5);
 * ```
 *
 * @param s Singular values (N), finite and ≥ 0.
 * @returns 1 / N … 1; 0 if all values are.
 */
export function proportionalEffectiveRank(s: ArrayLike<number>): number {
  return effectiveRank(s) / s.length;
}

/**
 * Hoyer's sparsity `(√N − ‖σ‖₁ / ‖σ‖₂) / (√N − 1)` (Hoyer 2004).
 *
 * @example
 * ```ts
 * import { hoyer } from "./spectrum_shape.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(hoyer([2, 2, 2, 2]), 0);
 * assertAlmostEquals(hoyer([5, 0, 0, 0]), 1);
 * ```
 *
 * @param s Values (N ≥ 2), finite and ≥ 0.
 * @returns 0 for equal values … 1 for one alone; NaN if all are 0, or for one value.
 */
export function hoyer(s: ArrayLike<number>): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < s.length; i++) {
    sum += s[i];
    squares += s[i] * s[i];
  }
  return (Math.sqrt(s.length) - sum / Math.sqrt(squares)) / (Math.sqrt(s.length) - 1);
}

/**
 * Condition number `σ_1 / σ_N`.
 *
 * @example
 * ```ts
 * import { conditionNumber } from "./spectrum_shape.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(conditionNumber([8, 4, 2]), 4);
 * assertEquals(conditionNumber([8, 4, 1e-7]), NaN);
 * ```
 *
 * @param s Singular values (N) from the largest.
 * @returns The number, ≥ 1; NaN where σ_N is below what single precision tells from 0, 1e-6 of σ_1.
 */
export function conditionNumber(s: ArrayLike<number>): number {
  const least = s[s.length - 1];
  return least > 1e-6 * s[0] ? s[0] / least : NaN;
}

/**
 * Upper edge of the singular values of a random matrix: `√(‖M‖_F² / (M N)) (√M + √N)` (Marchenko & Pastur 1967).
 *
 * @example
 * ```ts
 * import { marchenkoPasturEdge } from "./spectrum_shape.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // Entries of variance 1: ‖M‖² = M N.
 * assertAlmostEquals(marchenkoPasturEdge(100, 25, Math.sqrt(2500)), 15);
 * ```
 *
 * @param M Rows.
 * @param N Columns.
 * @param norm Frobenius norm, which gives the variance of the entries.
 * @returns The edge.
 */
export function marchenkoPasturEdge(M: number, N: number, norm: number): number {
  return norm / Math.sqrt(M * N) * (Math.sqrt(M) + Math.sqrt(N));
}

/** A power law fitted to the tail of a distribution. */
export interface PowerLaw {
  /** Exponent α of the density, λ^−α. */
  readonly alpha: number;
  /** Standard error of it, (α − 1) / √n. */
  readonly error: number;
  /** Kolmogorov–Smirnov distance of the tail from the law. */
  readonly distance: number;
  /** Where the tail begins. */
  readonly from: number;
  /** Number of values in it. */
  readonly tail: number;
}

/**
 * Fits a power law `p(λ) ∝ λ^−α`, λ ≥ λ_min, by maximum likelihood, with the λ_min that makes the Kolmogorov–Smirnov distance
 * least (Clauset, Shalizi & Newman 2009). WeightWatcher's α is that of λ = σ² (Martin & Mahoney 2021).
 *
 * @example
 * ```ts
 * import { tailExponent } from "./spectrum_shape.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * // Quantiles of the law with α = 3: λ = (1 − p)^(−1 / 2).
 * const law = Array.from({ length: 400 }, (_, i) => (1 - (i + 0.5) / 400) ** -0.5);
 * assertAlmostEquals(tailExponent(law)!.alpha, 3, 0.05);
 * assertEquals(tailExponent([1, 2, 3]), null);
 * ```
 *
 * @param values Values, in any order; those ≤ 0 are left out.
 * @param least Fewest values that a tail has.
 * @returns The fit; null where there are fewer than `least` values, or no two of them differ.
 */
export function tailExponent(values: ArrayLike<number>, least = 20): PowerLaw | null {
  const descending = Float64Array.from(Array.from(values).filter((value) => value > 0)).sort().reverse();
  let best: PowerLaw | null = null;
  let logs = 0;
  for (let n = 1; n <= descending.length; n++) {
    const from = descending[n - 1];
    logs += Math.log(from);
    const spread = logs - n * Math.log(from);
    if (n < least || !(spread > 0)) continue;
    const alpha = 1 + n / spread;
    let distance = 0;
    for (let i = 0; i < n; i++) {
      // Share of the tail below the value: i of n lie above it.
      const law = 1 - (descending[i] / from) ** (1 - alpha);
      distance = Math.max(distance, Math.abs(law - (n - i) / n), Math.abs(law - (n - i - 1) / n));
    }
    if (best === null || distance < best.distance) {
      best = { alpha, error: (alpha - 1) / Math.sqrt(n), distance, from, tail: n };
    }
  }
  return best;
}
