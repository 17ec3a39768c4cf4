/** The norm of all parameters, on the GPU. */
import { concatenate } from "../../kernels/arrange/blocks.ts";
import { sqrt, square } from "../../kernels/elementwise/unary.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { Weights } from "../models/parameters.ts";

/**
 * Norm of the parameters of each replica: `‖θ‖ = √Σ θ²` over all weights. Call it while an evaluation is recorded.
 *
 * @param weights Weights (R, …) by name, at least one.
 * @returns Norms (R), ≥ 0.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { parameterNorm } from "./parameter_norm.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([1, 2, 4, 0], [2, 2]);
 * using b = Tensor.from([2, 3], [2, 1]);
 * using norm = await evaluate(() => parameterNorm({ a, b }));
 * assertEquals([...await norm.read()], [3, 5]);
 * ```
 */
export function parameterNorm(weights: Weights): Tensor {
  const squares = Object.values(weights).map((weight) => {
    const [R] = weight.shape;
    return sum(square(weight.reshape([R, weight.size / R])), [1]).reshape([R, 1]);
  });
  return sqrt(sum(concatenate(squares, 1), [1]));
}
