/** Least squares, ridge regression and the pseudo-inverse, all through singular values. */
import { filterValues } from "../../kernels/linalg/filter_values.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { batchOf, sameRows } from "./batch.ts";
import { Scratch } from "./scratch.ts";
import { svd } from "./svd.ts";

/** Which singular values count. */
export interface CutoffOptions {
  /** Smallest ratio to the largest singular value that does not count as zero; by default `max(M, N) · 2⁻²³`. */
  readonly cutoff?: number;
}

/**
 * Least squares `min_X ‖A X − B‖`, of all solutions the shortest: `X = A⁺ B`, on the GPU, for any shape and rank.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { solveLeastSquares } from "./least_squares.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([1, 1, 1], [3, 1]);
 * using b = Tensor.from([1, 2, 6], [3, 1]);
 * using x = solveLeastSquares(a, b);
 * assertAlmostEquals((await x.read())[0], 3, 1e-5);
 * ```
 *
 * @param a Matrices (…, M, N), finite.
 * @param b Right-hand sides (…, M, K), finite.
 * @param options Which singular values count.
 * @returns X (…, N, K); the caller owns it.
 * @throws {ShapeError} If shapes do not belong together.
 */
export function solveLeastSquares(a: Tensor, b: Tensor, options: CutoffOptions = {}): Tensor {
  const { M, N } = batchOf("solveLeastSquares", "a", a);
  return regress("solveLeastSquares", a, b, options.cutoff ?? defaultCutoff(M, N), 0);
}

/**
 * Ridge regression `min_X ‖A X − B‖² + λ ‖X‖²`: `X = V diag(s / (s² + λ)) Uᵀ B`, on the GPU.
 *
 * Neither Aᵀ A nor squares of singular values are formed, so that digits are lost by the condition of A only.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { solveRidge } from "./least_squares.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([1, 1, 1], [3, 1]);
 * using b = Tensor.from([1, 2, 6], [3, 1]);
 * using x = solveRidge(a, b, 1.5);
 * assertAlmostEquals((await x.read())[0], 2, 1e-5);
 * ```
 *
 * @param a Matrices (…, M, N), finite.
 * @param b Right-hand sides (…, M, K), finite.
 * @param lambda Penalty λ > 0.
 * @returns X (…, N, K); the caller owns it.
 * @throws {ShapeError} If shapes do not belong together.
 * @throws {RangeError} If λ is not positive.
 */
export function solveRidge(a: Tensor, b: Tensor, lambda: number): Tensor {
  if (!(lambda > 0)) {
    throw new RangeError(`solveRidge: expected lambda > 0, found ${lambda}: solveLeastSquares has no penalty`);
  }
  return regress("solveRidge", a, b, 0, lambda);
}

/**
 * Moore–Penrose pseudo-inverse `A⁺ = V diag(1/s) Uᵀ`, on the GPU, for any shape and rank.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { pinv } from "./least_squares.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([0, 2], [1, 2]);
 * using inverse = pinv(a);
 * assertAlmostEquals((await inverse.read())[1], 0.5, 1e-5);
 * ```
 *
 * @param a Matrices (…, M, N), finite.
 * @param options Which singular values count.
 * @returns A⁺ (…, N, M); the caller owns it.
 * @throws {ShapeError} If `a` has fewer than two axes.
 */
export function pinv(a: Tensor, options: CutoffOptions = {}): Tensor {
  using scratch = new Scratch();
  const { lead, B, M, N } = batchOf("pinv", "a", a);
  const { u, s, v } = svd(a.reshape([B, M, N]));
  for (const tensor of [u, s, v]) scratch.keep(tensor);
  const cutoff = options.cutoff ?? defaultCutoff(M, N);
  const scaled = scratch.keep(filterValues({ x: v, s, cutoff, ridge: 0 }).y);
  return matmul(scaled, u, { transposeB: true }).reshape([...lead, N, M]);
}

function regress(label: string, a: Tensor, b: Tensor, cutoff: number, ridge: number): Tensor {
  const [left, right] = [batchOf(label, "a", a), batchOf(label, "b", b)];
  sameRows(label, left, right);
  using scratch = new Scratch();
  const { lead, B, M, N } = left;
  const { u, s, v } = svd(a.reshape([B, M, N]));
  for (const tensor of [u, s, v]) scratch.keep(tensor);
  const coordinates = scratch.keep(matmul(u, b.reshape([B, M, right.N]), { transposeA: true }));
  const scaled = scratch.keep(filterValues({ x: coordinates, s, cutoff, ridge }, { ROWS: 1 }).y);
  return matmul(v, scaled).reshape([...lead, N, right.N]);
}

function defaultCutoff(M: number, N: number): number {
  return Math.max(M, N) * 2 ** -23;
}
