/** Eigenvalues and eigenvectors of symmetric matrices. */
import { matrixScale, pack } from "../../kernels/linalg/packing.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { roundUp, squareBatchOf } from "./batch.ts";
import { rotate, rotatedVectors } from "./jacobi.ts";
import { Scratch } from "./scratch.ts";

/** A = V diag(w) Vᵀ. */
export interface Eigh {
  /** Eigenvalues from the smallest (…, N). */
  readonly values: Tensor;
  /** Eigenvectors as columns (…, N, N). */
  readonly vectors: Tensor;
}

/**
 * Eigendecomposition of symmetric matrices, `A = V diag(w) Vᵀ`, by block Jacobi rotations on the GPU.
 *
 * A V and V are rotated together, and the rotations chosen from vᵀ A v: the eigenvalue is a Rayleigh quotient of the
 * final vector. Errors of values and residuals stay below 1e-5 of the largest magnitude, vectors are orthonormal to 1e-5.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { eigh } from "./eigh.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([2, 1, 1, 2], [2, 2]);
 * const { values, vectors } = eigh(a);
 * const [low, high] = await values.read();
 * assertAlmostEquals(low, 1, 1e-5);
 * assertAlmostEquals(high, 3, 1e-5);
 * for (const tensor of [values, vectors]) tensor.destroy();
 * ```
 *
 * @param a Symmetric matrices (…, N, N), finite; only the lower triangle is read.
 * @returns `values` (…, N) in ascending order, and `vectors` (…, N, N) with one eigenvector a column. The caller owns both.
 * @throws {ShapeError} If the matrices are not square.
 */
export function eigh(a: Tensor): Eigh {
  using scratch = new Scratch();
  const { lead, B, N } = squareBatchOf("eigh", "a", a);
  const P = roundUp(N, 8);
  const { scale } = matrixScale({ a: a.reshape([B, N * N]) });
  const matrices = a.reshape([B, N, N]);
  const { y } = pack({ a: matrices, scale, height: P }, { I: P, J: 2 * P, SYMMETRIC: 1 });
  for (const tensor of [scale, y]) scratch.keep(tensor);
  const rotated = rotate({ x: y, scale, height: P, N, symmetric: true }, scratch);
  const vectors = rotatedVectors(rotated, N);
  return { values: rotated.values.reshape([...lead, N]), vectors: vectors.reshape([...lead, N, N]) };
}
