/** Weighted sum of two tensors, without a gradient. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { functionOf } from "./function_of.ts";
import code from "./combine.wgsl" with { type: "text" };

/**
 * Adds with weights: `y[i] = alpha a[i] + beta b[i]`.
 *
 * @param a Numbers (N).
 * @param b Numbers (N).
 * @param alpha, beta Their weights.
 * @returns `y` (N).
 */
export const combine: KernelOf<"a" | "b", "y", "alpha" | "beta"> = kernel({
  label: "combine",
  code: { "kernels/shared/combine.wgsl": code },
  inputs: { a: ["N"], b: ["N"] },
  outputs: { y: ["N"] },
  scalars: ["alpha", "beta"],
  map: functionOf({
    inputs: ["a", "b"],
    scalars: ["alpha", "beta"],
    define: (name, T, scalar) =>
      `fn ${name}(v0: ${T}, v1: ${T}) -> ${T} { return ${scalar("alpha")} * v0 + ${scalar("beta")} * v1; }`,
  }),
  groups: ({ N }) => Math.ceil(N / 64),
});
