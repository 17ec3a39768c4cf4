/**
 * Exact second moments of one prompt's gradient and loss, at p2 = diag(p), q1 = diag(q), p1 = q2 = 0, fresh commuting tasks.
 *
 * With u = Σ̂ q x and residual r_i = λ_i (p_i u_i − x_i), the gradient of ½‖r‖² for one prompt is
 *
 *     g[p2_ij] = r_i λ_j u_j                       g[p1_ij] = r_i (u_j + x_j Σ_c q_c x_c² / N)
 *     g[q1_ij] = Σ_k λ_k p_k r_k Σ̂_ki x_j          g[q2_ij] = λ_i Σ_k λ_k p_k r_k Σ̂_ik x_j
 *
 * polynomials whose products wick.ts averages exactly: up to Σ̂⁴, x⁸ and λ⁶.
 */

import type { IclProblem } from "./problem.ts";
import { compile, evaluate, type Moment, type Monomial, times } from "./wick.ts";

/** Blocks of the merged matrices that reach the prediction. */
export type BlockName = "p1" | "p2" | "q1" | "q2";

/** The gradient with respect to entry ij of a block; a, b, c name summed indices. */
function gradientOf(block: BlockName, i: string, j: string, a: string, b: string, c: string): Monomial[] {
  const pull = { lambda: i + (block === "p2" ? j : "") };
  switch (block) {
    case "p2":
      return [
        { c: 1, p: i, q: a + b, x: a + b, sigma: i + a + j + b, ...pull },
        { c: -1, q: b, x: i + b, sigma: j + b, ...pull },
      ];
    case "p1":
      return [
        { c: 1, p: i, q: a + b, x: a + b, sigma: i + a + j + b, ...pull },
        { c: -1, q: b, x: i + b, sigma: j + b, ...pull },
        { c: 1, perN: 1, p: i, q: a + c, x: a + j + c + c, sigma: i + a, ...pull },
        { c: -1, perN: 1, q: c, x: i + j + c + c, ...pull },
      ];
    case "q1":
      return [
        { c: 1, lambda: b + b, p: b + b, q: a, x: a + j, sigma: b + a + b + i },
        { c: -1, lambda: b + b, p: b, x: b + j, sigma: b + i },
      ];
    case "q2":
      return [
        { c: 1, lambda: i + b + b, p: b + b, q: a, x: a + j, sigma: b + a + b + i },
        { c: -1, lambda: i + b + b, p: b, x: b + j, sigma: b + i },
      ];
  }
}

/** ½ Σ_a r_a². */
function lossOf(a: string, b: string, c: string): Monomial[] {
  return [
    { c: 0.5, lambda: a + a, p: a + a, q: b + c, x: b + c, sigma: a + b + a + c },
    { c: -1, lambda: a + a, p: a, q: b, x: a + b, sigma: a + b },
    { c: 0.5, lambda: a + a, x: a + a },
  ];
}

const compiled = new Map<string, Moment>();

function moment(key: string, first: () => Monomial[], second: () => Monomial[], free: string): Moment {
  let found = compiled.get(key);
  if (!found) {
    const right = second();
    found = compile(first().flatMap((a) => right.map((b) => times(a, b))), free);
    compiled.set(key, found);
  }
  return found;
}

/**
 * E[g g'] of one prompt for the diagonals of p2 and q1, all pairs.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { diagonalSecondMoment } from "./gradient_moments.ts";
 * // At p = 0 only g[p] = −λ² x Σ̂ q x is left: E[λ⁴] E[Σ̂²] E[x⁴] q² = 3 · (1 + 2/N) · 3.
 * const moment = diagonalSecondMoment({ spectrum: [1], context: 4 }, [0, 1]);
 * assertAlmostEquals(moment[0], 3 * 1.5 * 3, 1e-12);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param state (p, q), (2d).
 * @returns (2d, 2d) row-major, in the order (p, q).
 * @throws {RangeError} If the problem or the length of the state is invalid.
 */
export function diagonalSecondMoment(problem: IclProblem, state: ArrayLike<number>): Float64Array {
  const d = state.length / 2, out = new Float64Array(4 * d * d);
  const blocks = ["p2", "q1"] as const;
  blocks.forEach((first, rowBlock) => {
    blocks.slice(0, rowBlock + 1).forEach((second, columnBlock) => {
      const value = evaluate(
        moment(
          `diagonal ${first} ${second}`,
          () => gradientOf(first, "i", "i", "a", "b", "c"),
          () => gradientOf(second, "j", "j", "d", "e", "f"),
          "ij",
        ),
        problem,
        state,
      );
      for (let i = 0; i < d; i++) {
        for (let j = 0; j < d; j++) {
          const row = rowBlock * d + i, column = columnBlock * d + j, entry = value([i, j]);
          out[row * 2 * d + column] = entry;
          out[column * 2 * d + row] = entry;
        }
      }
    });
  });
  return out;
}

/**
 * E[g_ij g'_ij] of one prompt for entry ij of two blocks, all ij.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { entrySecondMoment } from "./gradient_moments.ts";
 * // Off the diagonal at p = 0: g = −λ_i x_i λ_j Σ̂_jj q_j x_j, so s_i s_j · s_j² (1 + 2/N) q_j² plus q_i's share.
 * const moment = entrySecondMoment("p2", "p2", { spectrum: [1, 1], context: 4 }, [0, 0, 0, 1]);
 * assertAlmostEquals(moment[1], 1.5, 1e-12);
 * ```
 *
 * @param first Block of g.
 * @param second Block of g'.
 * @param problem Spectrum (d) and context length.
 * @param state (p, q), (2d).
 * @returns (d, d) row-major.
 * @throws {RangeError} If the problem or the length of the state is invalid.
 */
export function entrySecondMoment(
  first: BlockName,
  second: BlockName,
  problem: IclProblem,
  state: ArrayLike<number>,
): Float64Array {
  const d = state.length / 2;
  const value = evaluate(
    moment(
      `entry ${first} ${second}`,
      () => gradientOf(first, "i", "j", "a", "b", "c"),
      () => gradientOf(second, "i", "j", "d", "e", "f"),
      "ij",
    ),
    problem,
    state,
  );
  return Float64Array.from({ length: d * d }, (_, k) => value([Math.floor(k / d), k % d]));
}

/**
 * Variance of one prompt's loss ½‖ŷ − W x_q‖²; a batch of B has 1/B of it.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { promptLossVariance } from "./gradient_moments.ts";
 * // Untrained, d = 1: ½ λ² x² with E[λ⁴ x⁴]/4 = 9/4 and mean ½.
 * assertAlmostEquals(promptLossVariance({ spectrum: [1], context: 4 }, [0, 0]), 2, 1e-12);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param state (p, q), (2d).
 * @returns Variance, ≥ 0.
 * @throws {RangeError} If the problem or the length of the state is invalid.
 */
export function promptLossVariance(problem: IclProblem, state: ArrayLike<number>): number {
  const mean = evaluate(moment("loss", () => lossOf("a", "b", "c"), () => [{ c: 1 }], ""), problem, state)([]);
  const square = moment("loss loss", () => lossOf("a", "b", "c"), () => lossOf("d", "e", "f"), "");
  return evaluate(square, problem, state)([]) - mean * mean;
}
