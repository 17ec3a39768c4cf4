/** What is measured of one model on the complete table: progress measures of Nanda et al. (arXiv 2301.05217), in float64. */
import { type Component, components, keyFrequencies, powers, synthesis } from "./fourier.ts";
import type { CyclicGroup } from "./group.ts";

/** The table as a group sees it. */
export interface GroupTable {
  readonly group: CyclicGroup;
  /** Modulus p: number of logits. */
  readonly p: number;
  /** Answer of every pair. */
  readonly answers: readonly number[];
  /** Group element of every pair's answer; −1 for pairs without one. */
  readonly results: readonly number[];
  /** Elements of every pair's numbers. */
  readonly sides: readonly (readonly [number, number])[];
  /** Answer that has each group element (m). */
  readonly numbers: readonly number[];
}

/** Makes the table. */
export function groupTable(table: readonly (readonly [number, number, number])[], p: number, group: CyclicGroup) {
  const { element, order } = group;
  const sides = table.map(([a, b]) => [element[a], element[b]] as const);
  return {
    group,
    p,
    answers: table.map(([, , answer]) => answer),
    results: sides.map(([a, b]) => a < 0 || b < 0 ? -1 : group.combine(a, b)),
    sides,
    numbers: Array.from({ length: order }, (_, e) => element.indexOf(e)),
  } satisfies GroupTable;
}

/** Components of a function of pairs along characters of the result. */
export interface ResultComponents {
  /** Frequencies of `mean over pairs with result s` (m, p). */
  readonly parts: readonly Component[];
  /** Mean over all pairs (p). */
  readonly mean: Float64Array;
  /** Share of the variance over pairs at every frequency. */
  readonly shares: readonly number[];
}

/**
 * Splits logits into what depends on the result alone, by frequency, and the rest.
 *
 * @param logits Rows (pairs, p).
 * @param table The table.
 * @param among Pairs that count; by default all. A result without one counts as 0.
 * @returns Components; the shares are of the total variance, whatever it depends on.
 */
export function resultComponents(
  logits: Float32Array,
  { results, p, group: { order: m } }: GroupTable,
  among: (pair: number) => boolean = () => true,
) {
  const sums = new Float64Array(m * p);
  const counts = new Float64Array(m);
  const mean = new Float64Array(p);
  let pairs = 0;
  results.forEach((s, pair) => {
    if (s < 0 || !among(pair)) return;
    pairs++;
    counts[s]++;
    for (let c = 0; c < p; c++) sums[s * p + c] += logits[pair * p + c];
  });
  for (let s = 0; s < m; s++) {
    for (let c = 0; c < p; c++) {
      mean[c] += sums[s * p + c] / pairs;
      sums[s * p + c] /= Math.max(1, counts[s]);
    }
  }
  let variance = 0;
  results.forEach((s, pair) => {
    if (s < 0 || !among(pair)) return;
    for (let c = 0; c < p; c++) variance += (logits[pair * p + c] - mean[c]) ** 2;
  });
  const parts = components(sums, m);
  // A component of the means stands for pairs / m pairs each.
  const shares = powers(parts).map((power) => variance === 0 ? 0 : power * pairs / m / variance);
  return { parts, mean, shares } satisfies ResultComponents;
}

/** `−ln softmax(row)[answer]`. */
function crossEntropyOf(row: ArrayLike<number>, start: number, length: number, answer: number): number {
  let most = -Infinity;
  for (let c = 0; c < length; c++) most = Math.max(most, row[start + c]);
  let sum = 0;
  for (let c = 0; c < length; c++) sum += Math.exp(row[start + c] - most);
  return most + Math.log(sum) - row[start + answer];
}

/**
 * Restricted loss: that of the logits' mean and their components at the key frequencies alone, over all pairs.
 *
 * @param found Components of the logits.
 * @param keys Key frequencies.
 * @param table The table.
 * @returns Nats.
 */
export function restrictedLoss({ parts, mean }: ResultComponents, keys: readonly number[], table: GroupTable): number {
  const { p, numbers, group: { order: m } } = table;
  const kept = synthesis(parts, keys, m);
  const row = new Float64Array(p);
  let total = 0;
  for (let s = 0; s < m; s++) {
    for (let c = 0; c < p; c++) row[c] = kept[s * p + c] + mean[c];
    total += crossEntropyOf(row, 0, p, numbers[s]);
  }
  return total / m;
}

/**
 * Excluded loss: that of the training pairs without the logits' components at all key frequencies.
 *
 * @param logits Rows (pairs, p).
 * @param found Components of the logits.
 * @param keys Key frequencies.
 * @param table The table.
 * @param trained Training pairs.
 * @returns Nats.
 */
export function excludedLoss(
  logits: Float32Array,
  { parts }: ResultComponents,
  keys: readonly number[],
  table: GroupTable,
  trained: readonly number[],
): number {
  const { p, results, answers, group: { order: m } } = table;
  const removed = synthesis(parts, keys, m);
  const row = new Float64Array(p);
  let [total, pairs] = [0, 0];
  for (const pair of trained) {
    const s = results[pair];
    if (s < 0) continue;
    for (let c = 0; c < p; c++) row[c] = logits[pair * p + c] - removed[s * p + c];
    total += crossEntropyOf(row, 0, p, answers[pair]);
    pairs++;
  }
  return total / pairs;
}

/** Power of the embedding of numbers (p, C) at every frequency of the group. */
export function embeddingPowers(embedding: ArrayLike<number>, { numbers, group: { order: m } }: GroupTable): number[] {
  return powers(components(orderedRows(embedding, numbers), m));
}

/** Rows of the embedding in the order of the group's elements. */
export function orderedRows(embedding: ArrayLike<number>, numbers: readonly number[]): Float64Array {
  const C = Math.floor(embedding.length / (Math.max(...numbers) + 1));
  const rows = new Float64Array(numbers.length * C);
  numbers.forEach((number, e) => {
    for (let c = 0; c < C; c++) rows[e * C + c] = embedding[number * C + c];
  });
  return rows;
}

/** Share of the logits' power over results above which a frequency of the final model is a key frequency. */
export const KEY_SHARE = 0.05;

/** Key frequencies of a model's logits. */
export function keysOf({ parts }: ResultComponents): number[] {
  return keyFrequencies(powers(parts), KEY_SHARE);
}
