/**
 * Summaries of values over replicas.
 *
 * @module
 */
// @ts-types="@types/d3-array"
import { mean as meanOf, quantileSorted } from "d3-array";

/**
 * Arithmetic mean `Σ x / n`.
 *
 * @param values At least one finite value.
 * @returns The mean.
 * @throws {RangeError} If there are no values.
 *
 * @example
 * ```ts
 * import { mean } from "./summary.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(mean([1, 2, 6]), 3);
 * ```
 */
export function mean(values: Iterable<number>): number {
  const found = meanOf(values);
  if (found === undefined) throw new RangeError("mean: expected at least one value, found none");
  return found;
}

/**
 * Sample standard deviation `√(Σ (x − x̄)² / (n − 1))`.
 *
 * @param values At least two finite values.
 * @returns The deviation, ≥ 0.
 * @throws {RangeError} If there are fewer than two values.
 */
export function standardDeviation(values: ArrayLike<number>): number {
  const { length: n } = values;
  if (n < 2) throw new RangeError(`standardDeviation: expected at least two values, found ${n}`);
  const centre = mean(Array.from(values));
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1));
}

/**
 * Geometric mean `exp(Σ ln x / n)`.
 *
 * @param values At least one value > 0.
 * @returns The mean, > 0.
 * @throws {RangeError} If there are no values, or one is not above 0.
 */
export function geometricMean(values: readonly number[]): number {
  const bad = values.find((value) => !(value > 0));
  if (bad !== undefined) throw new RangeError(`geometricMean: expected values above 0, found ${bad}`);
  return Math.exp(mean(values.map(Math.log)));
}

/**
 * Quantile of sorted values: `v[⌊h⌋] + (h − ⌊h⌋)(v[⌊h⌋+1] − v[⌊h⌋])`, `h = (n − 1) q`
 * (Hyndman & Fan 1996, type 7, the default of NumPy and R).
 *
 * @param sorted n ≥ 1 finite values in ascending order.
 * @param q Probability in [0, 1].
 * @returns A value in [min, max].
 * @throws {RangeError} If there are no values or q is outside [0, 1].
 *
 * @example
 * ```ts
 * import { quantile } from "./summary.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quantile([1, 2, 4], 0.75), 3);
 * ```
 */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) throw new RangeError("quantile: expected at least one value, found none");
  if (!(q >= 0 && q <= 1)) throw new RangeError(`quantile: expected q in [0, 1], found ${q}`);
  return quantileSorted(sorted as number[], q)!;
}

/**
 * Slope of the line of least squares: `Σ (x − x̄)(y − ȳ) / Σ (x − x̄)²`.
 *
 * @param x Positions (n), at least two different ones.
 * @param y Values (n).
 * @returns The slope, in units of y over units of x.
 * @throws {RangeError} If the lengths differ, or all positions are the same.
 *
 * @example
 * ```ts
 * import { slope } from "./summary.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(slope([1, 2, 3], [5, 3, 1]), -2);
 * ```
 */
export function slope(x: readonly number[], y: readonly number[]): number {
  if (x.length !== y.length) throw new RangeError(`slope: expected ${x.length} values, found ${y.length}`);
  if (new Set(x).size < 2) throw new RangeError("slope: expected at least two different positions, found fewer");
  const [mx, my] = [mean(x), mean(y)];
  return mean(x.map((value, index) => (value - mx) * (y[index] - my))) / mean(x.map((value) => (value - mx) ** 2));
}

/**
 * Quotients `a_r / b_r`, replica by replica.
 *
 * @param a Values.
 * @param b As many values, or one for all.
 * @returns As many quotients.
 * @throws {RangeError} If there are not as many values on both sides.
 *
 * @example
 * ```ts
 * import { quotients } from "./summary.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quotients([2, 9], [4, 3]), [0.5, 3]);
 * assertEquals(quotients([2, 9], 2), [1, 4.5]);
 * ```
 */
export function quotients(a: readonly number[], b: readonly number[] | number): number[] {
  return pairwise("quotients", a, b, (one, other) => one / other);
}

/**
 * Differences `a_r − b_r`, replica by replica.
 *
 * @param a Values.
 * @param b As many values, or one for all.
 * @returns As many differences.
 * @throws {RangeError} If there are not as many values on both sides.
 */
export function differences(a: readonly number[], b: readonly number[] | number): number[] {
  return pairwise("differences", a, b, (one, other) => one - other);
}

function pairwise(
  label: string,
  a: readonly number[],
  b: readonly number[] | number,
  of: (one: number, other: number) => number,
): number[] {
  if (typeof b === "number") return a.map((value) => of(value, b));
  if (a.length !== b.length) {
    throw new RangeError(`${label}: expected as many values on both sides, found ${a.length} and ${b.length}`);
  }
  return a.map((value, r) => of(value, b[r]));
}
