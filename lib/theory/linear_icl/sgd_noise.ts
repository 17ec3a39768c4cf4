/**
 * Effect of SGD noise on replicas that start alike: the standard deviation across them, and the drift of their mean.
 *
 * Key step: write a replica as θ_k + δ with θ_k the mean over replicas and C_k = E[δδᵀ]. Keeping second moments of δ, with L the
 * exact population loss, H its Hessian and g one prompt's gradient, all at θ_k,
 *
 *     θ_{k+1} = θ_k − η (∇L + ½ ∂³L : C_k),      C_{k+1} = (1 − ηH) C_k (1 − ηH) + (η²/B) Cov(g).
 *
 * Everything is exact but for that closure, whose error is O((η/B)²) (linear_icl_modes.ts, stability.ts, gradient_moments.ts);
 * nothing is sampled. The 2d diagonals of p2, q1 form a closed system, as do the pairs ((p1)_ij, (q2)_ij) and every
 * off-diagonal alone: reflections of single coordinates forbid everything else but a correlation between entries ij and ji of
 * one block, which touches only the standard deviation of the loss, at second order, and is left out.
 *
 * Where it ends: one prompt's curvature fluctuates by far more than its mean, so at large η s₁²/√B replicas spread with heavy
 * tails and finally diverge one by one, far below the learning rate that gradient descent bears. With S = (4, 2, 1, 0.5),
 * N = 8, η = 0.01 simulated products agree at B = 256, p and q themselves less well; at B = 32 outliers dominate and some
 * replicas diverge.
 *
 * No force restores the direction p → c p, q → q/c, so noise moves replicas along it for ever:
 * ‖P‖² − ‖Q‖² changes by (η²/B)(E‖g_P‖² − E‖g_Q‖²) a step, where the flow conserves it.
 */

import { diagonalSecondMoment, entrySecondMoment, promptLossVariance } from "./gradient_moments.ts";
import { modeGradient, modeHessian } from "./modes.ts";
import { product } from "../matrix.ts";
import { type Curvatures, curvatures } from "./stability.ts";
import { expectLength, expectPositive, type IclProblem, spectrumOf } from "./problem.ts";

/** SGD on fresh commuting tasks from an aligned start that all replicas share, p1 = q2 = 0. */
export interface SgdRun {
  /** Diagonals (p, q) at step 0, (2d). */
  start: ArrayLike<number>;
  /** Learning rate η > 0. */
  rate: number;
  /** Prompts a step, B ≥ 1. */
  batch: number;
  /** Ascending integer steps ≥ 0 at which to predict. */
  steps: ArrayLike<number>;
}

/** Prediction at one step, for the distribution across replicas. */
export interface SgdPrediction {
  /** Step that the prediction is for. */
  step: number;
  /** Mean over replicas of (p, q), (2d); without noise it is `descend`'s. */
  state: Float64Array;
  /** Covariance of the diagonals (p, q), (2d, 2d). */
  covariance: Float64Array;
  /** Mean of a_α = p_α q_α, (d). */
  products: Float64Array;
  /** Standard deviation of a_α, (d). */
  productStd: Float64Array;
  /** Standard deviation of every entry of a block, (d, d). */
  std: { p1: Float64Array; p2: Float64Array; q1: Float64Array; q2: Float64Array };
  /** Mean over replicas of ‖p1‖² + ‖p2‖² − ‖q1‖² − ‖q2‖², conserved by the flow. */
  imbalance: number;
  /** Mean over replicas of the population loss at their parameters. */
  loss: number;
  /** Standard deviation over replicas of that loss. */
  lossStd: number;
  /** Standard deviation over replicas of the loss of one training batch. */
  batchLossStd: number;
}

/** Variances of entries outside the diagonals, (d, d) each, and the covariance of the null pairs. */
type Variances = Curvatures;

interface Moments {
  at: Float64Array;
  diagonal: Float64Array;
  entries: Variances;
}

