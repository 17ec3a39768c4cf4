/** Singular values and row spaces of products that are never formed where their factors are small. */
import { matmul } from "../../kernels/matmul/matmul.ts";
import { unpack } from "../../kernels/linalg/packing.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { batchOf } from "./batch.ts";
import { qr } from "./qr.ts";
import { Scratch } from "./scratch.ts";
import { singularValues, svd } from "./svd.ts";

/** Singular values and right singular vectors of a matrix. */
export interface RowSpace {
  /** Singular values from the largest (…, K). */
  readonly s: Tensor;
  /** Right singular vectors as columns (…, N, K). */
  readonly v: Tensor;
}

/** Up to this ratio of rows to the inner size, the product itself is the smaller problem. */
const SMALL = 1.5;

/**
 * Singular values and right singular vectors of `A Bᵀ` through its factors, on the GPU.
 *
 * With `A = Q_A R_A` and `B = Q_B R_B` the product is `Q_A (R_A R_Bᵀ) Q_Bᵀ`: a decomposition of D × D entries instead of
 * M × N. A circuit of attention is such a product, of rank at most the width D of its head. Where M and N are not much
 * larger than D, the product is formed and decomposed.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { svdOfProduct } from "./product_svd.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([3, 0, 0], [3, 1]);
 * using b = Tensor.from([0, 4, 3], [3, 1]);
 * const { s, v } = svdOfProduct(a, b);
 * assertAlmostEquals((await s.read())[0], 15, 1e-5);
 * assertAlmostEquals(Math.abs((await v.read())[1]), 0.8, 1e-6);
 * for (const tensor of [s, v]) tensor.destroy();
 * ```
 *
 * @param a Left factors (…, M, D), finite.
 * @param b Right factors (…, N, D), finite.
 * @returns `s` (…, K) and `v` (…, N, K), K = min(M, N, D). The caller owns both.
 * @throws {ShapeError} If shapes do not belong together.
 */
export function svdOfProduct(a: Tensor, b: Tensor): RowSpace {
  using scratch = new Scratch();
  const { lead, N, K, matrix, basis } = smaller("svdOfProduct", a, b, scratch);
  const { u, s, v } = svd(matrix);
  scratch.keep(u);
  if (basis !== null) {
    scratch.keep(v);
    return { s: s.reshape([...lead, K]), v: matmul(basis, v).reshape([...lead, N, K]) };
  }
  if (s.shape[1] === K) return { s: s.reshape([...lead, K]), v: v.reshape([...lead, N, K]) };
  // Beyond the inner size all singular values are zero.
  return {
    s: firstColumns(s.reshape([s.shape[0], 1, s.shape[1]]), K, scratch).reshape([...lead, K]),
    v: firstColumns(v, K, scratch).reshape([...lead, N, K]),
  };
}

/**
 * Singular values of `A Bᵀ` through its factors, on the GPU, in about half the time of {@linkcode svdOfProduct}.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { singularValuesOfProduct } from "./product_svd.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([3, 0, 0], [3, 1]);
 * using b = Tensor.from([0, 4, 3], [3, 1]);
 * using s = singularValuesOfProduct(a, b);
 * assertAlmostEquals((await s.read())[0], 15, 1e-5);
 * ```
 *
 * @param a Left factors (…, M, D), finite.
 * @param b Right factors (…, N, D), finite.
 * @returns Values (…, K) ≥ 0 in descending order, K = min(M, N, D); the caller owns them.
 * @throws {ShapeError} If shapes do not belong together.
 */
export function singularValuesOfProduct(a: Tensor, b: Tensor): Tensor {
  using scratch = new Scratch();
  const { lead, K, matrix } = smaller("singularValuesOfProduct", a, b, scratch);
  const s = singularValues(matrix);
  const [B, all] = s.shape;
  return (all === K ? s : firstColumns(s.reshape([B, 1, all]), K, scratch)).reshape([...lead, K]);
}

/** The product, with no basis, or R_A R_Bᵀ with Q_B: whichever is the smaller problem. */
function smaller(label: string, a: Tensor, b: Tensor, scratch: Scratch) {
  const [left, right] = [batchOf(label, "a", a), batchOf(label, "b", b)];
  if (left.lead.join() !== right.lead.join() || left.N !== right.N) {
    const expected = `(${[...left.lead, "N", left.N].join(", ")})`;
    throw new ShapeError(`${label}: expected "b" of shape ${expected}, found (${b.shape.join(", ")})`);
  }
  const { lead, B, M, N: D } = left;
  const N = right.M;
  const [x, y] = [a.reshape([B, M, D]), b.reshape([B, N, D])];
  const sizes = { lead, N, K: Math.min(M, N, D) };
  if (Math.min(M, N) <= SMALL * D) {
    return { ...sizes, matrix: scratch.keep(matmul(x, y, { transposeB: true })), basis: null };
  }
  const [first, second] = [qr(x), qr(y)];
  for (const tensor of [first.q, first.r, second.q, second.r]) scratch.keep(tensor);
  return { ...sizes, matrix: scratch.keep(matmul(first.r, second.r, { transposeB: true })), basis: second.q };
}

function firstColumns(x: Tensor, K: number, scratch: Scratch): Tensor {
  const [, M] = x.shape;
  scratch.keep(x);
  return unpack({ x, scale: x.reshape([x.size]) }, { M, N: K, DIVIDE: 0 }).y;
}
