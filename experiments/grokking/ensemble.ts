/** An ensemble in training: one recorded step for all replicas, losses and accuracies on both parts at every report. */
import { concatenate } from "../../kernels/arrange/blocks.ts";
import { accuracy, crossEntropy } from "../../lib/losses.ts";
import { ParameterSet, type Weights } from "../../lib/models/parameters.ts";
import { adamw, warmUp } from "../../lib/optim/mod.ts";
import { Training, type TrainingState } from "../../lib/train/training.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { freePart, type Part, partOf } from "./data.ts";
import { applyModel, modelParameters } from "./model.ts";
import type { Replica } from "./replicas.ts";
import { type Setting, sizesOf } from "./setting.ts";

/** Parts of the table: of each, losses and accuracies (2, R) are evaluated at every report. */
export type PartName = "train" | "test";

/** An ensemble. */
export interface Ensemble extends Disposable {
  readonly parameters: ParameterSet;
  readonly training: Training<Record<PartName, Tensor>>;
  readonly train: Part;
}

/** How an ensemble differs from the plain one. */
export interface EnsembleOptions {
  /** State to continue from. */
  readonly from?: TrainingState;
  /** Matrices (R, H, C, C) that what each head writes is multiplied by. */
  readonly project?: Tensor;
}

/**
 * Makes an ensemble: AdamW with β = (0.9, 0.98), a warm-up of ten steps, and each replica's own weight decay and data.
 *
 * @param setting Options.
 * @param replicas What each replica is.
 * @param options State and projections.
 * @returns The ensemble; disposing of it frees its memory.
 */
export async function ensembleOf(
  setting: Setting,
  replicas: readonly Replica[],
  { from, project }: EnsembleOptions = {},
): Promise<Ensemble> {
  const sizes = sizesOf(setting);
  const [train, test] = [await partOf(setting, replicas, "train"), await partOf(setting, replicas, "test")];
  const parameters = ParameterSet.create(modelParameters(sizes), replicas.map(({ seed }) => seed));
  const logits = (weights: Weights, { tokens }: Part) => applyModel(sizes, weights, tokens, { project }).logits;
  const loss = (part: Part) => (weights: Weights) => crossEntropy(logits(weights, part), part.labels, part);
  const scores = (part: Part) => (weights: Weights) => {
    const found = logits(weights, part);
    const rows = [crossEntropy(found, part.labels, part), accuracy(found, part.labels, part)];
    return concatenate(rows.map((row) => row.reshape([1, replicas.length])), 0);
  };
  const training = await Training.create({
    parameters,
    optimizer: adamw({
      lr: setting.lr,
      betas: [0.9, 0.98],
      weightDecay: replicas.map(({ weightDecay }) => weightDecay),
      schedule: warmUp(10),
    }),
    loss: loss(train),
    evaluations: { train: scores(train), test: scores(test) },
    from,
  });
  return {
    parameters,
    training,
    train,
    [Symbol.dispose]() {
      training.destroy();
      parameters.destroy();
      freePart(train);
      freePart(test);
    },
  };
}
