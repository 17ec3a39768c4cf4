/**
 * A curve that grows without end in bounded memory: neighbouring positions share a point once there are too many, and a
 * point keeps the smallest and largest value it stands for.
 *
 * @module
 */

/** Positions, mean, smallest and largest value of a point: [x, mean, low, high]. */
export type Point = readonly [x: number, mean: number, low: number, high: number];

/** The points of a curve from an index on: what a reader has before it stays as it is. */
export interface CurveTail {
  /** Index of the first point given. */
  readonly from: number;
  /** The points from there to the end. */
  readonly points: readonly Point[];
  /** Up to how many logged positions share a point, ≥ 1. */
  readonly merged: number;
}

interface Bucket {
  first: number;
  last: number;
  low: number;
  high: number;
  sum: number;
  count: number;
  positions: number;
  changed: number;
}

/** Points of a curve at most; more than a figure has pixels. */
const CAPACITY = 800;

/**
 * Values against positions, those of all replicas together.
 *
 * @example
 * ```ts
 * import { assertEquals, assertLessOrEqual } from "@std/assert";
 * import { Curve } from "./curve.ts";
 *
 * const curve = new Curve(100);
 * for (let step = 0; step < 100_000; step++) curve.add(step, step === 77_777 ? 9 : 1, step);
 * const { points } = curve.since(-1)!;
 * assertLessOrEqual(points.length, 100);
 * assertEquals(Math.max(...points.map(([, , , high]) => high)), 9);
 * ```
 */
export class Curve {
  readonly #capacity: number;
  #buckets: Bucket[] = [];
  #merged = 1;

  /** @param capacity Points kept at most, even and ≥ 2. */
  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity;
  }

  /**
   * Adds a value.
   *
   * @param x Position, finite; in any order, but quickest ascending.
   * @param y Value, finite.
   * @param time Number that grows with every change, for {@linkcode Curve.since}.
   */
  add(x: number, y: number, time: number): void {
    const index = this.#place(x, time);
    const bucket = this.#buckets[index];
    bucket.low = Math.min(bucket.low, y);
    bucket.high = Math.max(bucket.high, y);
    bucket.sum += y;
    bucket.count++;
    bucket.changed = time;
    if (this.#buckets.length > this.#capacity) this.#halve(time);
  }

  /**
   * What changed after a time.
   *
   * @param time As given to {@linkcode Curve.add}; −1 for everything.
   * @returns Points from the first changed one on; `null` where nothing changed.
   */
  since(time: number): CurveTail | null {
    const from = this.#buckets.findIndex(({ changed }) => changed > time);
    if (from < 0) return null;
    const points = this.#buckets.slice(from).map(({ first, last, sum, count, low, high }): Point => [
      (first + last) / 2,
      sum / count,
      low,
      high,
    ]);
    return { from, points, merged: this.#merged };
  }

  /** Index of the bucket for a position, made if need be. */
  #place(x: number, time: number): number {
    const buckets = this.#buckets;
    const newest = buckets.at(-1);
    if (newest === undefined || x > newest.last) {
      if (newest !== undefined && newest.positions < this.#merged) {
        newest.last = x;
        newest.positions++;
        return buckets.length - 1;
      }
      buckets.push(empty(x));
      return buckets.length - 1;
    }
    let [low, high] = [0, buckets.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (buckets[middle].last < x) low = middle + 1;
      else high = middle;
    }
    if (buckets[low].first <= x) return low;
    buckets.splice(low, 0, empty(x));
    // Everything behind has moved by one.
    for (let index = low + 1; index < buckets.length; index++) buckets[index].changed = time;
    return low;
  }

  #halve(time: number): void {
    this.#merged *= 2;
    const halved: Bucket[] = [];
    for (let index = 0; index < this.#buckets.length; index += 2) {
      const [a, b] = this.#buckets.slice(index, index + 2);
      halved.push(
        b === undefined ? { ...a, changed: time } : {
          first: a.first,
          last: b.last,
          low: Math.min(a.low, b.low),
          high: Math.max(a.high, b.high),
          sum: a.sum + b.sum,
          count: a.count + b.count,
          positions: a.positions + b.positions,
          changed: time,
        },
      );
    }
    this.#buckets = halved;
  }
}

function empty(x: number): Bucket {
  return { first: x, last: x, low: Infinity, high: -Infinity, sum: 0, count: 0, positions: 1, changed: 0 };
}
