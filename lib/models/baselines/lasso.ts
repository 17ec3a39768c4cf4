/** The Lasso. */
import { lassoPrefixes } from "../../../kernels/baselines/lasso.ts";
import { type Baseline, BaselineConstants, type BaselineOptions, nonNegative, type PerReplica } from "./baseline.ts";

/** Options of {@linkcode lasso}. */
export interface LassoOptions extends BaselineOptions {
  /** Penalty λ ≥ 0, scaled as in scikit-learn. */
  readonly lambda: PerReplica;
  /** Most iterations per position, ≥ 1; 500 by default. */
  readonly iterations?: number;
}

/**
 * The Lasso: `ŷ_n = x_n·w`, `w = argmin 1/(2n) Σ_{m<n} (x_m·w − y_m)² + λ |w|₁`; 0 without any pair.
 *
 * @param options Penalty λ, iterations, and which positions.
 * @returns The baseline. D ≤ 64.
 * @throws {RangeError} If λ is negative, or there is no iteration.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { lasso } from "./lasso.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2], [1, 1, 2, 1]);
 * using y = Tensor.from([3, 0], [1, 1, 2]);
 * using model = lasso({ lambda: 0.5, positions: "last" });
 * using prediction = model.apply({ x, y });
 * assertAlmostEquals((await prediction.read())[0], 2 * (3 - 0.5), 1e-6);
 * ```
 */
export function lasso({ lambda, iterations = 500, positions }: LassoOptions): Baseline {
  const constants = new BaselineConstants("lasso");
  constants.checkCount("iterations", iterations);
  const penalty = constants.perReplica("lambda", lambda, nonNegative);
  return constants.baseline((prompts) => lassoPrefixes(prompts, penalty, iterations, positions));
}
