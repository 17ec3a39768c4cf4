/** Places of the largest numbers. */
import { array64 } from "../../lib/autodiff/array64.ts";
import { steps } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./argmax.wgsl" with { type: "text" };

const forward = kernel({
  label: "argmax",
  code: { "kernels/arrange/argmax.wgsl": code },
  inputs: { x: ["N", "C"] },
  outputs: { y: ["N"] },
  groups: ({ N, C }) => {
    checkLoopIterations("argmax", C);
    return Math.ceil(N / 64);
  },
});

/**
 * Finds the place of the largest number of each row, the first one of equal ones: the class that logits choose.
 *
 * @param x Any shape (…, C), finite; C ≤ 65 535 on a software adapter.
 * @returns Places (…) in [0, C): integers, through which no gradient passes.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { argmax } from "./argmax.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([3, -1, 2, 2, 5, 5], [2, 3]);
 * using y = argmax(x);
 * assertEquals([...await y.read()], [0, 1]);
 * ```
 */
export function argmax(x: Tensor): Tensor<"u32"> {
  const C = x.shape.at(-1) ?? 1;
  const N = x.size / C;
  const y = makeTensor([N], "u32", "argmax");
  forward({ x: x.reshape([N, C]), y });
  const shape = x.shape.slice(0, -1);
  return steps({
    label: "argmax",
    inputs: [x],
    output: y.reshape(shape),
    reference: ({ data }) => array64(shape, (n) => argmaxReference(data.subarray(n * C, (n + 1) * C))),
  });
}

/**
 * {@linkcode argmax} of one row, on the host.
 *
 * @param x Numbers (C).
 * @returns The place.
 */
export function argmaxReference(x: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < x.length; c++) if (x[c] > x[best]) best = c;
  return best;
}
