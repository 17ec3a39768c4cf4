/** Square float64 matrices, row-major in one array: the few operations that the derivations are written in. */

/**
 * Product of square matrices, left to right.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { product } from "./matrix.ts";
 * assertEquals([...product([1, 2, 3, 4], [0, 1, 1, 0])], [2, 1, 4, 3]);
 * ```
 *
 * @param first (d, d).
 * @param rest More matrices (d, d).
 * @returns The product (d, d).
 */
export function product(first: ArrayLike<number>, ...rest: ArrayLike<number>[]): Float64Array {
  const d = Math.sqrt(first.length);
  let left = Float64Array.from(first);
  for (const right of rest) {
    const out = new Float64Array(d * d);
    for (let i = 0; i < d; i++) {
      for (let k = 0; k < d; k++) {
        const factor = left[i * d + k];
        if (factor === 0) continue;
        for (let j = 0; j < d; j++) out[i * d + j] += factor * right[k * d + j];
      }
    }
    left = out;
  }
  return left;
}

/**
 * Transpose of a square matrix.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { transpose } from "./matrix.ts";
 * assertEquals([...transpose([1, 2, 3, 4])], [1, 3, 2, 4]);
 * ```
 *
 * @param a (d, d).
 * @returns aᵀ (d, d).
 */
export function transpose(a: ArrayLike<number>): Float64Array {
  const d = Math.sqrt(a.length), out = new Float64Array(d * d);
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) out[j * d + i] = a[i * d + j];
  return out;
}

/**
 * Tr(a b) without forming the product; with b = aᵀ it is the squared Frobenius norm.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { traceProduct } from "./matrix.ts";
 * assertEquals(traceProduct([1, 2, 3, 4], [0, 1, 1, 0]), 5);
 * ```
 *
 * @param a (d, d).
 * @param b (d, d).
 * @returns Σ_ij a_ij b_ji.
 */
export function traceProduct(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const d = Math.sqrt(a.length);
  let sum = 0;
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) sum += a[i * d + j] * b[j * d + i];
  return sum;
}

/**
 * Diagonal matrix.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { diagonal } from "./matrix.ts";
 * assertEquals([...diagonal([2, 3])], [2, 0, 0, 3]);
 * ```
 *
 * @param entries (d).
 * @returns (d, d).
 */
export function diagonal(entries: ArrayLike<number>): Float64Array {
  const d = entries.length, out = new Float64Array(d * d);
  for (let i = 0; i < d; i++) out[i * d + i] = entries[i];
  return out;
}

/**
 * Linear combination Σ_k c_k a_k of matrices of one shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { combine } from "./matrix.ts";
 * assertEquals([...combine([2, [1, 0, 0, 1]], [-1, [0, 1, 1, 0]])], [2, -1, -1, 2]);
 * ```
 *
 * @param terms Pairs of coefficient and matrix, at least one.
 * @returns The sum.
 */
export function combine(...terms: readonly (readonly [number, ArrayLike<number>])[]): Float64Array {
  const out = new Float64Array(terms[0][1].length);
  for (const [coefficient, a] of terms) {
    for (let i = 0; i < out.length; i++) out[i] += coefficient * a[i];
  }
  return out;
}

/**
 * Gaussian context moment: `E[Σ̂ A Σ̂] = (1+1/N) Σ A Σ + (1/N) Tr(AΣ) Σ` for Σ̂ the covariance of N draws of N(0, Σ).
 *
 * By Wick's theorem: two tokens differ in N(N−1) of the N² pairs and give ΣAΣ; the N equal ones give 2ΣAΣ + Tr(AΣ)Σ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { wishartMoment } from "./matrix.ts";
 * assertEquals([...wishartMoment([2], [1], 4)], [4 * 5 / 4 + 4 / 4]);
 * ```
 *
 * @param covariance Σ (d, d), symmetric.
 * @param a A (d, d), symmetric.
 * @param context Number of draws N ≥ 1.
 * @returns The moment (d, d).
 */
export function wishartMoment(covariance: ArrayLike<number>, a: ArrayLike<number>, context: number): Float64Array {
  return combine(
    [1 + 1 / context, product(covariance, a, covariance)],
    [traceProduct(a, covariance) / context, covariance],
  );
}
