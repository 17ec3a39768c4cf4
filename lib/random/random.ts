/**
 * Random numbers as a function: (seed, named key, step, item, index) → bits.
 *
 * There is no state, so a draw is the same after a resume, for any number of replicas, and however work is split. The
 * generator is Threefry-4x32 with 13 rounds (Salmon, Moraes, Dror & Shaw 2011), the same as in `kernels/random/random.part.wgsl`;
 * the functions here are its float64 reference and serve draws made once on the host, such as initial weights.
 *
 * A key belongs to one kind of draw: uniform and normal numbers of one key are made of the same bits.
 */

/** Four 32-bit words. */
export type Words = readonly [number, number, number, number];

const ROTATIONS = [[10, 26], [11, 21], [13, 27], [23, 5], [6, 20], [17, 11], [25, 10], [18, 20]];
const ROUNDS = 13;

/**
 * Threefry-4x32-13: a bijection of the counter for every key.
 *
 * @param counter Four unsigned 32-bit words.
 * @param key Four unsigned 32-bit words.
 * @returns Four unsigned 32-bit words, indistinguishable from uniform ones.
 *
 * @example
 * ```ts
 * import { threefry } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(threefry([0, 0, 0, 0], [0, 0, 0, 0]), [0x531c7e4f, 0x39491ee5, 0x2c855a92, 0x3d6abf9a]);
 * ```
 */
export function threefry(counter: Words, key: Words): Words {
  const keys = [...key, key.reduce((parity, word) => parity ^ word, 0x1bd11bda)];
  const x = counter.map((word, index) => (word + key[index]) | 0);
  for (let round = 0; round < ROUNDS; round++) {
    const [first, second] = ROTATIONS[round % 8];
    const [a, b] = round % 2 === 0 ? [1, 3] : [3, 1];
    x[0] = (x[0] + x[a]) | 0;
    x[a] = ((x[a] << first) | (x[a] >>> (32 - first))) ^ x[0];
    x[2] = (x[2] + x[b]) | 0;
    x[b] = ((x[b] << second) | (x[b] >>> (32 - second))) ^ x[2];
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      for (let word = 0; word < 4; word++) x[word] = (x[word] + keys[(injection + word) % 5]) | 0;
      x[3] = (x[3] + injection) | 0;
    }
  }
  return x.map((word) => word >>> 0) as unknown as Words;
}

const keyNames = new Map<number, string>();

/**
 * The key word of a named draw: 32-bit FNV-1a of the name.
 *
 * @param name What is drawn, such as `"query"`.
 * @returns An unsigned 32-bit word.
 * @throws {Error} If another name in use has the same word.
 *
 * @example
 * ```ts
 * import { drawKey } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(drawKey("a"), 0xe40c292c);
 * ```
 */
export function drawKey(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash >>>= 0;
  const holder = keyNames.get(hash) ?? name;
  if (holder !== name) {
    throw new Error(`draw "${name}": expected a key of its own, found that of "${holder}": rename one`);
  }
  keyNames.set(hash, name);
  return hash;
}

/** Where in the random streams a draw stands. All numbers are unsigned 32-bit integers. */
export interface Draw {
  /** Seed of the replica. */
  readonly seed: number;
  /** Name of the stream of draws. */
  readonly key: string;
  /** Training step; 0 by default. */
  readonly step?: number;
  /** Which item of a batch; 0 by default. */
  readonly item?: number;
}

/**
 * Uniform numbers in (0, 1), as `uniform_from` in WGSL: `(k + ½) / 2³¹` for the upper 31 bits k of a word.
 *
 * @param draw Where in the streams.
 * @param count How many, ≥ 0. Asking for more leaves the first ones as they are.
 * @returns Values (count).
 * @throws {RangeError} If seed, step or item is no unsigned 32-bit integer.
 *
 * @example
 * ```ts
 * import { uniforms } from "./random.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const u = uniforms({ seed: 1, key: "example" }, 10_000);
 * assertAlmostEquals(u.reduce((sum, value) => sum + value) / 10_000, 0.5, 0.02);
 * ```
 */
export function uniforms(draw: Draw, count: number): Float64Array {
  return Float64Array.from(words(draw, count), (word) => uniformFrom(word));
}

/**
 * Independent N(0, 1) numbers by Box–Muller, as `normals_from` in WGSL: `√(−2 ln u₁) (cos 2πu₂, sin 2πu₂)`.
 *
 * @param draw Where in the streams.
 * @param count How many, ≥ 0. Asking for more leaves the first ones as they are.
 * @returns Values (count), |x| < 6.64.
 * @throws {RangeError} If seed, step or item is no unsigned 32-bit integer.
 *
 * @example
 * ```ts
 * import { normals } from "./random.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = normals({ seed: 1, key: "example" }, 10_000);
 * assertAlmostEquals(x.reduce((sum, value) => sum + value * value) / 10_000, 1, 0.05);
 * ```
 */
