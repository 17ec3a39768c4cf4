/** When a curve of training changes: its drop, rise, dip and plateau, each with a stated criterion. */
import { quantile } from "../statistics/mod.ts";

/** Values against time. */
export interface Curve {
  /** Times (T), ascending: steps of training. */
  readonly x: ArrayLike<number>;
  /** Values (T), finite. */
  readonly y: ArrayLike<number>;
}

/** Least size and quality of a change that counts. */
export interface ChangeCriterion {
  /** Smallest change, relative to the largest magnitude of the curve; 0.02 by default. */
  readonly least?: number;
  /** Smallest change in the unit of the curve, below which it is rounding; 0 by default. */
  readonly noise?: number;
  /** Smallest depth of a dip, relative to the range of the curve; 0.2 by default. */
  readonly depth?: number;
  /** Largest distance from the last value on a plateau, relative to the range of the curve; 0.05 by default. */
  readonly tolerance?: number;
}

/** Names of changes. */
export type ChangeName = "drop" | "rise" | "dip" | "plateau";

/** Time of each change, null where the curve has none. */
export type ChangePoints = { readonly [name in ChangeName]: number | null };

/** The criteria in words, as they stand beside results. */
export const CHANGE_CRITERIA: Readonly<Record<ChangeName, string>> = {
  drop: "first crossing, from above, of the middle between first and last value, if they differ by ≥ 2 % of max |y|",
  rise: "first crossing, from below, of the middle between first and last value, if they differ by ≥ 2 % of max |y|",
  dip:
    "time of the minimum, if the curve is higher both before and after it by ≥ 20 % of its range and ≥ 2 % of max |y|",
  plateau:
    "first time from which on the curve stays within 5 % of its range around its last value, if the range is ≥ 2 % of max |y|",
};

/**
 * Drop, rise, dip and plateau of a curve, by the criteria of {@linkcode CHANGE_CRITERIA} with the numbers given.
 *
 * Crossings are interpolated linearly between times; dip and plateau are times of the curve.
 *
 * @example
 * ```ts
 * import { changePoints } from "./change_points.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { drop, rise, dip, plateau } = changePoints({ x: [0, 10, 20, 30, 40], y: [1, 1, 0, 0, 0] });
 * assertEquals([drop, rise, dip, plateau], [15, null, null, 20]);
 * ```
 *
 * @param curve Times and values, T ≥ 1.
 * @param criterion What counts.
 * @returns Times, or null.
 */
export function changePoints({ x, y }: Curve, criterion: ChangeCriterion = {}): ChangePoints {
  const { least = 0.02, noise = 0, depth = 0.2, tolerance = 0.05 } = criterion;
  const T = x.length;
  let low = 0, high = 0;
  for (let t = 0; t < T; t++) {
    if (y[t] < y[low]) low = t;
    if (y[t] > y[high]) high = t;
  }
  const range = y[high] - y[low];
  const smallest = Math.max(noise, least * Math.max(Math.abs(y[high]), Math.abs(y[low])));
  const nothing = { drop: null, rise: null, dip: null, plateau: null };
  if (T < 2 || range === 0 || range < smallest) return nothing;
  const [first, last] = [y[0], y[T - 1]];
  const fell = first - last >= smallest, rose = last - first >= smallest;
  const before = largest(y, 0, low), after = largest(y, low + 1, T);
  const rim = Math.min(before, after) - y[low];
  let start = T - 1;
  while (start > 0 && Math.abs(y[start - 1] - last) <= tolerance * range) start--;
  return {
    drop: fell ? crossingTime({ x, y }, (first + last) / 2, "down") : null,
    rise: rose ? crossingTime({ x, y }, (first + last) / 2, "up") : null,
    dip: rim >= Math.max(depth * range, smallest) ? x[low] : null,
    plateau: start < T - 1 ? x[start] : null,
  };
}

/**
 * Time at which a curve has made half of its way, up or down.
 *
 * @param curve Times and values.
 * @returns Its drop or its rise, see {@linkcode changePoints}; null where it ends about where it began.
 *
 * @example
 * ```ts
 * import { halfWay } from "./change_points.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(halfWay({ x: [0, 10, 20], y: [0, 1, 2] }), 10);
 * assertEquals(halfWay({ x: [0, 10], y: [1, 1] }), null);
 * ```
 */
export function halfWay(curve: Curve): number | null {
  const { drop, rise } = changePoints(curve);
  return drop ?? rise;
}

/** How a crossing is found between times. */
export interface CrossingScale {
  /**
   * `linear` (by default) draws a straight line over time between two values, `log` over its logarithm, in which times below
   * 1 count as 1.
   */
  readonly scale?: "linear" | "log";
  /** Result for a curve that begins beyond the level: its `first` time (default), or `none`, as it does not cross. */
  readonly start?: "first" | "none";
}

/**
 * Time at which a curve first reaches a level, interpolated between times.
 *
 * @example
 * ```ts
 * import { crossingTime } from "./change_points.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * assertEquals(crossingTime({ x: [0, 10, 20], y: [0, -2, -4] }, -1, "down"), 5);
 * assertAlmostEquals(crossingTime({ x: [1, 100], y: [0, 1] }, 0.5, "up", { scale: "log" })!, 10);
 * ```
 *
 * @param curve Times and values.
 * @param level In the unit of the values.
 * @param direction Which side counts as reached: at or below the level (`down`), at or above it (`up`).
 * @param options Scale of time, and what becomes of a curve that begins there.
 * @returns Time; null if the curve never gets there.
 */
