/** Counts of independent tokens by category: multinomial numbers, as a function of (seed, key, step, item). */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { type Draw, drawKey, uniforms } from "../../lib/random/random.ts";
import code from "./multinomial_fill.wgsl" with { type: "text" };
import { type RandomDraw, randomFiles } from "./random_fill.ts";

const fill = kernel({
  label: "multinomial_fill",
  code: { ...randomFiles, "kernels/random/multinomial_fill.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"], trials: ["R"], share: ["R", "L"], mode: ["R", "L", "S", "2"] },
  outputs: { counts: ["R", "I", "K"] },
  scalars: ["key"],
  // Searches of one item go over its N tokens at most, each once.
  groups: ({ R, I, L, S }) => {
    checkLoopIterations("multinomial_fill", L + L * S);
    return Math.ceil(R * I / 64);
  },
});

/** Law of the counts of each replica. */
export interface MultinomialLaw {
  /** Tokens N_r of an item, (R), whole numbers ≥ 0. */
  readonly trials: readonly number[];
  /** Probabilities of the K ≥ 2 categories, (R, K), above 0 with sum 1. */
  readonly probabilities: readonly (readonly number[])[];
}

/**
 * Draws counts of N tokens of K categories, as token by token, at the price of K − 1 numbers.
 *
 * Sums of float32 probabilities stand for the distribution function: it is off by 2e-6 at most for N ≤ 1000. With the same seed, key,
 * step and item, counts of two laws go up and down together.
 *
 * @param draw Seeds (R), clock and key.
 * @param law Tokens and probabilities of each replica.
 * @param items Items I of a replica.
 * @returns Counts (R, I, K), whole numbers with sum N_r over the last axis.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { multinomialFill } from "./multinomial_fill.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(7));
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using counts = multinomialFill({ seeds, clock, key: "example" }, { trials: [9], probabilities: [[0.5, 0.3, 0.2]] }, 1);
 * assertEquals((await counts.read()).reduce((sum, count) => sum + count), 9);
 * ```
 */
export function multinomialFill(
  { seeds, clock, key }: RandomDraw,
  { trials, probabilities }: MultinomialLaw,
  items: number,
): Tensor {
  const [R, K, S] = [trials.length, probabilities[0].length, Math.max(...trials) + 1];
  const share = probabilities.flatMap(shares);
  const mode = new Float32Array(R * (K - 1) * S * 2);
  const known = new Map<number, Float32Array>();
  share.forEach((q, at) => {
    let table = known.get(q);
    if (table === undefined) known.set(q, table = modeTable(q, S));
    mode.set(table, at * S * 2);
  });
  return fill({
    seeds,
    clock,
    trials: own(Tensor.from(Uint32Array.from(trials), [R], "tokens of an item")),
    share: own(Tensor.from(share, [R, K - 1], "shares of categories")),
    mode: own(Tensor.from(mode, [R, K - 1, S, 2], "modes of binomial laws")),
    key: drawKey(key),
  }, { I: items, K }).counts;
}

/** Share q_k of the tokens that are left which category k < K − 1 takes on average, in single precision. */
function shares(probabilities: readonly number[]): number[] {
  return probabilities.slice(0, -1).map((p, k) =>
    Math.fround(p / probabilities.slice(k).reduce((sum, value) => sum + value))
  );
}

/** Mode of Bin(n, q), as the kernel rounds it. */
const modeOf = (n: number, q: number) => Math.min(Math.floor(Math.fround(Math.fround(n + 1) * q)), n);

/** Probability of the mode of Bin(n, q) and of all counts up to it, for every n < S. */
function modeTable(q: number, S: number): Float32Array {
  const logFactorial = new Float64Array(S);
  for (let n = 1; n < S; n++) logFactorial[n] = logFactorial[n - 1] + Math.log(n);
  const table = new Float32Array(2 * S);
  for (let n = 0; n < S; n++) {
    const m = modeOf(n, q);
    const choices = logFactorial[n] - logFactorial[m] - logFactorial[n - m];
    const f = Math.exp(choices + m * Math.log(q) + (n - m) * Math.log1p(-q));
    let [F, term] = [f, f];
    for (let x = m; x > 0 && term > 1e-17; x--) F += term *= x * (1 - q) / ((n - x + 1) * q);
    table.set([f, Math.min(F, 1)], 2 * n);
  }
  return table;
}

/**
 * {@linkcode multinomialFill} of one item in double precision: the same counts, but where a uniform number falls within rounding of a
 * step of the distribution function.
 *
 * @param draw Where the item stands.
 * @param trials Tokens N.
 * @param probabilities Probabilities (K).
 * @returns Counts (K).
 */
export function multinomialReference(draw: Draw, trials: number, probabilities: readonly number[]): number[] {
  let left = trials;
  const counts = uniforms(draw, probabilities.length - 1).map((u, k) => {
    const q = shares(probabilities)[k];
    let [x, f] = [0, Math.exp(left * Math.log1p(-q))];
    for (let F = f; u > F && x < left; F += f) f *= q / (1 - q) * (left - x) / ++x;
    left -= x;
    return x;
  });
  return [...counts, left];
}
