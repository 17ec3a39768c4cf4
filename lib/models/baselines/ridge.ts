/** Ridge regression. */
import { type Baseline, BaselineConstants, type BaselineOptions, type PerReplica, positive } from "./baseline.ts";
import { ridgeInTwoForms } from "./composed.ts";

/** Options of {@linkcode ridge}. */
export interface RidgeOptions extends BaselineOptions {
  /** Penalty λ > 0. For noise of variance σ² and weights of variance τ², σ²/τ² gives the posterior mean. */
  readonly lambda: PerReplica;
}

/**
 * Ridge regression: `ŷ_n = x_n·w`, `w = (XᵀX + λ I)⁻¹ Xᵀ y` over the n earlier pairs; 0 without any.
 *
 * @param options Penalty λ, and which positions.
 * @returns The baseline. D ≤ 64.
 * @throws {RangeError} If λ is not positive.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { ridge } from "./ridge.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2], [1, 1, 2, 1]);
 * using y = Tensor.from([3, 0], [1, 1, 2]);
 * using model = ridge({ lambda: 0.5, positions: "last" });
 * using prediction = model.apply({ x, y });
 * assertAlmostEquals((await prediction.read())[0], 2 * 3 / 1.5, 1e-6);
 * ```
 */
export function ridge({ lambda, positions }: RidgeOptions): Baseline {
  const constants = new BaselineConstants("ridge");
  const penalty = constants.perReplica("lambda", lambda, positive);
  return constants.baseline((prompts) =>
    ridgeInTwoForms("ridge", prompts, penalty.reshape([penalty.size, 1]), positions)
  );
}
