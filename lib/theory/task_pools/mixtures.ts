/**
 * A model's predictions as a mixture of two predictors, such as dMMSE (the first one) and ridge regression (the second one).
 *
 * - With a fixed weight, `ŷ = p a + (1 − p) b`: one posterior over both predictors, reached by training, whatever the prompt says.
 * - With a posterior weight, `p_n = 1 / (1 + e^−(o + Λ_n))`, Λ_n the log evidence ratio of the n earlier pairs: the optimal
 *   predictor where a prompt's task is of the pool with prior odds e^o. Either has one number, which is fitted.
 *
 * @module
 */
import type { PosteriorPredictions } from "./posteriors.ts";

/** Two predictors on the same prompts. */
export interface MixtureParts {
  /** Predictor of weight p. */
  readonly first: PosteriorPredictions;
  /** Predictor of weight 1 − p. */
  readonly second: PosteriorPredictions;
}

/** A mixture that comes nearest to predictions. */
export interface FittedMixture {
  /** Log odds of the first predictor in nats, within ±{@linkcode MOST_ODDS}. */
  readonly logOdds: number;
  /** Mean square of the predictions less the mixture. */
  readonly rest: number;
}

/** Log odds at which a fit ends: 1 − p is then 1e-6, and predictions no longer tell. */
export const MOST_ODDS = 14;

/**
 * Predictions of a mixture.
 *
 * @param parts Both predictors.
 * @param logOdds Log odds o of the first predictor.
 * @param kind Whether the prompt's evidence is added to them.
 * @returns Predictions, as many as the parts have.
 */
export function mixturePredictions(
  { first, second }: MixtureParts,
  logOdds: number,
  kind: "fixed" | "posterior",
): Float64Array {
  return first.predictions.map((prediction, n) => {
    const evidence = kind === "fixed" ? 0 : first.evidence[n] - second.evidence[n];
    const weight = 1 / (1 + Math.exp(-(logOdds + evidence)));
    return second.predictions[n] + weight * (prediction - second.predictions[n]);
  });
}

/**
 * Fits a mixture with one weight for all prompts and positions, in least squares.
 *
 * @param predictions Predictions of a model.
 * @param parts Both predictors, on the same prompts; the two differ somewhere.
 * @returns The fit.
 * @throws {RangeError} If there are not as many predictions as the parts have, or the parts do not differ.
 *
 * @example
 * ```ts
 * import { fixedMixture } from "./mixtures.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [first, second] = [[1, 4], [0, 0]].map((all) => {
 *   return { predictions: Float64Array.from(all), evidence: new Float64Array(2) };
 * });
 * const { logOdds, rest } = fixedMixture([0.25, 1], { first, second });
 * assertAlmostEquals(logOdds, Math.log(1 / 3));
 * assertAlmostEquals(rest, 0);
 * ```
 */
export function fixedMixture(predictions: ArrayLike<number>, parts: MixtureParts): FittedMixture {
  checkCount("fixedMixture", predictions, parts);
  let [along, between] = [0, 0];
  parts.first.predictions.forEach((first, n) => {
    const second = parts.second.predictions[n];
    along += (predictions[n] - second) * (first - second);
    between += (first - second) ** 2;
  });
  if (between === 0) throw new RangeError("fixedMixture: expected two predictors that differ, found the same twice");
  const weight = along / between;
  const odds = weight <= 0 ? -MOST_ODDS : weight >= 1 ? MOST_ODDS : Math.log(weight / (1 - weight));
  const logOdds = Math.min(MOST_ODDS, Math.max(-MOST_ODDS, odds));
  return { logOdds, rest: meanSquareOf(predictions, mixturePredictions(parts, logOdds, "fixed")) };
}

/** Distance of the log odds that are tried first, and how often the best interval is cut after that. */
const [GRID, CUTS] = [1, 24];

/**
 * Fits a mixture whose weights are posteriors, in least squares: the best of a grid of prior log odds, then golden sections.
 *
 * @param predictions Predictions of a model.
 * @param parts Both predictors, on the same prompts, with their evidence.
 * @returns The fit; its log odds are those of the prior.
 * @throws {RangeError} If there are not as many predictions as the parts have.
 */
export function posteriorMixture(predictions: ArrayLike<number>, parts: MixtureParts): FittedMixture {
  checkCount("posteriorMixture", predictions, parts);
  const restAt = (logOdds: number) => meanSquareOf(predictions, mixturePredictions(parts, logOdds, "posterior"));
  const tried = Array.from({ length: 2 * MOST_ODDS / GRID + 1 }, (_, k) => k * GRID - MOST_ODDS);
  const rests = tried.map(restAt);
  const best = rests.indexOf(Math.min(...rests));
  let [low, high] = [tried[Math.max(0, best - 1)], tried[Math.min(tried.length - 1, best + 1)]];
  const golden = (Math.sqrt(5) - 1) / 2;
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
  let [atLeft, atRight] = [restAt(left), restAt(right)];
  for (let cut = 0; cut < CUTS; cut++) {
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - golden * (high - low);
      atLeft = restAt(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + golden * (high - low);
      atRight = restAt(right);
    }
  }
  const [logOdds, rest] = [[tried[best], rests[best]], [left, atLeft], [right, atRight]]
    .reduce((least, one) => one[1] < least[1] ? one : least);
  return { logOdds, rest };
}

function meanSquareOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n] - b[n]) ** 2;
  return sum / a.length;
}

function checkCount(name: string, { length }: ArrayLike<number>, { first, second }: MixtureParts): void {
  const expected = first.predictions.length;
  if (length === expected && second.predictions.length === expected) return;
  throw new RangeError(
    `${name}: expected as many predictions of each, found ${length}, ${expected} and ${second.predictions.length}`,
  );
}
