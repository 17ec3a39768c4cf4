/** Tensors of one number. */
import { array64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { functionOf } from "./function_of.ts";
import code from "./fill.wgsl" with { type: "text" };

const forward = kernel({
  label: "fill",
  code: { "kernels/shared/fill.wgsl": code },
  inputs: {},
  outputs: { y: ["C"] },
  scalars: ["value"],
  map: functionOf({
    inputs: [],
    output: "y",
    scalars: ["value"],
    define: (name, T, scalar) => `fn ${name}() -> ${T} { return ${T}(${scalar("value")}); }`,
  }),
  groups: ({ C }) => Math.ceil(C / 64),
});

/**
 * Makes a tensor whose elements all have one value; a constant to gradients.
 *
 * @param shape Extent of each axis.
 * @param value Finite.
 * @returns Tensor of that shape.
 * @throws {ShapeError} If the value is not finite.
 */
export function fill(shape: readonly number[], value: number): Tensor {
  const C = shape.reduce((product, extent) => product * extent, 1);
  return differentiable({
    label: "fill",
    inputs: [],
    output: forward({ value }, { C }).y.reshape(shape),
    gradient: () => [],
    reference: () => array64(shape, () => value),
  });
}
