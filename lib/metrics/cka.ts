/** Similarity of representations. */
import { columnMeans, subtractRows } from "../../kernels/linalg/centre.ts";
import { divide, multiply } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { sqrt, square } from "../../kernels/elementwise/unary.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { batchOf, sameRows } from "../linalg/batch.ts";
import { Scratch } from "../linalg/scratch.ts";

/** Sizes of two representations of the same samples. */
export interface CkaSizes {
  /** Samples S ≥ 2. */
  readonly S: number;
  /** Features of the first. */
  readonly P: number;
  /** Features of the second. */
  readonly Q: number;
}

/**
 * Linear centred kernel alignment `‖Yᵀ X‖_F² / (‖Xᵀ X‖_F ‖Yᵀ Y‖_F)` of centred columns (Kornblith et al. 2019): 1 for
 * representations that are the same up to rotation and scale, 0 for uncorrelated ones. In float64.
 *
 * @example
 * ```ts
 * import { linearCka } from "./cka.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const turned = [3, 4, -4, 3, -1, 7]; // x turned and scaled
 * assertAlmostEquals(linearCka([1, 0, 0, 1, 1, 1], turned, { S: 3, P: 2, Q: 2 }), 1);
 * ```
 *
 * @param x One representation (S, P), row-major.
 * @param y The other one (S, Q).
 * @param sizes Samples and features.
 * @returns Similarity, 0 … 1; 0 if either is constant.
 */
export function linearCka(x: ArrayLike<number>, y: ArrayLike<number>, { S, P, Q }: CkaSizes): number {
  const [a, b] = [centred(x, S, P), centred(y, S, Q)];
  const norm = (u: Float64Array, U: number, v: Float64Array, V: number) => {
    let squares = 0;
    for (let i = 0; i < U; i++) {
      for (let j = 0; j < V; j++) {
        let product = 0;
        for (let s = 0; s < S; s++) product += u[s * U + i] * v[s * V + j];
        squares += product * product;
      }
    }
    return squares;
  };
  const own = Math.sqrt(norm(a, P, a, P)) * Math.sqrt(norm(b, Q, b, Q));
  return own === 0 ? 0 : norm(a, P, b, Q) / own;
}

/**
 * {@linkcode linearCka} of many pairs at once, on the GPU, right to 1e-5.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { linearCkas } from "./cka.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4], [4, 1]);
 * using y = Tensor.from([-2, -4, -6, -8], [4, 1]);
 * using similarity = linearCkas(x, y);
 * assertAlmostEquals((await similarity.read())[0], 1, 1e-6);
 * ```
 *
 * @param x Representations (…, S, P), finite, none constant.
 * @param y Representations (…, S, Q) of the same samples.
 * @returns Similarities (…), 0 … 1; the caller owns them.
 * @throws {ShapeError} If shapes do not belong together.
 */
export function linearCkas(x: Tensor, y: Tensor): Tensor {
  const [left, right] = [batchOf("linearCkas", "x", x), batchOf("linearCkas", "y", y)];
  sameRows("linearCkas", left, right);
  if (left.M < 2) throw new ShapeError(`linearCkas: expected at least 2 samples, found ${left.M}`);
  using scratch = new Scratch();
  const [a, b] = [x.reshape([left.B, left.M, left.N]), y.reshape([left.B, left.M, right.N])].map((matrix) => {
    const mean = scratch.keep(columnMeans({ x: matrix }).mean);
    return scratch.keep(subtractRows({ x: matrix, mean }).y);
  });
  const squares = ([u, v]: readonly [Tensor, Tensor]) => {
    const product = scratch.keep(matmul(u, v, { transposeA: true }));
    return scratch.keep(sum(scratch.keep(square(product)), [1, 2]));
  };
  const [cross, first, second] = ([[a, b], [a, a], [b, b]] as const).map(squares);
  const own = scratch.keep(multiply(scratch.keep(sqrt(first)), scratch.keep(sqrt(second))));
  return divide(cross, own).reshape(left.lead);
}

function centred(x: ArrayLike<number>, S: number, F: number): Float64Array {
  const means = new Float64Array(F);
  for (let s = 0; s < S; s++) for (let f = 0; f < F; f++) means[f] += x[s * F + f] / S;
  return Float64Array.from({ length: S * F }, (_, index) => x[index] - means[index % F]);
}
