/** Further laws of draws, as functions of (seed, named key, step, item): integers, permutations, probability vectors. */
import { blocks, type Draw, gammaParts, normalPair, normals, uniformFrom, words } from "./random.ts";

/**
 * Uniform integers without the bias of a remainder, as `uniform_below` in WGSL.
 *
 * Number i is made of block i: the first of its four words below the largest multiple of `below` decides. All four miss
 * with probability under `(below / 2³²)⁴`; the last one is taken then.
 *
 * @param draw Where in the streams.
 * @param below Number of values n, 1 … 2³² − 1.
 * @param count How many, ≥ 0. Asking for more leaves the first ones as they are.
 * @returns Integers (count) in [0, n).
 * @throws {RangeError} If seed, step, item or `below` is no unsigned 32-bit integer, or `below` is 0.
 *
 * @example
 * ```ts
 * import { integersBelow } from "./laws.ts";
 * import { assert } from "@std/assert";
 *
 * const dice = integersBelow({ seed: 1, key: "dice" }, 6, 600);
 * assert(dice.every((face) => face < 6) && dice.filter((face) => face === 5).length > 60);
 * ```
 */
export function integersBelow(draw: Draw, below: number, count: number): Uint32Array {
  if (!(below >= 1 && below === below >>> 0)) {
    throw new RangeError(`draw "${draw.key}": expected an integer from 1 to 4294967295 to stay below, found ${below}`);
  }
  const block = blocks(draw);
  const end = 2 ** 32 - 2 ** 32 % below;
  return Uint32Array.from({ length: count }, (_, index) => {
    const bits = block(index, 0);
    return (bits.find((word) => word < end) ?? bits[3]) % below;
  });
}

/**
 * A uniform permutation: the indices 0 … n − 1 in the order of their random words, ties by index, as `permuted_rank` in
 * WGSL, where index `p[k]` has rank k.
 *
 * @param draw Where in the streams.
 * @param count Number of elements n, ≥ 0.
 * @returns The permutation (n).
 * @throws {RangeError} If seed, step or item is no unsigned 32-bit integer.
 *
 * @example
 * ```ts
 * import { permutation } from "./laws.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...permutation({ seed: 1, key: "deck" }, 5)].sort(), [0, 1, 2, 3, 4]);
 * ```
 */
export function permutation(draw: Draw, count: number): Uint32Array {
  const keys = words(draw, count);
  return Uint32Array.from({ length: count }, (_, index) => index).sort((a, b) => keys[a] - keys[b] || a - b);
}

/**
 * Standard logistic numbers `ln(u / (1 − u))`, as `logit` in WGSL: `v + z > 0` has probability `1 / (1 + e^−v)`.
 *
 * @param draw Where in the streams.
 * @param count How many, ≥ 0.
 * @returns Values (count).
 * @throws {RangeError} If seed, step or item is no unsigned 32-bit integer.
 */
export function logistics(draw: Draw, count: number): Float64Array {
  return Float64Array.from(words(draw, count), (word) => Math.log(uniformFrom(word)) - Math.log(uniformFrom(~word)));
}

/**
 * Numbers of mean ±1 and unit variance about it: `½ N(−1, 1) + ½ N(1, 1)`, signs from a second block of words.
 *
 * @param draw Where in the streams.
 * @param count How many, ≥ 0.
 * @returns Values (count).
 * @throws {RangeError} If seed, step or item is no unsigned 32-bit integer.
 */
export function bimodals(draw: Draw, count: number): Float64Array {
  const block = blocks(draw);
  return Float64Array.from({ length: count }, (_, c) => {
    const [bits, signs] = [block(c >>> 2, 0), block(c >>> 2, 1)];
    const half = c & 2;
    return normalPair(bits[half], bits[half + 1])[c & 1] + (signs[c & 3] >= 2 ** 31 ? 1 : -1);
  });
}

/**
 * Logarithms of independent Gamma(shape, 1) numbers, as `log_gamma_at` in WGSL; finite for every shape > 0.
 *
 * @param draw Where in the streams.
 * @param shape Shape of all numbers, > 0.
 * @param count How many, ≥ 0.
 * @returns Values (count).
 * @throws {RangeError} If seed, step or item is no unsigned 32-bit integer.
 */
export function logGammas(draw: Draw, shape: number, count: number): Float64Array {
  const block = blocks(draw);
  return Float64Array.from({ length: count }, (_, index) => {
    const { value, logBoost } = gammaParts(shape, index % 2, (attempt) => block(index >>> 1, attempt));
    return Math.log(value) + logBoost;
  });
}

/**
 * Pairs of independent Gamma(shape, 1) numbers, as `gamma_pair` in WGSL: the numbers of {@linkcode logGammas}, two by two.
 *
 * @param draw Where in the streams.
 * @param shape Shape of all numbers, > 0.
 * @param count How many pairs, ≥ 0.
 * @returns Pairs (count).
 * @throws {RangeError} If seed, step or item is no unsigned 32-bit integer.
 */
export function gammaPairs(draw: Draw, shape: number, count: number): [number, number][] {
  const values = logGammas(draw, shape, 2 * count).map(Math.exp);
  return Array.from({ length: count }, (_, pair) => [values[2 * pair], values[2 * pair + 1]]);
}

/**
 * Orthonormal columns spanning those of a Gaussian matrix: a uniformly random subspace, by Gram–Schmidt done twice.
 *
 * @param draw Where in the random streams the Gaussian numbers stand.
 * @param N Rows.
 * @param k Columns, ≤ N.
 * @returns Columns (N, k), row-major, orthonormal to 1e-12.
 * @throws {RangeError} If there are more columns than rows.
 *
 * @example
 * ```ts
 * import { randomSubspace } from "./laws.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const q = randomSubspace({ seed: 1, key: "example" }, 3, 1);
 * assertAlmostEquals(Math.hypot(...q), 1, 1e-12);
 * ```
 */
export function randomSubspace(draw: Draw, N: number, k: number): Float64Array {
  if (k > N) throw new RangeError(`randomSubspace: expected at most ${N} columns, found ${k}`);
  const q = normals(draw, N * k);
  for (let i = 0; i < k; i++) {
    // Twice, so that columns stay orthogonal to rounding.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        let dot = 0;
        for (let n = 0; n < N; n++) dot += q[n * k + i] * q[n * k + j];
        for (let n = 0; n < N; n++) q[n * k + i] -= dot * q[n * k + j];
      }
    }
    let square = 0;
    for (let n = 0; n < N; n++) square += q[n * k + i] ** 2;
    for (let n = 0; n < N; n++) q[n * k + i] /= Math.sqrt(square);
  }
  return q;
}
