/** Lyapunov exponents of the map of N → ∞. */
import type { SpinOrbit } from "./map.ts";
import { FEATURES, STATE } from "../../models/spin_attention.ts";

/** Below this a direction is lost within one step: rounding alone is left of it. */
const LOST = 1e-15;

/** Exponents of a stretch of an orbit. */
export interface Exponents {
  /** Exponents per step, largest first (n). Those of directions that are lost within a step are bounds from above, about −34. */
  readonly spectrum: Float64Array;
  /** Kaplan–Yorke dimension: the largest k + Σ_{i≤k} λ_i / |λ_{k+1}| with a sum that is not negative; 0 where λ_1 < 0. */
  readonly dimension: number;
}

/**
 * Measures Lyapunov exponents: a frame of n vectors is moved by the tangent map and orthonormalised by QR at every step (Benettin
 * et al. 1980); exponents are the mean logarithms of the diagonal of R.
 *
 * @param orbit The orbit, past its transient; `steps` later when this returns.
 * @param steps Steps to average over, ≥ 1.
 * @param count Number of exponents n, 1 … 12.
 * @returns Exponents of the 12 numbers; the phase has none.
 *
 * @example
 * ```ts
 * import { lyapunov } from "./lyapunov.ts";
 * import { SpinOrbit } from "./map.ts";
 * import { PAPER_START, PAPER_WEIGHTS } from "../../models/spin_attention.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const system = { weights: PAPER_WEIGHTS, beta: 1, gamma: 220 / Math.sqrt(3), epsilon: 0.02 };
 * const orbit = new SpinOrbit(system, { window: PAPER_START, phase: 0 });
 * for (let step = 0; step < 1000; step++) orbit.step();
 * assertAlmostEquals(lyapunov(orbit, 1000, 1).spectrum[0], -0.083, 1e-3);
 * ```
 */
export function lyapunov(orbit: SpinOrbit, steps: number, count: number = STATE): Exponents {
  const n = count;
  // Columns of the frame one after the other (n, 12).
  const frame = new Float64Array(n * STATE);
  for (let column = 0; column < n; column++) frame[column * STATE + column] = 1;
  const logs = new Float64Array(n);
  const next = new Float64Array(FEATURES);
  for (let step = 0; step < steps; step++) {
    const jacobian = orbit.jacobian();
    for (let column = 0; column < n; column++) {
      const at = column * STATE;
      for (let a = 0; a < FEATURES; a++) {
        let sum = 0;
        for (let i = 0; i < STATE; i++) sum += jacobian[a * STATE + i] * frame[at + i];
        next[a] = sum;
      }
      frame.copyWithin(at + FEATURES, at, at + STATE - FEATURES);
      frame.set(next, at);
    }
    orbit.step();
    orthonormalise(frame, n, logs);
  }
  const spectrum = logs.map((sum) => sum / steps).sort((a, b) => b - a);
  return { spectrum, dimension: kaplanYorke(spectrum) };
}

/** Orthonormalises columns in order, by Gram–Schmidt done twice, and adds the logarithms of what was left of each. */
function orthonormalise(frame: Float64Array, n: number, logs: Float64Array): void {
  for (let column = 0; column < n; column++) {
    const at = column * STATE;
    const before = lengthOf(frame, at);
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < column; other++) {
        const from = other * STATE;
        let share = 0;
        for (let i = 0; i < STATE; i++) share += frame[at + i] * frame[from + i];
        for (let i = 0; i < STATE; i++) frame[at + i] -= share * frame[from + i];
      }
    }
    const left = lengthOf(frame, at);
    logs[column] += Math.log(Math.max(left, LOST));
    if (left > LOST * Math.max(before, LOST)) {
      for (let i = 0; i < STATE; i++) frame[at + i] /= left;
    } else {
      replace(frame, column);
    }
  }
}

/** Puts any unit vector orthogonal to the columns before it in the place of a lost one. */
function replace(frame: Float64Array, column: number): void {
  const at = column * STATE;
  for (let axis = 0; axis < STATE; axis++) {
    frame.fill(0, at, at + STATE);
    frame[at + axis] = 1;
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < column; other++) {
        const from = other * STATE;
        let share = 0;
        for (let i = 0; i < STATE; i++) share += frame[at + i] * frame[from + i];
        for (let i = 0; i < STATE; i++) frame[at + i] -= share * frame[from + i];
      }
    }
    const left = lengthOf(frame, at);
    // Of 12 axes one at least has this much outside of the span of fewer columns.
    if (left < 0.25) continue;
    for (let i = 0; i < STATE; i++) frame[at + i] /= left;
    return;
  }
}

function lengthOf(frame: Float64Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < STATE; i++) sum += frame[at + i] ** 2;
  return Math.sqrt(sum);
}

/**
 * Kaplan–Yorke dimension of exponents.
 *
 * @param spectrum Exponents, largest first.
 * @returns Dimension, 0 … n.
 *
 * @example
 * ```ts
 * import { kaplanYorke } from "./lyapunov.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([kaplanYorke([0.5, -1]), kaplanYorke([0, -1]), kaplanYorke([-1, -2])], [1.5, 1, 0]);
 * ```
 */
export function kaplanYorke(spectrum: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < spectrum.length; k++) {
    if (sum + spectrum[k] < 0) return k + sum / Math.abs(spectrum[k]);
    sum += spectrum[k];
  }
  return spectrum.length;
}
