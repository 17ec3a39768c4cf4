/** The order in which numbers ascend. */
import { steps } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./argsort.wgsl" with { type: "text" };

const forward = kernel({
  label: "argsort",
  code: { "kernels/arrange/argsort.wgsl": code },
  inputs: { x: ["N", "C"] },
  outputs: { order: ["N", "C"] },
  groups: ({ N, C }) => {
    checkLoopIterations("argsort", C);
    return Math.ceil(N * C / 64);
  },
});

/**
 * Finds the order in which the numbers of each row ascend, `x[…, order[…, k]] ≤ x[…, order[…, k + 1]]`; equal ones keep
 * theirs. Costs C² comparisons a row of C.
 *
 * @param x Any shape (…, C), finite; C ≤ 65 535 on a software adapter.
 * @returns Places (…, C) of the same shape: integers, through which no gradient passes. `embedding` takes rows in an order.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { argsort } from "./argsort.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([3, -1, 2, 2], [1, 4]);
 * using order = argsort(x);
 * assertEquals([...await order.read()], [1, 2, 3, 0]);
 * ```
 */
export function argsort(x: Tensor): Tensor<"u32"> {
  const C = x.shape.at(-1) ?? 1;
  const rows = [x.size / C, C];
  const order = makeTensor(rows, "u32", "order");
  forward({ x: x.reshape(rows), order });
  return steps({
    label: "argsort",
    inputs: [x],
    output: order.reshape(x.shape),
    reference: ({ shape, data }) => ({
      shape,
      data: Float64Array.from(data, (_, at) => argsortReference(data.subarray(at - at % C, at - at % C + C))[at % C]),
    }),
  });
}

/**
 * {@linkcode argsort} of one row, on the host.
 *
 * @param x Numbers (C).
 * @returns Places (C).
 */
export function argsortReference(x: ArrayLike<number>): number[] {
  return Array.from(x, (_, c) => c).sort((a, b) => x[a] - x[b] || a - b);
}
