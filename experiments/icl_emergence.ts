#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * Why does in-context learning appear suddenly in attention-only transformers: is the QK circuit's subspace found first?
 *
 * Task     tokens that repeat after a random lag, which the context alone predicts: pairs exactly, counts of tokens in part;
 *          or Markov chains with a new matrix each (--preset=cpu-markov, after Edelman et al. 2024, arXiv 2402.11004);
 *          or bytes of a file (--preset=cpu-text --text=FILE).
 * Model    attention-only decoders of 1, 2, 3 and 4 layers, R seeds of each depth side by side, AdamW on fresh batches.
 * Compare  exact predictors: uniform, counts of tokens and of pairs in the context, a text's own unigrams and bigrams.
 * Measure  ICL score: loss at the last minus at the first quarter of positions. Its window, from the score alone: the change
 *          points of a segmented regression (R² ≥ 0.9) whose fast fall ends below a level: half way between the exact
 *          unigram and bigram scores; for a text, where those are not apt, the lower end of the 95 % prediction interval
 *          of a further seed of the shuffled control (and R² ≥ 0.75). Prefix matching and previous-token attention of
 *          every head; of every QK and OV: effective rank without the leading value, norm, subspace distance and principal
 *          angles (rank d_head); curvature of ‖θ‖ and of the loss autocorrelation.
 * Control  two layers on the same sequences, each shuffled, or on bytes from all over the text; one layer.
 * Change   at the last step before any seed's window, and at half of it: freeze or turn the top-k subspace of every QK,
 *          against random ones: delay in steps.
 * Claims   of arXiv 2504.12916, of Olsson et al. and on the interventions: icl_emergence/, logged before training.
 *
 * Pilots (1500 steps, two layers, learning curves only) chose the sizes: with blocks of 8 … 16 tokens, layer
 * normalisation or fan-in initial scale, the score falls gradually, by positions; with lags from 3 to 16, V = 64, RMS
 * normalisation and GPT-2 scale it falls at steps 300 … 600 in four of four seeds. One layer falls to −1.6 nats gradually.
 * For Markov chains (2000 steps, two layers, seeds 101 … 104): with 8 states and α = 0.3 the score falls gradually, with
 * 16 states and α = 0.1 after a plateau, at steps 350 … 700 in four of four seeds; a larger learning rate blurs it.
 * For GPL-3 (1200 steps, seeds 101 and 102): width 32 hardly learns; with width 64 the score of two layers falls by 0.12
 * nats at steps 150 … 350 (R² of 0.84 and 0.86), that of one layer likewise. A list of 41 kB of file names was memorised.
 */
import { writeFigure } from "../lib/figures/mod.ts";
import { openGpu } from "../lib/gpu/device.ts";
import { defineExperiment, main } from "../lib/run/mod.ts";
import { claims } from "./icl_emergence/claims.ts";
import { trainEnsemble } from "./icl_emergence/ensemble.ts";
import { type Branch, depth, type Evidence, windowsOf } from "./icl_emergence/evidence.ts";
import { figures } from "./icl_emergence/figures.ts";
import { middleLevels } from "./icl_emergence/intervention_claims.ts";
import { interventionSteps, trainInterventions } from "./icl_emergence/intervention_study.ts";
import { INTERVENTIONS } from "./icl_emergence/interventions.ts";
import { logBaselines, logSeries } from "./icl_emergence/log_series.ts";
import { restoreSeries, saveSeries, type Series } from "./icl_emergence/series.ts";
import { check, columns, options, presets, sizesOf } from "./icl_emergence/setting.ts";
import { baselines, tasksOf } from "./icl_emergence/tasks.ts";

export const experiment = defineExperiment({
  name: "icl_emergence",
  doc: new URL(import.meta.url),
  options,
  presets,
  columns,
  claims,
  check,
  // A step of the checkpoints is one series: a resumed run begins with the first ensemble that was not finished.
  resumable: { every: 1 },
  async run(context) {
    const { configuration: setting, seed, checkpoints, log, note } = context;
    const seeds = Array.from({ length: setting.replicas }, (_, replica) => (seed + replica) >>> 0);
    context.setSeeds(seeds);
    context.setAdapter((await openGpu(context.adapter)).adapter);
    const done = restoreSeries(checkpoints.restore());
    const tasks = await tasksOf(setting);
    const exact = await baselines(setting, tasks, seed);
    if (done.length === 0) logBaselines(exact, log);

    const ensemble = (name: string, layers: number) => ({
      name,
      sizes: sizesOf(setting, tasks.vocabulary, layers),
      tasks,
      seeds,
    });
    // The control comes first: what a text's windows are held against.
    const ensembles = setting.depths.map((layers) => ensemble(`depth-${layers}`, layers));
    const hasControl = setting.control === "yes";
    if (hasControl) ensembles.unshift({ ...ensemble("control", 2), tasks: await tasksOf(setting, true) });
    const grounds = () => ({ setting, baselines: exact, control: hasControl ? done[0] : null });
    const finish = (series: readonly Series[]) => {
      done.push(...series);
      series.forEach((one) => logSeries(one, grounds(), log));
      if (checkpoints.due(done.length)) checkpoints.save(saveSeries(done));
    };
    for (const one of ensembles.slice(done.length)) finish([await trainEnsemble(one, setting, context)]);

    const depths = done.slice(ensembles.length - setting.depths.length, ensembles.length);
    const before = { ...grounds(), depths };
    const two = depth(before, 2);
    const interventions: Branch[] = [];
    if (two && setting.interventions === "yes") {
      for (const [index, place] of interventionSteps(setting, windowsOf(two, before)).entries()) {
        const from = ensembles.length + index * INTERVENTIONS.length;
        if (done.length === from) {
          note(`interventions at step ${place.from}`);
          finish(await trainInterventions(ensemble("depth-2", 2), place, middleLevels(before), setting, context));
        }
        interventions.push({ ...place, series: done.slice(from, from + INTERVENTIONS.length) });
      }
    }
    const evidence: Evidence = { ...before, interventions };
    context.judge(evidence);
    for (const [name, spec] of Object.entries(figures(evidence))) {
      await writeFigure(context.write, name, spec, { png: context.png });
    }
  },
});

if (import.meta.main) await main(experiment);
