/** Weighted sum of two tensors, without a gradient. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import code from "./combine.wgsl" with { type: "text" };

/**
 * `y[i] = alpha a[i] + beta b[i]`.
 *
 * @param a Numbers (E).
 * @param b Numbers (E).
 * @param alpha, beta Their weights.
 * @returns `y` (E).
 */
export const combine: KernelOf<"a" | "b", "y", "alpha" | "beta"> = kernel({
  label: "combine",
  code: { "kernels/shared/combine.wgsl": code },
  inputs: { a: ["E"], b: ["E"] },
  outputs: { y: ["E"] },
  scalars: ["alpha", "beta"],
  groups: ({ E }) => Math.ceil(E / 64),
});
