/** Gradient descent for a few steps. */
import { gradientDescentPrefixes, gradientDescentReference } from "../../../kernels/baselines/gradient_descent.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { type Baseline, BaselineConstants, type BaselineOptions, finite } from "./baseline.ts";
import { composedGradientDescent, inTwoForms } from "./composed.ts";

/** Options of {@linkcode gradientDescent}. */
export interface GradientDescentOptions extends BaselineOptions {
  /** Number of steps K ≥ 1. */
  readonly steps: number;
  /** Learning rate of all steps, of each step (K), or a tensor (R or 1, K) that stays the caller's. */
  readonly learningRate: number | readonly number[] | Tensor;
}

/**
 * K steps of gradient descent from w = 0 on `1/(2n) Σ_{m<n} (y_m − x_m·w)²`, then `ŷ_n = x_n·w`; 0 without any pair.
 *
 * @param options Steps, learning rates, and which positions.
 * @returns The baseline. D ≤ 64.
 * @throws {RangeError} If there is no step, a rate is not finite, or there are not as many as steps.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { gradientDescent } from "./gradient_descent.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2], [1, 1, 2, 1]);
 * using y = Tensor.from([3, 0], [1, 1, 2]);
 * using model = gradientDescent({ steps: 2, learningRate: 0.5, positions: "last" });
 * using prediction = model.apply({ x, y });
 * assertAlmostEquals((await prediction.read())[0], 2 * 3 * (1 - 0.25), 1e-6);
 * ```
 */
export function gradientDescent({ steps, learningRate, positions }: GradientDescentOptions): Baseline {
  const constants = new BaselineConstants("gradient descent");
  const rate = constants.perStep("learningRate", learningRate, steps, finite);
  return constants.baseline((prompts) =>
    inTwoForms({
      label: "gradient descent",
      prompts,
      constants: [rate],
      positions,
      kernel: () => gradientDescentPrefixes(prompts, rate, positions),
      composed: () => composedGradientDescent(prompts, rate, positions),
      reference: gradientDescentReference,
    })
  );
}
