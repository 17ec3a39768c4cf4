/** Distances and overlaps of many row spaces at once, on the GPU. */
import { subtract } from "../../kernels/elementwise/binary.ts";
import { leadingColumns } from "../../kernels/linalg/leading_columns.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { square } from "../../kernels/elementwise/unary.ts";
import { ShapeError } from "../gpu/errors.ts";
import { own } from "../gpu/trace.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { RowSpace } from "../linalg/product_svd.ts";
import { Scratch } from "../linalg/scratch.ts";
import { RANK_CUTOFF } from "./subspace.ts";

/**
 * Squares of subspace distances, unnormalised: `Σ_k (s_k / s_1)² ‖(I − V Vᵀ) v_k‖²` over the singular values and vectors
 * of the final matrix, whose square is `Σ_k (s_k / s_1)²` in the same unit; see `subspaceDistance` for the formula.
 *
 * Right to 1e-5 of the largest singular value.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { svd } from "../linalg/svd.ts";
 * import { squaredDistances } from "./row_spaces.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using m = Tensor.from([1, 0], [1, 1, 2]);
 * using limit = Tensor.from([0.6, 0.8], [1, 1, 2]);
 * const [now, final] = [svd(m), svd(limit)];
 * using ranks = Tensor.from(Uint32Array.of(1));
 * using squares = squaredDistances(now, final, ranks);
 * assertAlmostEquals((await squares.read())[0], 0.64, 1e-6);
 * for (const { u, s, v } of [now, final]) [u, s, v].forEach((tensor) => tensor.destroy());
 * ```
 *
 * @param now Values (B, K) and right singular vectors (B, N, K) of each M(t).
 * @param final The same of each M(∞).
 * @param ranks How many leading directions of M(t) count, (B).
 * @returns Squares (B); the caller owns them.
 * @throws {ShapeError} If shapes do not agree.
 */
export function squaredDistances(now: RowSpace, final: RowSpace, ranks: Tensor<"u32">): Tensor {
  using scratch = new Scratch();
  const cutoff = cutoffOf("squaredDistances", now, final);
  const basis = scratch.keep(leadingColumns({ x: now.v, s: now.s, ranks, cutoff }).y);
  const all = { x: final.v, s: final.s, ranks: scratch.keep(every(final)), cutoff: 0 };
  const target = scratch.keep(leadingColumns(all, { SCALE: 1 }).y);
  const within = scratch.keep(matmul(basis, target, { transposeA: true }));
  const rest = scratch.keep(subtract(target, scratch.keep(matmul(basis, within))));
  return sum(scratch.keep(square(rest)), [1, 2]);
}

/**
 * `‖V_aᵀ V_b‖_F²` of row spaces: the sum of squared cosines of their principal angles; see `projectorOverlap`.
 *
 * @param a Values (B, K) and right singular vectors (B, N, K) of one matrix each.
 * @param b The same of another.
 * @param ranks How many leading directions count, (B).
 * @returns Sums (B), 0 … rank; the caller owns them.
 * @throws {ShapeError} If shapes do not agree.
 */
export function squaredCosines(a: RowSpace, b: RowSpace, ranks: Tensor<"u32">): Tensor {
  using scratch = new Scratch();
  const cosines = scratch.keep(cosinesBetween(a, b, ranks));
  return sum(scratch.keep(square(cosines)), [1, 2]);
}

/**
 * `V_aᵀ V_b` of row spaces; its singular values are the cosines of their principal angles.
 *
 * @param a Values (B, K) and right singular vectors (B, N, K) of one matrix each.
 * @param b The same of another.
 * @param ranks How many leading directions count, (B); the others are zero.
 * @returns Products (B, K, K); the caller owns them.
 * @throws {ShapeError} If shapes do not agree.
 */
export function cosinesBetween(a: RowSpace, b: RowSpace, ranks: Tensor<"u32">): Tensor {
  using scratch = new Scratch();
  const cutoff = cutoffOf("cosinesBetween", a, b);
  const [left, right] = [a, b].map(({ s, v }) => scratch.keep(leadingColumns({ x: v, s, ranks, cutoff }).y));
  return matmul(left, right, { transposeA: true });
}

/**
 * `(I − V_a V_aᵀ) V_b` of row spaces; its singular values are the sines of their principal angles, small ones with all
 * their digits.
 *
 * @param a Values (B, K) and right singular vectors (B, N, K) of one matrix each.
 * @param b The same of another.
 * @param ranks How many leading directions count, (B); the others are zero.
 * @returns Rests (B, N, K); the caller owns them.
 * @throws {ShapeError} If shapes do not agree.
 */
export function restsOutside(a: RowSpace, b: RowSpace, ranks: Tensor<"u32">): Tensor {
  using scratch = new Scratch();
  const cutoff = cutoffOf("restsOutside", a, b);
  const [basis, target] = [a, b].map(({ s, v }) => scratch.keep(leadingColumns({ x: v, s, ranks, cutoff }).y));
  const within = scratch.keep(matmul(basis, target, { transposeA: true }));
  return subtract(target, scratch.keep(matmul(basis, within)));
}

function cutoffOf(label: string, a: RowSpace, b: RowSpace): number {
  const [found, expected] = [b.v.shape.join(", "), a.v.shape.join(", ")];
  if (a.v.shape.length !== 3 || found !== expected) {
    throw new ShapeError(`${label}: expected two spaces of shape (B, N, K), found (${expected}) and (${found})`);
  }
  return RANK_CUTOFF * a.v.shape[1];
}

function every({ s }: RowSpace): Tensor<"u32"> {
  return own(Tensor.from(new Uint32Array(s.shape[0]).fill(s.shape[1])));
}
