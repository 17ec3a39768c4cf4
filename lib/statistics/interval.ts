/**
 * Intervals over replicas: of a mean and of a further value (Student), of a geometric mean, of a share (Wilson), and of the central values.
 *
 * @module
 */
import { mean, quantile, standardDeviation } from "./summary.ts";

/** A measured value over replicas, with its interval. */
export interface Interval {
  /** Mean, share or median. */
  readonly centre: number;
  /** Lower end. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
}

/**
 * Confidence interval of the mean over replicas: `x̄ ± t_{n−1,(1+level)/2} · s/√n` (Student).
 *
 * @param values One finite value a replica, at least two.
 * @param level Coverage in (0, 1).
 * @returns Mean and interval.
 * @throws {RangeError} If there are fewer than two values, or `level` is outside (0, 1).
 *
 * @example
 * ```ts
 * import { meanInterval } from "./interval.ts";
 *
 * const { centre, low } = meanInterval([1, 2, 3]); // s = 1, t = 4.3027
 * if (centre !== 2 || Math.abs(low - (2 - 4.302653 / Math.sqrt(3))) > 1e-5) throw new Error(`${low}`);
 * ```
 */
export function meanInterval(values: readonly number[], level = 0.95): Interval {
  check(values, level);
  const n = values.length;
  const centre = mean(values);
  const variance = values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (n - 1);
  const half = studentQuantile((1 + level) / 2, n - 1) * Math.sqrt(variance / n);
  return { centre, low: centre - half, high: centre + half };
}

/**
 * Prediction interval of a further replica: `x̄ ± t_{n−1,(1+level)/2} · s √(1 + 1/n)` (Student).
 *
 * @param values One finite value a replica, at least two.
 * @param level Probability in (0, 1) that one more value lies inside, if all are normal.
 * @returns Mean and interval.
 * @throws {RangeError} If there are fewer than two values, or `level` is outside (0, 1).
 *
 * @example
 * ```ts
 * import { predictionInterval } from "./interval.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(predictionInterval([1, 2, 3]).high, 2 + 4.302653 * Math.sqrt(4 / 3), 1e-5); // s = 1, t = 4.3027
 * ```
 */
export function predictionInterval(values: readonly number[], level = 0.95): Interval {
  const { centre, low } = meanInterval(values, level);
  // The interval of the mean is narrower by √(1/n) to √(1 + 1/n).
  const half = (centre - low) * Math.sqrt(values.length + 1);
  return { centre, low: centre - half, high: centre + half };
}

/**
 * Median and central quantile interval over replicas, with linear interpolation between order statistics
 * (type 7 of Hyndman and Fan 1996).
 *
 * @param values One finite value a replica, at least two.
 * @param level Share of the values inside, in (0, 1).
 * @returns Median and interval.
 * @throws {RangeError} If there are fewer than two values, or `level` is outside (0, 1).
 */
export function quantileInterval(values: readonly number[], level = 0.9): Interval {
  check(values, level);
  const sorted = values.toSorted((a, b) => a - b);
  return {
    centre: quantile(sorted, 0.5),
    low: quantile(sorted, (1 - level) / 2),
    high: quantile(sorted, (1 + level) / 2),
  };
}

/**
 * Confidence interval of a geometric mean: the t-interval of the mean logarithm, exponentiated.
 *
 * @param values One value > 0 a replica, at least two.
 * @param level Coverage in (0, 1).
 * @returns Geometric mean and interval; ends are cut at e^±50, beyond which a spread over few replicas is no number.
 * @throws {RangeError} If there are fewer than two values, or one is not above 0.
 *
 * @example
 * ```ts
 * import { ratioInterval } from "./interval.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(ratioInterval([1, 4]).centre, 2);
 * ```
 */
export function ratioInterval(values: readonly number[], level = 0.95): Interval {
  const bad = values.find((value) => !(value > 0));
  if (bad !== undefined) throw new RangeError(`expected ratios above 0, found ${bad}`);
  const { centre, low, high } = meanInterval(values.map(Math.log), level);
  return { centre: Math.exp(centre), low: Math.exp(Math.max(low, -50)), high: Math.exp(Math.min(high, 50)) };
}

/**
 * Wilson's score interval of a share, at 95 %: `(p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n)`, z = 1.96
 * (Wilson 1927).
 *
 * @param share Share p of the n cases, in [0, 1].
 * @param n Number of cases, ≥ 1.
 * @returns The share and its interval within [0, 1].
 * @throws {RangeError} If there are no cases, or the share is none.
 *
 * @example
 * ```ts
 * import { wilsonInterval } from "./interval.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(wilsonInterval(1, 4).low, 4 / (4 + 1.96 ** 2));
 * ```
 */
export function wilsonInterval(share: number, n: number): Interval {
  if (!(n >= 1)) throw new RangeError(`expected at least one case, found ${n}`);
  if (!(share >= 0 && share <= 1)) throw new RangeError(`expected a share in [0, 1], found ${share}`);
  const z2 = 1.96 ** 2;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = Math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return { centre: share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** A prediction, what each replica has measured of it, and the unit in which they are compared. */
export interface Comparison {
  /** The prediction. */
  readonly predicted: number;
  /** One value a replica, at least two. */
  readonly measured: readonly number[];
  /** Unit of the deviation, > 0. */
  readonly scale: number;
}

/**
 * Finds the largest deviation of a mean over replicas from its prediction, `|predicted − x̄| / scale`, with the 95 % t-interval of that
 * mean, cut at 0.
 *
 * @param comparisons Comparisons, at least one.
 * @returns The deviation with its interval, which comparison it is of, and over how many replicas.
 * @throws {RangeError} If one is of fewer than two replicas.
 *
 * @example
 * ```ts
 * import { largestDeviation } from "./interval.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const found = largestDeviation([
 *   { predicted: 1, measured: [1.5, 1.5], scale: 5 },
 *   { predicted: 0, measured: [-0.5, -0.5], scale: 1 },
 * ]);
 * assertEquals(found, { centre: 0.5, low: 0.5, high: 0.5, which: 1, replicas: 2 });
 * ```
 */
export function largestDeviation(
  comparisons: readonly Comparison[],
): Interval & { readonly which: number; readonly replicas: number } {
  const deviations = comparisons.map(({ predicted, measured, scale }, which) => {
    const { centre, high } = meanInterval(measured);
    const [deviation, half] = [Math.abs(predicted - centre) / scale, (high - centre) / scale];
    const low = Math.max(0, deviation - half);
    return { centre: deviation, low, high: deviation + half, which, replicas: measured.length };
  });
  return deviations.reduce((largest, one) => one.centre > largest.centre ? one : largest);
}

/**
 * Compares sample standard deviations over replicas with predicted ones: the geometric mean of their ratios over groups, with
 * its 95 % interval for Gaussian values, `r · e^{±1.96/√(2 (n − 1) G)}`, as the logarithm of a deviation of n of them has
 * standard error 1/√(2 (n − 1)).
 *
 * @param groups Values of n ≥ 2 replicas and their predicted deviation, > 0, of each of G ≥ 1 groups.
 * @returns The ratio with its interval, and n.
 *
 * @example
 * ```ts
 * import { deviationRatio } from "./interval.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { centre, low } = deviationRatio([{ values: [1, 2, 3], predicted: 2 }]); // s = 1
 * assertAlmostEquals(centre, 0.5);
 * assertAlmostEquals(low, 0.5 * Math.exp(-1.96 / 2));
 * ```
 */
export function deviationRatio(
  groups: readonly { readonly values: readonly number[]; readonly predicted: number }[],
): Interval & { readonly replicas: number } {
  const centre = Math.exp(mean(groups.map(({ values, predicted }) => Math.log(standardDeviation(values) / predicted))));
  const replicas = groups[0].values.length;
  const half = 1.96 / Math.sqrt(2 * (replicas - 1) * groups.length);
  return { centre, low: centre * Math.exp(-half), high: centre * Math.exp(half), replicas };
}

/**
 * Quantile of Student's t distribution by bisection of its distribution function, which for whole degrees of freedom
 * is a finite sum (Abramowitz and Stegun 26.7.3 and 26.7.4).
 *
 * @param probability In [0.5, 1).
 * @param freedom Degrees of freedom, a whole number ≥ 1.
 * @returns `t` with `P(T ≤ t) = probability`, to 1e-12 relative.
 */
export function studentQuantile(probability: number, freedom: number): number {
  let low = 0;
  let high = 1;
  while (studentBelow(high, freedom) < probability) high *= 2;
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    if (studentBelow(middle, freedom) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function studentBelow(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(angle);
  const odd = freedom % 2;
  let term = odd === 1 ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = odd + 2; k < freedom; k += 2) {
    term *= ((k - 1) / k) * cosine * cosine;
    sum += term;
  }
  const inside = odd === 1 ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 + inside) / 2;
}

function check(values: readonly number[], level: number): void {
  if (values.length < 2) throw new RangeError(`expected values of at least two replicas, found ${values.length}`);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`expected finite values, found ${values[bad]} for replica ${bad}`);
  if (!(level > 0 && level < 1)) throw new RangeError(`expected level in (0, 1), found ${level}`);
}
