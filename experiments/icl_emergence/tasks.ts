/** Sequences in which only the context helps, or the bytes of a text; and what exact predictors lose on them. */
import { Tensor } from "../../lib/gpu/tensor.ts";
import {
  fittedLosses,
  inContextLosses,
  markovChains,
  type NextTokens,
  readText,
  repeatedSequences,
  shuffled,
  type TaskSampler,
  textPart,
  textWindows,
  type TokenBatch,
  type TokenRows,
  withTargets,
} from "../../lib/tasks/mod.ts";
import type { Setting } from "./setting.ts";

/** Draws sequences with the token after each. */
export type NextTokenTask = TaskSampler<TokenBatch & NextTokens>;

/** The tasks of a run. */
export interface Tasks {
  /** Sequences to train on, by size of the batch. */
  readonly train: (batch: number) => NextTokenTask;
  /** Sequences to evaluate on: other draws, and the validation part of a text. */
  readonly held: (batch: number) => NextTokenTask;
  /** Number of tokens V: of a text, of its different bytes. */
  readonly vocabulary: number;
  /** The text's training part, where there is one. */
  readonly text: Uint8Array | null;
}

/** Share of a text that is trained on. */
const SPLIT = 0.9;

/**
 * The tasks that a setting asks for.
 *
 * @param setting Which task, and its sizes.
 * @param control Whether order is lost: each sequence's tokens are shuffled; of a text, each byte comes from a place of
 *   its own, as a window's counts of bytes would still tell what is to come in it.
 * @returns Samplers.
 * @throws {Error} In one line, if the text cannot be read or is too short.
 */
export async function tasksOf(setting: Setting, control = false): Promise<Tasks> {
  const { task, text: path, vocabulary, "block-from": from, "block-to": to } = setting;
  const length = setting.length + 1;
  if (task === "text") {
    const { bytes, vocabulary } = compact(await readText(path, 20 * length));
    const windows = (part: "train" | "validation") => (batch: number) =>
      withTargets(
        control
          ? scattered(textWindows({ bytes, length: 1, batch: batch * length, part, split: SPLIT }), length)
          : textWindows({ bytes, length, batch, part, split: SPLIT }),
      );
    const { end } = textPart(bytes.length, "train", SPLIT);
    return { train: windows("train"), held: windows("validation"), vocabulary, text: bytes.subarray(0, end) };
  }
  const order = control ? shuffled : <B extends TokenBatch>(sampler: TaskSampler<B>) => sampler;
  const draw = (batch: number): NextTokenTask =>
    task === "markov"
      ? withTargets(order(markovChains({ vocabulary, length, batch, concentration: setting.concentration })))
      : withTargets(order(repeatedSequences({ vocabulary, length, batch, block: { from, to } })));
  return { train: draw, held: draw, vocabulary, text: null };
}

/** A text with its different bytes numbered in their order: a byte that never occurs is nothing to predict. */
function compact(text: Uint8Array): { readonly bytes: Uint8Array; readonly vocabulary: number } {
  const different = [...new Set(text)].sort((a, b) => a - b);
  const numbers = new Uint8Array(256);
  different.forEach((byte, index) => numbers[byte] = index);
  return { bytes: text.map((byte) => numbers[byte]), vocabulary: different.length };
}

/** Sequences of tokens that were drawn one by one. */
function scattered(sampler: TaskSampler<TokenBatch>, length: number): TaskSampler<TokenBatch> {
  return (draw) => {
    const { tokens } = sampler(draw);
    return { tokens: tokens.reshape([tokens.shape[0], tokens.shape[1] / length, length]) };
  };
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
