/** Integers as indicator vectors. */
import { array64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./one_hot.wgsl" with { type: "text" };

const forward = kernel({
  label: "one_hot",
  code: { "kernels/arrange/one_hot.wgsl": code },
  inputs: { targets: ["T"] },
  outputs: { y: ["N", "V"] },
  groups: ({ N, V }) => Math.ceil(N * V / 64),
});

/**
 * Writes integers as indicator vectors: `y[n,v] = 1` if `targets[n mod T] = v`, else 0; a constant to gradients.
 *
 * @param targets Integers, any shape of T elements; those ≥ classes give a row of zeros.
 * @param classes Number of classes V.
 * @param rows Number of rows N; T by default. More rows than targets take them over and over.
 * @returns Rows (N, V) of zeros and ones.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { oneHot } from "./one_hot.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using targets = Tensor.from(Uint32Array.of(2, 0));
 * using y = oneHot(targets, 3);
 * assertEquals([...await y.read()], [0, 0, 1, 1, 0, 0]);
 * ```
 */
export function oneHot(targets: Tensor<"u32">, classes: number, rows: number = targets.size): Tensor {
  return differentiable({
    label: "one_hot",
    inputs: [targets],
    output: forward({ targets: targets.reshape([targets.size]) }, { N: rows, V: classes }).y,
    gradient: () => [null],
    reference: ({ data }) =>
      array64([rows, classes], (at) => data[Math.floor(at / classes) % data.length] === at % classes ? 1 : 0),
  });
}
