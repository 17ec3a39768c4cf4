/** Sequences in which only the context helps, or the bytes of a text; and what exact predictors lose on them. */
import * as lab from "../../mod.ts";
import type { Setting } from "./setting.ts";

/** The tasks of a run. */
export type Tasks = lab.NextTokenTasks & {
  /** The text's part that is trained on, where there is one. */
  readonly text?: Uint8Array;
};

/**
 * The tasks that a setting asks for. Of the control, order is lost: each sequence's tokens are shuffled; of a text, bytes come
 * from all over it.
 *
 * @throws {UserError} If the text cannot be read or is too short.
 */
export async function tasksOf(setting: Setting, control = false): Promise<Tasks> {
  const { task, text, vocabulary, concentration, "block-from": from, "block-to": to } = setting;
  const length = setting.length + 1;
  if (task === "text") return lab.textPrediction(await lab.readText(text, 20 * length), { length, scattered: control });
  const draw = (batch: number) => {
    const ordered: lab.TaskSampler<lab.TokenBatch> = task === "markov"
      ? lab.markovChains({ vocabulary, length, batch, concentration })
      : lab.repeatedSequences({ vocabulary, length, batch, block: { from, to } });
    return lab.withTargets(control ? lab.shuffled(ordered) : ordered);
  };
  return { train: draw, held: draw, vocabulary };
}

/**
 * Computes losses of exact predictors on held-out sequences: uniform; counts of tokens (unigram) and of pairs (bigram) in the
 * context, of Markov chains with the α that loses least and with that of their law, else with 0.05; and those of a text's
 * first part.
 *
 * @returns Losses by position (T), in nats, by predictor.
 */
export async function exactLosses(
  setting: Setting,
  tasks: Tasks,
  seed: number,
): Promise<Record<string, Float64Array>> {
  using seeds = lab.Tensor.from(Uint32Array.of(seed));
  using clock = lab.Tensor.from(Uint32Array.of(0, 0, 1));
  const batch = tasks.held(4 * setting["evaluation-batch"])({ seeds, clock, key: "baseline" });
  const tokens = await batch.tokens.read();
  for (const tensor of new Set([batch.tokens, batch.inputs, batch.targets])) tensor.destroy();
  const rows = { tokens, length: setting.length + 1, vocabulary: tasks.vocabulary };
  // A smaller α makes the pair counts of a sequence count sooner; chains have the α that they are drawn with.
  const markov = setting.task === "markov";
  return {
    "uniform": new Float64Array(setting.length).fill(Math.log(tasks.vocabulary)),
    "in-context unigram": markov ? lab.bestInContextLosses(rows, 0) : lab.inContextLosses(rows, 0, 0.05),
    "in-context bigram": lab.inContextLosses(rows, 1, markov ? setting.concentration : 0.05),
    ...(tasks.text && {
      "text unigram": lab.fittedLosses(tasks.text, rows, 0),
      "text bigram": lab.fittedLosses(tasks.text, rows, 1, 0.1),
    }),
  };
}
