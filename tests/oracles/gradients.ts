/** Asserting that an operation and its gradients agree with float64. */
import { assertLess } from "@std/assert";
import { checkGradients } from "../../lib/autodiff/check_gradients.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { waves } from "./waves.ts";

/** A tensor of waves, which have no symmetry that could hide a mistake; the caller frees it. */
export function waveTensor(shape: readonly number[], wave: number): Tensor {
  return Tensor.from(waves(shape.reduce((product, extent) => product * extent, 1), wave), shape, `wave ${wave}`);
}

/**
 * Fails unless value and gradients are within `tolerance` of float64, relative to the largest element: some roundings of
 * 6e-8 for elementary operations, more where sums are long.
 */
export async function assertGradients(
  compute: () => Tensor,
  tensors: readonly Tensor[],
  tolerance: number,
  name = "",
): Promise<void> {
  const { value, gradients } = await checkGradients(compute, tensors);
  assertLess(value, tolerance, `${name} value`);
  gradients.forEach((error, index) => assertLess(error, tolerance, `${name} gradient ${index}`));
}
