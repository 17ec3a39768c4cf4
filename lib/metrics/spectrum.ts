/**
 * Measures of a matrix that depend on its singular values alone, of plain arrays in float64.
 *
 * All are 0 for a zero matrix. None depends on the order of the values, except that the k leading ones are the largest.
 * Values that are negative, NaN or infinite are refused: of a model that has diverged, sums over what is left would look like
 * those of a matrix of rank one.
 */

/**
 * Spectral entropy in nats: `H = −Σ_i p_i ln p_i` with `p_i = σ_i / Σ_j σ_j`.
 *
 * @example
 * ```ts
 * import { spectralEntropy } from "./spectrum.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(spectralEntropy([3, 3, 3, 0]), Math.log(3));
 * ```
 *
 * @param s Singular values (N), finite and ≥ 0.
 * @returns H, 0 … ln N; 0 if all values are.
 * @throws {RangeError} If a value is negative or not finite, naming its index.
 */
export function spectralEntropy(s: ArrayLike<number>): number {
  checkValues("spectralEntropy", s);
  const total = nuclearNorm(s);
  if (total === 0) return 0;
  let entropy = 0;
  for (let i = 0; i < s.length; i++) {
    const p = s[i] / total;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return entropy;
}

/**
 * Effective rank `exp(H)` (Roy & Vetterli 2007), H the spectral entropy: n for n equal values, near 1 if one dominates.
 *
 * @example
 * ```ts
 * import { effectiveRank } from "./spectrum.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(effectiveRank([3, 3, 3, 0]), 3);
 * ```
 *
 * @param s Singular values (N), finite and ≥ 0.
 * @returns Effective rank, 1 … N; 0 if all values are.
 * @throws {RangeError} If a value is negative or not finite, naming its index.
 */
export function effectiveRank(s: ArrayLike<number>): number {
  checkValues("effectiveRank", s);
  return nuclearNorm(s) === 0 ? 0 : Math.exp(spectralEntropy(s));
}

/**
 * Marginalised effective ranks: entry k is the effective rank without the k largest values, k = 0 … K (arXiv 2504.12916).
 *
 * @example
 * ```ts
 * import { marginalEffectiveRanks } from "./spectrum.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [, second] = marginalEffectiveRanks([1000, 2, 2], 1);
 * assertAlmostEquals(second, 2);
 * ```
 *
 * @param s Singular values (N), finite and ≥ 0.
 * @param K How many are left out at most, 0 … N − 1.
 * @returns Effective ranks (K + 1).
 * @throws {RangeError} If K is out of range, or a value is negative or not finite, naming its index.
 */
export function marginalEffectiveRanks(s: ArrayLike<number>, K: number): Float64Array {
  checkValues("marginalEffectiveRanks", s);
  checkMarginal("marginalEffectiveRanks", K, s.length);
  const sorted = Float64Array.from(s).sort().reverse();
  return Float64Array.from({ length: K + 1 }, (_, k) => effectiveRank(sorted.subarray(k)));
}

/**
 * Stable rank `‖M‖_F² / ‖M‖₂² = Σ σ_i² / max σ²` (Rudelson & Vershynin 2007).
 *
 * @example
 * ```ts
 * import { stableRank } from "./spectrum.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(stableRank([2, 1, 1]), 1.5);
 * ```
 *
 * @param s Singular values (N), finite and ≥ 0.
 * @returns Stable rank, 1 … N; 0 if all values are.
 * @throws {RangeError} If a value is negative or not finite, naming its index.
 */
export function stableRank(s: ArrayLike<number>): number {
  checkValues("stableRank", s);
  const largest = spectralNorm(s);
  return largest === 0 ? 0 : powerSum(s, largest, 2);
}

/**
 * Participation ratio of the variances: `(Σ σ_i²)² / Σ σ_i⁴`.
 *
 * @example
 * ```ts
 * import { participationRatio } from "./spectrum.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(participationRatio([2, 2, 0]), 2);
 * ```
 *
 * @param s Singular values (N), finite and ≥ 0.
 * @returns Participation ratio, 1 … N; 0 if all values are.
 * @throws {RangeError} If a value is negative or not finite, naming its index.
 */
export function participationRatio(s: ArrayLike<number>): number {
  checkValues("participationRatio", s);
  const largest = spectralNorm(s);
  return largest === 0 ? 0 : powerSum(s, largest, 2) ** 2 / powerSum(s, largest, 4);
}

/**
 * Nuclear norm `Σ σ_i`.
 *
 * @example
 * ```ts
 * import { nuclearNorm } from "./spectrum.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nuclearNorm([2, 1, 1]), 4);
 * ```
 *
 * @param s Singular values (N), finite and ≥ 0.
 * @returns The norm, ≥ 0.
 * @throws {RangeError} If a value is negative or not finite, naming its index.
 */
export function nuclearNorm(s: ArrayLike<number>): number {
  checkValues("nuclearNorm", s);
  return powerSum(s, 1, 1);
}

/**
 * Spectral norm `max σ_i`.
 *
 * @example
 * ```ts
 * import { spectralNorm } from "./spectrum.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(spectralNorm([2, 1, 1]), 2);
 * ```
 *
 * @param s Singular values (N), finite and ≥ 0.
 * @returns The norm, ≥ 0.
 * @throws {RangeError} If a value is negative or not finite, naming its index.
 */
export function spectralNorm(s: ArrayLike<number>): number {
  checkValues("spectralNorm", s);
  let most = 0;
  for (let i = 0; i < s.length; i++) most = Math.max(most, s[i]);
  return most;
}

/**
 * Refuses to leave out more values than there are.
 *
 * @param label Stands in the error message.
 * @param K How many are left out at most.
 * @param N How many there are.
 * @throws {RangeError} If K is out of range.
 */
export function checkMarginal(label: string, K: number, N: number): void {
  if (Number.isInteger(K) && K >= 0 && K < N) return;
  throw new RangeError(`${label}: expected 0 to ${N - 1} leading values to leave out, found ${K}`);
}

function checkValues(label: string, s: ArrayLike<number>): void {
  for (let i = 0; i < s.length; i++) {
    if (s[i] >= 0 && s[i] < Infinity) continue;
    throw new RangeError(`${label}: expected singular values that are finite and ≥ 0, found ${s[i]} at index ${i}`);
  }
}

function powerSum(s: ArrayLike<number>, unit: number, power: number): number {
  let sum = 0;
  for (let i = 0; i < s.length; i++) sum += (s[i] / unit) ** power;
  return sum;
}
