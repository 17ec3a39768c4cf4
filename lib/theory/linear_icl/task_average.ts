/**
 * Averages over tasks as finite weighted sums that are exact, not sampled.
 *
 * The full model's loss is a polynomial of degree 4 in the task. A cubature of degree 5 for the Gaussian therefore gives its
 * mean over fresh tasks without error (McNamee and Stenger 1967; Stroud's E_n^{r²}): with n Gaussian variables, the origin,
 * ±√3 e_i and ±√3 e_i ± √3 e_j, 2n² + 1 points in all; some weights are negative, which harms nothing but rounding.
 */

import { diagonal } from "../matrix.ts";

/** Tasks with weights that sum to 1. */
export interface WeightedTasks {
  /** W (d, d) row-major, one each. */
  readonly tasks: readonly Float64Array[];
  /** Weight of each task; their sum is 1. */
  readonly weights: readonly number[];
}

/**
 * Cubature points and weights of degree 5 for n independent N(0, 1) variables.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { gaussianCubature } from "./task_average.ts";
 * const { points, weights } = gaussianCubature(2);
 * assertAlmostEquals(points.reduce((sum, [x], k) => sum + weights[k] * x ** 4, 0), 3, 1e-12);
 * ```
 *
 * @param n Number of variables ≥ 1.
 * @returns 2n² + 1 points, each (n), and their weights.
 */
export function gaussianCubature(n: number): { points: Float64Array[]; weights: number[] } {
  const points = [new Float64Array(n)], weights = [1 + n * (n - 7) / 18], r = Math.sqrt(3);
  for (let i = 0; i < n; i++) {
    for (const a of [r, -r]) {
      points.push(new Float64Array(n).fill(a, i, i + 1));
      weights.push((4 - n) / 18);
      for (let j = 0; j < i; j++) {
        for (const b of [r, -r]) {
          points.push(new Float64Array(n).fill(a, i, i + 1).fill(b, j, j + 1));
          weights.push(1 / 36);
        }
      }
    }
  }
  return { points, weights };
}

/**
 * Fresh commuting tasks, W = diag(λ), λ iid N(0, 1): exact for averages of polynomials of degree ≤ 5 in the task.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { freshCommuting } from "./task_average.ts";
 * assertEquals(freshCommuting(4).tasks.length, 33);
 * ```
 *
 * @param d Task dimension ≥ 1.
 * @returns 2d² + 1 weighted tasks.
 */
export function freshCommuting(d: number): WeightedTasks {
  const { points, weights } = gaussianCubature(d);
  return { tasks: points.map((lambda) => diagonal(lambda)), weights };
}

/**
 * Fresh dense tasks, W_ij iid N(0, variance): exact for averages of polynomials of degree ≤ 5 in the task.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { freshDense } from "./task_average.ts";
 * assertEquals(freshDense(2, 1).tasks.length, 33);
 * ```
 *
 * @param d Task dimension ≥ 1; the cost of an average grows as d⁴, so d ≤ 6 is comfortable.
 * @param variance σ² > 0.
 * @returns 2d⁴ + 1 weighted tasks.
 */
export function freshDense(d: number, variance: number): WeightedTasks {
  const { points, weights } = gaussianCubature(d * d), scale = Math.sqrt(variance);
  return { tasks: points.map((point) => point.map((value) => scale * value)), weights };
}

/**
 * A fixed pool of commuting tasks, equally likely.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { poolOf } from "./task_average.ts";
 * assertEquals(poolOf([[1, 2]]).tasks[0][3], 2);
 * ```
 *
 * @param pool P ≥ 1 tasks, each its eigenvalues λ (d).
 * @returns P weighted tasks.
 * @throws {RangeError} If the pool is empty.
 */
export function poolOf(pool: readonly ArrayLike<number>[]): WeightedTasks {
  if (pool.length === 0) throw new RangeError("expected a pool of at least one task, found none");
  return { tasks: pool.map((lambda) => diagonal(lambda)), weights: pool.map(() => 1 / pool.length) };
}
