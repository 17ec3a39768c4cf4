/** Spins of finite number about the map of N → ∞: linear theory of sampling noise. */
import { FEATURES, type SpinState, type SpinSystem, STATE } from "../../models/spin_attention.ts";
import { SpinOrbit } from "./map.ts";

/**
 * Predicts the error of A that N spins make, to leading order in 1/N: `rms(t) = c(t)/√N`.
 *
 * The mean of a third of N/3 spins misses its expectation by ξ of variance `3 (1 − t_s²)/N`. With G = ∂A/∂(means of the four tokens)
 * and D = ∂t/∂A along the map's orbit, deviations obey `δA = G δt`, `δt_new = D δA + ξ`, whose covariance is propagated exactly.
 * It holds while errors are small against the width of the softmax, 1/γ in scores.
 *
 * @param system Weights and couplings.
 * @param start Past A, from which the spins of the first four tokens are drawn.
 * @param steps Number of steps T ≥ 1.
 * @returns c after steps 1 … T: root mean square over the three features, times √N.
 *
 * @example
 * ```ts
 * import { PAPER_START, PAPER_WEIGHTS } from "../../models/spin_attention.ts";
 * import { spinNoise } from "./finite_size.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // Without attention to speak of, at β = 0, A is a mean over four tokens of a mean over N fair spins each.
 * const system = { weights: PAPER_WEIGHTS, beta: 0, gamma: 0, epsilon: 0 };
 * assertAlmostEquals(spinNoise(system, { window: PAPER_START, phase: 0 }, 5)[4], 1 / 2, 1e-12);
 * ```
 */
export function spinNoise(system: SpinSystem, start: SpinState, steps: number): Float64Array {
  const M = FEATURES;
  const orbit = new SpinOrbit(system, start);
  let covariance = new Float64Array(STATE * STATE);
  for (let i = 0; i < STATE; i++) covariance[i * STATE + i] = 3 * (1 - orbit.means[i] ** 2);
  const result = new Float64Array(steps);
  for (let step = 0; step < steps; step++) {
    const byMeans = orbit.sensitivity();
    orbit.step();
    const slopes = orbit.slopes(0);
    // Rows of δA and of the new token's δt by the old δt.
    const moved = Float64Array.from({ length: M * STATE }, (_, entry) => {
      const [third, i] = [Math.floor(entry / STATE), entry % STATE];
      return [0, 1, 2].reduce((sum, a) => sum + slopes[third * M + a] * byMeans[a * STATE + i], 0);
    });
    const outer = (x: Float64Array, row: number, y: Float64Array, other: number) => {
      let sum = 0;
      for (let i = 0; i < STATE; i++) {
        for (let j = 0; j < STATE; j++) {
          sum += x[row * STATE + i] * covariance[i * STATE + j] * y[other * STATE + j];
        }
      }
      return sum;
    };
    result[step] = Math.sqrt([0, 1, 2].reduce((sum, a) => sum + outer(byMeans, a, byMeans, a), 0) / M);
    const next = new Float64Array(STATE * STATE);
    for (let i = 0; i < STATE - M; i++) {
      for (let j = 0; j < STATE - M; j++) next[(i + M) * STATE + j + M] = covariance[i * STATE + j];
      for (let third = 0; third < M; third++) {
        let sum = 0;
        for (let k = 0; k < STATE; k++) sum += moved[third * STATE + k] * covariance[k * STATE + i];
        next[third * STATE + i + M] = next[(i + M) * STATE + third] = sum;
      }
    }
    for (let s = 0; s < M; s++) {
      for (let t = 0; t < M; t++) next[s * STATE + t] = outer(moved, s, moved, t);
      next[s * STATE + s] += 3 * (1 - orbit.means[s] ** 2);
    }
    covariance = next;
  }
  return result;
}
