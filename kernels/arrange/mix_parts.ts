/** Means over a posterior that is known in parts. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import code from "./mix_parts.wgsl" with { type: "text" };

/**
 * Averages over a posterior known in parts: `prediction[q,p] = Σ_c e^{a_c} v_c / Σ_c e^{a_c} s_c` for
 * `part[q,c,p] = (a_c, s_c, v_c)`.
 *
 * @param part Logarithm of a scale, weights summed in that scale, and weighted values (Q, C, P, 3); C ≤ 32 767 on a
 * software adapter. At least one of the sums s_c ≥ 0 of a prediction must be positive.
 * @returns `prediction` (Q, P).
 */
export const mixParts: KernelOf<"part", "prediction"> = kernel({
  label: "mix_parts",
  code: { "kernels/arrange/mix_parts.wgsl": code },
  inputs: { part: ["Q", "C", "P", "3"] },
  outputs: { prediction: ["Q", "P"] },
  groups: ({ Q, C, P }) => {
    checkLoopIterations("mix_parts", 2 * C);
    return Math.ceil(Q * P / 64);
  },
});
