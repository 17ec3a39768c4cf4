/** GD++: gradient descent that whitens its inputs step by step. */
import { gdPlusPlusPrefixes, gdPlusPlusReference } from "../../../kernels/baselines/gd_plus_plus.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { type Baseline, BaselineConstants, type BaselineOptions, finite } from "./baseline.ts";
import { composedGdPlusPlus, inTwoForms } from "./composed.ts";

/** Options of {@linkcode gdPlusPlus}. */
export interface GdPlusPlusOptions extends BaselineOptions {
  /** Number of steps K ≥ 1. */
  readonly steps: number;
  /** Learning rate η of all steps, of each step (K), or a tensor (R or 1, K) that stays the caller's. */
  readonly learningRate: number | readonly number[] | Tensor;
  /** Shrinkage γ of all steps, of each step (K), or a tensor (R or 1, K) that stays the caller's. */
  readonly gamma: number | readonly number[] | Tensor;
}

/**
 * GD++ (von Oswald et al., 2212.07677): in each of K steps, a gradient step on the inputs as they are, and then
 * `x ← (I − γ Σ̂) x` for all inputs and the query, Σ̂ the covariance of the n earlier inputs as they are; γ = 0 is
 * {@linkcode gradientDescent}.
 *
 * @param options Steps, learning rates, shrinkages, and which positions.
 * @returns The baseline. D ≤ 39.
 * @throws {RangeError} If there is no step, a number is not finite, or there are not as many as steps.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { gdPlusPlus } from "./gd_plus_plus.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2], [1, 1, 2, 1]);
 * using y = Tensor.from([3, 0], [1, 1, 2]);
 * using model = gdPlusPlus({ steps: 2, learningRate: 0.5, gamma: 0.5, positions: "last" });
 * using prediction = model.apply({ x, y });
 * assertAlmostEquals((await prediction.read())[0], 2 * (1.5 + 0.5 * 0.5 * 1.5 * 0.5), 1e-6);
 * ```
 */
export function gdPlusPlus({ steps, learningRate, gamma, positions }: GdPlusPlusOptions): Baseline {
  const constants = new BaselineConstants("GD++");
  const rate = constants.perStep("learningRate", learningRate, steps, finite);
  const shrinkage = constants.perStep("gamma", gamma, steps, finite);
  return constants.baseline((prompts) =>
    inTwoForms({
      label: "GD++",
      prompts,
      constants: [rate, shrinkage],
      positions,
      kernel: () => gdPlusPlusPrefixes(prompts, rate, shrinkage, positions),
      composed: () => composedGdPlusPlus(prompts, rate, shrinkage, positions),
      reference: gdPlusPlusReference,
    })
  );
}
