/** Singular value decomposition. */
import { householderApply, householderTriangle } from "../../kernels/linalg/householder.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { pack, unpack } from "../../kernels/linalg/packing.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { batchOf, roundUp } from "./batch.ts";
import { rotate, type Rotated, rotatedDirections, rotatedVectors } from "./jacobi.ts";
import { isTall, qr, reflect, type Reflections } from "./qr.ts";
import { Scratch } from "./scratch.ts";

/** A = U diag(s) Vᵀ. */
export interface Svd {
  /** Left singular vectors as columns (…, M, K). */
  readonly u: Tensor;
  /** Singular values from the largest (…, K). */
  readonly s: Tensor;
  /** Right singular vectors as columns (…, N, K). */
  readonly v: Tensor;
}

/**
 * Thin singular value decomposition `A = U diag(s) Vᵀ` by one-sided block Jacobi rotations on the GPU.
 *
 * The matrix, or its transpose if it is wide, is made triangular by reflections, T = Q R; then rotations J make the
 * columns of Rᵀ orthogonal: `Rᵀ J = W diag(s)`, so that `T = (Q J) diag(s) Wᵀ`. Aᵀ A is never formed, so that small
 * singular values keep their digits. Errors stay below 1e-5 of the largest value, and U and V are orthonormal to 1e-5
 * whatever the rank. K = min(M, N). Signs are those of the rotations.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { svd } from "./svd.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([3, 0, 4, 5], [2, 2]);
 * const { u, s, v } = svd(a);
 * const [first, second] = await s.read();
 * assertAlmostEquals(first, Math.sqrt(45), 1e-5);
 * assertAlmostEquals(second, Math.sqrt(5), 1e-5);
 * for (const tensor of [u, s, v]) tensor.destroy();
 * ```
 *
 * @param a Matrices (…, M, N), finite.
 * @returns `u` (…, M, K), `s` (…, K) ≥ 0 in descending order, `v` (…, N, K). The caller owns all three.
 * @throws {ShapeError} If `a` has fewer than two axes.
 */
export function svd(a: Tensor): Svd {
  using scratch = new Scratch();
  const { lead, B, M, N } = batchOf("svd", "a", a);
  const K = Math.min(M, N);
  if (isTall(Math.max(M, N), K)) {
    const { u, s, v } = svdOfTall(a.reshape([B, M, N]));
    return { u: u.reshape([...lead, M, K]), s: s.reshape([...lead, K]), v: v.reshape([...lead, N, K]) };
  }
  const { reflections, rotated } = decompose(a.reshape([B, M, N]), true, scratch);
  const { x, pivots, scale } = reflections;
  const columns = scratch.keep(rotatedVectors(rotated, K, x.shape[2]));
  householderApply(x, pivots, columns, true);
  const long = unpack({ x: columns, scale }, { M: Math.max(M, N), N: K, TRANSPOSE: 1, DIVIDE: 0 }).y;
  const short = rotatedDirections(rotated, K, scratch);
  const [u, v] = M >= N ? [long, short] : [short, long];
  return {
    u: u.reshape([...lead, M, K]),
    s: rotated.values.reshape([...lead, K]),
    v: v.reshape([...lead, N, K]),
  };
}

/**
 * Singular values alone, in about half the time of {@linkcode svd}; on the CPU `hostSingularValues`.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { singularValues } from "./svd.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([3, 4], [1, 2]);
 * using s = singularValues(a);
 * assertAlmostEquals((await s.read())[0], 5, 1e-5);
 * ```
 *
 * @param a Matrices (…, M, N), finite.
 * @returns Values (…, min(M, N)) ≥ 0 in descending order; the caller owns them.
 * @throws {ShapeError} If `a` has fewer than two axes.
 */
export function singularValues(a: Tensor): Tensor {
  using scratch = new Scratch();
  const { lead, B, M, N } = batchOf("singularValues", "a", a);
  const K = Math.min(M, N);
  let matrices = a.reshape([B, M, N]);
  if (isTall(Math.max(M, N), K)) {
    const { q, r } = qr(tall(matrices, scratch));
    for (const tensor of [q, r]) scratch.keep(tensor);
    matrices = r;
  }
  const { rotated } = decompose(matrices, false, scratch);
  return rotated.values.reshape([...lead, K]);
}

/** Reflections of the tall side of (B, M, N), and rotations of what they leave. */
function decompose(
  a: Tensor,
  vectors: boolean,
  scratch: Scratch,
): { readonly reflections: Reflections; readonly rotated: Rotated } {
  const [, M, N] = a.shape;
  const K = Math.min(M, N);
  const reflections = reflect(a, scratch, M < N);
  const { scale } = reflections;
  const r = scratch.keep(householderTriangle({ ...reflections }, { SCALE: 0 }).r);
  const [P, height] = [roundUp(K, 8), roundUp(K, 4)];
  const x = scratch.keep(pack({ a: r, scale, height }, { I: P, J: height + (vectors ? P : 0), SCALE: 0 }).y);
  return { reflections, rotated: rotate({ x, scale, height, N: K, symmetric: false }, scratch) };
}

/** Far from square: T = Q R, and R = U diag(s) Vᵀ. */
function svdOfTall(a: Tensor): Svd {
  using scratch = new Scratch();
  const [, M, N] = a.shape;
  const { q, r } = qr(tall(a, scratch));
  const inner = svd(r);
  for (const tensor of [q, r, inner.u]) scratch.keep(tensor);
  const long = matmul(q, inner.u);
  return M >= N ? { u: long, s: inner.s, v: inner.v } : { u: inner.v, s: inner.s, v: long };
}

/** The matrices, or their transposes if they are wide. */
function tall(a: Tensor, scratch: Scratch): Tensor {
  const [, M, N] = a.shape;
  if (M >= N) return a;
  const unscaled = { scale: a.reshape([a.size]), height: M };
  return scratch.keep(pack({ a, ...unscaled }, { I: N, J: M, TRANSPOSE: 1, SCALE: 0 }).y);
}
