/**
 * Exact finite-N fixed points, and which modes are learnt at all.
 *
 * Commuting tasks: where both gradients of linear_icl_modes.ts vanish, p_α² K = q_α² s_α M, so p_α = κ √s_α q_α with one κ
 * for all learnt modes, and what remains is LINEAR in the products: with b_α = a_α s_α^{3/2},
 *
 *     (1+1/N) b_α + (1/N) Σ_β b_β = √s_α   ⇒   a_α = (N/(N+1)) (√s_α − c) / s_α^{3/2},   c = Σ_β √s_β / (N + 1 + m),
 *
 * sums over the m learnt modes. A mode with √s_α ≤ c stays at zero, and zero is stable for it (its Hessian has determinant
 * s_α³ (c² − s_α) ≥ 0): at context length N a small enough eigenvalue is never learnt, where the decoupled closed form
 * gives every mode a∞ = 1/s∞. The learnt set is found as in water-filling.
 */

import { type IclProblem, spectrumOf } from "./problem.ts";

/** The stable fixed point of the exact commuting flow. */
export interface CommutingFixedPoint {
  /** a_α (d), zero for modes that are not learnt. */
  products: Float64Array;
  /** c: modes with √s_α ≤ c are not learnt. */
  threshold: number;
  /** Loss there, ½ Σ (s_α − a_α s_α²). */
  loss: number;
  /** (p, q) (2d) with Σ p² = Σ q², what the flow reaches from a balanced start. */
  state: Float64Array;
}

/**
 * Stable fixed point of the exact flow for fresh commuting tasks.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { commutingFixedPoint } from "./exact_fixed_points.ts";
 * const { products } = commutingFixedPoint({ spectrum: [4, 2, 1, 0.5], context: 8 });
 * assertAlmostEquals(products[3], 0.78733, 5e-6);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @returns Products, threshold, loss and balanced state.
 * @throws {RangeError} If the problem is invalid.
 */
export function commutingFixedPoint(problem: IclProblem): CommutingFixedPoint {
  const { s, d, N } = spectrumOf(problem);
  const roots = Array.from(s, Math.sqrt).sort((a, b) => b - a);
  let sum = 0, threshold = 0;
  for (let m = 1; m <= d && roots[m - 1] > threshold; m++) {
    sum += roots[m - 1];
    threshold = sum / (N + 1 + m);
  }
  const products = s.map((value) => N / (N + 1) * Math.max(0, Math.sqrt(value) - threshold) / value ** 1.5);
  // p = κ √s q and p q = a give q² = a/(κ√s), p² = a κ √s; equal sums fix κ.
  let over = 0, under = 0, loss = 0;
  for (let i = 0; i < d; i++) {
    over += products[i] * Math.sqrt(s[i]);
    under += products[i] / Math.sqrt(s[i]);
    loss += 0.5 * s[i] * (1 - products[i] * s[i]);
  }
  const kappa = Math.sqrt(under / over), state = new Float64Array(2 * d);
  for (let i = 0; i < d; i++) {
    state[i] = Math.sqrt(products[i] * kappa * Math.sqrt(s[i]));
    state[d + i] = Math.sqrt(products[i] / (kappa * Math.sqrt(s[i])));
  }
  return { products, threshold, loss, state };
}

/**
 * Fixed point of the exact flow for dense tasks: p = c·1, q = diag(1/s∞)/c, so c q_β = N/((N+1) s_β + T), the closed form.
 *
 * ∂L/∂p ∝ p tr R − tr(SqS)·1 vanishes only for p ∝ 1; then ∂L/∂q is diagonal and gives c q_β s∞_β = 1.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { denseFixedPoint } from "./exact_fixed_points.ts";
 * assertAlmostEquals(denseFixedPoint({ spectrum: [1, 1], context: 3 }, 1).products[0], 0.5, 1e-15);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param variance σ² of the entries of W, > 0.
 * @returns Products c q_β (d) and the loss (σ²d/2)(T − Σ_β s_β a_β s_β).
 * @throws {RangeError} If the problem is invalid.
 */
export function denseFixedPoint(problem: IclProblem, variance: number): { products: Float64Array; loss: number } {
  const { s, d, N, T } = spectrumOf(problem);
  const products = s.map((value) => N / ((N + 1) * value + T));
  const learnt = products.reduce((sum, a, i) => sum + a * s[i] * s[i], 0);
  return { products, loss: 0.5 * variance * d * (T - learnt) };
}
