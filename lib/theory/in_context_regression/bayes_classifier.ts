/**
 * The best classifier of prompts whose labels are signs of w·x with w of a rotation-invariant law, by Monte Carlo over w.
 *
 * @module
 */
import { normals } from "../../random/random.ts";

/** Prompts of classification on the host, the query last. */
export interface SignPrompts {
  /** Inputs (B, N + 1, D), row-major. */
  readonly x: ArrayLike<number>;
  /** Labels (B, N + 1); their signs count. */
  readonly y: ArrayLike<number>;
  /** Input dimension D. */
  readonly dimension: number;
  /** Examples N ≥ 0 before the query. */
  readonly examples: number;
}

/** Predictions of the best classifier. */
export interface BayesClassification {
  /** Prediction for the query of each prompt (B): the mean of sign(w·x) over directions that agree with all examples. */
  readonly predictions: Float64Array;
  /** Share of wrong signs; a prediction of exactly 0 counts as half. */
  readonly error: number;
  /** Directions that agree with all examples, in the mean over prompts. */
  readonly agreeing: number;
}

/**
 * Predicts each query by the majority of directions that agree with all examples: the posterior of w given signs is its prior
 * on that cone, so that no classifier errs less but for the Monte Carlo error over directions.
 *
 * @example
 * ```ts
 * import { bayesClassifier } from "./bayes_classifier.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // One dimension: a single example says all.
 * const { error } = bayesClassifier({ x: [1, -2], y: [-1, 1], dimension: 1, examples: 1 }, { directions: 64 });
 * assertEquals(error, 0);
 * ```
 *
 * @param prompts Prompts.
 * @param options Directions drawn, the same for all prompts; seed.
 * @returns Predictions, and their error.
 * @throws {RangeError} If sizes do not fit, or no direction agrees with some prompt's examples.
 */
export function bayesClassifier(
  { x, y, dimension: D, examples: N }: SignPrompts,
  { directions: M, seed = 1 }: { readonly directions: number; readonly seed?: number },
): BayesClassification {
  const B = y.length / (N + 1);
  if (!Number.isInteger(B) || B < 1 || x.length !== y.length * D) {
    throw new RangeError(
      `bayesClassifier: expected B × ${N + 1} labels of inputs in ${D} dimensions, found ${y.length}`,
    );
  }
  const w = normals({ seed, key: "directions" }, M * D);
  const predictions = new Float64Array(B);
  let [wrong, agreeing] = [0, 0];
  for (let b = 0; b < B; b++) {
    const first = b * (N + 1);
    const side = (m: number, n: number) => {
      let sum = 0;
      for (let i = 0; i < D; i++) sum += w[m * D + i] * x[(first + n) * D + i];
      return sum > 0;
    };
    let [votes, voters] = [0, 0];
    for (let m = 0; m < M; m++) {
      let n = 0;
      while (n < N && side(m, n) === y[first + n] > 0) n++;
      if (n < N) continue;
      voters++;
      votes += side(m, N) ? 1 : -1;
    }
    if (voters === 0) {
      throw new RangeError(`bayesClassifier: expected directions that agree with prompt ${b}, found none of ${M}`);
    }
    predictions[b] = votes / voters;
    agreeing += voters / B;
    wrong += votes === 0 ? 0.5 : Number(votes > 0 !== y[first + N] > 0);
  }
  return { predictions, error: wrong / B, agreeing };
}
