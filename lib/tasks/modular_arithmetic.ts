/** Modular arithmetic: the complete table of pairs, split at random into a training and a test part. */
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { permutation } from "../random/laws.ts";
import { checkCounts, type PerReplica, perReplica, type TaskSampler } from "./sampler.ts";

/** `a + b`, `a − b`, `a b`, or `a / b` with b ≠ 0, modulo p. */
export type ModularOperation = "add" | "subtract" | "multiply" | "divide";

/** A task of modular arithmetic. */
export interface ModularArithmeticOptions {
  /** Modulus p ≥ 2; a prime to divide by. Tokens are 0 … p − 1, and p for "=". */
  readonly modulus: number;
  /** Which operation; `"add"` by default. */
  readonly operation?: ModularOperation;
  /** Seed of each replica's split (R). */
  readonly seeds: readonly number[];
  /** Share of the pairs that is trained on, in (0, 1]. Splits are nested: a larger share keeps the pairs of a smaller. */
  readonly fraction: PerReplica;
  /** Which pairs. */
  readonly part: "train" | "test";
  /** Labels of all replicas, or of each one (R); `"true"` by default. */
  readonly labels?: ModularLabels | readonly ModularLabels[];
}

/** The results, or a control: the results permuted over the whole table, by a permutation of the replica's own. */
export type ModularLabels = "true" | "permuted";

/** A part of the table, the same at every step. */
export interface ModularArithmeticBatch {
  /** a, b and "=" (R, n, 3). */
  readonly tokens: Tensor<"u32">;
  /** Results (R, n) below p. */
  readonly labels: Tensor<"u32">;
  /** 1, or 0 for pairs that fill up a replica with fewer than n (R, n): losses are means under these weights. */
  readonly weights: Tensor;
}

const NAME = "modular_arithmetic";

/**
 * All pairs (a, b) and their results modulo p, split by a random permutation of each replica.
 *
 * The part is one batch, made on the host; n is that of the replica with most pairs.
 *
 * @param options The task.
 * @returns A sampler of the same full batch at every step.
 * @throws {RangeError} If an option is out of its domain, or no replica has a pair in the part.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { modularArithmetic } from "./modular_arithmetic.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 2));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const sampler = modularArithmetic({ modulus: 113, seeds: [1, 2], fraction: 0.3, part: "train" });
 * const { tokens, labels } = sampler({ seeds, clock, key: "train" });
 * assertEquals(tokens.shape, [2, 3831, 3]);
 * const [[a, b], [sum]] = [await tokens.read(), await labels.read()];
 * assertEquals(sum, (a + b) % 113);
 * ```
 */
export function modularArithmetic(options: ModularArithmeticOptions): TaskSampler<ModularArithmeticBatch> {
  const { shape: [R, n], tokens, labels, weights } = modularPart(options);
  return (draw) => {
    if (draw.seeds.shape[0] !== R) {
      throw new RangeError(`${NAME}: expected ${R} replicas as in its seeds, found ${draw.seeds.shape[0]}`);
    }
    return {
      tokens: own(Tensor.from(tokens, [R, n, 3], "tokens")),
      labels: own(Tensor.from(labels, [R, n], "labels")),
      weights: own(Tensor.from(weights, [R, n], "weights")),
    };
  };
}

/** A part of the table on the host: the one batch of {@linkcode modularArithmetic}. */
export interface ModularPart {
  /** Replicas R and pairs n of the one that has most. */
  readonly shape: readonly [R: number, n: number];
  /** a, b and "=" (R, n, 3). */
  readonly tokens: Uint32Array;
  /** Results (R, n) below p. */
  readonly labels: Uint32Array;
  /** 1, or 0 for pairs that fill up (R, n). */
  readonly weights: Float32Array;
  /** Places in the complete table of each replica's own pairs, in the order of its rows (R). */
  readonly pairs: readonly (readonly number[])[];
}

