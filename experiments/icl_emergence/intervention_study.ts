/** Two layers with every intervention, side by side, from reports before any seed's window. */
import { holding, intervene, type Intervention, INTERVENTIONS } from "./interventions.ts";
import { type Ensemble, optimizerOf, trainingLoss, trainTo } from "./ensemble.ts";
import { Recorder } from "./recorder.ts";
import { openProgress, type Watch } from "./follow.ts";
import { decoder } from "./decoder.ts";
import type { Place } from "./evidence.ts";
import { earlyAndLate, type Series } from "./series.ts";
import type { Setting } from "./setting.ts";
import type { Window } from "./windows.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { everySteps, Training } from "../../lib/train/training.ts";

/**
 * The last step at which interventions are made: two reports before the earliest window, as a change point is only known
 * to a report or so; a quarter of training where there is none.
 *
 * @param setting Steps.
 * @param windows Windows of the seeds.
 * @returns A report's step, at least one report in.
 */
export function interventionStep({ steps, every }: Setting, windows: readonly (Window | null)[]): number {
  const starts = windows.flatMap((window) => window ? [window.start] : []);
  const wanted = starts.length > 0 ? Math.min(...starts) - 2 * every : steps / 4;
  return Math.max(every, Math.floor(wanted / every) * every);
}

/**
 * The steps at which interventions are made: fractions of the last one, down to a report.
 *
 * @param setting Steps and fractions.
 * @param windows Windows of the seeds.
 * @returns Fractions and reports' steps, at least one report in.
 */
export function interventionSteps(setting: Setting, windows: readonly (Window | null)[]): Place[] {
  const { every, "intervene-at": fractions } = setting;
  const last = interventionStep(setting, windows);
  return fractions.map((fraction) => ({
    fraction,
    from: Math.max(every, Math.floor(fraction * last / every) * every),
  }));
}

/** Name of an intervention in the log: with its fraction, unless that is 1. */
const nameOf = (intervention: Intervention, fraction: number) =>
  fraction === 1 ? intervention : `${intervention} at ${fraction}`;

/** Reports that are taken after the last transition. */
const AFTER = 8;

/**
 * Trains all interventions as one ensemble of 4 R replicas with the batches of the R seeds, until eight reports after the
 * last of them has come to the middle of its seed's window.
 *
 * @param ensemble The two-layer ensemble.
 * @param place Where interventions are made.
 * @param levels Score in the middle of each seed's window (R); null where there is none.
 * @param setting Sizes and steps.
 * @param watch Progress, and what ends it early.
 * @returns One series for each intervention, from that step on; heads are not measured.
 */
export async function trainInterventions(
  ensemble: Ensemble,
  { fraction, from }: Place,
  levels: readonly (number | null)[],
  setting: Setting,
  watch: Watch,
): Promise<Series[]> {
  const { sizes, tasks } = ensemble;
  const R = ensemble.seeds.length;
  const state = await trainTo(ensemble, setting, from, watch);
  const { tensors, projections } = await intervene(sizes, state.tensors, ensemble.seeds, setting["top-k"]);
  const seeds = INTERVENTIONS.flatMap(() => ensemble.seeds);
  const model = decoder(sizes);
  using parameters = ParameterSet.create(model.parameters, seeds);
  const flat = parameters.pack(tensors.filter(({ name }) => !name.startsWith("optimizer.")));
  const blockOf = (layer: number) => parameters.blocks.find(({ name }) => name === `blocks.${layer}.attention.qkv`)!;
  const held = projections.map((_, layer) => {
    const { start, perReplica } = blockOf(layer);
    return flat.slice(start, start + perReplica * seeds.length);
  });
  const task = tasks.held(setting["evaluation-batch"]);
  using training = await Training.create({
    parameters,
    optimizer: holding(optimizerOf(setting), parameters, sizes, projections, held),
    loss: trainingLoss({ ...ensemble, seeds }, setting.batch),
    evaluations: {
      positions: (weights, draw) => {
        const { inputs, targets } = task({ ...draw, key: "evaluation" });
        return crossEntropy(model.apply(weights, inputs), targets, { reduction: "positions" });
      },
    },
    from: { step: from, tensors },
  });
  const steps = everySteps(setting.every, setting.steps).filter((step) => step >= from);
  const recorders = INTERVENTIONS.map(() => new Recorder(R, 0));
  const follow = openProgress(watch, `interventions at ${from}`, setting.steps, from);
  const waiting = new Set(seeds.keys().filter((replica) => levels[replica % R] !== null));
  const anyWindow = waiting.size > 0;
  const taken: number[] = [];
  let after = 0;
  const run = { reports: steps, signal: watch.signal, reportStart: true, until: () => anyWindow && after > AFTER };
  for await (const { step, losses, evaluations } of training.run(run)) {
    taken.push(step);
    earlyAndLate(evaluations.positions, sizes.length).forEach(({ early, late }, replica) => {
      if (waiting.has(replica) && late - early <= levels[replica % R]!) waiting.delete(replica);
    });
    if (waiting.size === 0) after++;
    recorders.forEach((recorder, index) => {
      recorder.losses(losses.map((row) => row.subarray(index * R, (index + 1) * R)));
      const rows = R * sizes.length;
      recorder.positions(evaluations.positions.subarray(index * rows, (index + 1) * rows), sizes.length);
    });
    await follow(step, losses.at(-1)?.[0]);
  }
  watch.signal.throwIfAborted();
  return recorders.map((recorder, index) =>
    recorder.series({
      name: nameOf(INTERVENTIONS[index], fraction),
      layers: sizes.layers,
      heads: 0,
      replicas: R,
      steps: taken,
    })
  );
}
