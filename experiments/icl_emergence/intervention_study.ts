/** Two layers with every intervention, side by side, from the last report before any seed's window. */
import { holding, intervene, INTERVENTIONS } from "./interventions.ts";
import { type Ensemble, optimizerOf, Recorder, trainingLoss, trainTo } from "./ensemble.ts";
import { openProgress, type Watch } from "./follow.ts";
import { decoder } from "./decoder.ts";
import type { Series } from "./series.ts";
import type { Setting } from "./setting.ts";
import type { Window } from "./windows.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { everySteps, Training } from "../../lib/train.ts";

/**
 * The step at which interventions are made: two reports before the earliest window, as a change point is only known to a
 * report or so; a quarter of training where there is none.
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
 * Trains all interventions as one ensemble of 4 R replicas with the batches of the R seeds.
 *
 * @param ensemble The two-layer ensemble.
 * @param from Step at which interventions are made.
 * @param setting Sizes and steps.
 * @param watch Progress, and what ends it early.
 * @returns One series for each intervention, from that step on; heads are not measured.
 */
export async function trainInterventions(
  ensemble: Ensemble,
  from: number,
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
  const follow = openProgress(watch, "interventions", setting.steps, from);
  const run = { reports: steps, signal: watch.signal, reportStart: true };
  for await (const { step, losses, evaluations } of training.run(run)) {
    recorders.forEach((recorder, index) => {
      recorder.losses(losses.map((row) => row.subarray(index * R, (index + 1) * R)));
      const rows = R * sizes.length;
      recorder.positions(evaluations.positions.subarray(index * rows, (index + 1) * rows), sizes.length);
    });
    await follow(step, losses.at(-1)?.[0]);
  }
  watch.signal.throwIfAborted();
  return recorders.map((recorder, index) =>
    recorder.series({ name: INTERVENTIONS[index], layers: sizes.layers, heads: 0, replicas: R, steps })
  );
}
