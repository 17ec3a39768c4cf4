/**
 * Fourier analysis over a cyclic group of m elements, on the host in float64: frequencies k = 1 … ⌊m/2⌋; and the cyclic group
 * behind an operation of modular arithmetic.
 *
 * @module
 */
import type { ModularOperation } from "../tasks/modular_arithmetic.ts";

/** Sums of rows against cosines and sines of one frequency. */
export interface FourierComponent {
  /** Frequency k ≥ 1. */
  readonly frequency: number;
  /** `Σ_s x[s, c] cos(2π k s / m) · norm` (C). */
  readonly cosine: Float64Array;
  /** The same with sines. */
  readonly sine: Float64Array;
}

/**
 * Coefficients of the columns of a matrix in the orthonormal basis `√(2/m) (cos, sin)(2π k s / m)`, s = 0 … m − 1.
 *
 * @example
 * ```ts
 * import { fourierComponents, fourierPowers } from "./fourier.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const wave = Array.from({ length: 5 }, (_, s) => Math.cos(2 * Math.PI * 2 * s / 5));
 * const [first, second] = fourierPowers(fourierComponents(wave, 5));
 * assertAlmostEquals(first, 0, 1e-12);
 * assertAlmostEquals(second, 5 / 2, 1e-12);
 * ```
 *
 * @param x Rows (m, C), row-major.
 * @param m Elements of the group.
 * @returns A component for every frequency but 0: squares of all and of the mean's add up to those of x.
 */
export function fourierComponents(x: ArrayLike<number>, m: number): FourierComponent[] {
  const C = x.length / m;
  return Array.from({ length: Math.floor(m / 2) }, (_, index) => {
    const k = index + 1;
    const [cosine, sine] = [new Float64Array(C), new Float64Array(C)];
    const norm = Math.sqrt((2 * k === m ? 1 : 2) / m);
    for (let s = 0; s < m; s++) {
      const angle = 2 * Math.PI * (k * s % m) / m;
      const [cos, sin] = [norm * Math.cos(angle), 2 * k === m ? 0 : norm * Math.sin(angle)];
      for (let c = 0; c < C; c++) {
        cosine[c] += cos * x[s * C + c];
        sine[c] += sin * x[s * C + c];
      }
    }
    return { frequency: k, cosine, sine };
  });
}

/**
 * The part of a matrix at chosen frequencies.
 *
 * @param parts Its components.
 * @param frequencies Which.
 * @param m Elements of the group.
 * @returns Rows (m, C), row-major, without the mean over rows.
 */
export function fourierSynthesis(
  parts: readonly FourierComponent[],
  frequencies: readonly number[],
  m: number,
): Float64Array {
  const C = parts[0].cosine.length;
  const y = new Float64Array(m * C);
  for (const { frequency: k, cosine, sine } of parts) {
    if (!frequencies.includes(k)) continue;
    const norm = Math.sqrt((2 * k === m ? 1 : 2) / m);
    for (let s = 0; s < m; s++) {
      const angle = 2 * Math.PI * (k * s % m) / m;
      const [cos, sin] = [norm * Math.cos(angle), norm * Math.sin(angle)];
      for (let c = 0; c < C; c++) y[s * C + c] += cos * cosine[c] + sin * sine[c];
    }
  }
  return y;
}

/**
 * Power of each component: the sum of its squared coefficients.
 *
 * @param parts Components.
 * @returns Powers ≥ 0, from frequency 1 on.
 */
export function fourierPowers(parts: readonly FourierComponent[]): number[] {
  return parts.map(({ cosine, sine }) => {
    let sum = 0;
    for (let c = 0; c < cosine.length; c++) sum += cosine[c] ** 2 + sine[c] ** 2;
    return sum;
  });
}

/**
 * Gini coefficient `Σ_i (2i − n − 1) x_i / (n Σ x)`, x ascending, i from 1: 0 if all are equal, near 1 if one has all.
 *
 * @example
 * ```ts
 * import { gini } from "./fourier.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gini([0, 0, 0, 8]), 0.75);
 * ```
 *
 * @param values Values (n) ≥ 0.
 * @returns 0 … 1 − 1/n; 0 if all are zero.
 */
export function gini(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const total = sorted.reduce((sum, x) => sum + x, 0);
  return total === 0 ? 0 : sorted.reduce((sum, x, index) => sum + (2 * (index + 1) - n - 1) * x, 0) / (n * total);
}

/**
 * Key frequencies: those with at least a share of the power, and the strongest in any case.
 *
 * @example
 * ```ts
 * import { keyFrequencies } from "./fourier.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(keyFrequencies([50, 1, 40, 9], 0.1), [1, 3]);
 * ```
 *
 * @param power Power of every frequency from 1.
 * @param share Smallest share of the total.
 * @returns At least one frequency, ascending.
 */
export function keyFrequencies(power: readonly number[], share: number): number[] {
  const total = power.reduce((sum, x) => sum + x, 0);
  const strongest = power.indexOf(Math.max(...power));
  return power.flatMap((x, index) => x >= share * total || index === strongest ? [index + 1] : []);
}

/** A cyclic group of m elements behind an operation modulo p. */
export interface CyclicGroup {
  /** Number of elements: p, or p − 1 for multiplication and division. */
  readonly order: number;
  /** Element of every number below p; −1 for 0 under multiplication, which is none. */
  readonly element: readonly number[];
  /** Element of a result from those of a and b. */
  combine(a: number, b: number): number;
}

/**
 * The group in which an operation is addition or subtraction modulo m.
 *
 * @example
 * ```ts
 * import { cyclicGroup } from "./fourier.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // 3 generates the numbers modulo 7: 2 = 3², 4 = 3⁴, 2 · 4 = 1 = 3⁰.
 * const { order, element, combine } = cyclicGroup(7, "multiply");
 * assertEquals([order, element[2], element[4], combine(2, 4)], [6, 2, 4, 0]);
 * ```
 *
 * @param p A prime.
 * @param operation Which operation.
 * @returns For addition and subtraction the numbers themselves; else logarithms to the smallest primitive root.
 * @throws {RangeError} If p is no prime, for multiplication and division.
 */
export function cyclicGroup(p: number, operation: ModularOperation): CyclicGroup {
  const minus = operation === "subtract" || operation === "divide";
  const additive = operation === "add" || operation === "subtract";
  const order = additive ? p : p - 1;
  const combine = (a: number, b: number) => (a + (minus ? order - b : b)) % order;
  if (additive) return { order, element: Array.from({ length: p }, (_, number) => number), combine };
  for (let root = 1; root < p; root++) {
    const element = new Array<number>(p).fill(-1);
    let power = 1;
    for (let e = 0; e < order && element[power] < 0; e++) {
      element[power] = e;
      power = power * root % p;
    }
    if (element.every((e, number) => number === 0 || e >= 0)) return { order, element, combine };
  }
  throw new RangeError(`cyclicGroup: expected a prime, found ${p}`);
}