export function normals(draw: Draw, count: number): Float64Array {
  const bits = words(draw, count + count % 2);
  const out = new Float64Array(bits.length);
  for (let index = 0; index < count; index += 2) out.set(normalPair(bits[index], bits[index + 1]), index);
  return out.slice(0, count);
}

/**
 * Independent χ² numbers by Marsaglia & Tsang (2000), as `chi_square` in WGSL: twice a Gamma(dof/2, 1).
 *
 * With `d = a − ⅓`, `c = 1/√(9d)` and x ~ N(0, 1), `d v` with `v = (1 + c x)³` has the law Gamma(a, 1), a ≥ 1, if it is
 * accepted for `ln u < x²/2 + d (1 − v + ln v)`. Below 1, Gamma(a) = Gamma(a + 1) u^(1/a).
 *
 * @param draw Where in the streams.
 * @param dof Degrees of freedom of each number (count), any real number; 0 or less gives 0.
 * @returns Values (count), ≥ 0.
 * @throws {RangeError} If seed, step or item is no unsigned 32-bit integer.
 *
 * @example
 * ```ts
 * import { chiSquares } from "./random.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = chiSquares({ seed: 1, key: "example" }, Array(10_000).fill(3));
 * assertAlmostEquals(x.reduce((sum, value) => sum + value) / 10_000, 3, 0.1);
 * ```
 */
export function chiSquares(draw: Draw, dof: ArrayLike<number>): Float64Array {
  const block = blocks(draw);
  return Float64Array.from(dof, (count, index) => {
    if (count <= 0) return 0;
    const pair = index >>> 1;
    const { value, logBoost } = gammaParts(count / 2, index % 2, (attempt) => block(pair, attempt));
    return 2 * value * Math.exp(logBoost);
  });
}

/** A try succeeds with probability ≥ 0.95, so that 64 tries without success do not happen. */
const MAX_ATTEMPTS = 64;

/**
 * Gamma(shape, 1) as `value · e^logBoost`, from one half of each block: Marsaglia & Tsang (2000), and below 1
 * u^(1/shape) Gamma(shape + 1), of which the first factor may underflow.
 */
export function gammaParts(
  shape: number,
  half: number,
  block: (attempt: number) => Words,
): { value: number; logBoost: number } {
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const bits = block(attempt);
    const x = normalPair(bits[0], bits[1])[half];
    const v = (1 + c * x) ** 3;
    const logU = Math.log(uniformFrom(bits[2 + half]));
    const bound = x * x / 2 + d * (1 - v + Math.log(v));
    // Below its bound, u is uniform whatever x: what is left over serves the boost.
    if (v > 0 && logU < bound) return { value: d * v, logBoost: shape < 1 ? (logU - Math.min(bound, 0)) / shape : 0 };
  }
  return { value: 0, logBoost: 0 };
}

/** Uniform in (0, 1) from a word, as `uniform_from` in WGSL. */
export function uniformFrom(word: number): number {
  return ((word >>> 1) + 0.5) / 2 ** 31;
}

/** Two N(0, 1) from two words, as `normal_pair` in WGSL. */
export function normalPair(radius: number, angle: number): [number, number] {
  const r = Math.sqrt(-2 * Math.log(uniformFrom(radius)));
  // The angle's lower 30 bits are read as a signed number around the quadrant's centre line.
  const turn = (angle >>> 30) / 4 + ((angle << 2) | 0) / 2 ** 34;
  return [r * Math.cos(2 * Math.PI * turn), r * Math.sin(2 * Math.PI * turn)];
}

/** The first `count` words of a draw. */
export function words(draw: Draw, count: number): Uint32Array {
  const block = blocks(draw);
  const out = new Uint32Array(count);
  for (let index = 0; index * 4 < count; index++) out.set(block(index, 0).slice(0, count - index * 4), index * 4);
  return out;
}

/** The stream of a draw, as blocks of four words. */
export function blocks({ seed, key, step = 0, item = 0 }: Draw): (index: number, attempt: number) => Words {
  for (const [name, value] of Object.entries({ seed, step, item })) {
    if (value !== value >>> 0) {
      throw new RangeError(`draw "${key}": expected ${name} to be an unsigned 32-bit integer, found ${value}`);
    }
  }
  const name = drawKey(key);
  return (index, attempt) => threefry([index, item, step, attempt], [seed, name, 0, 0]);
}
