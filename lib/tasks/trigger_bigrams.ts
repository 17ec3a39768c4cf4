/**
 * Bigrams with triggers (Bietti et al. 2023, arXiv 2306.00802): a global bigram law that a model can store in its
 * weights, and trigger tokens whose successor is fixed within a sequence, which only the context reveals.
 */
import { integersAt, subsetAt } from "../../kernels/random/integers_at.ts";
import { markovChain } from "../../kernels/tasks/markov_chain.ts";
import { givenTransitions, type Transitions, transitionsAt } from "../../kernels/tasks/transition_matrix.ts";
import type { RandomDraw } from "../../kernels/random/random_fill.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type PerReplica, positives, type TaskSampler } from "./sampler.ts";
import { choosePrompts, type TaskList } from "./task_list.ts";
import type { TokenBatch } from "./token_sequences.ts";

/** A task of bigrams with triggers. */
export interface TriggerBigramsOptions {
  /** Number of tokens V. */
  readonly vocabulary: number;
  /** Tokens S of a sequence: one more than a model that predicts the next token sees. */
  readonly length: number;
  /** Sequences B per replica and step. */
  readonly batch: number;
  /** Triggers K of a sequence, at most V. */
  readonly triggers: number;
  /** Whether all sequences of a replica share their triggers; successors differ all the same. `false` by default. */
  readonly fixed?: boolean;
  /**
   * The global bigram law: rows from Dirichlet(α), one matrix per replica, or given probabilities (V, V), such as those
   * of a text, whose rows are divided by their sums. `{ concentration: 1 }` by default.
   */
  readonly bigrams?: { readonly concentration: PerReplica } | { readonly probabilities: ArrayLike<number> };
  /** Seeds and name of what is fixed: the Dirichlet matrix and fixed triggers. By default those of the replicas. */
  readonly list?: Pick<TaskList, "seeds" | "name">;
}

/** A batch of bigram sequences. */
export interface TriggerBigramsBatch extends TokenBatch {
  /** Triggers of each sequence (R, B, K), all different. */
  readonly triggers: Tensor<"u32">;
  /** Successor of each trigger (R, B, K), uniform over the vocabulary. */
  readonly successors: Tensor<"u32">;
  /** Global bigram probabilities (R, 1, V, V). */
  readonly transition: Tensor;
}

const NAME = "trigger_bigrams";

/**
 * `x_{t+1} = o_k` after the trigger `x_t = q_k`, else drawn from the global bigram law; the first token is uniform.
 *
 * @param options The task.
 * @returns A sampler; sequence b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { triggerBigrams } from "./trigger_bigrams.ts";
 * import { assert } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const sampler = triggerBigrams({ vocabulary: 5, length: 65, batch: 1, triggers: 1 });
 * const { tokens, triggers, successors } = sampler({ seeds, clock, key: "train" });
 * const [x, [q], [o]] = [await tokens.read(), await triggers.read(), await successors.read()];
 * assert(x.slice(0, -1).every((token, t) => token !== q || x[t + 1] === o));
 * ```
 */
export function triggerBigrams(options: TriggerBigramsOptions): TaskSampler<TriggerBigramsBatch> {
  const { vocabulary: V, length: T, batch: B, triggers: K, fixed = false, list = {} } = options;
  const bigrams = options.bigrams ?? { concentration: 1 };
  checkCounts(NAME, { vocabulary: V, length: T, batch: B, triggers: K });
  if (K > V) throw new RangeError(`${NAME}: expected at most ${V} triggers, found ${K}`);
  if ("probabilities" in bigrams) checkProbabilities(bigrams.probabilities, V);
  const listed = { ...list, tasks: 1 };
  return (draw) => {
    // The only task of a list is the same for all sequences; successors are new in any case.
    const { task, sequence, keys } = choosePrompts(NAME, draw, fixed ? listed : { ...list, tasks: Infinity }, B);
    const triggers = subsetAt(task, keys("triggers"), V, K);
    const successors = integersAt(sequence, keys("successors"), V, K);
    const { probability, cumulative } = globalBigrams(draw, bigrams, listed, V);
    const place = { ...draw, key: `${draw.key} tokens` };
    const tokens = markovChain(place, cumulative, { B, T }, { triggers, successors });
    return { tokens, triggers, successors, transition: probability };
  };
}

function globalBigrams(
  draw: RandomDraw,
  bigrams: NonNullable<TriggerBigramsOptions["bigrams"]>,
  list: TaskList,
  V: number,
): Transitions {
  const [R] = draw.seeds.shape;
  if ("probabilities" in bigrams) return givenTransitions(bigrams.probabilities, R);
  const { task, keys } = choosePrompts(NAME, draw, list, 1);
  const alpha = own(Tensor.from(positives(NAME, "concentration", bigrams.concentration, R)));
  return transitionsAt(task, alpha, keys("bigrams"), V);
}

function checkProbabilities(probabilities: ArrayLike<number>, V: number): void {
  if (probabilities.length !== V * V) {
    throw new RangeError(`${NAME}: expected ${V * V} probabilities, found ${probabilities.length}`);
  }
  for (let i = 0; i < V; i++) {
    const row = Array.from({ length: V }, (_, j) => probabilities[i * V + j]);
    const wrong = row.find((p) => !(p >= 0 && Number.isFinite(p)));
    if (wrong !== undefined) throw new RangeError(`${NAME}: expected probabilities ≥ 0, found ${wrong}`);
    if (row.every((p) => p === 0)) throw new RangeError(`${NAME}: expected a positive sum in row ${i}, found 0`);
  }
}