function noiseAt(problem: IclProblem, state: Float64Array): Moments {
  const diagonal = diagonalSecondMoment(problem, state), { gradient } = modeGradient(problem, state);
  const size = gradient.length;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) diagonal[i * size + j] -= gradient[i] * gradient[j];
  }
  const entry = (first: "p1" | "p2" | "q1" | "q2", second: typeof first) =>
    entrySecondMoment(first, second, problem, state);
  return {
    at: state.slice(),
    diagonal,
    entries: {
      p1: entry("p1", "p1"),
      p2: entry("p2", "p2"),
      q1: entry("q1", "q1"),
      q2: entry("q2", "q2"),
      p1q2: entry("p1", "q2"),
    },
  };
}

/** ½ tr(H C) over all blocks: the loss that the spread costs. */
function spreadCost(problem: IclProblem, state: Float64Array, C: Float64Array, v: Variances): number {
  const H = modeHessian(problem, state), h = curvatures(problem, state);
  let cost = 0;
  for (let k = 0; k < H.length; k++) cost += 0.5 * H[k] * C[k];
  for (let k = 0; k < h.p1.length; k++) {
    cost += 0.5 * (h.p1[k] * v.p1[k] + h.p2[k] * v.p2[k] + h.q1[k] * v.q1[k] + h.q2[k] * v.q2[k]);
    cost += h.p1q2[k] * v.p1q2[k];
  }
  return cost;
}

/** One step of the covariances outside the diagonals. */
function advance(v: Variances, h: Curvatures, noise: Variances, rate: number, batch: number): void {
  const scale = rate * rate / batch;
  for (let k = 0; k < v.p1.length; k++) {
    v.p2[k] = (1 - rate * h.p2[k]) ** 2 * v.p2[k] + scale * noise.p2[k];
    v.q1[k] = (1 - rate * h.q1[k]) ** 2 * v.q1[k] + scale * noise.q1[k];
    const a = 1 - rate * h.p1[k], b = -rate * h.p1q2[k], e = 1 - rate * h.q2[k];
    const p1 = v.p1[k], q2 = v.q2[k], mixed = v.p1q2[k];
    v.p1[k] = a * a * p1 + 2 * a * b * mixed + b * b * q2 + scale * noise.p1[k];
    v.q2[k] = b * b * p1 + 2 * b * e * mixed + e * e * q2 + scale * noise.q2[k];
    v.p1q2[k] = a * b * p1 + (a * e + b * b) * mixed + b * e * q2 + scale * noise.p1q2[k];
  }
}

/** ∂³L : C, the gradient of tr(HC) at fixed C. H is quadratic in the state, so central differences are exact. */
function thirdDerivative(problem: IclProblem, state: Float64Array, C: Float64Array, v: Variances): Float64Array {
  const width = 0.5, moved = state.slice();
  return state.map((value, k) => {
    moved[k] = value + width;
    const above = spreadCost(problem, moved, C, v);
    moved[k] = value - width;
    const below = spreadCost(problem, moved, C, v);
    moved[k] = value;
    return (above - below) / width;
  });
}

