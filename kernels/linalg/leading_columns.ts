/** Singular vectors that count, the others set to zero. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import code from "./leading_columns.wgsl" with { type: "text" };

/**
 * Keeps leading columns: `y[b,i,k] = x[b,i,k]` for `k < ranks[b]` and `s[b,k] > cutoff · s[b,0]`, else 0.
 *
 * With the constant `SCALE = 1` columns are scaled by `s[b,k] / s[b,0]`.
 *
 * @param x Singular vectors as columns (B, N, K), finite.
 * @param s Singular values (B, K) ≥ 0 from the largest.
 * @param ranks How many columns count at most, (B).
 * @param cutoff Largest ratio to the first value that counts as zero, ≥ 0.
 * @returns `y` (B, N, K); all zero where s is.
 */
export const leadingColumns: KernelOf<"x" | "s" | "ranks", "y", "cutoff"> = kernel({
  label: "leadingColumns",
  code: { "kernels/linalg/leading_columns.wgsl": code },
  inputs: { x: ["B", "N", "K"], s: ["B", "K"], ranks: ["B"] },
  outputs: { y: ["B", "N", "K"] },
  scalars: ["cutoff"],
  groups: ({ B, N, K }) => Math.ceil(B * N * K / 64),
});

/**
 * {@linkcode leadingColumns} in float64.
 *
 * @param x Columns (N, K), row-major.
 * @param s Values (K) from the largest.
 * @param rank How many count at most.
 * @param cutoff Largest ratio to the first value that counts as zero.
 * @param scaled Whether columns are scaled by their ratio to the first value.
 * @returns Columns (N, K).
 */
export function leadingColumnsReference(
  x: ArrayLike<number>,
  s: ArrayLike<number>,
  rank: number,
  cutoff: number,
  scaled = false,
): Float64Array {
  return Float64Array.from(x, (value, index) => {
    const k = index % s.length;
    if (k >= rank || s[k] <= cutoff * s[0]) return 0;
    return scaled ? value * s[k] / s[0] : value;
  });
}