/**
 * Splits the complete table on the host, for what trains on a fixed full batch.
 *
 * @param options The task.
 * @returns Tokens, labels and weights of the part, and which pairs each replica has.
 * @throws {RangeError} If an option is out of its domain, or no replica has a pair in the part.
 *
 * @example
 * ```ts
 * import { modularPart, modularTable } from "./modular_arithmetic.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { tokens, pairs: [[first]] } = modularPart({ modulus: 7, seeds: [1], fraction: 0.5, part: "train" });
 * assertEquals([...tokens.subarray(0, 2)], modularTable(7, "add")[first].slice(0, 2));
 * ```
 */
export function modularPart(options: ModularArithmeticOptions): ModularPart {
  const { modulus: p, seeds, part } = options;
  const R = seeds.length;
  checkCounts(NAME, { modulus: p, "the number of seeds": R });
  const fractions = perReplica(NAME, "fraction", options.fraction, R);
  const wrong = fractions.find((fraction) => !(fraction > 0 && fraction <= 1));
  if (wrong !== undefined) throw new RangeError(`${NAME}: expected a fraction in (0, 1], found ${wrong}`);
  const { labels: wanted = "true" } = options;
  const kinds = typeof wanted === "string" ? new Array<ModularLabels>(R).fill(wanted) : wanted;
  if (kinds.length !== R) throw new RangeError(`${NAME}: expected ${R} kinds of labels, found ${kinds.length}`);
  const table = modularTable(p, options.operation ?? "add");
  const all = table.length;
  const trained = fractions.map((fraction) => Math.round(fraction * all));
  const counts = trained.map((count) => part === "train" ? count : all - count);
  const n = Math.max(...counts);
  if (n === 0) throw new RangeError(`${NAME}: expected a ${part} part of at least one pair, found none of ${all}`);

  const [tokens, labels] = [new Uint32Array(R * n * 3), new Uint32Array(R * n)];
  const pairs = seeds.map((seed, r) => {
    const order = permutation({ seed, key: "modular split" }, all);
    const source = kinds[r] === "permuted" ? permutation({ seed, key: "modular labels" }, all) : null;
    // Beyond the part, pairs of the other one fill up: any will do, as they weigh nothing.
    const rows = Array.from({ length: n }, (_, k) => order[(k + (part === "train" ? 0 : trained[r])) % all]);
    rows.forEach((pair, k) => {
      const [a, b] = table[pair];
      tokens.set([a, b, p], (r * n + k) * 3);
      labels[r * n + k] = table[source ? source[pair] : pair][2];
    });
    return rows.slice(0, counts[r]);
  });
  const weights = Float32Array.from({ length: R * n }, (_, k) => k % n < counts[Math.floor(k / n)] ? 1 : 0);
  return { shape: [R, n], tokens, labels, weights, pairs };
}

/**
 * The complete table.
 *
 * @param modulus p, an integer ≥ 2; a prime to divide by.
 * @param operation Which operation.
 * @returns Triples (a, b, result) in the order of a, then b; p (p − 1) of them for division, else p².
 * @throws {RangeError} If p is out of its domain.
 */
export function modularTable(modulus: number, operation: ModularOperation): [number, number, number][] {
  const p = modulus;
  // Products stay exact integers, and the table fits the memory.
  if (!(Number.isInteger(p) && p >= 2 && p <= 4096)) {
    throw new RangeError(`${NAME}: expected a modulus from 2 to 4096, found ${p}`);
  }
  for (let k = 2; operation === "divide" && k * k <= p; k++) {
    if (p % k === 0) {
      throw new RangeError(`${NAME}: expected a prime modulus to divide by, found ${p} = ${k} · ${p / k}`);
    }
  }
  const table: [number, number, number][] = [];
  for (let a = 0; a < p; a++) {
    for (let b = operation === "divide" ? 1 : 0; b < p; b++) {
      if (operation === "add") table.push([a, b, (a + b) % p]);
      else if (operation === "subtract") table.push([a, b, (a + p - b) % p]);
      else if (operation === "multiply") table.push([a, b, a * b % p]);
      // The quotient q of a = q b, found by way of a: each (q, b) gives one a.
      else table.push([a * b % p, b, a]);
    }
  }
  return table.sort(([a, b], [c, d]) => a - c || b - d);
}
