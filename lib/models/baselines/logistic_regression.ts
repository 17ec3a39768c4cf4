/** Logistic regression. */
import { logisticRegressionPrefixes } from "../../../kernels/baselines/logistic_regression.ts";
import { type Baseline, BaselineConstants, type BaselineOptions, type PerReplica, positive } from "./baseline.ts";

/** Options of {@linkcode logisticRegression}. */
export interface LogisticRegressionOptions extends BaselineOptions {
  /** Penalty λ > 0. */
  readonly lambda: PerReplica;
  /** Newton steps, ≥ 1; 12 by default. */
  readonly iterations?: number;
}

/**
 * Logistic regression: `ŷ_n = x_n·w`, `w = argmin Σ_{m<n} ln(1 + exp(−s_m x_m·w)) + λ/2 |w|²`, s = 1 for y > 0, else −1.
 *
 * Predictions are log-odds of a positive label: 0 without any pair. Labels may be ±1 or 0 and 1.
 *
 * @param options Penalty λ, Newton steps, and which positions.
 * @returns The baseline. D ≤ 64.
 * @throws {RangeError} If λ is not positive, or there is no step.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { logisticRegression } from "./logistic_regression.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 1], [1, 1, 2, 1]);
 * using y = Tensor.from([1, 0], [1, 1, 2]);
 * using model = logisticRegression({ lambda: 0.5, positions: "last" });
 * using prediction = model.apply({ x, y });
 * const [w] = await prediction.read();
 * assertAlmostEquals(1 / (1 + Math.exp(w)), 0.5 * w, 1e-6);
 * ```
 */
export function logisticRegression({ lambda, iterations = 12, positions }: LogisticRegressionOptions): Baseline {
  const constants = new BaselineConstants("logistic regression");
  constants.checkCount("iterations", iterations);
  const penalty = constants.perReplica("lambda", lambda, positive);
  return constants.baseline((prompts) => logisticRegressionPrefixes(prompts, penalty, iterations, positions));
}
