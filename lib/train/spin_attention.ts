/**
 * N spins a token whose output through attention is their next token, followed as a training is.
 *
 * @module
 */
import { spinCounts, spinGroups, spinToken } from "../../kernels/attention_dmft/spins.ts";
import { append } from "../../kernels/shared/append.ts";
import { Tensor } from "../gpu/tensor.ts";
import { packSpinWeights, type SpinSystem, STATE } from "../models/spin_attention.ts";
import { ParameterSet } from "../models/parameters.ts";
import { drawKey } from "../random/random.ts";
import { type SavedState, Training } from "./training.ts";

/** Most spins: counts of a third are exact in single precision. */
const MOST_SPINS = 3 * 2 ** 24;

/** A replica: weights, couplings, seed of its spins, and where it starts. */
export interface SpinReplica {
  /** Weights, β, γ and ε; ε is the same for all replicas. */
  readonly system: SpinSystem;
  /** Seed of its draws. */
  readonly seed: number;
  /** Past A (4, 3), newest first, from which the spins of the first four tokens are drawn; positions at phase 0. */
  readonly start: ArrayLike<number>;
}

/** An ensemble of spins. */
export interface SpinAttentionOptions {
  /** Replicas side by side. */
  readonly replicas: readonly SpinReplica[];
  /** Spins N of a token, a multiple of 3 up to 3 · 2²⁴. */
  readonly spins: number;
  /** State to continue from; null or nothing for the start. */
  readonly from?: SavedState | null;
}

/** Spins whose A after each step is the evaluation `output` (R, 3). */
export type SpinAttention = Training<{ output: Tensor }>;

/**
 * Simulates tokens of N spins: each step draws a token, spin by spin, and attends to the four newest ones. The A after step t is
 * that of t steps of the map for N → ∞, with an error of order N^−½. Nothing learns: the parameters are the tokens' means,
 * and the losses of a step are the first output feature, meant over the spins of the token drawn.
 *
 * @param options Replicas, N, and where to continue from.
 * @returns A training whose every step is a token.
 * @throws {RangeError} If there is no replica, ε differs, a start has not 12 numbers, or N is no multiple of 3 or too large.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { PAPER_START, PAPER_WEIGHTS } from "../models/spin_attention.ts";
 * import { spinAttention } from "./spin_attention.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const system = { weights: PAPER_WEIGHTS, beta: 1, gamma: 127, epsilon: 0.02 };
 * const replicas = [1, 2].map((seed) => ({ system, seed, start: PAPER_START }));
 * using spins = await spinAttention({ replicas, spins: 300 });
 * for await (const { evaluations } of spins.run({ reports: [5] })) assertEquals(evaluations.output.length, 2 * 3);
 * ```
 */
export async function spinAttention({ replicas, spins, from }: SpinAttentionOptions): Promise<SpinAttention> {
  const R = replicas.length;
  if (R === 0) throw new RangeError("spin_attention: expected at least one replica, found none");
  if (!(Number.isInteger(spins / 3) && spins > 0 && spins <= MOST_SPINS)) {
    throw new RangeError(`spin_attention: expected a multiple of 3 spins up to ${MOST_SPINS}, found ${spins}`);
  }
  const { epsilon } = replicas[0].system;
  for (const { system, start } of replicas) {
    if (system.epsilon !== epsilon) {
      throw new RangeError(`spin_attention: expected one ε of all replicas, found ${epsilon} and ${system.epsilon}`);
    }
    if (start.length !== STATE) {
      throw new RangeError(`spin_attention: expected starts of ${STATE} numbers, found ${start.length}`);
    }
  }
  const n = spins / 3;
  const G = spinGroups(n);
  const seeds = replicas.map(({ seed }) => seed);
  const parameters = ParameterSet.create({
    window: { shape: [9], init: { law: "constant", value: 0 } },
    output: { shape: [3], init: { law: "constant", value: 0 } },
  }, seeds);
  const weights = Tensor.from(replicas.flatMap(({ system }) => packSpinWeights(system.weights)), [R, 60], "weights");
  const couplings = Tensor.from(replicas.flatMap(({ system: { beta, gamma } }) => [beta, gamma]), [R, 2], "couplings");
  const token = (index: number) => replicas.flatMap(({ start }) => Array.from(start).slice(3 * index, 3 * index + 3));
  const key = drawKey("spins");
  const fixed = { weights, couplings, n };

  // The first step draws the newest token of the start; the three before it are drawn here.
  const window = new Float32Array(R * 9);
  for (const [index, name] of ["spins before", "spins before that", "spins at first"].entries()) {
    using seedTensor = Tensor.from(Uint32Array.from(seeds), [R], "seeds");
    using clock = Tensor.from(Uint32Array.of(0, 1, 1), [3], "clock");
    using output = Tensor.from(token(index + 1), [R, 3], "output");
    using counts = spinCounts({ ...fixed, seeds: seedTensor, clock, output, key: drawKey(name) }, { G }).y;
    const parts = await counts.read();
    for (let r = 0; r < R; r++) {
      for (let third = 0; third < 3; third++) {
        const at = (3 * r + third) * G;
        window[9 * r + 3 * index + third] = 2 * parts.slice(at, at + G).reduce((sum, part) => sum + part, 0) / n - 1;
      }
    }
  }
  parameters.load([
    { name: "window", shape: [R, 9], data: window },
    { name: "output", shape: [R, 3], data: Float32Array.from(token(0)) },
  ]);
  return await Training.ofStep({ parameters, evaluations: { output: ({ output }) => output }, from }, {
    label: "spin_attention",
    owned: [weights, couplings, parameters],
    record({ seeds, clock, losses }) {
      const { window, output } = parameters.weights;
      const counts = spinCounts({ ...fixed, seeds, clock, output, key }, { G }).y;
      append({ row: spinToken({ ...fixed, clock, counts, window, output, epsilon }).y, cursor: clock, ring: losses });
    },
  });
}
