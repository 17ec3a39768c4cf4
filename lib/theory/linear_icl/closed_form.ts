/**
 * The decoupled closed form of in-context learning in a linear transformer (arXiv 2504.12916).
 *
 * With p1 = q2 = 0 and p2, q1 diagonal in the shared eigenbasis, keeping only the diagonal part of the Wishart moment
 * `E[Σ̂ A Σ̂]` leaves one equation a mode for `a_α = p_α q_α`: `τ_α da_α/dt = 2 a_α (1 − a_α s∞_α)`, a logistic curve. The
 * coupling that is dropped is O(1/N); `linear_icl_modes.ts` keeps it.
 */

import { expectLength, expectPositive, type IclProblem, spectrumOf } from "./problem.ts";

/**
 * Fixed point `a∞_α = 1/s∞_α = N / ((N+1) s_α + T)`, also the exact one of dense tasks.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { fixedPoint } from "./closed_form.ts";
 * assert(fixedPoint({ spectrum: [1, 1], context: 3 })[0] === 3 / 6);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @returns a∞ (d), in (0, 1/s_α).
 * @throws {RangeError} If the problem is invalid.
 */
export function fixedPoint(problem: IclProblem): Float64Array {
  const { s, N, T } = spectrumOf(problem);
  return s.map((value) => N / ((N + 1) * value + T));
}

/**
 * Time constants `τ_α = 1/(η s_α²)` in steps, for the loss averaged over tasks (a sum over P tasks divides them by P).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { timeConstants } from "./closed_form.ts";
 * assert(timeConstants({ spectrum: [2], context: 8 }, 0.01)[0] === 25);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param rate Learning rate η > 0.
 * @returns τ (d), in steps.
 * @throws {RangeError} If the problem or the rate is invalid.
 */
export function timeConstants(problem: IclProblem, rate: number): Float64Array {
  const { s } = spectrumOf(problem);
  expectPositive("rate", rate);
  return s.map((value) => 1 / (rate * value * value));
}

/**
 * Logistic trajectories from a balanced start: `a_α(t) = a∞ a0 / (a0 + (a∞ − a0) e^{−2t/τ_α})`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { decoupledProducts } from "./closed_form.ts";
 * const [start, end] = decoupledProducts({ spectrum: [4, 2, 1, 0.5], context: 8 }, 0.05 ** 2, 0.01, [0, 3000]);
 * assert(Math.abs(start[0] - 0.0025) < 1e-15 && Math.abs(end[3] - 0.6666) < 5e-5);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param initial a_α(0) = p_α² with p_α = q_α: one number for all modes, or (d); each > 0.
 * @param rate Learning rate η > 0.
 * @param steps Step numbers, each ≥ 0.
 * @returns One array a (d) for each step.
 * @throws {RangeError} If an argument is out of its domain.
 */
export function decoupledProducts(
  problem: IclProblem,
  initial: number | ArrayLike<number>,
  rate: number,
  steps: ArrayLike<number>,
): Float64Array[] {
  const limit = fixedPoint(problem), tau = timeConstants(problem, rate), a0 = initialOf(initial, limit.length);
  return Array.from(steps, (step) => {
    if (!(step >= 0)) throw new RangeError(`expected steps of at least 0, found ${step}`);
    return limit.map((aInf, i) => aInf * a0[i] / (a0[i] + (aInf - a0[i]) * Math.exp(-2 * step / tau[i])));
  });
}

/**
 * Escape time from the plateau, `(τ_α/2) log(1/(s∞_α a0_α))`: where the early exponential reaches the fixed point, and,
 * up to a relative O(a0/a∞), where the logistic passes half of it.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { escapeSteps, decoupledProducts } from "./closed_form.ts";
 * const problem = { spectrum: [1], context: 1 };
 * const [half] = decoupledProducts(problem, 1e-6, 0.01, escapeSteps(problem, 1e-6, 0.01));
 * assert(Math.abs(half[0] - 1 / 6) < 1e-6);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param initial a_α(0): one number for all modes, or (d); each > 0.
 * @param rate Learning rate η > 0.
 * @returns Escape time (d), in steps; not positive for a mode that starts at or above its fixed point.
 * @throws {RangeError} If an argument is out of its domain.
 */
export function escapeSteps(problem: IclProblem, initial: number | ArrayLike<number>, rate: number): Float64Array {
  const limit = fixedPoint(problem), a0 = initialOf(initial, limit.length);
  return timeConstants(problem, rate).map((tau, i) => tau / 2 * Math.log(limit[i] / a0[i]));
}

/**
 * Decoupled loss `L = ½ Σ_α s_α (s_α a_α²/a∞_α − 2 s_α a_α + 1)`, for tasks of unit variance.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { decoupledLoss } from "./closed_form.ts";
 * assert(decoupledLoss({ spectrum: [3, 1], context: 8 }, [0, 0]) === 2);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param a Products a_α (d).
 * @returns Mean squared error on the query, halved, ≥ ½ Σ s_α (1 − s_α a∞_α).
 * @throws {RangeError} If the problem or the length of `a` is invalid.
 */
export function decoupledLoss(problem: IclProblem, a: ArrayLike<number>): number {
  const { s, d } = spectrumOf(problem), limit = fixedPoint(problem);
  expectLength("a", a, d);
  let loss = 0;
  for (let i = 0; i < d; i++) loss += 0.5 * s[i] * (s[i] * a[i] * a[i] / limit[i] - 2 * s[i] * a[i] + 1);
  return loss;
}

/**
 * Conserved quantities: `p_α² − q_α²` each in the decoupled form; only their sum, `‖p‖_F² − ‖q‖_F²`, in the exact flow.
 *
 * The loss depends on p and q through pMq, so it is invariant under p → c p, q → q/c; that symmetry's quantity is the sum.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { conservedQuantities } from "./closed_form.ts";
 * const { modes, sum } = conservedQuantities([3, 1], [1, 2]);
 * assert(modes[0] === 8 && modes[1] === -3 && sum === 5);
 * ```
 *
 * @param p Entries p_α (d), or a whole matrix.
 * @param q Entries q_α, as many.
 * @returns Differences entry by entry, and their sum.
 * @throws {RangeError} If the lengths differ.
 */
export function conservedQuantities(
  p: ArrayLike<number>,
  q: ArrayLike<number>,
): { modes: Float64Array; sum: number } {
  expectLength("q", q, p.length);
  const modes = Float64Array.from({ length: p.length }, (_, i) => p[i] * p[i] - q[i] * q[i]);
  return { modes, sum: modes.reduce((sum, value) => sum + value, 0) };
}

function initialOf(initial: number | ArrayLike<number>, d: number): Float64Array {
  const a0 = typeof initial === "number" ? new Float64Array(d).fill(initial) : Float64Array.from(initial);
  expectLength("initial", a0, d);
  a0.forEach((value) => expectPositive("initial", value));
  return a0;
}
