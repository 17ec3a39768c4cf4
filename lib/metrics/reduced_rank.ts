/** Learning coefficient of reduced-rank regression, where it is known exactly. */

/** A learning coefficient and the multiplicity of its pole. */
export interface KnownCoefficient {
  /** λ. */
  readonly lambda: number;
  /** m: the free energy is n L + λ ln n − (m − 1) ln ln n. */
  readonly multiplicity: number;
}

/** A linear network y = B A x. */
export interface ReducedRankSizes {
  /** Inputs M. */
  readonly inputs: number;
  /** Hidden units H. */
  readonly hidden: number;
  /** Outputs N. */
  readonly outputs: number;
  /** Rank r of the true map, 0 … min(M, H, N). */
  readonly rank: number;
}

/**
 * Learning coefficient of reduced-rank regression `y = B A x + noise`, A (H, M), B (N, H), at a true map of rank r
 * (Aoyagi & Watanabe 2005).
 *
 * With N + r ≤ M + H, M + r ≤ N + H and H + r ≤ M + N:
 * `λ = (2 (H + r)(M + N) − (M − N)² − (H + r)²) / 8`, and 1/8 more with m = 2 if M + H + N + r is odd. Else
 * `λ = (H M − H r + N r) / 2` if M + H < N + r, `(H N − H r + M r) / 2` if N + H < M + r, `M N / 2` if M + N < H + r.
 *
 * @example
 * ```ts
 * import { reducedRankCoefficient } from "./reduced_rank.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // y = b a x at zero: the loss is a² b².
 * const product = reducedRankCoefficient({ inputs: 1, hidden: 1, outputs: 1, rank: 0 });
 * assertEquals(product, { lambda: 1 / 2, multiplicity: 2 });
 * ```
 *
 * @param sizes Sizes and rank.
 * @returns λ and its multiplicity.
 * @throws {RangeError} If a size is no positive integer, or the rank is out of range.
 */
export function reducedRankCoefficient(
  { inputs: M, hidden: H, outputs: N, rank: r }: ReducedRankSizes,
): KnownCoefficient {
  const whole = [M, H, N].every((size) => Number.isInteger(size) && size >= 1);
  if (!whole || !Number.isInteger(r) || r < 0 || r > Math.min(M, H, N)) {
    throw new RangeError(
      `reducedRankCoefficient: expected sizes ≥ 1 and a rank of 0 to ${Math.min(M, H, N)}, found ${[M, H, N]} and ${r}`,
    );
  }
  if (M + H < N + r) return { lambda: (H * M - H * r + N * r) / 2, multiplicity: 1 };
  if (N + H < M + r) return { lambda: (H * N - H * r + M * r) / 2, multiplicity: 1 };
  if (M + N < H + r) return { lambda: M * N / 2, multiplicity: 1 };
  const odd = (M + H + N + r) % 2;
  const square = 2 * (H + r) * (M + N) - (M - N) ** 2 - (H + r) ** 2;
  return { lambda: (square + odd) / 8, multiplicity: 1 + odd };
}