function predictionAt(
  problem: IclProblem,
  step: number,
  state: Float64Array,
  C: Float64Array,
  v: Variances,
  batch: number,
): SgdPrediction {
  const size = state.length, d = size / 2, products = new Float64Array(d), productStd = new Float64Array(d);
  for (let i = 0; i < d; i++) {
    const p = state[i], q = state[d + i];
    const pp = C[i * size + i], qq = C[(d + i) * size + d + i], pq = C[i * size + d + i];
    products[i] = p * q + pq;
    productStd[i] = Math.sqrt(q * q * pp + p * p * qq + 2 * p * q * pq + pp * qq + pq * pq);
  }
  const { loss, gradient } = modeGradient(problem, state), H = modeHessian(problem, state);
  const h = curvatures(problem, state), HC = product(H, C);
  let variance = 0, imbalance = 0;
  for (let i = 0; i < size; i++) {
    imbalance += (i < d ? 1 : -1) * (state[i] ** 2 + C[i * size + i]);
    for (let j = 0; j < size; j++) {
      variance += gradient[i] * C[i * size + j] * gradient[j] + 0.5 * HC[i * size + j] * HC[j * size + i];
    }
  }
  for (let k = 0; k < d * d; k++) {
    const a = h.p1[k] * v.p1[k] + h.p1q2[k] * v.p1q2[k], b = h.p1[k] * v.p1q2[k] + h.p1q2[k] * v.q2[k];
    const c = h.p1q2[k] * v.p1[k] + h.q2[k] * v.p1q2[k], e = h.p1q2[k] * v.p1q2[k] + h.q2[k] * v.q2[k];
    imbalance += v.p1[k] - v.q2[k];
    // The scalar recursions run on the diagonals too, where the closed system above has the say.
    if (k % (d + 1) !== 0) imbalance += v.p2[k] - v.q1[k];
    variance += 0.5 * ((h.p2[k] * v.p2[k]) ** 2 + (h.q1[k] * v.q1[k]) ** 2 + a * a + 2 * b * c + e * e);
  }
  const diagonalStd = (shift: number) => (entry: number, k: number) => {
    const i = shift + k % d;
    return Math.sqrt(k % (d + 1) === 0 ? C[i * size + i] : entry);
  };
  return {
    step,
    state: state.slice(),
    covariance: C.slice(),
    products,
    productStd,
    std: {
      p1: v.p1.map(Math.sqrt),
      p2: v.p2.map(diagonalStd(0)),
      q1: v.q1.map(diagonalStd(d)),
      q2: v.q2.map(Math.sqrt),
    },
    imbalance,
    loss: loss + spreadCost(problem, state, C, v),
    lossStd: Math.sqrt(variance),
    batchLossStd: Math.sqrt(variance + promptLossVariance(problem, state) / batch),
  };
}

/**
 * Predicts mean and standard deviation across replicas along a run of SGD.
 *
 * Cov(g) is renewed when a parameter has moved by 0.2 % of itself, which changes the standard deviations by less than 0.1 %.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { sgdNoise } from "./sgd_noise.ts";
 * const run = { start: [0.1, 0.1], rate: 0.01, batch: 64, steps: [100, 400] };
 * const problem = { spectrum: [1], context: 8 };
 * const few = sgdNoise(problem, run), many = sgdNoise(problem, { ...run, batch: 256 });
 * assertAlmostEquals(few[1].std.p1[0] / many[1].std.p1[0], 2, 0.02);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @param run Start, learning rate, batch and steps.
 * @returns One prediction for each of `run.steps`.
 * @throws {RangeError} If an argument is out of its domain.
 */
export function sgdNoise(problem: IclProblem, run: SgdRun): SgdPrediction[] {
  const { d } = spectrumOf(problem), { rate, batch } = run, size = 2 * d, scale = rate * rate / batch;
  expectLength("start", run.start, size);
  expectPositive("rate", rate);
  if (!Number.isInteger(batch) || batch < 1) {
    throw new RangeError(`expected batch to be a positive integer, found ${batch}`);
  }
  const state = Float64Array.from(run.start), empty = () => new Float64Array(d * d);
  const v: Variances = { p1: empty(), p2: empty(), q1: empty(), q2: empty(), p1q2: empty() };
  let C = new Float64Array(size * size), step = 0, noise = noiseAt(problem, state);
  return Array.from(run.steps, (target) => {
    if (!(Number.isInteger(target) && target >= step)) {
      throw new RangeError(`expected ascending integer steps from 0 on, found ${target} after ${step}`);
    }
    for (; step < target; step++) {
      if (state.some((value, k) => Math.abs(value - noise.at[k]) > 2e-3 * Math.abs(value))) {
        noise = noiseAt(problem, state);
      }
      const { gradient } = modeGradient(problem, state), H = modeHessian(problem, state);
      const third = thirdDerivative(problem, state, C, v);
      const keep = H.map((value, k) => (k % (size + 1) === 0 ? 1 : 0) - rate * value);
      C = product(keep, C, keep).map((value, k) => value + scale * noise.diagonal[k]);
      advance(v, curvatures(problem, state), noise.entries, rate, batch);
      for (let i = 0; i < size; i++) state[i] -= rate * (gradient[i] + third[i] / 2);
    }
    return predictionAt(problem, step, state, C, v, batch);
  });
}
