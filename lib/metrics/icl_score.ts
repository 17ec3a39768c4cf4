/** The in-context learning score. */

/** Losses early and late in the context, and their difference, under their names in logs; one number a replica. */
export type IclScores = {
  /** Mean loss over the first quarter of positions, in float32. */
  readonly "early loss": Float32Array;
  /** Mean loss over the last quarter of positions, in float32. */
  readonly "late loss": Float32Array;
  /** Late minus early loss: the lower, the more is learned in context. */
  readonly score: readonly number[];
};

/**
 * In-context learning score: mean loss late in the context minus mean loss early in it (Olsson et al. 2022), here over the
 * last and the first quarter of positions.
 *
 * @example
 * ```ts
 * import { iclScores } from "./icl_score.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const scores = iclScores([1, 3, 0, 0, 0, 0, 5, 7, 2, 2, 9, 9, 9, 9, 4, 4], 8);
 * assertEquals([[...scores["early loss"]], [...scores["late loss"]], scores.score], [[2, 2], [6, 4], [4, 2]]);
 * ```
 *
 * @param positions Losses by position (R, T), in nats.
 * @param T Positions, ≥ 4.
 * @returns Scores (R).
 * @throws {RangeError} If there are fewer than four positions, or losses of a part of a row.
 */
export function iclScores(positions: ArrayLike<number>, T: number): IclScores {
  const R = positions.length / T;
  if (!(T >= 4 && Number.isInteger(R))) {
    throw new RangeError(`iclScores: expected rows of ${T} ≥ 4 positions, found ${positions.length} losses`);
  }
  const quarter = Math.floor(T / 4);
  const meanFrom = (first: number) =>
    Float32Array.from({ length: R }, (_, r) => {
      let sum = 0;
      for (let t = 0; t < quarter; t++) sum += positions[r * T + first + t];
      return sum / quarter;
    });
  const [early, late] = [meanFrom(0), meanFrom(T - quarter)];
  return { "early loss": early, "late loss": late, score: Array.from(late, (value, r) => value - early[r]) };
}