export function crossingTime(
  { x, y }: Curve,
  level: number,
  direction: "down" | "up",
  { scale = "linear", start = "first" }: CrossingScale = {},
): number | null {
  const sign = direction === "down" ? -1 : 1;
  for (let t = 0; t < x.length; t++) {
    const after = sign * (y[t] - level);
    if (after < 0) continue;
    if (t === 0) return start === "first" ? x[0] : null;
    if (scale === "log") {
      const share = (level - y[t - 1]) / (y[t] - y[t - 1]);
      const [from, to] = [Math.log(Math.max(1, x[t - 1])), Math.log(Math.max(1, x[t]))];
      return Math.exp(from + share * (to - from));
    }
    const before = sign * (y[t - 1] - level);
    return x[t - 1] + (x[t] - x[t - 1]) * before / (before - after);
  }
  return null;
}

/**
 * Value of a curve at a time, on straight lines over the logarithm of time.
 *
 * @example
 * ```ts
 * import { valueAtLogarithm } from "./change_points.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(valueAtLogarithm({ x: [1, 100], y: [0, 4] }, 10), 2);
 * ```
 *
 * @param curve Times > 0 and values, T ≥ 1.
 * @param time When, > 0.
 * @returns The value; before the first time and after the last one, theirs.
 */
export function valueAtLogarithm({ x, y }: Curve, time: number): number {
  let next = 0;
  while (next < x.length && x[next] < time) next++;
  if (next === x.length) return y[next - 1];
  if (next === 0) return y[0];
  const share = Math.log(time / x[next - 1]) / Math.log(x[next] / x[next - 1]);
  return y[next - 1] + share * (y[next] - y[next - 1]);
}

/**
 * Time at which a curve, past its largest value, first falls to half of it: on straight lines over the logarithm of time.
 *
 * @example
 * ```ts
 * import { halvingTime } from "./change_points.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * assertAlmostEquals(halvingTime({ x: [10, 100, 1000, 10_000], y: [5, 80, 60, 20] })!, 1000 * Math.sqrt(10), 1e-9);
 * assertEquals(halvingTime({ x: [10, 100], y: [5, 80] }), null);
 * ```
 *
 * @param curve Times > 0 and values, T ≥ 1.
 * @returns Time; null if it does not.
 */
export function halvingTime({ x, y }: Curve): number | null {
  let top = 0;
  for (let t = 1; t < x.length; t++) if (y[t] > y[top]) top = t;
  const level = y[top] / 2;
  for (let t = top + 1; t < x.length; t++) {
    if (y[t] > level) continue;
    const share = (y[t - 1] - level) / (y[t - 1] - y[t]);
    return x[t - 1] * (x[t] / x[t - 1]) ** share;
  }
  return null;
}

/**
 * Geometric middle of the two neighbouring times between which a curve falls most.
 *
 * @example
 * ```ts
 * import { steepestFall } from "./change_points.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(steepestFall({ x: [1, 4, 16, 64], y: [5, 8, 6, 5] }), 8);
 * assertEquals(steepestFall({ x: [1, 4], y: [5, 8] }), null);
 * ```
 *
 * @param curve Times > 0 and values.
 * @returns Time; null if the curve never falls.
 */
export function steepestFall({ x, y }: Curve): number | null {
  let [most, time] = [0, null as number | null];
  for (let t = 1; t < x.length; t++) {
    const fall = y[t - 1] - y[t];
    if (fall > most) [most, time] = [fall, Math.sqrt(x[t - 1] * x[t])];
  }
  return time;
}

/**
 * Compares how fast a curve grows at a time with how fast it grew at first: the slope between the times around it over the
 * mean slope up to the first tenth of it. 1 for a straight line, above 1 for growth that is slow before it is fast.
 *
 * @example
 * ```ts
 * import { acceleration } from "./change_points.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(acceleration({ x: [0, 10, 90, 100], y: [0, 1, 10, 15] }, 95), 5);
 * ```
 *
 * @param curve Times and values.
 * @param time A time after the first, within the curve.
 * @returns Ratio of the slopes; not finite where the curve is flat at first.
 */
export function acceleration({ x, y }: Curve, time: number): number {
  const times = Array.from(x);
  const slope = (from: number, to: number) => (y[to] - y[from]) / (x[to] - x[from]);
  const [at, early] = [time, 0.1 * time].map((least) => times.findIndex((each) => each >= least));
  return slope(at - 1, at) / slope(0, early);
}

/** Times of one change over replicas. */
export interface ChangeInterval {
  /** Median over the replicas that have the change. */
  readonly median: number;
  /** Quantile 0.05 over them. */
  readonly low: number;
  /** Quantile 0.95 over them. */
  readonly high: number;
  /** How many replicas have it. */
  readonly found: number;
  /** How many replicas there are. */
  readonly replicas: number;
}

/**
 * Median and central 90 % of a change's time over the replicas that have it.
 *
 * @example
 * ```ts
 * import { changeInterval } from "./change_points.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(changeInterval([10, null, 30]), { median: 20, low: 11, high: 29, found: 2, replicas: 3 });
 * ```
 *
 * @param times One a replica, null where it has none.
 * @returns Interval; null if no replica has the change.
 */
export function changeInterval(times: readonly (number | null)[]): ChangeInterval | null {
  const sorted = times.filter((time) => time !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const [low, median, high] = [0.05, 0.5, 0.95].map((q) => quantile(sorted, q));
  return { median, low, high, found: sorted.length, replicas: times.length };
}

function largest(y: ArrayLike<number>, from: number, to: number): number {
  let most = -Infinity;
  for (let t = from; t < to; t++) most = Math.max(most, y[t]);
  return most;
}
