/** The matrix exponential. */
import { addIdentity, expmScale, takeSquare } from "../../kernels/linalg/expm.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { pack } from "../../kernels/linalg/packing.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { squareBatchOf } from "./batch.ts";
import { Scratch } from "./scratch.ts";

/** Halvings at most: norms up to 2^15 come down to ½. */
const SQUARINGS = 16;
/** Of the Taylor polynomial: with a norm of ½ the rest is below 1e-8. */
const DEGREE = 8;

/**
 * Matrix exponential `exp(A) = (exp(A / 2^q))^(2^q)`, by scaling and squaring a Taylor polynomial, on the GPU.
 *
 * q is chosen for each matrix so that `‖A‖₁ / 2^q ≤ ½`. The error grows with it: relative to the largest entry it is about
 * `‖A‖₁ · 1e-7`.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { expm } from "./expm.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([0, -1, 1, 0], [2, 2]);
 * using rotation = expm(a);
 * const [cosine, , sine] = await rotation.read();
 * assertAlmostEquals(cosine, Math.cos(1), 1e-6);
 * assertAlmostEquals(sine, Math.sin(1), 1e-6);
 * ```
 *
 * @param a Matrices (…, N, N) with `‖A‖₁` of at most 2^15 and an exponential within the range of f32.
 * @returns exp(A) (…, N, N); the caller owns it.
 * @throws {ShapeError} If the matrices are not square.
 */
export function expm(a: Tensor): Tensor {
  using scratch = new Scratch();
  const { lead, B, N } = squareBatchOf("expm", "a", a);
  const matrices = a.reshape([B, N, N]);
  const { squarings, scale } = expmScale({ a: matrices, limit: SQUARINGS });
  for (const tensor of [squarings, scale]) scratch.keep(tensor);
  const x = scratch.keep(pack({ a: matrices, scale, height: N }, { I: N, J: N }).y);
  let result = addIdentity({ x, factor: 1 / DEGREE }).y;
  for (let order = DEGREE - 1; order >= 1; order--) {
    const product = scratch.keep(matmul(x, scratch.keep(result)));
    result = addIdentity({ x: product, factor: 1 / order }).y;
  }
  for (let step = 0; step < SQUARINGS; step++) {
    const square = scratch.keep(matmul(result, result));
    takeSquare({ square: square.reshape([B, N * N]), squarings, y: result.reshape([B, N * N]), step });
  }
  return result.reshape([...lead, N, N]);
}
