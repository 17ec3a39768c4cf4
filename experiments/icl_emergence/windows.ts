/** When in-context learning appears, found from the score alone. */

/** A curve at reports: one value a step. */
export interface Curve {
  /** Steps, ascending. */
  readonly steps: readonly number[];
  /** Values (reports), finite. */
  readonly values: readonly number[];
}

/** Where a score changes fastest from one regime to another. */
export interface Window {
  /** Step of the first change point, at which the fast fall begins. */
  readonly start: number;
  /** Step of the second one, at which it is over. */
  readonly end: number;
  /** Fitted score at the start. */
  readonly before: number;
  /** Fitted score at the end. */
  readonly after: number;
  /** Share of the curve's variance that the fit explains, 0 … 1. */
  readonly explained: number;
}

/** Share of the score's variance that a fit must explain. */
export const LEAST_EXPLAINED = 0.9;

/**
 * Change points of a score by segmented regression: the continuous piecewise linear curve of three segments that fits it
 * best in least squares, over all pairs of reports as change points whose middle segment falls fastest.
 *
 * @param curve Score at reports, at least six.
 * @param level Score that counts as learned: the fit must end the fast fall below it.
 * @returns The window; null where no such fit explains {@linkcode LEAST_EXPLAINED} of the variance and ends below the level.
 *
 * @example
 * ```ts
 * import { findWindow } from "./windows.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const steps = [0, 1, 2, 3, 4, 5, 6, 7];
 * const window = findWindow({ steps, values: [0, -0.1, -0.2, -1, -2, -2, -2, -2] }, -1);
 * assertEquals([window?.start, window?.end], [2, 4]);
 * assertEquals(findWindow({ steps, values: steps.map((step) => -0.01 * step) }, -1), null);
 * ```
 */
export function findWindow({ steps, values }: Curve, level: number): Window | null {
  const n = values.length;
  const unit = steps[n - 1];
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviations = values.map((value) => value - mean);
  const variance = dot(deviations, deviations);
  if (variance === 0) return null;
  // Columns of the regression: 1, the step, and a hinge at each report. All scalar products are taken once.
  const columns = [
    values.map(() => 1),
    steps.map((step) => step / unit),
    ...steps.map((knot) => steps.map((step) => Math.max(0, step - knot) / unit)),
  ];
  const products = columns.map((a) => columns.map((b) => dot(a, b)));
  const targets = columns.map((column) => dot(column, deviations));
  let best: Window | null = null;
  for (let first = 1; first < n - 2; first++) {
    for (let last = first + 1; last < n - 1; last++) {
      const chosen = [0, 1, 2 + first, 2 + last];
      const [offset, slope, bend, rebend] = solve(
        chosen.map((i) => chosen.map((j) => products[i][j])),
        chosen.map((i) => targets[i]),
      );
      const middle = slope + bend;
      // By more than rounding: a straight line has no change points.
      if (!(middle < 0 && [slope, middle + rebend].every((other) => middle - other < 1e-6 * middle))) continue;
      const explained = dot([offset, slope, bend, rebend], chosen.map((i) => targets[i])) / variance;
      const [start, end] = [steps[first], steps[last]];
      const before = mean + offset + slope * start / unit;
      const after = before + middle * (end - start) / unit;
      if (explained > (best?.explained ?? 0)) best = { start, end, before, after, explained };
    }
  }
  return best && best.explained >= LEAST_EXPLAINED && best.after <= level ? best : null;
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Solves a small symmetric positive definite system by elimination. */
function solve(matrix: readonly (readonly number[])[], target: readonly number[]): number[] {
  const system = matrix.map((row, i) => [...row, target[i]]);
  for (let pivot = 0; pivot < system.length; pivot++) {
    for (let row = 0; row < system.length; row++) {
      if (row === pivot) continue;
      const factor = system[row][pivot] / system[pivot][pivot];
      for (let column = pivot; column <= system.length; column++) system[row][column] -= factor * system[pivot][column];
    }
  }
  return system.map((row, i) => row[system.length] / row[i]);
}

/** A valley of a curve. */
export interface Dip {
  /** Step of its lowest point. */
  readonly step: number;
  /** How far it lies below the lower one of the highest points before and after, as a share of that one; 0 … 1. */
  readonly depth: number;
}

/**
 * The deepest valley of a curve: where `min(max_{s<t} f(s), max_{s>t} f(s)) − f(t)` is largest. A curve that only falls
 * or only rises has none.
 *
 * @param curve Values ≥ 0 at reports.
 * @returns Its dip; depth 0 where there is none.
 *
 * @example
 * ```ts
 * import { deepestDip } from "./windows.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(deepestDip({ steps: [0, 1, 2, 3], values: [8, 5, 10, 9] }), { step: 1, depth: 3 / 8 });
 * assertEquals(deepestDip({ steps: [0, 1, 2], values: [3, 2, 1] }).depth, 0);
 * ```
 */
export function deepestDip({ steps, values }: Curve): Dip {
  let best: Dip = { step: steps[0], depth: 0 };
  for (let t = 1; t < values.length - 1; t++) {
    const rim = Math.min(Math.max(...values.slice(0, t)), Math.max(...values.slice(t + 1)));
    const depth = rim > 0 ? (rim - values[t]) / rim : 0;
    if (depth > best.depth) best = { step: steps[t], depth };
  }
  return best;
}

/**
 * Step at which a curve has made half of its way from its first to its last value, for good: after its last report on
 * the near side. Between reports by linear interpolation.
 *
 * @param curve Values at reports.
 * @returns The step; null where first and last value agree.
 */
export function halfWay({ steps, values }: Curve): number | null {
  const [first, last] = [values[0], values[values.length - 1]];
  if (first === last) return null;
  const done = values.map((value) => (value - first) / (last - first));
  const before = done.findLastIndex((share) => share < 0.5);
  const fraction = (0.5 - done[before]) / (done[before + 1] - done[before]);
  return steps[before] + fraction * (steps[before + 1] - steps[before]);
}

/**
 * Step at which a curve first falls to a level, between reports by linear interpolation.
 *
 * @param curve Values at reports.
 * @param level The level.
 * @returns The step; null if the curve never gets there.
 */
export function crossing({ steps, values }: Curve, level: number): number | null {
  const after = values.findIndex((value) => value <= level);
  if (after < 0) return null;
  if (after === 0) return steps[0];
  const fraction = (values[after - 1] - level) / (values[after - 1] - values[after]);
  return steps[after - 1] + fraction * (steps[after] - steps[after - 1]);
}
