/**
 * Exact finite-N dynamics of the modes: commuting tasks, p2 = diag(p), q1 = diag(q), p1 = q2 = 0.
 *
 * Key step: for context covariance Σ̂ ~ Wishart(S, N)/N and symmetric A, `E[Σ̂AΣ̂] = (1+1/N) SAS + (1/N) Tr(AS) S`. The
 * second term ties the modes together at O(1/N) through `K = Σ_β q_β² s_β²` and `M = Σ_β p_β² s_β`:
 *
 *     L = ½ [ (1+1/N) Σ p² q² s³ + K M / N − 2 Σ p q s² + T ]
 *
 * A state is one array (p_1..p_d, q_1..q_d). Time is t = η · steps. Tasks are fresh, λ iid N(0, 1).
 */

import { gradientFlow } from "../descend.ts";
import type { IntegrateOptions, Solution } from "../integrate.ts";
import { expectLength, type IclProblem, spectrumOf } from "./problem.ts";

/** Loss and gradient in the coordinates (p, q). */
export interface ModeGradient {
  /** Population loss. */
  loss: number;
  /** ∂L/∂(p, q), (2d). */
  gradient: Float64Array;
}

function moments(problem: IclProblem, state: ArrayLike<number>) {
  const { s, d, N, T } = spectrumOf(problem);
  expectLength("state", state, 2 * d);
  const p = Float64Array.from({ length: d }, (_, i) => state[i]);
  const q = Float64Array.from({ length: d }, (_, i) => state[d + i]);
  let K = 0, M = 0;
  for (let i = 0; i < d; i++) {
    K += q[i] * q[i] * s[i] * s[i];
    M += p[i] * p[i] * s[i];
  }
  return { s, d, N, T, p, q, K, M };
}

/**
 * Exact population loss and gradient of diagonal p and q.
 *
 *     ∂L/∂p_α = p_α ((1+1/N) q_α² s_α³ + s_α K/N) − q_α s_α²
 *     ∂L/∂q_α = q_α ((1+1/N) p_α² s_α³ + s_α² M/N) − p_α s_α²
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { modeGradient } from "./modes.ts";
 * const { loss, gradient } = modeGradient({ spectrum: [1], context: 1 }, [1, 1]);
 * assert(loss === 0.5 * (2 + 1 - 2 + 1) && gradient[0] === 2);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param state (p, q), (2d).
 * @returns Loss ½E‖ŷ − W x_q‖² and its gradient (2d).
 * @throws {RangeError} If the problem or the length of the state is invalid.
 */
export function modeGradient(problem: IclProblem, state: ArrayLike<number>): ModeGradient {
  const { s, d, N, T, p, q, K, M } = moments(problem, state);
  const gradient = new Float64Array(2 * d);
  let loss = 0.5 * (K * M / N + T);
  for (let i = 0; i < d; i++) {
    const own = (1 + 1 / N) * s[i] ** 3, drive = s[i] * s[i];
    loss += 0.5 * own * (p[i] * q[i]) ** 2 - drive * p[i] * q[i];
    gradient[i] = p[i] * (own * q[i] * q[i] + s[i] * K / N) - q[i] * drive;
    gradient[d + i] = q[i] * (own * p[i] * p[i] + drive * M / N) - p[i] * drive;
  }
  return { loss, gradient };
}

/**
 * Hessian of the exact population loss in (p, q).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { modeHessian } from "./modes.ts";
 * const h = modeHessian({ spectrum: [2], context: 4 }, [0, 0]);
 * assert(h[0] === 0 && h[1] === -4 && h[2] === -4 && h[3] === 0);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param state (p, q), (2d).
 * @returns Hessian (2d, 2d), row-major, symmetric.
 * @throws {RangeError} If the problem or the length of the state is invalid.
 */
export function modeHessian(problem: IclProblem, state: ArrayLike<number>): Float64Array {
  const { s, d, N, p, q, K, M } = moments(problem, state);
  const size = 2 * d, hessian = new Float64Array(size * size);
  for (let i = 0; i < d; i++) {
    const own = (1 + 1 / N) * s[i] ** 3;
    hessian[i * size + i] = own * q[i] * q[i] + s[i] * K / N;
    hessian[(d + i) * size + d + i] = own * p[i] * p[i] + s[i] * s[i] * M / N;
    for (let j = 0; j < d; j++) {
      const cross = 2 * p[i] * s[i] * q[j] * s[j] * s[j] / N + (i === j ? 2 * own * p[i] * q[i] - s[i] * s[i] : 0);
      hessian[i * size + d + j] = cross;
      hessian[(d + j) * size + i] = cross;
    }
  }
  return hessian;
}

/**
 * Exact gradient flow dθ/dt = −∂L/∂θ at the given steps, t = η · step: the limit of small learning rate.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { modeFlow, modeProducts } from "./modes.ts";
 * const start = new Float64Array(8).fill(0.05);
 * const { states } = modeFlow({ spectrum: [4, 2, 1, 0.5], context: 8 }, start, 0.01, [3000]);
 * assert(Math.abs(modeProducts(states[0])[3] - 0.5698) < 5e-5);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param start (p, q) at step 0, (2d).
 * @param rate Learning rate η > 0.
 * @param steps Ascending steps ≥ 0.
 * @param options Tolerances of the integrator.
 * @returns States (2d) at the steps, with the measured integration error.
 * @throws {RangeError} If an argument is out of its domain.
 */
export function modeFlow(
  problem: IclProblem,
  start: ArrayLike<number>,
  rate: number,
  steps: ArrayLike<number>,
  options: IntegrateOptions = {},
): Solution {
  return gradientFlow((state) => modeGradient(problem, state).gradient, start, rate, steps, options);
}

/**
 * Products a_α = p_α q_α of a state.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { modeProducts } from "./modes.ts";
 * assert(modeProducts([2, 3, 5, 7])[1] === 21);
 * ```
 *
 * @param state (p, q), (2d).
 * @returns a (d).
 */
export function modeProducts(state: ArrayLike<number>): Float64Array {
  const d = state.length / 2;
  return Float64Array.from({ length: d }, (_, i) => state[i] * state[d + i]);
}
