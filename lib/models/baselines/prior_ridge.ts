/** Ridge regression with a prior variance of its own for every weight. */
import { type Baseline, BaselineConstants, type BaselineOptions, positive } from "./baseline.ts";
import { ridgeInTwoForms } from "./composed.ts";

/** Options of {@linkcode priorRidge}. */
export interface PriorRidgeOptions extends BaselineOptions {
  /** Prior variances v > 0 of the weights (D). */
  readonly variances: readonly number[];
  /** Variance σ² > 0 of the labels' noise: one number, or one per replica (R). */
  readonly noise: number | readonly number[];
}

/**
 * The posterior mean for `w ~ N(0, diag v)` and noise of variance σ²: `ŷ_n = x_n·w`,
 * `w = (XᵀX + σ² diag(v)⁻¹)⁻¹ Xᵀ y` over the n earlier pairs; 0 without any.
 *
 * @param options Variances of prior and noise, and which positions.
 * @returns The baseline. D ≤ 64.
 * @throws {RangeError} If a variance is not positive.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { priorRidge } from "./prior_ridge.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 1, 1, 0], [1, 1, 2, 2]);
 * using y = Tensor.from([3, 0], [1, 1, 2]);
 * using model = priorRidge({ variances: [1, 0.25], noise: 0.25, positions: "last" });
 * using prediction = model.apply({ x, y });
 * assertAlmostEquals((await prediction.read())[0], 2, 1e-6);
 * ```
 */
export function priorRidge({ variances, noise, positions }: PriorRidgeOptions): Baseline {
  const constants = new BaselineConstants("prior ridge");
  const levels = typeof noise === "number" ? [noise] : noise;
  const penalties = levels.flatMap((level) => variances.map((variance) => level / variance));
  const penalty = constants.tensor("noise / variance", penalties, [levels.length, variances.length], positive);
  return constants.baseline((prompts) => ridgeInTwoForms("prior ridge", prompts, penalty, positions));
}
