/** Cholesky decomposition. */
import { choleskyFactor } from "../../kernels/linalg/cholesky.ts";
import { matrixScale, pack, unpack } from "../../kernels/linalg/packing.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { roundUp, squareBatchOf } from "./batch.ts";
import { Scratch } from "./scratch.ts";

/**
 * Cholesky decomposition `A = L Lᵀ` of symmetric positive definite matrices, on the GPU.
 *
 * Where a pivot is not positive, A is not positive definite as far as single precision can tell: L is NaN from that
 * column on, and whatever is solved with it.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { cholesky } from "./cholesky.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([4, 2, 2, 10], [2, 2]);
 * using l = cholesky(a);
 * assertEquals([...await l.read()], [2, 0, 1, 3]);
 * ```
 *
 * @param a Symmetric positive definite matrices (…, N, N); only the lower triangle is read.
 * @returns Lower triangles (…, N, N), zero above the diagonal; the caller owns them.
 * @throws {ShapeError} If the matrices are not square.
 */
export function cholesky(a: Tensor): Tensor {
  using scratch = new Scratch();
  const { lead, B, N } = squareBatchOf("cholesky", "a", a);
  const { scale } = matrixScale({ a: a.reshape([B, N * N]) }, { EVEN: 1 });
  const { y } = pack({ a: a.reshape([B, N, N]), scale, height: N + 3 }, { I: N, J: roundUp(N, 4), SYMMETRIC: 1 });
  const l = choleskyFactor(y);
  for (const tensor of [scale, y, l]) scratch.keep(tensor);
  return unpack({ x: l, scale }, { M: N, N, DIVIDE: 2 }).y.reshape([...lead, N, N]);
}
