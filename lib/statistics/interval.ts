/**
 * Bands over replicas: the t-interval of a mean and the central quantile interval.
 *
 * @module
 */

/** A measured value over replicas: a centre and its band. */
export interface Interval {
  /** Mean or median. */
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
  const centre = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (n - 1);
  const half = studentQuantile((1 + level) / 2, n - 1) * Math.sqrt(variance / n);
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
  const at = (q: number) => {
    const position = q * (sorted.length - 1);
    const below = Math.floor(position);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  };
  return { centre: at(0.5), low: at((1 - level) / 2), high: at((1 + level) / 2) };
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
