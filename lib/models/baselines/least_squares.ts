/** Least squares. */
import { leastSquaresPrefixes } from "../../../kernels/baselines/least_squares.ts";
import { type Baseline, BaselineConstants, type BaselineOptions } from "./baseline.ts";

/**
 * Least squares: `ŷ_n = x_n·w`, w the shortest minimiser of `Σ_{m<n} (x_m·w − y_m)²`: ridge regression for λ → 0.
 *
 * @param options Which positions.
 * @returns The baseline. D ≤ 64; its kernel compiles for 3 s at D = 32 on a software driver, once per driver cache.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { leastSquares } from "./least_squares.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 1, 1, 0], [1, 1, 2, 2]);
 * using y = Tensor.from([3, 0], [1, 1, 2]);
 * using model = leastSquares({ positions: "last" });
 * using prediction = model.apply({ x, y });
 * assertAlmostEquals((await prediction.read())[0], 1.5, 1e-6);
 * ```
 */
export function leastSquares({ positions }: BaselineOptions = {}): Baseline {
  return new BaselineConstants("least squares").baseline((prompts) => leastSquaresPrefixes(prompts, positions));
}
