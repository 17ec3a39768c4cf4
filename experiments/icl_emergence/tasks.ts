/** Sequences in which only the context helps, or the bytes of a text; and what exact predictors lose on them. */
import { Tensor } from "../../lib/gpu/tensor.ts";
import {
  fittedLosses,
  inContextLosses,
  markovChains,
  repeatedSequences,
  shuffled,
  type TaskSampler,
  type TokenBatch,
  type TokenRows,
  withTargets,
} from "../../lib/tasks/mod.ts";
import type { Setting } from "./setting.ts";
import { type NextTokenTask, type Tasks, textTasks } from "./text_tasks.ts";

export type { NextTokenTask, Tasks } from "./text_tasks.ts";

/**
 * The tasks that a setting asks for.
 *
 * @param setting Which task, and its sizes.
 * @param control Whether order is lost: each sequence's tokens are shuffled; of a text, see {@linkcode textTasks}.
 * @returns Samplers.
 * @throws {Error} In one line, if the text cannot be read or is too short.
 */
export async function tasksOf(setting: Setting, control = false): Promise<Tasks> {
  const { task, text: path, vocabulary, "block-from": from, "block-to": to } = setting;
  const length = setting.length + 1;
  if (task === "text") return await textTasks(path, length, control);
  const order = control ? shuffled : <B extends TokenBatch>(sampler: TaskSampler<B>) => sampler;
  const draw = (batch: number): NextTokenTask =>
    task === "markov"
      ? withTargets(order(markovChains({ vocabulary, length, batch, concentration: setting.concentration })))
      : withTargets(order(repeatedSequences({ vocabulary, length, batch, block: { from, to } })));
  return { train: draw, held: draw, vocabulary, text: null };
}

/** An exact predictor's loss by position (T), in nats. */
export interface Baseline {
  /** Its name in the log. */
  readonly name: string;
  /** Loss at each position. */
  readonly losses: readonly number[];
}

/**
 * What exact predictors lose on sequences of the task: uniform; counts of tokens (unigram) and of pairs (bigram) in the
 * context, of Markov chains with the α that loses least and with that of their law, else with 0.05; and those of a text's
 * training part.
 *
 * @param setting Sizes.
 * @param tasks The tasks.
 * @param seed Seed of the sequences.
 * @returns Baselines.
 */
export async function baselines(setting: Setting, tasks: Tasks, seed: number): Promise<Baseline[]> {
  using seeds = Tensor.from(Uint32Array.of(seed));
  using clock = Tensor.from(Uint32Array.of(0, 0, 1));
  const batch = tasks.held(4 * setting["evaluation-batch"])({ seeds, clock, key: "baseline" });
  const tokens = await batch.tokens.read();
  for (const tensor of new Set([batch.tokens, batch.inputs, batch.targets])) tensor.destroy();
  const rows = { tokens, length: setting.length + 1, vocabulary: tasks.vocabulary };
  // A smaller α makes the pair counts of a sequence count sooner; chains have the α that they are drawn with.
  const markov = setting.task === "markov";
  const list: [string, ArrayLike<number>][] = [
    ["uniform", new Float64Array(setting.length).fill(Math.log(tasks.vocabulary))],
    ["in-context unigram", markov ? bestUnigram(rows) : inContextLosses(rows, 0, 0.05)],
    ["in-context bigram", inContextLosses(rows, 1, markov ? setting.concentration : 0.05)],
  ];
  if (tasks.text) {
    list.push(["text unigram", fittedLosses(tasks.text, rows, 0)], [
      "text bigram",
      fittedLosses(tasks.text, rows, 1, 0.1),
    ]);
  }
  return list.map(([name, losses]) => ({ name, losses: Array.from(losses) }));
}

/** Losses of counting tokens with the α, of some powers of two, that loses least: how often a chain visits is no Dirichlet law. */
function bestUnigram(rows: TokenRows): Float64Array {
  const all = Array.from({ length: 11 }, (_, index) => inContextLosses(rows, 0, 2 ** (index - 5)));
  const total = (losses: Float64Array) => losses.reduce((sum, loss) => sum + loss, 0);
  return all.reduce((best, losses) => total(losses) < total(best) ? losses : best);
}
