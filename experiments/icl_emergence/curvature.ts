/** Curvature of curves over training: of the loss autocorrelation and of parameter norms (arXiv 2504.12916). */

/**
 * Second difference `(f(t+1) − 2 f(t) + f(t−1))` over a report's distance; 0 at both ends.
 *
 * @param values Curve at evenly spaced reports.
 * @returns Curvature (reports), in units of the curve.
 */
export function curvature(values: readonly number[]): number[] {
  return values.map((value, t) => t === 0 || t === values.length - 1 ? 0 : values[t + 1] - 2 * value + values[t - 1]);
}

/**
 * Curvature of the loss autocorrelation `A(τ) = E_t[L(t) L(t+τ)]` at τ = 0, over sliding windows:
 * `(2 A(τ) − 2 A(0)) / τ² = −E_t[(L(t+τ) − L(t))²] / τ²` up to ends, with deviations of L from its mean in the window.
 *
 * @param losses Loss of every step.
 * @param steps Reports; the window of each is the `width` steps before it.
 * @param width Steps of a window.
 * @param lag τ, in steps, below `width`.
 * @returns Curvature (reports) ≤ 0; 0 at reports with fewer steps before them.
 */
export function autocorrelationCurvature(
  losses: readonly number[],
  steps: readonly number[],
  width: number,
  lag: number,
): number[] {
  return steps.map((step) => {
    if (step < width) return 0;
    const within = losses.slice(step - width, step);
    let squares = 0;
    for (let t = 0; t + lag < width; t++) squares += (within[t + lag] - within[t]) ** 2;
    return -squares / (width - lag) / lag ** 2;
  });
}

/**
 * Report at which a curvature is largest in size.
 *
 * @param steps Reports.
 * @param values Curvature at each.
 * @returns The step.
 */
export function sharpest(steps: readonly number[], values: readonly number[]): number {
  const index = values.reduce((best, value, at) => Math.abs(value) > Math.abs(values[best]) ? at : best, 0);
  return steps[index];
}
