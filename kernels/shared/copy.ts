/** Copies, where a result must lie in a certain place. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { functionOf } from "./function_of.ts";
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
  map: functionOf({ inputs: ["x"], define: (name, T) => `fn ${name}(v0: ${T}) -> ${T} { return v0; }` }),
  groups: ({ C }) => Math.ceil(C / 64),
});
