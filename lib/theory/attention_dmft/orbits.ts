/** Period, histogram and regime of an orbit of the map, and the end of the stability of the one that follows positions. */
import { spectralRadius } from "../../../kernels/tasks/linear_recurrence.ts";
import { FEATURES, type SpinState, type SpinSystem, STATE, TOKENS } from "../../models/spin_attention.ts";
import { SpinOrbit } from "./map.ts";

/**
 * Moves a state by some steps.
 *
 * @param system Weights and couplings.
 * @param start State at the start.
 * @param steps Number of steps ≥ 0.
 * @returns State at the end.
 */
export function spinStateAfter(system: SpinSystem, start: SpinState, steps: number): SpinState {
  const orbit = new SpinOrbit(system, start);
  for (let step = 0; step < steps; step++) orbit.step();
  return { window: orbit.window, phase: orbit.phase };
}

/**
 * Finds the period of an orbit: the fewest steps after which all numbers of the state return.
 *
 * @param system Weights and couplings.
 * @param start State on the attractor.
 * @param options Longest period that is looked for, and how near counts as a return.
 * @returns Period; 0 where there is none up to the longest. Periods below 4 are those of orbits that positions leave alone.
 */
export function spinPeriod(
  system: SpinSystem,
  start: SpinState,
  { longest, tolerance }: { readonly longest: number; readonly tolerance: number },
): number {
  const orbit = new SpinOrbit(system, start);
  for (let period = 1; period <= longest; period++) {
    orbit.step();
    let distance = 0;
    for (let i = 0; i < STATE; i++) distance = Math.max(distance, Math.abs(orbit.window[i] - start.window[i]));
    // With ε = 0 the phase means nothing, and orbits may be shorter than it.
    if (distance <= tolerance && (system.epsilon === 0 || orbit.phase === start.phase)) return period;
  }
  return 0;
}

/**
 * Mean over spins of the first output feature, `⅓ Σ_s W^o_1s tanh β h_s`: what the authors' bifurcation diagrams show.
 *
 * @param system Weights and couplings.
 * @param output A (3).
 * @returns A number in [−1, 1].
 */
export function firstFeature({ weights: { o }, beta }: SpinSystem, output: ArrayLike<number>): number {
  let sum = 0;
  for (let third = 0; third < FEATURES; third++) {
    let field = 0;
    for (let b = 0; b < FEATURES; b++) field += o[b * 5 + third] * output[b];
    sum += o[third] * Math.tanh(beta * field) / FEATURES;
  }
  return sum;
}

/**
 * First output feature along an orbit.
 *
 * @param system Weights and couplings.
 * @param start State at the start.
 * @param steps Number of steps T.
 * @returns {@linkcode firstFeature} after steps 1 … T.
 */
export function featureOrbit(system: SpinSystem, start: SpinState, steps: number): Float64Array {
  const orbit = new SpinOrbit(system, start);
  const { o } = system.weights;
  return Float64Array.from({ length: steps }, () => {
    orbit.step();
    return (o[0] * orbit.means[0] + o[1] * orbit.means[1] + o[2] * orbit.means[2]) / FEATURES;
  });
}

/**
 * Distance between the laws of two samples: total variation of their histograms over [−1, 1].
 *
 * @param a Numbers in [−1, 1].
 * @param b Numbers in [−1, 1].
 * @param bins Number of bins.
 * @returns ½ Σ |p − q|: 0 for equal histograms, 1 for disjoint ones.
 *
 * @example
 * ```ts
 * import { histogramDistance } from "./orbits.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([histogramDistance([0.1, 0.2], [0.15, 0.3], 1), histogramDistance([-0.5], [0.5], 2)], [0, 1]);
 * ```
 */
export function histogramDistance(a: ArrayLike<number>, b: ArrayLike<number>, bins: number): number {
  const counts = (values: ArrayLike<number>) => {
    const result = new Float64Array(bins);
    for (let i = 0; i < values.length; i++) {
      result[Math.min(bins - 1, Math.max(0, Math.floor((values[i] + 1) / 2 * bins)))] += 1 / values.length;
    }
    return result;
  };
  const [p, q] = [counts(a), counts(b)];
  return p.reduce((sum, share, bin) => sum + Math.abs(share - q[bin]) / 2, 0);
}

/** Regimes of an orbit. */
export const REGIMES = ["follows positions", "longer cycle", "quasi-periodic", "chaotic"] as const;
/** A regime. */
export type Regime = typeof REGIMES[number];

/** Exponents nearer to 0 than this are taken for 0. */
const MARGIN = 0.005;

