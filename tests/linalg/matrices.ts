/** Matrices for the linear algebra tests, and what is asked of factors. */
import lapack from "./fixtures/lapack.json" with { type: "json" };
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { normals } from "../../lib/random/random.ts";
import { matmulReference } from "../../lib/linalg/reference_solve.ts";

/** A general matrix and what LAPACK finds of it. */
export interface GeneralCase {
  readonly name: string;
  readonly M: number;
  readonly N: number;
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly s: readonly number[];
  readonly r: readonly number[];
  readonly pinv: readonly number[];
  readonly leastSquares: readonly number[];
}

/** A symmetric matrix and its eigenvalues. */
export interface SymmetricCase {
  readonly name: string;
  readonly N: number;
  readonly a: readonly number[];
  readonly values: readonly number[];
}

/** A positive definite matrix, its Cholesky factor and the solution of a x = b. */
export interface PositiveCase {
  readonly name: string;
  readonly N: number;
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly scale: number;
  readonly l: readonly number[];
  readonly x: readonly number[];
}

/** Results of LAPACK in float64, made by fixtures/lapack.py. */
export const LAPACK: {
  readonly general: readonly GeneralCase[];
  readonly symmetric: readonly SymmetricCase[];
  readonly positive: readonly PositiveCase[];
} = lapack;

/** Independent N(0, 1) entries. */
export function gaussian(size: number, seed: number): Float32Array {
  return Float32Array.from(normals({ seed, key: "linalg test" }, size));
}

/** `U diag(values) Vᵀ` with random singular vectors, rounded to single precision. */
export function withSingularValues(values: readonly number[], M: number, N: number, seed: number): Float32Array {
  const K = values.length;
  const [u, v] = [orthonormalise(gaussian(M * K, seed), M, K), orthonormalise(gaussian(N * K, seed + 1), N, K)];
  const scaled = u.map((value, index) => value * values[index % K]);
  return Float32Array.from(matmulReference(scaled, transpose(v, N, K), M, K, N));
}

/** `(x + xᵀ) / 2` of square matrices. */
export function symmetrised(x: Float32Array, N: number): Float32Array {
  return x.map((value, index) => {
    const first = index - index % (N * N);
    const [i, j] = [Math.floor(index / N) % N, index % N];
    return i >= j ? value : x[first + j * N + i];
  });
}

function orthonormalise(x: Float32Array, M: number, K: number): Float64Array {
  const q = Float64Array.from(x);
  for (let j = 0; j < K; j++) {
    for (let repeat = 0; repeat < 2; repeat++) {
      for (let k = 0; k < j; k++) {
        let overlap = 0;
        for (let i = 0; i < M; i++) overlap += q[i * K + k] * q[i * K + j];
        for (let i = 0; i < M; i++) q[i * K + j] -= overlap * q[i * K + k];
      }
    }
    let length = 0;
    for (let i = 0; i < M; i++) length = Math.hypot(length, q[i * K + j]);
    for (let i = 0; i < M; i++) q[i * K + j] /= length;
  }
  return q;
}

/** The transpose of (M, N). */
export function transpose(a: ArrayLike<number>, M: number, N: number): Float64Array {
  return Float64Array.from({ length: M * N }, (_, k) => a[(k % M) * N + Math.floor(k / M)]);
}

/** Largest entry of |QᵀQ − 1| for Q (M, K). */
export function orthonormalityError(q: ArrayLike<number>, M: number, K: number): number {
  return largestDifference(
    matmulReference(transpose(q, M, K), q, K, M, K),
    Float64Array.from({ length: K * K }, (_, index) => Number(Math.floor(index / K) === index % K)),
  );
}

/** Largest |a_i − b_i|; NaN if any difference is. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`expected as many entries, found ${a.length} and ${b.length}`);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= most)) most = difference;
  }
  return most;
}

/** Largest magnitude. */
export function largest(a: ArrayLike<number>): number {
  return largestDifference(a, new Float64Array(a.length));
}

/** Contents of tensors, which are freed. */
export async function readAll(...tensors: Tensor[]): Promise<Float32Array[]> {
  const contents: Float32Array[] = [];
  for (const tensor of tensors) {
    contents.push(await tensor.read());
    tensor.destroy();
  }
  return contents;
}
