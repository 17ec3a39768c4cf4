/** Training one ensemble: R seeds of one depth side by side, measured at every report. */
import { openProgress, type Watch } from "./follow.ts";
import type { Decoder } from "./decoder.ts";
import { decoder } from "./decoder.ts";
import { stabilities } from "./circuits.ts";
import { evaluations } from "./measures.ts";
import { Recorder } from "./recorder.ts";
import type { Series } from "./series.ts";
import { MOST_MARGINAL, type Setting } from "./setting.ts";
import type { Tasks } from "./tasks.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { adamw, type Optimizer } from "../../lib/optim/mod.ts";
import { type Computation, everySteps, Training, type TrainingState } from "../../lib/train/training.ts";

/** What is trained. */
export interface Ensemble {
  /** Stands in the log. */
  readonly name: string;
  readonly sizes: Decoder;
  readonly tasks: Tasks;
  /** One seed per replica. */
  readonly seeds: readonly number[];
}

const CIRCUITS = ["QK", "OV"] as const;

/** The optimiser of every ensemble. */
export function optimizerOf({ lr, "weight-decay": weightDecay }: Setting): Optimizer {
  return adamw({ lr, weightDecay, betas: [0.9, 0.98] });
}

/** Mean loss of next-token prediction on fresh sequences. */
export function trainingLoss({ sizes, tasks }: Ensemble, batch: number): Computation {
  const model = decoder(sizes);
  const task = tasks.train(batch);
  return (weights, draw) => {
    const { inputs, targets } = task({ ...draw, key: "train" });
    return crossEntropy(model.apply(weights, inputs), targets);
  };
}

/**
 * Trains an ensemble and measures everything at every report.
 *
 * @param ensemble What is trained.
 * @param setting Sizes and steps.
 * @param watch Progress, and what ends it early.
 * @returns Its series; throws once aborted.
 */
export async function trainEnsemble(ensemble: Ensemble, setting: Setting, watch: Watch): Promise<Series> {
  const { name, sizes, tasks, seeds } = ensemble;
  const [R, H] = [seeds.length, sizes.layers * sizes.heads];
  const all = evaluations(sizes, tasks.held(setting["evaluation-batch"]), setting["evaluation-batch"], MOST_MARGINAL);
  using parameters = ParameterSet.create(decoder(sizes).parameters, seeds);
  using training = await Training.create({
    parameters,
    optimizer: optimizerOf(setting),
    loss: trainingLoss(ensemble, setting.batch),
    evaluations: all,
  });
  const recorder = new Recorder(R, H);
  const steps = everySteps(setting.every, setting.steps);
  const follow = openProgress(watch, name, setting.steps);
  for await (const { step, losses, evaluations } of training.run({ reports: steps, signal: watch.signal })) {
    recorder.losses(losses);
    recorder.positions(evaluations.positions, sizes.length);
    recorder.whole("parameter norm", evaluations.norm);
    recorder.heads("prefix matching", evaluations.scores, 2, (row) => row[0]);
    recorder.heads("previous token", evaluations.scores, 2, (row) => row[1]);
    for (const circuit of CIRCUITS) recorder.circuit(circuit, evaluations[circuit], sizes);
    await follow(step, losses.at(-1)?.[0]);
  }
  watch.signal.throwIfAborted();
  for (const circuit of CIRCUITS) {
    const found = await stabilities(recorder.spaces[circuit], sizes);
    for (const [quantity, values] of Object.entries(found)) recorder.rows(`${circuit} ${quantity}`, values);
  }
  return recorder.series({ name, layers: sizes.layers, heads: H, replicas: R, steps });
}

/**
 * Trains an ensemble without measuring it, up to a step.
 *
 * @param ensemble What is trained.
 * @param setting Sizes.
 * @param step Last step.
 * @param watch Progress, and what ends it early.
 * @returns All that training needs to continue from there; the same, bit by bit, as in a run that goes on.
 */
export async function trainTo(
  ensemble: Ensemble,
  setting: Setting,
  step: number,
  watch: Watch,
): Promise<TrainingState> {
  using parameters = ParameterSet.create(decoder(ensemble.sizes).parameters, ensemble.seeds);
  const loss = trainingLoss(ensemble, setting.batch);
  using training = await Training.create({ parameters, optimizer: optimizerOf(setting), loss });
  const follow = openProgress(watch, `${ensemble.name} again`, step);
  for await (const report of training.run({ reports: everySteps(setting.every, step), signal: watch.signal })) {
    await follow(report.step, report.loss?.[0]);
  }
  watch.signal.throwIfAborted();
  return await training.state();
}
