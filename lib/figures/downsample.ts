/** Fewer rows for the same picture: a curve needs no more points than the paper has pixels. */

import { FigureError, type FigureRow } from "./spec.ts";

/** Rows to keep when a curve is thinned. */
export interface ThinOptions<R extends FigureRow> {
  /** Field of the position. */
  x: keyof R & string;
  /** Fields whose extremes must survive: the value of a curve, or the low and high of a band. */
  y: readonly (keyof R & string)[];
  /** Number of intervals that the positions are divided into, per group; ≥ 1. */
  intervals: number;
  /** Intervals of equal width in x, or in log x (positions ≤ 0 are then kept as they are); default `linear`. */
  spacing?: "linear" | "log";
  /** Field that tells curves apart; they are thinned separately. */
  group?: keyof R & string;
}

/**
 * Thin curves without losing a spike: in every interval of x keep the first row and those where a y is smallest and
 * largest; keep the very last row too. At most (1 + 2·|y|)·intervals + 1 rows a group remain, plus those at x ≤ 0.
 *
 * @param rows Rows with finite `x` and `y`.
 * @param options Fields and resolution.
 * @returns A subset of the rows in their original order.
 * @throws {FigureError} If `intervals` is not a positive integer, or an x or y is not a finite number.
 *
 * @example
 * ```ts
 * import { thin } from "./downsample.ts";
 * import { assert, assertLessOrEqual } from "@std/assert";
 *
 * const rows = Array.from({ length: 10000 }, (_, step) => ({ step, loss: step === 4321 ? 9 : 1 }));
 * const few = thin(rows, { x: "step", y: ["loss"], intervals: 100, spacing: "log" });
 * assertLessOrEqual(few.length, 302);
 * assert(few.some((row) => row.loss === 9));
 * ```
 */
export function thin<R extends FigureRow>(rows: readonly R[], options: ThinOptions<R>): R[] {
  const { x, y, intervals, spacing = "linear", group } = options;
  if (!Number.isInteger(intervals) || intervals < 1) {
    throw new FigureError(`expected intervals to be a positive integer, found ${intervals}`);
  }
  const kept = new Set<number>();
  const curves = new Map<string, number[]>();
  rows.forEach((row, index) => {
    [x, ...y].forEach((field) => number(row, field, index));
    if (spacing === "log" && number(row, x, index) <= 0) {
      kept.add(index);
      return;
    }
    const name = group === undefined ? "" : String(row[group]);
    const members = curves.get(name);
    if (members === undefined) curves.set(name, [index]);
    else members.push(index);
  });
  const at = (index: number) => {
    const value = number(rows[index], x, index);
    return spacing === "log" ? Math.log(value) : value;
  };
  for (const members of curves.values()) {
    const ordered = members.toSorted((a, b) => at(a) - at(b));
    const [start, end] = [at(ordered[0]), at(ordered[ordered.length - 1])];
    const buckets = new Map<number, number[]>();
    for (const index of ordered) {
      const place = end === start ? 0 : Math.floor((at(index) - start) / (end - start) * intervals);
      const bucket = Math.min(place, intervals - 1);
      const members = buckets.get(bucket);
      if (members === undefined) buckets.set(bucket, [index]);
      else members.push(index);
    }
    kept.add(ordered[ordered.length - 1]);
    for (const bucket of buckets.values()) {
      kept.add(bucket[0]);
      for (const field of y) {
        const value = (index: number) => number(rows[index], field, index);
        kept.add(bucket.reduce((best, index) => value(index) < value(best) ? index : best));
        kept.add(bucket.reduce((best, index) => value(index) > value(best) ? index : best));
      }
    }
  }
  return rows.filter((_, index) => kept.has(index));
}

function number(row: FigureRow, field: string, index: number): number {
  const value = row[field];
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new FigureError(`expected a finite number in field "${field}" of row ${index}, found ${value}`);
}
