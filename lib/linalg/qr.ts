/** QR decomposition by Householder reflections. */
import { householder, householderApply, householderTriangle } from "../../kernels/linalg/householder.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { matrixScale, pack, unpack } from "../../kernels/linalg/packing.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { batchOf, roundUp } from "./batch.ts";
import { Scratch } from "./scratch.ts";

/** Factors of A = Q R. */
export interface Qr {
  /** Orthonormal columns (…, M, K). */
  readonly q: Tensor;
  /** Upper triangle (…, K, N). */
  readonly r: Tensor;
}

/** Reflections that make a scaled batch of matrices triangular. */
export interface Reflections {
  /** Columns with the reflections below the diagonal and R above (B, N, H). */
  readonly x: Tensor;
  /** Diagonal of R, and factors of the reflections (B, K, 2). */
  readonly pivots: Tensor;
  /** Powers of two that R is to be divided by (B). */
  readonly scale: Tensor;
}

/**
 * Reflections of matrices that stay packed.
 *
 * @param a Matrices (B, M, N).
 * @param scratch Frees the result.
 * @param transposed Whether to take the matrices transposed.
 * @returns Reflections.
 */
export function reflect(a: Tensor, scratch: Scratch, transposed = false): Reflections {
  const [B] = a.shape;
  const [M, N] = transposed ? [a.shape[2], a.shape[1]] : a.shape.slice(1);
  const H = roundUp(M, 4);
  const scale = scratch.keep(matrixScale({ a: a.reshape([B, M * N]) }).scale);
  const x = scratch.keep(pack({ a, scale, height: H }, { I: N, J: H, TRANSPOSE: Number(!transposed) }).y);
  return { x, pivots: scratch.keep(householder(x, M)), scale };
}

/**
 * The first J columns of Q, as rows: `y[b,j,:] = Q e_j`.
 *
 * @param reflections What {@linkcode reflect} returned.
 * @param J Number of columns, at most the number of rows of A.
 * @returns Columns (B, J, H), which the caller frees.
 */
function columnsOfQ({ x, pivots, scale }: Reflections, J: number): Tensor {
  // An identity matrix; the matrix argument is not read.
  const { y } = pack({ a: pivots, scale, height: 0 }, { I: J, J: x.shape[2] });
  householderApply(x, pivots, y, true);
  return y;
}

/**
 * QR decomposition `A = Q R` by Householder reflections, on the GPU, for any shape and rank.
 *
 * K = min(M, N). As in LAPACK, diagonal entries of R have the sign opposite to what the reflection found, so that they
 * may be negative. Columns of Q are orthonormal to 1e-5 whatever the rank of A. Tall matrices are cut into blocks of rows,
 * whose triangles are decomposed together (Demmel et al. 2012): signs then differ from LAPACK's.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { qr } from "./qr.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([3, 1, 4, 2], [2, 2]);
 * const { q, r } = qr(a);
 * assertAlmostEquals((await r.read())[0], -5, 1e-5);
 * for (const tensor of [q, r]) tensor.destroy();
 * ```
 *
 * @param a Matrices (…, M, N), finite.
 * @returns `q` (…, M, K) and `r` (…, K, N), which the caller owns.
 * @throws {ShapeError} If `a` has fewer than two axes.
 */
export function qr(a: Tensor): Qr {
  const { lead, B, M, N } = batchOf("qr", "a", a);
  if (isTall(M, N)) {
    const { q, r } = qrOfTall(a.reshape([B, M, N]));
    return { q: q.reshape([...lead, M, N]), r: r.reshape([...lead, N, N]) };
  }
  using scratch = new Scratch();
  const K = Math.min(M, N);
  const reflections = reflect(a.reshape([B, M, N]), scratch);
  const columns = scratch.keep(columnsOfQ(reflections, K));
  const q = unpack({ x: columns, scale: reflections.scale }, { M, N: K, TRANSPOSE: 1, DIVIDE: 0 }).y;
  const { r } = householderTriangle({ ...reflections });
  return { q: q.reshape([...lead, M, K]), r: r.reshape([...lead, K, N]) };
}

/** Rows from which blocks of rows pay: one reflection of many rows occupies few lanes, for long. */
const TALL = 1024;

/**
 * Whether a matrix is decomposed by blocks of rows.
 *
 * @param M Rows.
 * @param N Columns.
 */
export function isTall(M: number, N: number): boolean {
  return M > TALL && M >= 4 * N;
}

/** Q R of (B, M, N): that of each block of rows, `A_i = Q_i R_i`, then that of all R_i below one another. */
function qrOfTall(a: Tensor): Qr {
  using scratch = new Scratch();
  const [B, M, N] = a.shape;
  const rows = Math.max(256, roundUp(2 * N, 4));
  const blocks = Math.ceil(M / rows);
  const unscaled = { scale: a.reshape([a.size]), height: N };
  const padded = M % rows === 0 ? a : scratch.keep(pack({ a, ...unscaled }, { I: blocks * rows, J: N, SCALE: 0 }).y);
  const each = qr(padded.reshape([B * blocks, rows, N]));
  const joint = qr(each.r.reshape([B, blocks * N, N]));
  for (const tensor of [each.q, each.r, joint.q]) scratch.keep(tensor);
  const product = matmul(each.q, joint.q.reshape([B * blocks, N, N])).reshape([B, blocks * rows, N]);
  if (padded === a) return { q: product, r: joint.r };
  const scale = scratch.keep(product).reshape([product.size]);
  return { q: unpack({ x: product, scale }, { M, N, DIVIDE: 0 }).y, r: joint.r };
}
