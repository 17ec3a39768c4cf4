/** Prediction of the next token as a loss, for training and for evaluations. */
import { crossEntropy, type LossOptions } from "../losses.ts";
import type { Transformer } from "../models/transformer.ts";
import type { TaskSampler } from "../tasks/sampler.ts";
import type { NextTokens } from "../tasks/token_sequences.ts";
import type { Computation } from "./options.ts";

/**
 * Cross-entropy of the next token, in nats, on sequences that a task draws.
 *
 * @param model Predicts logits (R, B, T, V) from tokens (R, B, T).
 * @param task Draws sequences and the token after each.
 * @param key Name of the draws: one for training, another for each evaluation.
 * @param reduction Average over all positions, or over sequences alone (`positions`); see {@linkcode LossOptions}.
 * @returns A computation: losses (R), or by position (R, T).
 */
export function nextTokenLoss(
  model: Pick<Transformer, "apply">,
  task: TaskSampler<NextTokens>,
  key: string,
  reduction: LossOptions["reduction"] = "mean",
): Computation {
  return (weights, draw) => {
    const { inputs, targets } = task({ ...draw, key });
    return crossEntropy(model.apply(weights, inputs), targets, { reduction });
  };
}
