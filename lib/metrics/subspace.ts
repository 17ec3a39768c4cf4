/**
 * Subspaces of a matrix that changes over training, of plain arrays in float64.
 *
 * The row space of a matrix is what it reads from its input; for QK and OV circuits it lies in the residual stream.
 */
import { svdReference } from "../linalg/reference.ts";
import { matmulReference } from "../linalg/reference_solve.ts";
import { effectiveRank } from "./spectrum.ts";

/** Which directions of a matrix are compared. */
export interface SubspaceOptions {
  /** Rows M. */
  readonly M: number;
  /** Columns N. */
  readonly N: number;
  /** Rank k, 1 … min(M, N); of the last matrix by default `rankRule` of its singular values. */
  readonly rank?: number;
}

/** Singular values that are smaller than this, relative to the largest and max(M, N), span no direction. */
export const RANK_CUTOFF = 2 ** -23;

/**
 * Rank at which subspaces of a full-rank matrix are compared: `⌈effective rank⌉`, see {@linkcode effectiveRank}.
 *
 * The row space of a matrix of full rank is everything, so that a rank has to be chosen; this one follows from the
 * final matrix. For a circuit it is the width of the head instead, the most that its rank can be.
 *
 * @example
 * ```ts
 * import { rankRule } from "./subspace.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rankRule([5, 5, 5, 1e-3]), 4);
 * ```
 *
 * @param s Singular values (N) ≥ 0 of the final matrix.
 * @returns Rank, 1 … N.
 */
export function rankRule(s: ArrayLike<number>): number {
  // Rounding must not make four of three equal values.
  return Math.max(1, Math.ceil(effectiveRank(s) - 1e-6));
}

/**
 * Subspace distance `min_A ‖A M(t) − M(∞)‖_F / ‖M(∞)‖_F = ‖M(∞) (I − V Vᵀ)‖_F / ‖M(∞)‖_F` (arXiv 2504.12916): the part
 * of the final matrix that lies outside of the row space of M(t). V are the k leading right singular vectors of M(t);
 * directions that are zero up to rounding do not count.
 *
 * @example
 * ```ts
 * import { subspaceDistance } from "./subspace.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [now, final] = [[1, 0, 0, 0], [0, 0, 3, 4]];
 * assertAlmostEquals(subspaceDistance(now, final, { M: 2, N: 2, rank: 1 }), 0.8);
 * ```
 *
 * @param m M(t) (M, N), row-major, finite.
 * @param final M(∞) (M, N), not zero.
 * @param options Shape and rank.
 * @returns Distance, 0 … 1; NaN if the final matrix is zero.
 */
export function subspaceDistance(m: ArrayLike<number>, final: ArrayLike<number>, options: SubspaceOptions): number {
  const { M, N } = options;
  const limit = svdReference(final, M, N);
  const { basis, rank } = rowBasis(m, { ...options, rank: options.rank ?? rankRule(limit.s) });
  const coordinates = matmulReference(Float64Array.from(final), basis, M, N, rank);
  let outside = 0, total = 0;
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let rest = final[i * N + j];
      total += rest * rest;
      for (let k = 0; k < rank; k++) rest -= coordinates[i * rank + k] * basis[j * rank + k];
      outside += rest * rest;
    }
  }
  return Math.sqrt(outside / total);
}

/**
 * Overlap of two row spaces `‖V_aᵀ V_b‖_F² / k = tr(P_a P_b) / k`, the mean squared cosine of their principal angles;
 * P are the projectors onto the k leading right singular vectors, k the larger of both ranks.
 *
 * @example
 * ```ts
 * import { projectorOverlap } from "./subspace.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(projectorOverlap([1, 0], [3, 4], { M: 1, N: 2, rank: 1 }), 0.36);
 * ```
 *
 * @param a One matrix (M, N), row-major, finite.
 * @param b The other one (M, N).
 * @param options Shape and rank; by default the rank of `b`.
 * @returns Overlap, 0 … 1; 0 if either is zero.
 */
export function projectorOverlap(a: ArrayLike<number>, b: ArrayLike<number>, options: SubspaceOptions): number {
  const rank = options.rank ?? rankRule(svdReference(b, options.M, options.N).s);
  const [left, right] = [rowBasis(a, { ...options, rank }), rowBasis(b, { ...options, rank })];
  const cosines = crossed(left, right, options.N);
  const most = Math.max(left.rank, right.rank);
  return most === 0 ? 0 : cosines.reduce((sum, value) => sum + value * value, 0) / most;
}

/**
 * Principal angles between the row spaces of two matrices, from sines and cosines (Björck & Golub 1973).
 *
 * @example
 * ```ts
 * import { rowSpaceAngles } from "./subspace.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(rowSpaceAngles([1, 0], [1, 1], { M: 1, N: 2, rank: 1 })[0], Math.PI / 4);
 * ```
 *
 * @param a One matrix (M, N), row-major, finite.
 * @param b The other one (M, N).
 * @param options Shape and rank; by default the rank of `b`.
 * @returns Angles in radians, 0 … π/2, from the smallest, as many as the smaller space has dimensions.
 */
export function rowSpaceAngles(a: ArrayLike<number>, b: ArrayLike<number>, options: SubspaceOptions): Float64Array {
  const rank = options.rank ?? rankRule(svdReference(b, options.M, options.N).s);
  const spaces = [rowBasis(a, { ...options, rank }), rowBasis(b, { ...options, rank })];
  const [small, large] = spaces.toSorted((x, y) => x.rank - y.rank);
  if (small.rank === 0) return new Float64Array(0);
  const { N } = options;
  const overlap = crossed(large, small, N);
  const rest = small.basis.map((value, index) => {
    const [i, j] = [Math.floor(index / small.rank), index % small.rank];
    let within = 0;
    for (let k = 0; k < large.rank; k++) within += large.basis[i * large.rank + k] * overlap[k * small.rank + j];
    return value - within;
  });
  const cosines = svdReference(overlap, large.rank, small.rank).s;
  const sines = svdReference(rest, N, small.rank).s.toReversed();
  return cosines.map((cosine, k) => Math.atan2(sines[k] ?? 0, cosine));
}

/** Orthonormal rows' space: the leading right singular vectors that are not zero up to rounding. */
function rowBasis(m: ArrayLike<number>, { M, N, rank = Math.min(M, N) }: SubspaceOptions) {
  const { s, v } = svdReference(m, M, N);
  const K = s.length;
  const cutoff = RANK_CUTOFF * Math.max(M, N) * s[0];
  const kept = Math.min(rank, s.findLastIndex((value) => value > cutoff) + 1);
  const basis = new Float64Array(N * kept);
  for (let i = 0; i < N; i++) for (let k = 0; k < kept; k++) basis[i * kept + k] = v[i * K + k];
  return { basis, rank: kept };
}

interface Basis {
  readonly basis: Float64Array;
  readonly rank: number;
}

/** V_aᵀ V_b. */
function crossed(a: Basis, b: Basis, N: number): Float64Array {
  const out = new Float64Array(a.rank * b.rank);
  for (let i = 0; i < N; i++) {
    for (let k = 0; k < a.rank; k++) {
      for (let l = 0; l < b.rank; l++) out[k * b.rank + l] += a.basis[i * a.rank + k] * b.basis[i * b.rank + l];
    }
  }
  return out;
}
