/** Curvature of curves of training: of a norm in time, of the autocorrelation of a loss in its lag. */

/**
 * Curvature `d²y/dx²` at each time: twice the quadratic coefficient of the least-squares parabola through the 2h + 1
 * nearest points, fewer at the ends (Savitzky & Golay 1964, for uneven times).
 *
 * Of the norm ‖θ(t)‖ of parameters it tells where growth speeds up and slows down (arXiv 2504.12916).
 *
 * @example
 * ```ts
 * import { curvature } from "./curvature.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = [0, 1, 3, 4, 7];
 * for (const value of curvature(x, x.map((t) => 3 * t * t - t), 1)) assertAlmostEquals(value, 6);
 * ```
 *
 * @param x Times (T), ascending; T ≥ 3.
 * @param y Values (T), finite.
 * @param half Points on either side h ≥ 1; 2 by default.
 * @returns Curvatures (T), in units of y by units of x squared.
 * @throws {RangeError} If there are fewer than three points, or h is not a positive integer.
 */
export function curvature(x: ArrayLike<number>, y: ArrayLike<number>, half = 2): Float64Array {
  const T = x.length;
  if (T < 3 || y.length !== T) {
    throw new RangeError(`curvature: expected at least 3 points (x, y), found ${T} and ${y.length}`);
  }
  if (!Number.isInteger(half) || half < 1) throw new RangeError(`curvature: expected half ≥ 1, found ${half}`);
  return Float64Array.from({ length: T }, (_, t) => {
    // At an end, the window keeps three points at least.
    const from = Math.max(0, Math.min(t - half, T - 3));
    const to = Math.min(T, Math.max(t + half + 1, 3));
    const points = Array.from({ length: to - from }, (_, i) => from + i);
    return 2 * quadraticCoefficient(points.map((i) => x[i] - x[t]), points.map((i) => y[i]));
  });
}

/** How the autocorrelation is taken. */
export interface AutocorrelationOptions {
  /** Samples in a window W > 2 · lags. */
  readonly window: number;
  /** Largest lag ≥ 2; by default a quarter of the window. */
  readonly lags?: number;
  /** Samples between windows ≥ 1; by default 1. */
  readonly stride?: number;
}

/** Curvature of the autocorrelation in each window. */
export interface AutocorrelationCurvature {
  /** Index of the last sample of each window. */
  readonly at: readonly number[];
  /** A(τ) of each window, τ = 0 … lags. */
  readonly autocorrelation: readonly Float64Array[];
  /** d²A/dτ² of each window, in units of L² by samples squared. */
  readonly curvature: Float64Array;
}

/**
 * Curvature in τ of the autocorrelation `A(τ) = E_t[L(t) L(t + τ)]` of a loss over a sliding window (arXiv 2504.12916):
 * twice the quadratic coefficient of the parabola through A(0), …, A(lags).
 *
 * The average runs over the first W − lags samples of the window for every τ, so that windows are not tapered: for
 * L = t² the curvature is 2 E[t²] exactly, for a straight line it is zero.
 *
 * @example
 * ```ts
 * import { autocorrelationCurvature } from "./curvature.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const line = Array.from({ length: 20 }, (_, t) => 5 - t / 10);
 * for (const value of autocorrelationCurvature(line, { window: 12 }).curvature) assertAlmostEquals(value, 0, 1e-12);
 * ```
 *
 * @param loss Samples (T) at equal distances, finite, T ≥ W.
 * @param options Window and lags.
 * @returns One value a window.
 * @throws {RangeError} If window, lags or stride are out of range.
 */
export function autocorrelationCurvature(
  loss: ArrayLike<number>,
  { window, lags = Math.floor(window / 4), stride = 1 }: AutocorrelationOptions,
): AutocorrelationCurvature {
  const whole = [window, lags, stride].every(Number.isInteger);
  if (!whole || lags < 2 || window <= 2 * lags || window > loss.length || stride < 1) {
    throw new RangeError(
      `autocorrelationCurvature: expected 2 ≤ lags < window / 2, window ≤ ${loss.length} samples and stride ≥ 1, ` +
        `found lags ${lags}, window ${window} and stride ${stride}`,
    );
  }
  const count = window - lags;
  const at: number[] = [];
  const autocorrelation: Float64Array[] = [];
  for (let start = 0; start + window <= loss.length; start += stride) {
    at.push(start + window - 1);
    autocorrelation.push(Float64Array.from({ length: lags + 1 }, (_, tau) => {
      let sum = 0;
      for (let t = start; t < start + count; t++) sum += loss[t] * loss[t + tau];
      return sum / count;
    }));
  }
  const tau = Array.from({ length: lags + 1 }, (_, index) => index);
  const values = autocorrelation.map((a) => 2 * quadraticCoefficient(tau, [...a]));
  return { at, autocorrelation, curvature: Float64Array.from(values) };
}

/** c of the least-squares parabola a + b x + c x². */
function quadraticCoefficient(x: readonly number[], y: readonly number[]): number {
  const n = x.length;
  const scale = Math.max(...x.map(Math.abs)) || 1;
  const centre = x.reduce((sum, value) => sum + value, 0) / n;
  const u = x.map((value) => (value - centre) / scale);
  const moment = (power: number) => u.reduce((sum, value) => sum + value ** power, 0) / n;
  const [second, third, fourth] = [moment(2), moment(3), moment(4)];
  // The part of x² that is orthogonal to 1 and x.
  const q = u.map((value) => value * value - second - third / second * value);
  const weight = fourth - second * second - third * third / second;
  const mean = y.reduce((sum, value) => sum + value, 0) / n;
  return q.reduce((sum, value, i) => sum + value * (y[i] - mean), 0) / n / weight / scale ** 2;
}
