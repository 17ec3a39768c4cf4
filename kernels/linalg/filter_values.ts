/** Inverse singular values, cut off or damped. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import code from "./filter_values.wgsl" with { type: "text" };

/**
 * Scales columns by filtered singular values: `y[b,i,j] = x[b,i,j] f(s[b,j])` with `f(s) = s / (s² + ridge)`; without a
 * ridge `1/s` for s above `cutoff · max s`, else 0.
 *
 * The constant `ROWS = 1` takes `s[b,i]` instead.
 *
 * @param x Matrices (B, I, J).
 * @param s Singular values (B, K) ≥ 0 from the largest, K = J or with `ROWS` I.
 * @param cutoff Smallest ratio to the largest value that counts, ≥ 0.
 * @param ridge Damping, ≥ 0.
 * @returns `y` (B, I, J).
 */
export const filterValues: KernelOf<"x" | "s", "y", "cutoff" | "ridge"> = kernel({
  label: "filterValues",
  code: { "kernels/linalg/filter_values.wgsl": code },
  inputs: { x: ["B", "I", "J"], s: ["B", "K"] },
  outputs: { y: ["B", "I", "J"] },
  scalars: ["cutoff", "ridge"],
  groups: ({ B, I, J }) => Math.ceil(B * I * J / 64),
});
