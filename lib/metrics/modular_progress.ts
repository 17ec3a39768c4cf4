/**
 * Progress measures of models of modular arithmetic on the complete table (Nanda et al. 2023, arXiv 2301.05217), on the host
 * in float64: what logits owe to the frequencies of the result, and which frequency a neuron belongs to.
 *
 * @module
 */
import { mean } from "../statistics/mod.ts";
import { type ModularOperation, modularTable } from "../tasks/modular_arithmetic.ts";
import {
  type CyclicGroup,
  cyclicGroup,
  type FourierComponent,
  fourierComponents,
  fourierPowers,
  fourierSynthesis,
} from "./fourier.ts";

/** The table as a group sees it. */
export interface GroupTable {
  /** The cyclic group in which the operation is addition or subtraction. */
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

/**
 * Makes the complete table of an operation, as the group behind it sees it.
 *
 * @param p A prime.
 * @param operation Which operation.
 * @returns The table, pairs in the order of `modularTable`.
 *
 * @example
 * ```ts
 * import { groupTable, resultComponents } from "./modular_progress.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // Logits cos(2π 2 (a + b − c) / 5): all of their variance is at frequency 2.
 * const table = groupTable(5, "add");
 * const wave = (s: number, c: number) => Math.cos(2 * Math.PI * 2 * (s - c) / 5);
 * const logits = Float32Array.from(table.results.flatMap((s) => [0, 1, 2, 3, 4].map((c) => wave(s, c))));
 * assertAlmostEquals(resultComponents(logits, table).shares[1], 1, 1e-6);
 * ```
 */
export function groupTable(p: number, operation: ModularOperation): GroupTable {
  const table = modularTable(p, operation);
  const group = cyclicGroup(p, operation);
  const { element, order } = group;
  const sides = table.map(([a, b]) => [element[a], element[b]] as const);
  return {
    group,
    p,
    answers: table.map(([, , answer]) => answer),
    results: sides.map(([a, b]) => a < 0 || b < 0 ? -1 : group.combine(a, b)),
    sides,
    numbers: Array.from({ length: order }, (_, e) => element.indexOf(e)),
  };
}

/** Components of a function of pairs along characters of the result. */
export interface ResultComponents {
  /** Frequencies of `mean over pairs with result s` (m, p). */
  readonly parts: readonly FourierComponent[];
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
): ResultComponents {
  const sums = new Float64Array(m * p);
  const counts = new Float64Array(m);
  const mean = new Float64Array(p);
  const pairs = results.flatMap((s, pair) => s < 0 || !among(pair) ? [] : [{ s, pair }]);
  for (const { s, pair } of pairs) {
    counts[s]++;
    for (let c = 0; c < p; c++) sums[s * p + c] += logits[pair * p + c];
  }
  for (let s = 0; s < m; s++) {
    for (let c = 0; c < p; c++) {
      mean[c] += sums[s * p + c] / pairs.length;
      sums[s * p + c] /= Math.max(1, counts[s]);
    }
  }
  let variance = 0;
  for (const { pair } of pairs) {
    for (let c = 0; c < p; c++) variance += (logits[pair * p + c] - mean[c]) ** 2;
  }
  const parts = fourierComponents(sums, m);
  // A component of the means stands for pairs / m pairs each.
  const shares = fourierPowers(parts).map((power) => variance === 0 ? 0 : power * pairs.length / m / variance);
  return { parts, mean, shares };
}

/** `−ln softmax(row)[answer]`. */
function crossEntropyOf(row: Float64Array, answer: number): number {
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0)) - row[answer];
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
  const kept = fourierSynthesis(parts, keys, m);
  return numbers.reduce(
    (total, answer, s) => total + crossEntropyOf(mean.map((x, c) => kept[s * p + c] + x), answer),
    0,
  ) /
    m;
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
  { p, results, answers, group: { order: m } }: GroupTable,
  trained: readonly number[],
): number {
  const removed = fourierSynthesis(parts, keys, m);
  const pairs = trained.filter((pair) => results[pair] >= 0);
  const row = new Float64Array(p);
  let total = 0;
  for (const pair of pairs) {
    for (let c = 0; c < p; c++) row[c] = logits[pair * p + c] - removed[results[pair] * p + c];
    total += crossEntropyOf(row, answers[pair]);
  }
  return total / pairs.length;
}

/**
 * Orders rows by the group's elements.
 *
 * @param embedding Rows of numbers (p, C), row-major.
 * @param table The table.
 * @returns Rows (m, C).
 */
export function rowsByElement(embedding: ArrayLike<number>, { numbers, p }: GroupTable): Float64Array {
  const C = embedding.length / p;
  return Float64Array.from({ length: numbers.length * C }, (_, i) => embedding[numbers[Math.floor(i / C)] * C + i % C]);
}

/**
 * Computes the power of an embedding at every frequency of the group.
 *
 * @param embedding Rows of numbers (p, C), row-major.
 * @param table The table.
 * @returns Powers from frequency 1 on.
 */
export function embeddingPowers(embedding: ArrayLike<number>, table: GroupTable): number[] {
  return fourierPowers(fourierComponents(rowsByElement(embedding, table), table.group.order));
}

/**
 * Finds the frequency that explains most of each live neuron: the share of its variance over pairs in cosines and sines of
 * k a and k b and in their products.
 *
 * @param neurons Rows (pairs, N).
 * @param table The table.
 * @param N Neurons.
 * @returns Best frequency of every live neuron, and how much it explains; neurons that never vary are left out.
 */
export function neuronFrequencies(
  neurons: Float32Array,
  { sides, group: { order: m } }: GroupTable,
  N: number,
): { readonly frequency: number; readonly explained: number }[] {
  const inside = sides.flatMap(([a, b], pair) => a < 0 || b < 0 ? [] : [{ a, b, pair }]);
  const K = Math.floor(m / 2);
  const waves = Array.from({ length: K + 1 }, (_, k) =>
    Array.from({ length: m }, (_, x) => {
      const angle = 2 * Math.PI * (k * x % m) / m;
      return [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)] as const;
    }));
  const found: { frequency: number; explained: number }[] = [];
  for (let neuron = 0; neuron < N; neuron++) {
    const values = inside.map(({ pair }) => neurons[pair * N + neuron]);
    const centre = mean(values);
    const variance = mean(values.map((x) => (x - centre) ** 2));
    if (variance < 1e-9) continue;
    let best = { frequency: 0, explained: 0 };
    for (let k = 1; k <= K && 2 * k < m; k++) {
      // Coefficients of cos ka, sin ka, cos kb, sin kb and the four products, orthonormal over the table.
      const c = new Float64Array(8);
      inside.forEach(({ a, b }, index) => {
        const x = values[index] - centre;
        const [[ca, sa], [cb, sb]] = [waves[k][a], waves[k][b]];
        c[0] += x * ca;
        c[1] += x * sa;
        c[2] += x * cb;
        c[3] += x * sb;
        c[4] += x * ca * cb;
        c[5] += x * ca * sb;
        c[6] += x * sa * cb;
        c[7] += x * sa * sb;
      });
      const explained = c.reduce((sum, y) => sum + (y / values.length) ** 2, 0) / variance;
      if (explained > best.explained) best = { frequency: k, explained };
    }
    found.push(best);
  }
  return found;
}
