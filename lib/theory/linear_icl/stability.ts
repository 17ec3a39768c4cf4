/**
 * Growth or decay of the entries that the closed form leaves out: off-diagonals of p2 and q1, and the blocks p1 and q2.
 *
 * Second derivatives of the exact full loss (linear_icl_full.ts) for fresh commuting tasks, at p2 = diag(p), q1 = diag(q),
 * p1 = q2 = 0. Changing the sign of an input or a task coordinate leaves the data law alone, so ∂L vanishes there and every
 * second derivative between different kinds or index pairs does: a small entry obeys its own linear equation, dθ/dt = −hθ,
 * except that (p1)_ij and (q2)_ij drive each other. With K = Σ q²s², M = Σ p²s, g = Σ q s:
 *
 *     h[p2_ij] = (1+1/N) q_j² s_j³ + s_j K/N = G_j           h[q1_ij] = s_j ((1+1/N) p_i² s_i² + s_i M/N)      (i ≠ j)
 *     h[p1_ij] = G_j + (2/N) s_j² q_j (g + 2 q_j s_j) + (s_j/N²)(g² + 2K + 4 g q_j s_j + 8 q_j² s_j²)
 *     h[q2_ij] = s_j (3 (1+1/N) p_i² s_i² + (s_i/N)(M + 2 p_i² s_i))
 *     h[p1_ij, q2_ij] = p_i s_i s_j ((1+1/N) q_j s_j + (g + 2 q_j s_j)/N) + δ_ij ((1+3/N) p_i q_i s_i³ − s_i²)
 *
 * Off-diagonals therefore decay, the faster the more of mode j is learnt, and not at all before. At the origin only the
 * −s_i² of (p1)_ii, (q2)_ii is left: null blocks stay zero in expectation, but a fluctuation along p1_ii = q2_ii grows like
 * mode i itself, e^{s_i² t}, until that mode has escaped.
 */

import { expectLength, type IclProblem, spectrumOf } from "./problem.ts";

/** Second derivatives, each (d, d) row-major; entry ij belongs to parameter ij. */
export interface Curvatures {
  /** h[p2_ij]; off-diagonal entries are decay rates, the diagonal is zero. */
  p2: Float64Array;
  /** h[q1_ij]; off-diagonal entries are decay rates, the diagonal is zero. */
  q1: Float64Array;
  /** h[p1_ij]. */
  p1: Float64Array;
  /** h[q2_ij]. */
  q2: Float64Array;
  /** Mixed derivative of (p1)_ij and (q2)_ij. */
  p1q2: Float64Array;
}

/**
 * Second derivatives of the exact loss off the diagonal of p2, q1 and in the null blocks p1, q2.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { curvatures } from "./stability.ts";
 * const atOrigin = curvatures({ spectrum: [2, 1], context: 8 }, [0, 0, 0, 0]);
 * assertEquals([...atOrigin.p1q2], [-4, 0, 0, -1]);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param state Diagonals (p, q), (2d).
 * @returns Curvatures per unit of t = η · steps.
 * @throws {RangeError} If the problem or the length of the state is invalid.
 */
export function curvatures(problem: IclProblem, state: ArrayLike<number>): Curvatures {
  const { s, d, N } = spectrumOf(problem);
  expectLength("state", state, 2 * d);
  let K = 0, M = 0, g = 0;
  for (let i = 0; i < d; i++) {
    K += (state[d + i] * s[i]) ** 2;
    M += state[i] ** 2 * s[i];
    g += state[d + i] * s[i];
  }
  const empty = () => new Float64Array(d * d);
  const out = { p2: empty(), q1: empty(), p1: empty(), q2: empty(), p1q2: empty() };
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const k = i * d + j, pi = state[i], b = state[d + j] * s[j], own = (1 + 1 / N) * (pi * s[i]) ** 2;
      const G = s[j] * ((1 + 1 / N) * b * b + K / N);
      if (i !== j) {
        out.p2[k] = G;
        out.q1[k] = s[j] * (own + s[i] * M / N);
      }
      out.p1[k] = G + 2 * s[j] * b * (g + 2 * b) / N + s[j] * (g * g + 2 * K + 4 * g * b + 8 * b * b) / (N * N);
      out.q2[k] = s[j] * (3 * own + s[i] * (M + 2 * pi * pi * s[i]) / N);
      out.p1q2[k] = pi * s[i] * s[j] * ((1 + 1 / N) * b + (g + 2 * b) / N);
      if (i === j) out.p1q2[k] += (1 + 3 / N) * pi * b * s[i] * s[i] - s[i] * s[i];
    }
  }
  return out;
}

/**
 * Growth rates of the null blocks: minus the eigenvalues of the 2×2 Hessian of ((p1)_ij, (q2)_ij).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nullBlockGrowth } from "./stability.ts";
 * assertEquals([...nullBlockGrowth({ spectrum: [2], context: 8 }, [0, 0]).fastest], [4]);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param state Diagonals (p, q), (2d).
 * @returns Rates per unit of t = η · steps, (d, d) each; a positive one is a growing perturbation.
 * @throws {RangeError} If the problem or the length of the state is invalid.
 */
export function nullBlockGrowth(
  problem: IclProblem,
  state: ArrayLike<number>,
): { fastest: Float64Array; slowest: Float64Array } {
  const { p1, q2, p1q2 } = curvatures(problem, state);
  const spread = p1.map((value, k) => Math.hypot((value - q2[k]) / 2, p1q2[k]));
  return {
    fastest: p1.map((value, k) => spread[k] - (value + q2[k]) / 2),
    slowest: p1.map((value, k) => -spread[k] - (value + q2[k]) / 2),
  };
}
