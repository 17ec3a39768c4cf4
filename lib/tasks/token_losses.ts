/**
 * Losses of exact predictors of token sequences, in nats, in double precision: what a model is compared with.
 *
 * `tokens` are rows of `length` tokens; a loss at position t is that of predicting token t + 1 from tokens 0 … t.
 */

/** Sequences on the host. */
export interface TokenRows {
  /** Tokens (rows, length), row after row. */
  readonly tokens: ArrayLike<number>;
  /** Tokens of a row, ≥ 2. */
  readonly length: number;
  /** Number of tokens V; all tokens lie below. */
  readonly vocabulary: number;
}

/** Knows the law of a sequence's tokens (order 0) or of each token given the one before (1). */
export type Order = 0 | 1;

/**
 * Mean losses of the posterior mean under a Dirichlet(α) prior, which counts within the sequence alone:
 * `p(j) = (n_ij + α) / (n_i + α V)` with n_ij the pairs (i, j) seen so far and i the last token (order 1), or
 * `p(j) = (n_j + α) / (n + α V)` (order 0).
 *
 * Order 1 is optimal for {@linkcode markovChains} with that concentration and new matrices.
 *
 * @param rows Sequences.
 * @param order What is counted.
 * @param concentration α > 0; 1 by default.
 * @returns Mean over rows of the loss at each position (length − 1), nats.
 * @throws {RangeError} If the rows are not whole, or a token or α is out of its domain.
 *
 * @example
 * ```ts
 * import { inContextLosses } from "./token_losses.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const losses = inContextLosses({ tokens: [0, 1, 0, 1], length: 4, vocabulary: 2 }, 1);
 * assertEquals([...losses], [Math.log(2), Math.log(2), Math.log(3 / 2)]);
 * ```
 */
export function inContextLosses(rows: TokenRows, order: Order, concentration = 1): Float64Array {
  const { tokens, length, vocabulary: V } = rows;
  checkRows(rows, concentration);
  const losses = new Float64Array(length - 1);
  for (let first = 0; first < tokens.length; first += length) {
    const counts = new CountTable(V, concentration);
    for (let t = 0; t < length - 1; t++) {
      const [last, next] = [tokens[first + t], tokens[first + t + 1]];
      if (order === 0) counts.add(0, last);
      else if (t > 0) counts.add(tokens[first + t - 1], last);
      losses[t] += counts.loss(order * last, next);
    }
  }
  return losses.map((sum) => sum * length / tokens.length);
}

/**
 * As {@linkcode inContextLosses} with the α that loses least, of powers of two from 1/32 to 32: for sequences whose law is no
 * Dirichlet law, such as how often a Markov chain visits.
 *
 * @param rows Sequences.
 * @param order What is counted.
 * @returns Mean over rows of the loss at each position (length − 1), nats.
 */
export function bestInContextLosses(rows: TokenRows, order: Order): Float64Array {
  const all = Array.from({ length: 11 }, (_, index) => inContextLosses(rows, order, 2 ** (index - 5)));
  const total = (losses: Float64Array) => losses.reduce((sum, loss) => sum + loss, 0);
  return all.reduce((best, losses) => total(losses) < total(best) ? losses : best);
}

/**
 * Mean losses of a predictor that was fitted to a text: `p(j) = (n_ij + α) / (n_i + α V)` with the text's counts.
 *
 * @param text Tokens that are counted.
 * @param rows Sequences that are predicted.
 * @param order What is counted: pairs (1), or single tokens (0).
 * @param concentration α > 0; 1 by default.
 * @returns Mean over rows of the loss at each position (length − 1), nats.
 * @throws {RangeError} If the rows are not whole, or a token or α is out of its domain.
 */
export function fittedLosses(
  text: ArrayLike<number>,
  rows: TokenRows,
  order: Order,
  concentration = 1,
): Float64Array {
  const { tokens, length, vocabulary: V } = rows;
  checkRows({ ...rows, tokens: text, length: Math.max(2, text.length) }, concentration);
  checkRows(rows, concentration);
  const counts = new CountTable(V, concentration);
  for (let t = order; t < text.length; t++) counts.add(order === 0 ? 0 : text[t - 1], text[t]);
  const losses = new Float64Array(length - 1);
  for (let n = 0; n < tokens.length; n++) {
    if (n % length < length - 1) losses[n % length] += counts.loss(order * tokens[n], tokens[n + 1]);
  }
  return losses.map((sum) => sum * length / tokens.length);
}

/**
 * Mean losses of a predictor that knows every sequence's transition matrix: the floor, which context cannot beat.
 *
 * @param rows Sequences.
 * @param transition Probabilities (rows, V, V) of column j after row i.
 * @returns Mean over rows of the loss at each position (length − 1), nats.
 * @throws {RangeError} If the rows are not whole, a token is out of its domain, or a matrix is missing.
 */
export function informedLosses(rows: TokenRows, transition: ArrayLike<number>): Float64Array {
  const { tokens, length, vocabulary: V } = rows;
  checkRows(rows, 1);
  const count = tokens.length / length;
  if (transition.length !== count * V * V) {
    throw new RangeError(`token_losses: expected ${count * V * V} probabilities, found ${transition.length}`);
  }
  const losses = new Float64Array(length - 1);
  for (let n = 0; n < tokens.length; n++) {
    const [row, t] = [Math.floor(n / length), n % length];
    if (t < length - 1) losses[t] -= Math.log(transition[(row * V + tokens[n]) * V + tokens[n + 1]]) / count;
  }
  return losses;
}

/**
 * Losses of the best predictor of {@linkcode repeatedSequences} with one block length L: `ln V` until the block is
 * complete, 0 from then on.
 *
 * @param length Tokens of a sequence, ≥ 2.
 * @param vocabulary Number of tokens V.
 * @param block Length L.
 * @returns Loss at each position (length − 1), nats.
 */
export function repeatedLosses(length: number, vocabulary: number, block: number): Float64Array {
  return Float64Array.from({ length: length - 1 }, (_, t) => t + 1 < block ? Math.log(vocabulary) : 0);
}

/** Counts of what follows each token, with α added to each. Rows of zeros are never stored. */
class CountTable {
  readonly #pairs = new Map<number, number>();
  readonly #totals = new Map<number, number>();

  constructor(private readonly vocabulary: number, private readonly concentration: number) {}

  add(context: number, token: number): void {
    const pair = context * this.vocabulary + token;
    this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + 1);
    this.#totals.set(context, (this.#totals.get(context) ?? 0) + 1);
  }

  loss(context: number, token: number): number {
    const total = (this.#totals.get(context) ?? 0) + this.concentration * this.vocabulary;
    const count = (this.#pairs.get(context * this.vocabulary + token) ?? 0) + this.concentration;
    return Math.log(total / count);
  }
}

function checkRows({ tokens, length, vocabulary }: TokenRows, concentration: number): void {
  if (!(Number.isInteger(length) && length >= 2 && tokens.length >= length && tokens.length % length === 0)) {
    throw new RangeError(`token_losses: expected rows of ${length} ≥ 2 tokens, found ${tokens.length} tokens`);
  }
  for (let n = 0; n < tokens.length; n++) {
    if (!(Number.isInteger(tokens[n]) && tokens[n] >= 0 && tokens[n] < vocabulary)) {
      throw new RangeError(`token_losses: expected tokens below ${vocabulary}, found ${tokens[n]}`);
    }
  }
  if (!(concentration > 0 && Number.isFinite(concentration))) {
    throw new RangeError(`token_losses: expected a positive concentration, found ${concentration}`);
  }
}
