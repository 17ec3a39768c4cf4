/**
 * SGD of the full model in float64, many replicas: what the noise theory answers to.
 *
 * Commuting tasks in the eigenbasis, fresh prompts token by token; all four blocks p1, p2, q1, q2 that reach the prediction
 * are trained (the others have no gradient). Gradients are those of linear_icl.ts, written with W = diag(λ) for speed.
 */

import { normals } from "./linear_icl_prompts.ts";

/** One replica's parameters (p1, p2, q1, q2), 4d² numbers. */
export type State = Float64Array;

/** One SGD step on a fresh batch; returns the batch's mean loss. */
export function sgdStep(
  state: State,
  spectrum: readonly number[],
  N: number,
  batch: number,
  rate: number,
  normal: () => number,
): number {
  const d = spectrum.length, dd = d * d, roots = spectrum.map(Math.sqrt), gradient = new Float64Array(4 * dd);
  const covariance = new Float64Array(dd),
    x = new Float64Array(d),
    lambda = new Float64Array(d),
    token = new Float64Array(d);
  const inner = new Float64Array(d),
    upper = new Float64Array(d),
    lower = new Float64Array(d),
    residual = new Float64Array(d);
  const up = new Float64Array(d), low = new Float64Array(d);
  let total = 0;
  for (let b = 0; b < batch; b++) {
    covariance.fill(0);
    for (let i = 0; i < d; i++) {
      lambda[i] = normal();
      x[i] = roots[i] * normal();
    }
    for (let n = 0; n < N; n++) {
      for (let i = 0; i < d; i++) token[i] = roots[i] * normal();
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) covariance[i * d + j] += token[i] * token[j] / N;
    }
    let form = 0;
    for (let i = 0; i < d; i++) {
      let top = 0, bottom = 0;
      for (let j = 0; j < d; j++) {
        top += state[2 * dd + i * d + j] * x[j];
        bottom += state[3 * dd + i * d + j] * x[j];
      }
      inner[i] = top + lambda[i] * bottom;
      form += x[i] * top;
    }
    // (upper; lower) = (Z Zᵀ / N) W_Q z_q.
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += covariance[i * d + j] * inner[j];
      upper[i] = sum + x[i] * form / N;
      lower[i] = lambda[i] * sum;
    }
    for (let i = 0; i < d; i++) {
      residual[i] = -lambda[i] * x[i];
      for (let j = 0; j < d; j++) residual[i] += state[i * d + j] * upper[j] + state[dd + i * d + j] * lower[j];
      total += residual[i] ** 2 / (2 * batch);
    }
    form = 0;
    for (let i = 0; i < d; i++) {
      let top = 0, bottom = 0;
      for (let j = 0; j < d; j++) {
        top += state[j * d + i] * residual[j];
        bottom += state[dd + j * d + i] * residual[j];
      }
      inner[i] = top + lambda[i] * bottom;
      form += x[i] * top;
    }
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += covariance[i * d + j] * inner[j];
      up[i] = sum + x[i] * form / N;
      low[i] = lambda[i] * sum;
    }
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        const k = i * d + j;
        gradient[k] += residual[i] * upper[j];
        gradient[dd + k] += residual[i] * lower[j];
        gradient[2 * dd + k] += up[i] * x[j];
        gradient[3 * dd + k] += low[i] * x[j];
      }
    }
  }
  for (let k = 0; k < state.length; k++) state[k] -= rate / batch * gradient[k];
  return total;
}

/** Runs R replicas and hands over all states and batch losses at each of the steps. */
export function simulate(
  setup: {
    spectrum: readonly number[];
    N: number;
    batch: number;
    rate: number;
    replicas: number;
    start: (normal: () => number) => State;
    seed: number;
  },
  steps: readonly number[],
): { states: State[][]; losses: number[][] } {
  const states: State[][] = steps.map(() => []), losses: number[][] = steps.map(() => []);
  for (let r = 0; r < setup.replicas; r++) {
    const normal = normals(setup.seed + 7919 * r), state = setup.start(normal);
    let step = 0;
    steps.forEach((target, k) => {
      for (; step < target; step++) sgdStep(state, setup.spectrum, setup.N, setup.batch, setup.rate, normal);
      states[k].push(state.slice());
      losses[k].push(sgdStep(state.slice(), setup.spectrum, setup.N, setup.batch, setup.rate, normal));
    });
  }
  return { states, losses };
}
