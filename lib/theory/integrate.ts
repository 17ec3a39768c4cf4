/**
 * Adaptive integration of ordinary differential equations with dense output and a measured error.
 *
 * Dormand and Prince's embedded Runge–Kutta pair of order 5(4) with Shampine's quartic interpolant, as laid out in Hairer,
 * Nørsett and Wanner, Solving Ordinary Differential Equations I, II.5 and II.6.
 */

/** Writes dy/dt at (t, y) into `out`; all of one length, float64. */
export type VectorField = (t: number, y: Float64Array, out: Float64Array) => void;

/** Accuracy and safety limits of {@link integrate}. */
export interface IntegrateOptions {
  /** Relative error allowed a step, default 1e-10. */
  relative?: number;
  /** Absolute error allowed a step, default 1e-12. */
  absolute?: number;
  /** Longest step, default the whole interval. */
  maxStep?: number;
  /** Most steps before giving up, default 1e6. */
  maxSteps?: number;
}

/** Solution at the requested times, with how far it may be trusted. */
export interface Solution {
  /** y at each requested time. */
  states: Float64Array[];
  /**
   * Largest |difference| to the solution at ten times the tolerance, over all entries and requested times. It measures that
   * looser solution's global error, so it overstates the error of `states`.
   */
  errorEstimate: number;
  /** Evaluations of the vector field, both passes. */
  evaluations: number;
}

const STAGES: readonly (readonly number[])[] = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const NODES = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const ERROR = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];
const DENSE = [
  -12715105075 / 11282082432,
  0,
  87487479700 / 32700410799,
  -10690763975 / 1880347072,
  701980252875 / 199316789632,
  -1453857185 / 822651844,
  69997945 / 29380423,
];

function combine(weights: readonly number[], k: readonly Float64Array[], entry: number): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * k[i][entry];
  return sum;
}

function pass(
  field: VectorField,
  start: Float64Array,
  times: readonly number[],
  options: Required<IntegrateOptions>,
): { states: Float64Array[]; evaluations: number } {
  const size = start.length, end = times[times.length - 1];
  const k = STAGES.map(() => new Float64Array(size));
  const states: Float64Array[] = [];
  let y = start.slice(), next = new Float64Array(size), t = 0, evaluations = 1;
  const stage = new Float64Array(size);
  field(0, y, k[0]);
  // The largest step along which the slope alone changes y by a hundredth of its scale.
  let slope = 0;
  for (let i = 0; i < size; i++) slope = Math.max(slope, Math.abs(k[0][i]) / (Math.abs(y[i]) + options.absolute));
  let step = Math.min(options.maxStep, end, slope > 0 ? 0.01 / slope : end);
  while (states.length < times.length && times[states.length] <= 0) states.push(y.slice());
  for (let count = 0; states.length < times.length; count++) {
    if (count >= options.maxSteps || !(t + step > t)) {
      throw new Error(
        `expected to reach t = ${end} within ${options.maxSteps} steps, found t = ${t} with step ${step}`,
      );
    }
    for (let i = 1; i < 7; i++) {
      for (let entry = 0; entry < size; entry++) stage[entry] = y[entry] + step * combine(STAGES[i], k, entry);
      if (i === 6) next.set(stage);
      field(t + NODES[i] * step, stage, k[i]);
    }
    evaluations += 6;
    let error = 0;
    for (let entry = 0; entry < size; entry++) {
      const scale = options.absolute + options.relative * Math.max(Math.abs(y[entry]), Math.abs(next[entry]));
      error = Math.max(error, Math.abs(step * combine(ERROR, k, entry)) / scale);
    }
    // A field that overflows inside a trial step is retried with the shortest step the controller can offer.
    const factor = Number.isFinite(error) ? Math.min(5, Math.max(0.2, 0.9 * error ** -0.2)) : 0.2;
    if (error <= 1) {
      while (states.length < times.length && times[states.length] <= t + step) {
        states.push(interpolate(y, next, k, step, (times[states.length] - t) / step));
      }
      t += step;
      [y, next] = [next, y];
      [k[0], k[6]] = [k[6], k[0]];
    }
    step = Math.min(options.maxStep, step * factor);
  }
  return { states, evaluations };
}

function interpolate(
  y: Float64Array,
  next: Float64Array,
  k: readonly Float64Array[],
  step: number,
  theta: number,
): Float64Array {
  return y.map((value, entry) => {
    const difference = next[entry] - value, bend = step * k[0][entry] - difference;
    const twist = difference - step * k[6][entry] - bend, rest = step * combine(DENSE, k, entry);
    return value + theta * (difference + (1 - theta) * (bend + theta * (twist + (1 - theta) * rest)));
  });
}

/**
 * Solves dy/dt = f(t, y), y(0) = start, at the requested times.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { integrate } from "./integrate.ts";
 * const decay = integrate((_t, y, out) => { out[0] = -y[0]; }, [1], [0, 1]);
 * assert(Math.abs(decay.states[1][0] - Math.exp(-1)) < 1e-9 && decay.errorEstimate < 1e-8);
 * ```
 *
 * @param field The right-hand side; it must not keep its arguments.
 * @param start y(0), finite.
 * @param times Requested times, ascending, each ≥ 0, at least one.
 * @param options Tolerances a step and limits.
 * @returns States at the requested times, the measured error, and the cost.
 * @throws {RangeError} If the times are empty, negative, descending or not finite.
 * @throws {Error} If the end is not reached within the allowed steps.
 */
export function integrate(
  field: VectorField,
  start: ArrayLike<number>,
  times: ArrayLike<number>,
  options: IntegrateOptions = {},
): Solution {
  const grid = Array.from(times);
  if (grid.length === 0) throw new RangeError("expected at least one time, found none");
  grid.forEach((t, i) => {
    if (!(t >= (i === 0 ? 0 : grid[i - 1]) && Number.isFinite(t))) {
      throw new RangeError(`expected ascending finite times from 0 on, found ${t} at position ${i}`);
    }
  });
  const { relative = 1e-10, absolute = 1e-12, maxStep = Infinity, maxSteps = 1e6 } = options;
  const y0 = Float64Array.from(start);
  const tight = pass(field, y0, grid, { relative, absolute, maxStep, maxSteps });
  const loose = pass(field, y0, grid, { relative: 10 * relative, absolute: 10 * absolute, maxStep, maxSteps });
  let errorEstimate = 0;
  tight.states.forEach((state, i) => {
    state.forEach((value, entry) => {
      errorEstimate = Math.max(errorEstimate, Math.abs(value - loose.states[i][entry]));
    });
  });
  return { states: tight.states, errorEstimate, evaluations: tight.evaluations + loose.evaluations };
}
