/** In-context Markov chains: every sequence has a transition matrix of its own, which its past reveals. */
import { markovChain } from "../../kernels/tasks/markov_chain.ts";
import { transitionsAt } from "../../kernels/tasks/transition_matrix.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type PerReplica, positives, type TaskSampler } from "./sampler.ts";
import { choosePrompts, type TaskList } from "./task_list.ts";
import type { TokenBatch } from "./token_sequences.ts";

/** A task of Markov chains. */
export interface MarkovChainsOptions {
  /** Number of states V. */
  readonly vocabulary: number;
  /** Tokens S of a sequence: one more than a model that predicts the next token sees. */
  readonly length: number;
  /** Sequences B per replica and step. */
  readonly batch: number;
  /** Concentration α > 0 of the Dirichlet law of the rows; 1 by default: all rows equally likely. */
  readonly concentration?: PerReplica;
  /** Where transition matrices come from: new ones by default. `sequences` must be endless. */
  readonly list?: Omit<TaskList, "sequences">;
}

/** A batch of Markov chains. */
export interface MarkovChainsBatch extends TokenBatch {
  /** Transition matrix of each sequence (R, B, V, V), rows summing to 1. */
  readonly transition: Tensor;
  /** Which matrix of the list (R, B); the number of the sequence where matrices are new. */
  readonly choice: Tensor<"u32">;
}

/**
 * `P(x_{t+1} = j | x_t = i) = A_ij` with rows `A_i ~ Dirichlet(α)`, A new for every sequence or from a fixed list; the
 * first token is uniform.
 *
 * @param options The task.
 * @returns A sampler; sequence b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { markovChains } from "./markov_chains.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 2));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const sampler = markovChains({ vocabulary: 3, length: 101, batch: 32, concentration: 0.5 });
 * const { tokens, transition } = sampler({ seeds, clock, key: "train" });
 * assertEquals([tokens.shape, transition.shape], [[2, 32, 101], [2, 32, 3, 3]]);
 * ```
 */
export function markovChains(options: MarkovChainsOptions): TaskSampler<MarkovChainsBatch> {
  const { vocabulary: V, length: T, batch: B, concentration = 1, list = {} } = options;
  checkCounts("markov_chains", { vocabulary: V, length: T, batch: B });
  return (draw) => {
    const [R] = draw.seeds.shape;
    const { task, choice, keys } = choosePrompts("markov_chains", draw, list, B);
    const alpha = own(Tensor.from(positives("markov_chains", "concentration", concentration, R)));
    const { probability, cumulative } = transitionsAt(task, alpha, keys("transition"), V);
    const tokens = markovChain({ ...draw, key: `${draw.key} tokens` }, cumulative, { B, T });
    return { tokens, transition: probability, choice };
  };
}
