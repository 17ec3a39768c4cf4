/** Where a curve falls fastest, by segmented regression. */
import type { Curve } from "./change_points.ts";

/** The fast fall between two change points. */
export interface SegmentedFall {
  /** Time of the first change point, at which the fast fall begins. */
  readonly start: number;
  /** Time of the second one, at which it is over. */
  readonly end: number;
  /** Fitted value at the start. */
  readonly before: number;
  /** Fitted value at the end. */
  readonly after: number;
  /** Share of the curve's variance that the fit explains, 0 … 1. */
  readonly explained: number;
}

/**
 * Change points by segmented regression: the continuous piecewise linear curve of three segments that fits best in least
 * squares, `a + b t + c (t − t₁)₊ + d (t − t₂)₊`, over all pairs of inner times t₁ < t₂ whose middle segment falls and
 * falls faster than both others.
 *
 * @example
 * ```ts
 * import { segmentedFall } from "./segmented_fall.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const x = [0, 1, 2, 3, 4, 5, 6, 7];
 * const fall = segmentedFall({ x, y: [0, -0.1, -0.2, -1.1, -2, -2, -2, -2] });
 * assertEquals([fall?.start, fall?.end], [2, 4]);
 * assertEquals(segmentedFall({ x, y: x.map((t) => -t) }), null);
 * ```
 *
 * @param curve Times (T), ascending, and values (T), finite; T ≥ 6.
 * @returns The fall; null where no fit has a middle segment that falls fastest.
 * @throws {RangeError} If there are fewer than six points.
 */
export function segmentedFall({ x, y }: Curve): SegmentedFall | null {
  const T = x.length;
  if (T < 6 || y.length !== T) {
    throw new RangeError(`segmentedFall: expected at least 6 points (x, y), found ${T} and ${y.length}`);
  }
  const [times, values] = [Array.from(x), Array.from(y)];
  const unit = times[T - 1] - times[0];
  const mean = values.reduce((sum, value) => sum + value, 0) / T;
  const deviations = values.map((value) => value - mean);
  const variance = dot(deviations, deviations);
  if (variance === 0) return null;
  const since = (time: number) => (time - times[0]) / unit;
  // Columns of the regression: 1, the time, and a hinge at each time. All scalar products are taken once.
  const columns = [
    times.map(() => 1),
    times.map(since),
    ...times.map((knot) => times.map((time) => Math.max(0, time - knot) / unit)),
  ];
  const products = columns.map((a) => columns.map((b) => dot(a, b)));
  const targets = columns.map((column) => dot(column, deviations));
  let best: SegmentedFall | null = null;
  for (let first = 1; first < T - 2; first++) {
    for (let last = first + 1; last < T - 1; last++) {
      const chosen = [0, 1, 2 + first, 2 + last];
      const [offset, slope, bend, rebend] = solve(
        chosen.map((i) => chosen.map((j) => products[i][j])),
        chosen.map((i) => targets[i]),
      );
      const middle = slope + bend;
      // By more than rounding: a straight line has no change points.
      if (!(middle < 0 && [slope, middle + rebend].every((other) => middle - other < 1e-6 * middle))) continue;
      const explained = dot([offset, slope, bend, rebend], chosen.map((i) => targets[i])) / variance;
      const [start, end] = [times[first], times[last]];
      const before = mean + offset + slope * since(start);
      const after = before + middle * (end - start) / unit;
      if (explained > (best?.explained ?? 0)) best = { start, end, before, after, explained };
    }
  }
  return best;
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
