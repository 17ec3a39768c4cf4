/** Co-occurrence of two words: samples with both are positive. */
import { uniforms } from "../random/random.ts";

/** A data set of co-occurrence. */
export interface CoOccurrenceOptions {
  /** Samples with both words, with the first alone, with the second alone, and with neither. */
  readonly counts: readonly [both: number, first: number, second: number, neither: number];
  /** Tokens of a sample, ≥ 3. */
  readonly length: number;
  /** Tokens of the vocabulary, ≥ 4: 0 and 1 are the two words, 2 is in every sample, the rest are noise. */
  readonly vocabulary: number;
  /** Seed of the data set. */
  readonly seed: number;
}

/** Samples in the order of their kinds. */
export interface CoOccurrenceSamples {
  /** Tokens of each sample (n, length): its words, then noise. */
  readonly tokens: readonly (readonly number[])[];
  /** 1 where both words are there, −1 elsewhere (n). */
  readonly labels: readonly number[];
  /** Kind of each sample (n): 0 both, 1 the first alone, 2 the second alone, 3 neither. */
  readonly kinds: readonly number[];
}

/**
 * Makes a data set on the host: each word is in a sample once or not at all, the common token once, and the rest is uniform noise.
 *
 * Source: Yang, Kailkhura, Wang and Liang 2024 (arXiv 2410.09605). What reads tokens without their order needs none.
 *
 * @param options Counts, sizes and seed.
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
export function coOccurrence({ counts, length, vocabulary, seed }: CoOccurrenceOptions): CoOccurrenceSamples {
  const refuse = (expected: string, found: number) => {
    throw new RangeError(`coOccurrence: expected ${expected}, found ${found}`);
  };
  const kinds = counts.flatMap((count, kind) => new Array<number>(count).fill(kind));
  if (length < 3) refuse("samples of at least 3 tokens", length);
  if (vocabulary < 4) refuse("a vocabulary of at least 4 tokens", vocabulary);
  if (kinds.length === 0) refuse("at least one sample", 0);
  const tokens = kinds.map((kind, item) => {
    const words = [[0, 1, 2], [0, 2], [1, 2], [2]][kind];
    const noise = uniforms({ seed, key: "co-occurrence noise", item }, length - words.length);
    return [...words, ...Array.from(noise, (u) => 3 + Math.floor(u * (vocabulary - 3)))];
  });
  return { tokens, labels: kinds.map((kind) => kind === 0 ? 1 : -1), kinds };
}
