/**
 * The two optimal predictors of in-context regression on a pool of tasks, with the evidence that a prompt gives for either, in
 * float64: `y = x·w + σ ε`, w ~ N(0, I), or w one of M tasks, all equally likely (Carroll et al. 2025, arXiv 2501.17745).
 *
 * @module
 */

/** Prompts on the host. */
export interface RegressionPrompts {
  /** Inputs (B, N, D). */
  readonly x: ArrayLike<number>;
  /** Labels (B, N). */
  readonly y: ArrayLike<number>;
  /** Input dimension D. */
  readonly dimension: number;
  /** Pairs N of a prompt. */
  readonly context: number;
}

/** Predictions of every label from the pairs before it, and how likely those pairs were. */
export interface PosteriorPredictions {
  /** Posterior means of the labels (B, N). */
  readonly predictions: Float64Array;
  /** `ln p(y_0 … y_{n−1} | x)` in nats, which is known when label n is predicted (B, N); 0 at n = 0. */
  readonly evidence: Float64Array;
}

/**
 * Predictions for w ~ N(0, I), which are those of ridge regression with λ = σ², and their evidence: pair by pair,
 * `y ~ N(x·m, x·P x + σ²)` with m and P the posterior mean and covariance of w.
 *
 * @param prompts Prompts.
 * @param variance Variance σ² > 0 of the noise.
 * @returns Predictions and evidence.
 * @throws {RangeError} If sizes do not fit, or the variance is not positive.
 *
 * @example
 * ```ts
 * import { gaussianPosterior } from "./posteriors.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { predictions, evidence } = gaussianPosterior({ x: [1, 2], y: [3, 0], dimension: 1, context: 2 }, 0.5);
 * assertAlmostEquals(predictions[1], 2 * 3 / 1.5);
 * assertAlmostEquals(evidence[1], -0.5 * Math.log(2 * Math.PI * 1.5) - 9 / (2 * 1.5));
 * ```
 */
export function gaussianPosterior(prompts: RegressionPrompts, variance: number): PosteriorPredictions {
  const { x, y, dimension: D, context: N } = prompts;
  checkPrompts("gaussianPosterior", prompts, variance);
  const [predictions, evidence] = [new Float64Array(y.length), new Float64Array(y.length)];
  const [mean, covariance, moved] = [new Float64Array(D), new Float64Array(D * D), new Float64Array(D)];
  for (let start = 0; start < y.length; start += N) {
    mean.fill(0);
    for (let entry = 0; entry < D * D; entry++) covariance[entry] = entry % (D + 1) === 0 ? 1 : 0;
    let known = 0;
    for (let pair = start; pair < start + N; pair++) {
      let [predicted, spread] = [0, variance];
      for (let i = 0; i < D; i++) {
        moved[i] = 0;
        for (let j = 0; j < D; j++) moved[i] += covariance[i * D + j] * x[pair * D + j];
        predicted += mean[i] * x[pair * D + i];
        spread += moved[i] * x[pair * D + i];
      }
      predictions[pair] = predicted;
      evidence[pair] = known;
      const error = y[pair] - predicted;
      known -= (Math.log(2 * Math.PI * spread) + error * error / spread) / 2;
      for (let i = 0; i < D; i++) {
        mean[i] += moved[i] * error / spread;
        for (let j = 0; j < D; j++) covariance[i * D + j] -= moved[i] * moved[j] / spread;
      }
    }
  }
  return { predictions, evidence };
}

/**
 * Predictions for w one of M tasks (dMMSE), and their evidence, the mean of `Π_j N(y_j; t_m·x_j, σ²)` over the tasks t_m.
 *
 * @param prompts Prompts.
 * @param variance Variance σ² > 0 of the noise.
 * @param pool Tasks (M, D), at least one.
 * @returns Predictions and evidence.
 * @throws {RangeError} If sizes do not fit, or the variance is not positive.
 *
 * @example
 * ```ts
 * import { poolPosterior } from "./posteriors.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const prompts = { x: [1, 2], y: [0.25, 0], dimension: 1, context: 2 };
 * assertAlmostEquals(poolPosterior(prompts, 1, [1, -1]).predictions[1], 2 * Math.tanh(0.25));
 * ```
 */
export function poolPosterior(
  prompts: RegressionPrompts,
  variance: number,
  pool: ArrayLike<number>,
): PosteriorPredictions {
  const { x, y, dimension: D, context: N } = prompts;
  checkPrompts("poolPosterior", prompts, variance);
  const M = pool.length / D;
  if (!Number.isInteger(M) || M < 1) {
    throw new RangeError(`poolPosterior: expected a pool of tasks of ${D} numbers each, found ${pool.length} numbers`);
  }
  const [predictions, evidence] = [new Float64Array(y.length), new Float64Array(y.length)];
  const [squares, outputs] = [new Float64Array(M), new Float64Array(M)];
  const constant = Math.log(2 * Math.PI * variance) / 2;
  for (let start = 0; start < y.length; start += N) {
    squares.fill(0);
    for (let pair = start; pair < start + N; pair++) {
      let least = Infinity;
      for (let m = 0; m < M; m++) {
        let output = 0;
        for (let i = 0; i < D; i++) output += pool[m * D + i] * x[pair * D + i];
        outputs[m] = output;
        if (squares[m] < least) least = squares[m];
      }
      let [total, weighted] = [0, 0];
      for (let m = 0; m < M; m++) {
        const weight = Math.exp((least - squares[m]) / (2 * variance));
        total += weight;
        weighted += weight * outputs[m];
        squares[m] += (y[pair] - outputs[m]) ** 2;
      }
      predictions[pair] = weighted / total;
      evidence[pair] = Math.log(total / M) - least / (2 * variance) - (pair - start) * constant;
    }
  }
  return { predictions, evidence };
}

function checkPrompts(name: string, { x, y, dimension, context }: RegressionPrompts, variance: number): void {
  if (!(variance > 0)) throw new RangeError(`${name}: expected a variance above 0, found ${variance}`);
  if (x.length !== y.length * dimension || y.length % context !== 0) {
    throw new RangeError(
      `${name}: expected inputs (B, ${context}, ${dimension}) and labels (B, ${context}), found ${x.length} and ${y.length} numbers`,
    );
  }
}
