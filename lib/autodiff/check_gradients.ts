/** Gradients against central differences of the float64 reference. */
import type { DType } from "../gpu/dtype.ts";
import { evaluate, record } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { normals } from "../random/random.ts";
import type { Array64 } from "./array64.ts";
import { gradients } from "./gradients.ts";
import { type ReferenceComputation, referenceComputation } from "./reference.ts";

/** How far a computation and its gradients are from float64. */
export interface GradientCheck {
  /** Largest error of the output, relative to its largest element. */
  readonly value: number;
  /** Largest error of each gradient, relative to its largest element, in order of the tensors. */
  readonly gradients: readonly number[];
}

/** Which differences are taken. */
export interface GradientCheckOptions {
  /** Step of the central differences in float64; an error of order step². */
  readonly step?: number;
  /** Elements of each tensor whose derivative is checked, spread evenly; by default 64. */
  readonly elements?: number;
}

/**
 * Compares a computation and its gradients with float64: the value with the operations' references, the gradients with
 * central differences of those. The output is weighted by fixed random numbers, so that every element of it counts.
 *
 * @param compute Calls operations; its output may have any shape. No random draws.
 * @param tensors With respect to what; allocated tensors that `compute` reads.
 * @param options Step and number of elements.
 * @returns Relative errors.
 *
 * @example
 * ```ts
 * import { checkGradients } from "./check_gradients.ts";
 * import { multiply } from "../../kernels/elementwise/binary.ts";
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { assertLess } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, -2, 0.5]);
 * const { value, gradients } = await checkGradients(() => multiply(x, x), [x]);
 * assertLess(Math.max(value, ...gradients), 1e-6);
 * ```
 */
export async function checkGradients(
  compute: () => Tensor,
  tensors: readonly Tensor[],
  { step = 1e-5, elements = 64 }: GradientCheckOptions = {},
): Promise<GradientCheck> {
  // The weights must be known before the gradients are recorded: a first program tells the output's size. It lives as long
  // as its constants are read.
  const recorded: ReferenceComputation[] = [];
  using program = await record("check", () => {
    const output = compute();
    recorded.push(referenceComputation(output));
    return output;
  });
  program.replay();
  const probe = program.outputs;
  const [{ leaves, run }] = recorded;
  const weight = Float64Array.from(normals({ seed: 1, key: "gradient check" }, probe.size));
  using weights = Tensor.from(weight, probe.shape);
  const found = await evaluate(() => gradients(compute(), tensors, { weights }));

  const values: Array64[] = [];
  for (const leaf of leaves) values.push({ shape: leaf.shape, data: Float64Array.from(await leaf.read()) });
  const weighted = () => run(values).data.reduce((sum, value, index) => sum + weight[index] * value, 0);

  const errors: number[] = [];
  for (const [index, tensor] of tensors.entries()) {
    const gradient = await found[index].read();
    found[index].destroy();
    const leaf = leaves.findIndex((other) => sameElements(other, tensor));
    const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    let worst = 0;
    const stride = Math.max(1, Math.floor(tensor.size / elements));
    for (let element = 0; element < tensor.size; element += stride) {
      const exact = leaf < 0 ? 0 : slope(values[leaf].data, element, step, weighted);
      worst = Math.max(worst, Math.abs(gradient[element] - exact));
    }
    errors.push(largest === 0 ? worst : worst / largest);
  }
  const exact = run(values).data;
  const output = await probe.read();
  const scale = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const value = output.reduce((most, value, index) => Math.max(most, Math.abs(value - exact[index])), 0);
  return { value: scale === 0 ? value : value / scale, gradients: errors };
}

function sameElements(a: Tensor<DType>, b: Tensor<DType>): boolean {
  return a.memory === b.memory && a.start === b.start && a.size === b.size;
}

function slope(data: Float64Array, element: number, step: number, of: () => number): number {
  const before = data[element];
  const width = step * Math.max(1, Math.abs(before));
  data[element] = before + width;
  const above = of();
  data[element] = before - width;
  const below = of();
  data[element] = before;
  return (above - below) / (2 * width);
}
