/** Co-occurrence of words: samples with all of them are positive. */
import { uniforms } from "../random/random.ts";

/** A data set of co-occurrence. */
export interface CoOccurrenceOptions {
  /** Words W that must occur together, 1 … 8; 2 by default. */
  readonly words?: number;
  /** Samples of each kind (2^W), in the order of {@linkcode coOccurrenceKinds}: with two words both, the first, the second, none. */
  readonly counts: readonly number[];
  /** Tokens of a sample, > W. */
  readonly length: number;
  /** Tokens of the vocabulary, ≥ W + 2: 0 … W − 1 are the words, W is in every sample, the rest are noise. */
  readonly vocabulary: number;
  /** Seed of the data set. */
  readonly seed: number;
  /** Key of the noise; another one gives other samples of the same law. */
  readonly key?: string;
}

/** Samples in the order of their kinds. */
export interface CoOccurrenceSamples {
  /** Tokens of each sample (n, length): its words, then noise. */
  readonly tokens: readonly (readonly number[])[];
  /** 1 where all words are there, −1 elsewhere (n). */
  readonly labels: readonly number[];
  /** Kind of each sample (n): its place in {@linkcode coOccurrenceKinds}. */
  readonly kinds: readonly number[];
}

/**
 * Lists the kinds of sample, which are the sets of words: larger ones first, in alphabetical order within a size.
 *
 * @param words Words W.
 * @returns Words of each kind (2^W).
 *
 * @example
 * ```ts
 * import { coOccurrenceKinds } from "./co_occurrence.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(coOccurrenceKinds(2), [[0, 1], [0], [1], []]);
 * assertEquals(coOccurrenceKinds(3).slice(0, 5), [[0, 1, 2], [0, 1], [0, 2], [1, 2], [0]]);
 * ```
 */
export function coOccurrenceKinds(words: number): number[][] {
  const all = Array.from({ length: words }, (_, word) => word);
  const sets = Array.from({ length: 2 ** words }, (_, bits) => all.filter((word) => bits >> word & 1));
  return sets.sort((a, b) => b.length - a.length || (a.join() < b.join() ? -1 : 1));
}

/**
 * Makes a data set on the host: each word is in a sample once or not at all, the common token once, and the rest is uniform noise.
 *
 * Source: Yang, Kailkhura, Wang and Liang 2024 (arXiv 2410.09605) for two words. What reads tokens without their order needs none.
 *
 * @param options Words, counts, sizes and seed.
 * @returns Tokens, labels and kinds.
 * @throws {RangeError} If a sample has no room for its words, the vocabulary has no noise, or there is no sample.
 *
 * @example
 * ```ts
 * import { coOccurrence } from "./co_occurrence.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { tokens, labels } = coOccurrence({ counts: [1, 1, 1, 1], length: 3, vocabulary: 4, seed: 1 });
 * assertEquals(tokens, [[0, 1, 2], [0, 2, 3], [1, 2, 3], [2, 3, 3]]);
 * assertEquals(labels, [1, -1, -1, -1]);
 * ```
 */
export function coOccurrence(options: CoOccurrenceOptions): CoOccurrenceSamples {
  const { words = 2, counts, length, vocabulary, seed, key = "co-occurrence noise" } = options;
  const refuse = (expected: string, found: number) => {
    throw new RangeError(`coOccurrence: expected ${expected}, found ${found}`);
  };
  if (!(Number.isInteger(words) && words >= 1 && words <= 8)) refuse("1 to 8 words", words);
  if (counts.length !== 2 ** words) refuse(`counts of ${2 ** words} kinds`, counts.length);
  const kinds = counts.flatMap((count, kind) => new Array<number>(count).fill(kind));
  if (length <= words) refuse(`samples of at least ${words + 1} tokens`, length);
  if (vocabulary < words + 2) refuse(`a vocabulary of at least ${words + 2} tokens`, vocabulary);
  if (kinds.length === 0) refuse("at least one sample", 0);
  const present = coOccurrenceKinds(words).map((set) => [...set, words]);
  const tokens = kinds.map((kind, item) => {
    const noise = uniforms({ seed, key, item }, length - present[kind].length);
    const first = words + 1;
    return [...present[kind], ...Array.from(noise, (u) => first + Math.floor(u * (vocabulary - first)))];
  });
  return { tokens, labels: kinds.map((kind) => kind === 0 ? 1 : -1), kinds };
}