/**
 * Names the regime of an orbit.
 *
 * @param exponent Its largest Lyapunov exponent.
 * @param period Its period, 0 where none was found.
 * @returns Chaotic above 0.005; else a cycle if a period was found or the exponent lies below −0.005, of length up to 4 if positions
 *   alone move it; else quasi-periodic.
 *
 * @example
 * ```ts
 * import { regimeOf } from "./orbits.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([regimeOf(0.1, 0), regimeOf(0, 0), regimeOf(-0.05, 28)], ["chaotic", "quasi-periodic", "longer cycle"]);
 * ```
 */
export function regimeOf(exponent: number, period: number): Regime {
  if (exponent > MARGIN) return "chaotic";
  if (period > 0 && period <= TOKENS) return "follows positions";
  return period > 0 || exponent < -MARGIN ? "longer cycle" : "quasi-periodic";
}

/** The orbit of period 4 that positions alone move, and its stability. */
export interface PositionCycle {
  /** State at phase 0, on the cycle. */
  readonly state: SpinState;
  /** Largest Lyapunov exponent per step: ¼ ln of the spectral radius of four steps. */
  readonly exponent: number;
}

/**
 * Finds the cycle that follows the positions by Newton's method, whether it is stable or not.
 *
 * @param system Weights and couplings.
 * @param near State at phase 0 to begin from.
 * @returns The cycle and its exponent.
 * @throws {RangeError} If 50 steps of Newton's method do not find it.
 */
export function positionCycle(system: SpinSystem, near: SpinState): PositionCycle {
  const x = Float64Array.from(near.window);
  for (let iteration = 0; iteration < 50; iteration++) {
    const orbit = new SpinOrbit(system, { window: x, phase: near.phase });
    let product = Float64Array.from({ length: STATE * STATE }, (_, e) => e % (STATE + 1) === 0 ? 1 : 0);
    for (let step = 0; step < TOKENS; step++) {
      product = moved(orbit.jacobian(), product);
      orbit.step();
    }
    const residual = Float64Array.from(orbit.window, (value, i) => value - x[i]);
    const size = Math.max(...residual.map(Math.abs));
    if (size < 1e-12) {
      return { state: { window: x, phase: near.phase }, exponent: Math.log(spectralRadius(product)) / TOKENS };
    }
    const matrix = product.map((value, e) => (e % (STATE + 1) === 0 ? 1 : 0) - value);
    solve(matrix, residual).forEach((change, i) => x[i] += change);
  }
  throw new RangeError(
    `expected a cycle that follows positions near ${Array.from(near.window).join(", ")}, found none`,
  );
}

/**
 * Finds where the cycle that follows positions loses its stability: its exponent is 0.
 *
 * @param system Weights and couplings; its β is where the search begins, and the cycle is stable there.
 * @param unstable A β at which the cycle is not stable.
 * @param near State at phase 0 near the cycle.
 * @returns β to 1e-9.
 * @throws {RangeError} If the cycle is not found, or its exponent has not opposite signs at the two β.
 */
export function positionCycleOnset(system: SpinSystem, unstable: number, near: SpinState): number {
  let [low, high] = [system.beta, unstable];
  let state = near;
  const exponentAt = (beta: number) => {
    const found = positionCycle({ ...system, beta }, state);
    state = found.state;
    return found.exponent;
  };
  const [first, last] = [exponentAt(low), exponentAt(high)];
  if (!(first < 0 && last > 0)) {
    throw new RangeError(`expected exponents of both signs at β = ${low} and ${high}, found ${first} and ${last}`);
  }
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (exponentAt(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Tangent map of one step on a matrix (12, 12): the new rows, and the old ones moved down. */
function moved(jacobian: Float64Array, matrix: Float64Array): Float64Array<ArrayBuffer> {
  const result = new Float64Array(STATE * STATE);
  for (let row = 0; row < STATE; row++) {
    for (let column = 0; column < STATE; column++) {
      if (row >= FEATURES) {
        result[row * STATE + column] = matrix[(row - FEATURES) * STATE + column];
        continue;
      }
      let sum = 0;
      for (let i = 0; i < STATE; i++) sum += jacobian[row * STATE + i] * matrix[i * STATE + column];
      result[row * STATE + column] = sum;
    }
  }
  return result;
}

/** Solves a linear system by Gaussian elimination with pivots. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const [a, x] = [matrix.slice(), right.slice()];
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[pivot * n + k])) pivot = i;
    for (let j = 0; j < n; j++) [a[k * n + j], a[pivot * n + j]] = [a[pivot * n + j], a[k * n + j]];
    [x[k], x[pivot]] = [x[pivot], x[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k] / a[k * n + k];
      for (let j = k; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
      x[i] -= factor * x[k];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) x[k] -= a[k * n + j] * x[j];
    x[k] /= a[k * n + k];
  }
  return x;
}
