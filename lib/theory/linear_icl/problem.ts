/** Data law that every exact result of in-context linear regression depends on, and its validation. */

/** Data law of in-context linear regression, in the eigenbasis of the input covariance. */
export interface IclProblem {
  /** Eigenvalues s_α of the input covariance, (d), positive and finite. */
  readonly spectrum: ArrayLike<number>;
  /** Context length N, a positive integer. */
  readonly context: number;
}

/**
 * Checks a problem and copies its spectrum.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { spectrumOf } from "./problem.ts";
 * const { s, d, N, T } = spectrumOf({ spectrum: [2, 1], context: 8 });
 * assert(s[0] === 2 && d === 2 && N === 8 && T === 3);
 * ```
 *
 * @param problem Spectrum (d) and context length.
 * @returns Spectrum s (d), dimension d, context length N and trace T = Σ s.
 * @throws {RangeError} If the spectrum is empty or not positive and finite, or the context not a positive integer.
 */
export function spectrumOf(problem: IclProblem): { s: Float64Array; d: number; N: number; T: number } {
  const s = Float64Array.from(problem.spectrum), N = problem.context;
  if (s.length === 0) throw new RangeError("expected a spectrum of at least one eigenvalue, found none");
  for (const value of s) {
    if (!(value > 0 && Number.isFinite(value))) {
      throw new RangeError(`expected a spectrum of positive finite eigenvalues, found ${value}`);
    }
  }
  if (!Number.isInteger(N) || N < 1) throw new RangeError(`expected context to be a positive integer, found ${N}`);
  return { s, d: s.length, N, T: s.reduce((sum, value) => sum + value, 0) };
}

/**
 * Throws unless an array argument has the length its shape demands.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { expectLength } from "./problem.ts";
 * expectLength("p", [1, 2], 2);
 * ```
 *
 * @param name Argument's name for the message.
 * @param values The argument.
 * @param length Expected number of entries.
 * @throws {RangeError} If the length differs.
 */
export function expectLength(name: string, values: ArrayLike<number>, length: number): void {
  if (values.length !== length) throw new RangeError(`expected ${name} of length ${length}, found ${values.length}`);
}

/**
 * Throws unless a number is positive and finite.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { expectPositive } from "./problem.ts";
 * expectPositive("rate", 0.01);
 * ```
 *
 * @param name Argument's name for the message.
 * @param value The argument.
 * @throws {RangeError} If it is zero, negative, infinite or not a number.
 */
export function expectPositive(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new RangeError(`expected ${name} to be positive and finite, found ${value}`);
  }
}
