/** Copies, where a result must lie in a certain place. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import code from "./copy.wgsl" with { type: "text" };

/**
 * Copies: `y[c] = x[c]`.
 *
 * @param x Values (C).
 * @param y Their copy (C); made unless handed in.
 */
export const copy: KernelOf<"x", "y"> = kernel({
  label: "copy",
  code: { "kernels/shared/copy.wgsl": code },
  inputs: { x: ["C"] },
  outputs: { y: ["C"] },
  groups: ({ C }) => Math.ceil(C / 64),
});
