/**
 * A curve that grows without end in bounded memory: neighbouring positions share a point once there are too many, and a
 * point keeps the smallest and largest value it stands for.
 *
 * @module
 */

/**
 * A point: position, mean, smallest and largest value, standard deviation between the values at one position, and how many
 * of them there are (replicas).
 */
export type Point = readonly [x: number, mean: number, low: number, high: number, deviation: number, count: number];

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
  /** Squared deviations from the means of their positions, their degrees of freedom, and the most values at a position. */
  within: { squares: number; freedom: number; most: number };
  /** The last position: what is added to it still changes its mean. */
  here: { count: number; mean: number; squares: number };
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
    // What comes late to a position inside of a shared point counts for mean and extremes alone.
    if (x === bucket.last) addHere(bucket.here, y);
    if (this.#buckets.length > this.#capacity) this.#halve(time);
  }

  /**
   * Lists the points that changed after a time.
   *
   * @param time As given to {@linkcode Curve.add}; −1 for everything.
   * @returns Points from the first changed one on; `null` where nothing changed.
   */
  since(time: number): CurveTail | null {
    const from = this.#buckets.findIndex(({ changed }) => changed > time);
    if (from < 0) return null;
    const points = this.#buckets.slice(from).map((bucket): Point => {
      const { first, last, sum, count, low, high } = bucket;
      const { squares, freedom, most } = whole(bucket);
      return [(first + last) / 2, sum / count, low, high, freedom === 0 ? 0 : Math.sqrt(squares / freedom), most];
    });
    return { from, points, merged: this.#merged };
  }

  /** Index of the bucket for a position, made if need be. */
  #place(x: number, time: number): number {
    const buckets = this.#buckets;
    const newest = buckets.at(-1);
    if (newest === undefined || x > newest.last) {
      if (newest !== undefined && newest.positions < this.#merged) {
        newest.within = whole(newest);
        newest.here = { count: 0, mean: 0, squares: 0 };
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
          within: joined(whole(a), b.within),
          here: b.here,
        },
      );
    }
    this.#buckets = halved;
  }
}

function empty(x: number): Bucket {
  return {
    first: x,
    last: x,
    low: Infinity,
    high: -Infinity,
    sum: 0,
    count: 0,
    positions: 1,
    changed: 0,
    within: { squares: 0, freedom: 0, most: 0 },
    here: { count: 0, mean: 0, squares: 0 },
  };
}

function addHere(here: Bucket["here"], y: number): void {
  here.count++;
  const before = y - here.mean;
  here.mean += before / here.count;
  here.squares += before * (y - here.mean);
}

/** Deviations of all positions of a bucket, the last one included. */
function whole({ within, here }: Bucket): Bucket["within"] {
  return joined(within, { squares: here.squares, freedom: Math.max(0, here.count - 1), most: here.count });
}

function joined(a: Bucket["within"], b: Bucket["within"]): Bucket["within"] {
  return { squares: a.squares + b.squares, freedom: a.freedom + b.freedom, most: Math.max(a.most, b.most) };
}
