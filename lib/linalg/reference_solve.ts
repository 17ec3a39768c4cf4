/** Factorisations, equations and the exponential in float64 on the host: what the GPU is tested against. */
import { svdReference } from "./reference.ts";

/**
 * Product of matrices, in float64.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { matmulReference } from "./reference_solve.ts";
 *
 * assertEquals([...matmulReference([1, 2, 3, 4], [5, 6], 2, 2, 1)], [17, 39]);
 * ```
 *
 * @param a Left operand (M, K), row-major.
 * @param b Right operand (K, N), row-major.
 * @returns a b (M, N).
 */
export function matmulReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  M: number,
  K: number,
  N: number,
): Float64Array {
  const out = new Float64Array(M * N);
  for (let i = 0; i < M; i++) {
    for (let k = 0; k < K; k++) {
      const factor = a[i * K + k];
      for (let j = 0; j < N; j++) out[i * N + j] += factor * b[k * N + j];
    }
  }
  return out;
}

/**
 * QR decomposition by modified Gram–Schmidt, each column twice, in float64; R has a positive diagonal.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { qrReference } from "./reference_solve.ts";
 *
 * assertAlmostEquals(qrReference([3, 1, 4, 2], 2, 2).r[0], 5);
 * ```
 *
 * @param a Matrix (M, N) of full column rank, M ≥ N, row-major.
 * @returns `q` (M, N) and `r` (N, N).
 */
export function qrReference(
  a: ArrayLike<number>,
  M: number,
  N: number,
): { readonly q: Float64Array; readonly r: Float64Array } {
  const q = Float64Array.from(a), r = new Float64Array(N * N);
  for (let j = 0; j < N; j++) {
    for (let repeat = 0; repeat < 2; repeat++) {
      for (let k = 0; k < j; k++) {
        let overlap = 0;
        for (let i = 0; i < M; i++) overlap += q[i * N + k] * q[i * N + j];
        r[k * N + j] += overlap;
        for (let i = 0; i < M; i++) q[i * N + j] -= overlap * q[i * N + k];
      }
    }
    let length = 0;
    for (let i = 0; i < M; i++) length = Math.hypot(length, q[i * N + j]);
    r[j * N + j] = length;
    for (let i = 0; i < M; i++) q[i * N + j] /= length;
  }
  return { q, r };
}

/**
 * Cholesky decomposition, in float64.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { choleskyReference } from "./reference_solve.ts";
 *
 * assertEquals([...choleskyReference([4, 2, 2, 10], 2)], [2, 0, 1, 3]);
 * ```
 *
 * @param a Symmetric positive definite matrix (N, N), row-major; only the lower triangle is read.
 * @returns L (N, N) with `L Lᵀ = a`; NaN from the column on whose pivot is negative.
 */
export function choleskyReference(a: ArrayLike<number>, N: number): Float64Array {
  const l = new Float64Array(N * N);
  for (let j = 0; j < N; j++) {
    for (let i = j; i < N; i++) {
      let sum = a[i * N + j];
      for (let k = 0; k < j; k++) sum -= l[i * N + k] * l[j * N + k];
      l[i * N + j] = i === j ? Math.sqrt(sum) : sum / l[j * N + j];
    }
  }
  return l;
}

/**
 * Solves `A X = B` by elimination with row exchanges, in float64.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { solveReference } from "./reference_solve.ts";
 *
 * assertEquals([...solveReference([0, 2, 1, 0], [4, 3], 2, 1)], [3, 2]);
 * ```
 *
 * @param a Invertible matrix (N, N), row-major.
 * @param b Right-hand sides (N, K), row-major.
 * @returns X (N, K).
 */
export function solveReference(a: ArrayLike<number>, b: ArrayLike<number>, N: number, K: number): Float64Array {
  const width = N + K;
  const rows = Array.from(
    { length: N },
    (_, i) => Float64Array.from({ length: width }, (_, j) => j < N ? a[i * N + j] : b[i * K + j - N]),
  );
  for (let k = 0; k < N; k++) {
    let pivot = k;
    for (let i = k + 1; i < N; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = 0; i < N; i++) {
      if (i === k) continue;
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j < width; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  return Float64Array.from({ length: N * K }, (_, index) => {
    const i = Math.floor(index / K);
    return rows[i][N + index % K] / rows[i][i];
  });
}

/**
 * `V diag(f(s)) Uᵀ B` in float64: least squares for `f(s) = 1/s`, ridge regression for `f(s) = s / (s² + λ)`.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { regressReference } from "./reference_solve.ts";
 *
 * assertAlmostEquals(regressReference([1, 1, 1], [1, 2, 6], 3, 1, 1, (s) => 1 / s)[0], 3);
 * ```
 *
 * @param a Matrix (M, N), row-major.
 * @param b Right-hand sides (M, K), row-major.
 * @param filter f, called with each singular value and the largest one.
 * @returns X (N, K).
 */
export function regressReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  M: number,
  N: number,
  K: number,
  filter: (s: number, largest: number) => number,
): Float64Array {
  const { u, s, v } = svdReference(a, M, N);
  const R = s.length;
  const x = new Float64Array(N * K);
  for (let r = 0; r < R; r++) {
    const factor = filter(s[r], s[0]);
    for (let k = 0; k < K; k++) {
      let coordinate = 0;
      for (let m = 0; m < M; m++) coordinate += u[m * R + r] * b[m * K + k];
      for (let n = 0; n < N; n++) x[n * K + k] += v[n * R + r] * factor * coordinate;
    }
  }
  return x;
}

/**
 * Matrix exponential by scaling and squaring a Taylor polynomial of degree 20, in float64.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { expmReference } from "./reference_solve.ts";
 *
 * assertAlmostEquals(expmReference([0, -1, 1, 0], 2)[0], Math.cos(1));
 * ```
 *
 * @param a Matrix (N, N), row-major.
 * @returns exp(a) (N, N).
 */
export function expmReference(a: ArrayLike<number>, N: number): Float64Array {
  const norm = Math.max(...Array.from({ length: N }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < N; j++) sum += Math.abs(a[i * N + j]);
    return sum;
  }));
  const squarings = Math.max(0, Math.ceil(Math.log2(2 * norm)));
  const x: Float64Array = Float64Array.from(a, (value) => value / 2 ** squarings);
  const identity = (scaled: Float64Array, factor: number): Float64Array =>
    scaled.map((value, index) => factor * value + Number(Math.floor(index / N) === index % N));
  let result: Float64Array = identity(x, 1 / 20);
  for (let order = 19; order >= 1; order--) result = identity(matmulReference(x, result, N, N, N), 1 / order);
  for (let step = 0; step < squarings; step++) result = matmulReference(result, result, N, N, N);
  return result;
}
