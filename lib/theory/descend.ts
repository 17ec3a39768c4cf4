/** Gradient descent and Adam with a finite step, the mean map that a simulation follows, and the flow that is its limit. */

import { integrate, type IntegrateOptions, type Solution } from "./integrate.ts";
import { expectPositive } from "./linear_icl/problem.ts";

/**
 * Iterates `θ ← θ − η ∂L/∂θ` and keeps the states at the given steps.
 *
 * SGD with fresh prompts has this map as its mean up to O(η/B); the difference to the flow at t = η · step is the error of
 * discretisation, O(η), and no physics.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { descend } from "./descend.ts";
 * const [, later] = descend((theta) => theta, [8], 0.5, [0, 3]);
 * assert(later[0] === 1);
 * ```
 *
 * @param gradient ∂L/∂θ as a function of θ; it may return its argument but must not write to it.
 * @param start θ at step 0.
 * @param rate Learning rate η > 0.
 * @param steps Ascending integer steps ≥ 0.
 * @returns θ at each of the steps.
 * @throws {RangeError} If the rate or the steps are out of their domain.
 */
export function descend(
  gradient: (theta: Float64Array) => Float64Array,
  start: ArrayLike<number>,
  rate: number,
  steps: ArrayLike<number>,
): Float64Array[] {
  expectPositive("rate", rate);
  const theta = Float64Array.from(start), states: Float64Array[] = [];
  let step = 0;
  for (const target of Array.from(steps)) {
    if (!(Number.isInteger(target) && target >= step)) {
      throw new RangeError(`expected ascending integer steps from 0 on, found ${target} after ${step}`);
    }
    for (; step < target; step++) {
      const slope = gradient(theta);
      for (let i = 0; i < theta.length; i++) theta[i] -= rate * slope[i];
    }
    states.push(theta.slice());
  }
  return states;
}

/** Hyper-parameters of {@linkcode adamDescend}. */
export interface AdamDescent {
  /** Learning rate η > 0. */
  readonly rate: number;
  /** Memory β₁ and β₂; 0.9 and 0.999 by default. */
  readonly betas?: readonly [number, number];
  /** ε, added to the root of the squares; 1e-8 by default. */
  readonly eps?: number;
  /** Largest norm of the gradient, a longer one is scaled down to it; none by default. */
  readonly clip?: number;
}

/**
 * Iterates Adam with a noiseless gradient and keeps the states at the given steps: what a run of the optimiser `adam` on
 * batches tends to for large ones.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { adamDescend } from "./descend.ts";
 * // The first step has the length of the learning rate, whatever the gradient.
 * const [, first] = adamDescend((theta) => theta, [8], { rate: 0.5 }, [0, 1]);
 * assertAlmostEquals(first[0], 7.5, 1e-6);
 * ```
 *
 * @param gradient ∂L/∂θ as a function of θ; it may return its argument but must not write to it.
 * @param start θ at step 0.
 * @param options Hyper-parameters.
 * @param steps Ascending integer steps ≥ 0.
 * @returns θ at each of the steps.
 * @throws {RangeError} If the rate or the steps are out of their domain.
 */
export function adamDescend(
  gradient: (theta: Float64Array) => Float64Array,
  start: ArrayLike<number>,
  { rate, betas: [first, second] = [0.9, 0.999], eps = 1e-8, clip = Infinity }: AdamDescent,
  steps: ArrayLike<number>,
): Float64Array[] {
  expectPositive("rate", rate);
  const theta = Float64Array.from(start), states: Float64Array[] = [];
  const mean = new Float64Array(theta.length), square = new Float64Array(theta.length);
  let step = 0;
  for (const target of Array.from(steps)) {
    if (!(Number.isInteger(target) && target >= step)) {
      throw new RangeError(`expected ascending integer steps from 0 on, found ${target} after ${step}`);
    }
    while (step < target) {
      const slope = gradient(theta);
      const factor = Math.min(1, clip / Math.hypot(...slope));
      step++;
      for (let i = 0; i < theta.length; i++) {
        const g = slope[i] * factor;
        mean[i] += (1 - first) * (g - mean[i]);
        square[i] += (1 - second) * (g * g - square[i]);
        theta[i] -= rate * mean[i] / (1 - first ** step) / (Math.sqrt(square[i] / (1 - second ** step)) + eps);
      }
    }
    states.push(theta.slice());
  }
  return states;
}

/**
 * Gradient flow dθ/dt = −∂L/∂θ at the given steps of gradient descent, t = η · step: its limit of small learning rate.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { gradientFlow } from "./descend.ts";
 * const { states } = gradientFlow((theta) => theta, [1], 0.01, [100]);
 * assertAlmostEquals(states[0][0], Math.exp(-1), 1e-9);
 * ```
 *
 * @param gradient ∂L/∂θ as a function of θ.
 * @param start θ at step 0.
 * @param rate Learning rate η > 0.
 * @param steps Ascending steps ≥ 0.
 * @param options Tolerances of the integrator.
 * @returns States at the steps, with the measured integration error.
 * @throws {RangeError} If the rate or the steps are out of their domain.
 */
export function gradientFlow(
  gradient: (theta: Float64Array) => ArrayLike<number>,
  start: ArrayLike<number>,
  rate: number,
  steps: ArrayLike<number>,
  options: IntegrateOptions = {},
): Solution {
  expectPositive("rate", rate);
  const field = (_t: number, y: Float64Array, out: Float64Array) => {
    const slope = gradient(y);
    for (let i = 0; i < out.length; i++) out[i] = -slope[i];
  };
  return integrate(field, start, Array.from(steps, (step) => rate * step), options);
}
