/** How far row spaces are from final ones: distances and principal angles of many at once, from the GPU. */
import type { RowSpace } from "../linalg/product_svd.ts";
import { Scratch } from "../linalg/scratch.ts";
import { singularValues } from "../linalg/svd.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { cosinesBetween, restsOutside, squaredDistances } from "./row_spaces.ts";
import { RANK_CUTOFF } from "./subspace.ts";

/**
 * Subspace distances `‖M(∞)(I − V Vᵀ)‖_F / ‖M(∞)‖_F`, computed on the GPU; `subspaceDistance` says more and is the same
 * for one pair of plain arrays.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { svd } from "../linalg/svd.ts";
 * import { subspaceDistances } from "./subspace_stability.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using m = Tensor.from([1, 0], [1, 1, 2]);
 * using limit = Tensor.from([0.6, 0.8], [1, 1, 2]);
 * const [now, final] = [svd(m), svd(limit)];
 * using ranks = Tensor.from(Uint32Array.of(1));
 * assertAlmostEquals((await subspaceDistances(now, final, ranks))[0], 0.8, 1e-6);
 * for (const { u, s, v } of [now, final]) [u, s, v].forEach((tensor) => tensor.destroy());
 * ```
 *
 * @param now Values (B, K) and right singular vectors (B, N, K) of each M(t).
 * @param final The same of each M(∞).
 * @param ranks How many leading directions of M(t) count, (B).
 * @returns Distances (B), 0 … 1; NaN where M(∞) is zero.
 * @throws {ShapeError} If shapes do not agree.
 */
export async function subspaceDistances(now: RowSpace, final: RowSpace, ranks: Tensor<"u32">): Promise<Float64Array> {
  using scratch = new Scratch();
  const squares = await scratch.keep(squaredDistances(now, final, ranks)).read();
  const s = await final.s.read();
  const K = s.length / squares.length;
  return Float64Array.from(squares, (square, b) => {
    const own = s.subarray(b * K, (b + 1) * K);
    const total = own.reduce((sum, value) => sum + (value / own[0]) ** 2, 0);
    return own[0] > 0 ? Math.min(1, Math.sqrt(square / total)) : NaN;
  });
}

/**
 * Principal angles between row spaces, computed on the GPU from sines and cosines (Björck & Golub 1973); `rowSpaceAngles`
 * says more and is the same for one pair of plain arrays.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { svd } from "../linalg/svd.ts";
 * import { subspaceAngles } from "./subspace_stability.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using m = Tensor.from([1, 0, 0], [1, 1, 3]);
 * using limit = Tensor.from([1, 1, 0], [1, 1, 3]);
 * const [now, final] = [svd(m), svd(limit)];
 * using ranks = Tensor.from(Uint32Array.of(1));
 * const [angles] = await subspaceAngles(now, final, ranks);
 * assertAlmostEquals(angles[0], Math.PI / 4, 1e-6);
 * for (const { u, s, v } of [now, final]) [u, s, v].forEach((tensor) => tensor.destroy());
 * ```
 *
 * @param now Values (B, K) and right singular vectors (B, N, K) of each M(t).
 * @param final The same of each M(∞).
 * @param ranks How many leading directions count, (B); those that are zero up to rounding do not.
 * @returns Of each of B pairs the angles in radians, 0 … π/2, from the smallest: as many as the final space has dimensions,
 *   none where M(∞) is zero. A direction that M(t) lacks counts as a right angle.
 * @throws {ShapeError} If shapes do not agree.
 */
export async function subspaceAngles(now: RowSpace, final: RowSpace, ranks: Tensor<"u32">): Promise<Float64Array[]> {
  using scratch = new Scratch();
  const parts = [cosinesBetween, restsOutside].map((of) => scratch.keep(of(now, final, ranks)));
  const [cosine, sine] = parts.map((part) => scratch.keep(singularValues(part)));
  const [cosines, sines, s, most] = [await cosine.read(), await sine.read(), await final.s.read(), await ranks.read()];
  const K = s.length / most.length;
  const N = final.v.shape[1];
  return Array.from(most, (rank, b) => {
    const dimensions = rowDimensions(s.subarray(b * K, (b + 1) * K), rank, N);
    return Float64Array.from(
      { length: dimensions },
      (_, k) => Math.atan2(sines[b * K + dimensions - 1 - k], cosines[b * K + k]),
    );
  });
}

/**
 * Dimensions of a row space as `row_spaces` takes it: leading directions that are not zero up to rounding.
 *
 * @param s Singular values (K) from the largest.
 * @param rank How many count at most.
 * @param N Columns of the matrix.
 * @returns 0 … min(rank, K).
 */
export function rowDimensions(s: ArrayLike<number>, rank: number, N: number): number {
  const cutoff = RANK_CUTOFF * N * s[0];
  let count = 0;
  while (count < Math.min(rank, s.length) && s[count] > cutoff) count++;
  return count;
}
