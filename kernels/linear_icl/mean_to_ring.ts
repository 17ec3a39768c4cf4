/** A batch mean kept for later: the loss of every step stays on the GPU until a report reads it. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import code from "./mean_to_ring.wgsl" with { type: "text" };

/**
 * Keeps a batch mean: `ring[step mod K, r] = 1/B Σ_b x[r,b]`.
 *
 * @param x Values (R, B); B ≤ 4 193 856 on a software adapter.
 * @param clock Clock (3); its step picks the row.
 * @param ring Ring buffer (K, R); one row is overwritten.
 */
export const meanToRing: KernelOf<"x" | "clock" | "ring"> = kernel({
  label: "mean_to_ring",
  code: { "kernels/linear_icl/mean_to_ring.wgsl": code },
  inputs: { x: ["R", "B"], clock: ["3"], ring: ["K", "R"] },
  outputs: {},
  groups: ({ R, B }) => {
    // Strides over the batch, then folds of 64 lanes.
    checkLoopIterations("mean_to_ring", Math.ceil(B / 64) + 6);
    return R;
  },
});
