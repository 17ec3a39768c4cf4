/** Gradients of a kernel by those of the same function made of operations. */
import type { Tensor } from "../gpu/tensor.ts";
import { currentTrace } from "../gpu/trace.ts";
import { twiceDifferentiable } from "./differentiable.ts";
import { gradients } from "./gradients.ts";

/**
 * Gradients of inputs, given that of an output: for the rule of an operation whose kernel has no kernel for the way back.
 *
 * @param compute The same function, made of operations that have gradients; called while recording, at the operation's
 *   gradient and not before, so that it costs nothing where no gradient is wanted.
 * @param inputs What it is differentiated in.
 * @param dOutput Gradient of its output.
 * @returns One gradient for each input, of its shape.
 *
 * @example
 * ```ts
 * import { differentiable } from "./differentiable.ts";
 * import { gradients } from "./gradients.ts";
 * import { pullBack } from "./pull_back.ts";
 * import { multiply } from "../../kernels/elementwise/binary.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * function square(x: Tensor): Tensor {
 *   return differentiable({
 *     label: "square",
 *     inputs: [x],
 *     output: multiply(x.detached, x.detached), // a kernel of its own would stand here
 *     gradient: (dy) => pullBack(() => multiply(x, x), [x], dy),
 *     reference: ({ shape, data }) => ({ shape, data: data.map((value) => value ** 2) }),
 *   });
 * }
 * await openGpu();
 * using x = Tensor.from([3]);
 * using dx = await evaluate(() => gradients(square(x), [x])[0]);
 * assertEquals([...await dx.read()], [6]);
 * ```
 */
export function pullBack(compute: () => Tensor, inputs: readonly Tensor[], dOutput: Tensor): Tensor[] {
  const trace = currentTrace();
  if (!trace) throw new Error("pullBack: expected a recording in progress, found none");
  const { taping: again, tape: { length } } = trace;
  trace.taping = true;
  try {
    // Inputs may be constants to the operation, or results of others: here they are what is differentiated in.
    const output = again ? twiceDifferentiable(compute) : compute();
    return gradients(output, inputs, { weights: dOutput.reshape(output.shape), differentiable: again });
  } finally {
    trace.taping = again;
    if (!again) trace.tape.length = length;
  }
}
