/** Training one ensemble: R seeds of one depth side by side, measured at every report. */
import { openProgress, type Watch } from "./follow.ts";
import type { Decoder } from "./decoder.ts";
import { decoder } from "./decoder.ts";
import { evaluations, frobenius, marginalRank, type Measured } from "./measures.ts";
import { earlyAndLate, type Series } from "./series.ts";
import { MOST_MARGINAL, type Setting } from "./setting.ts";
import { rowSpaceDistances } from "./subspaces.ts";
import type { Tasks } from "./tasks.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { adamw, type Optimizer } from "../../lib/optim/mod.ts";
import { type Computation, everySteps, Training, type TrainingState } from "../../lib/train.ts";

/** What is trained. */
export interface Ensemble {
  /** Stands in the log. */
  readonly name: string;
  readonly sizes: Decoder;
  readonly tasks: Tasks;
  /** One seed per replica. */
  readonly seeds: readonly number[];
}

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
  using training = await Training.create<Measured>({
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
    for (const [circuit, measures] of [["QK", evaluations.qk], ["OV", evaluations.ov]] as const) {
      const columns = measures.length / (R * H);
      recorder.heads(`${circuit} norm`, measures, columns, frobenius);
      for (let k = 0; k <= MOST_MARGINAL; k++) {
        recorder.heads(`${circuit} rank without ${k}`, measures, columns, (row) => marginalRank(row, k));
      }
    }
    recorder.bases(evaluations.keys, evaluations.outputs);
    await follow(step, losses.at(-1)?.[0]);
  }
  watch.signal.throwIfAborted();
  const distances = await rowSpaceDistances(sizes, parameters.weights, recorder.keys, recorder.outputs);
  for (const [quantity, rows] of Object.entries(distances)) recorder.rows(quantity, rows);
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

/** Collects reports into the arrays of a series. */
export class Recorder {
  readonly #losses: number[] = [];
  readonly #whole: Record<string, number[]> = {};
  readonly #perHead: Record<string, number[]> = {};
  /** Bases of the row spaces of QK at each report. */
  readonly keys: Float32Array[] = [];
  /** Bases of the row spaces of OV at each report. */
  readonly outputs: Float32Array[] = [];

  constructor(private readonly replicas: number, private readonly count: number) {}

  /** Batch losses (R) of the steps since the last report. */
  losses(rows: readonly Float32Array[]): void {
    for (const row of rows) this.#losses.push(...row);
  }

  /** Losses by position (R, T) of a report. */
  positions(values: Float32Array, T: number): void {
    const each = earlyAndLate(values, T);
    this.whole("early loss", each.map(({ early }) => early));
    this.whole("late loss", each.map(({ late }) => late));
  }

  /** A quantity of each model (R). */
  whole(quantity: string, values: ArrayLike<number>): void {
    (this.#whole[quantity] ??= []).push(...Array.from(values));
  }

  /** A quantity of each head, computed from its columns of (R, H, columns). */
  heads(quantity: string, values: Float32Array, columns: number, of: (row: Float32Array) => number): void {
    const rows = Array.from(
      { length: this.replicas * this.count },
      (_, row) => of(values.subarray(row * columns, (row + 1) * columns)),
    );
    this.rows(quantity, rows);
  }

  /** Values (R, H) of one report, or of all of them one after the other. */
  rows(quantity: string, values: ArrayLike<number>): void {
    (this.#perHead[quantity] ??= []).push(...Array.from(values));
  }

  /** Bases of row spaces at a report. */
  bases(keys: Float32Array, outputs: Float32Array): void {
    this.keys.push(keys);
    this.outputs.push(outputs);
  }

  /** The series of all reports. */
  series(head: Omit<Series, "losses" | "whole" | "perHead">): Series {
    const arrays = (table: Record<string, number[]>) =>
      Object.fromEntries(Object.entries(table).map(([name, values]) => [name, Float32Array.from(values)]));
    return {
      ...head,
      losses: Float32Array.from(this.#losses),
      whole: arrays(this.#whole),
      perHead: arrays(this.#perHead),
    };
  }
}
