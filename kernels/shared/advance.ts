/** The step counter, which lives on the GPU so that a recorded program never changes. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import code from "./advance.wgsl" with { type: "text" };

/**
 * Advances a clock `(step, stop, stride)`: `step ← min(step + stride, stop)`.
 *
 * The host moves `stop` forward and replays; steps beyond `stop` do nothing, so a program that does several steps per
 * dispatch still ends exactly where a report is due.
 *
 * @param clock Counter (3) of u32, updated in place.
 */
export const advance: KernelOf<"clock"> = kernel({
  label: "advance",
  code: { "kernels/shared/advance.wgsl": code },
  inputs: { clock: ["3"] },
  outputs: {},
  groups: () => 1,
});
