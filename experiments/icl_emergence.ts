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
 * Claims   of arXiv 2504.12916, of Olsson et al. and on the interventions: icl_emergence/claims.ts, logged before training.
 *
 * Pilots (1500 steps, two layers, learning curves only) chose the sizes: with blocks of 8 … 16 tokens, layer
 * normalisation or fan-in initial scale, the score falls gradually, by positions; with lags from 3 to 16, V = 64, RMS
 * normalisation and GPT-2 scale it falls at steps 300 … 600 in four of four seeds. One layer falls to −1.6 nats gradually.
 * For Markov chains (2000 steps, two layers, seeds 101 … 104): with 8 states and α = 0.3 the score falls gradually, with
 * 16 states and α = 0.1 after a plateau, at steps 350 … 700 in four of four seeds; a larger learning rate blurs it.
 * For GPL-3 (1200 steps, seeds 101 and 102): width 32 hardly learns; with width 64 the score of two layers falls by 0.12
 * nats at steps 150 … 350 (R² of 0.84 and 0.86), that of one layer likewise. A list of 41 kB of file names was memorised.
 */
import * as lab from "../mod.ts";
import { claims } from "./icl_emergence/claims.ts";
import { figures } from "./icl_emergence/figures.ts";
import { intervene, INTERVENTIONS, isSettled, placesOf, seriesOf } from "./icl_emergence/interventions.ts";
import { check, MOST_MARGINAL, options, presets, type Setting } from "./icl_emergence/setting.ts";
import { exactLosses, type Tasks, tasksOf } from "./icl_emergence/tasks.ts";
import { CONTROL, CURVATURES, EXACT, ofDepth, TWO, windowsOf } from "./icl_emergence/windows.ts";

export const experiment = lab.defineExperiment({
  name: "icl_emergence",
  doc: new URL(import.meta.url),
  options,
  presets,
  check,
  claims,
  figures,
  resumable: { every: 500 },
  // Interventions begin before the first window of all seeds.
  perReplica: ({ depths, interventions }) => interventions && depths.includes(2) ? [] : ["lr", "weight-decay"],
  async run(run) {
    const { configuration: setting, seeds, snapshots, measured } = run;
    const { length, every } = setting;
    const reports = lab.everySteps(every, setting.steps);
    const tasks = await tasksOf(setting);
    for (const { seeds: [first], theory } of run.cells) {
      for (const [name, losses] of Object.entries(await exactLosses(setting, tasks, first))) {
        theory(name, EXACT, [0], Array.from(losses, (loss) => [loss]));
      }
    }

    // The control comes first: a text's windows are held against it.
    const ensembles = setting.depths.map((layers) => ({ series: ofDepth(layers), layers, tasks }));
    if (setting.control) ensembles.unshift({ series: CONTROL, layers: 2, tasks: await tasksOf(setting, true) });
    for (const { series, layers, tasks } of ensembles) {
      const { model, loss, positions, heads } = problem(setting, tasks, layers);
      const optimizer = optimizerOf({ lr: run.each("lr"), weightDecay: run.each("weight-decay") });
      const sizes = { layers, heads: setting.heads };
      using parameters = lab.ParameterSet.create(model.parameters, seeds);
      using training = await lab.Training.create({
        parameters,
        optimizer,
        loss,
        evaluations: { positions, norm: lab.parameterNorm, ...heads },
        from: run.restored(series),
      });
      for await (const { step, losses, evaluations } of lab.follow(training, { label: series, reports }, run)) {
        const { positions, norm, QK, OV } = evaluations;
        losses.forEach((loss, index) => run.measure({ series, step: step - losses.length + 1 + index }, { loss }));
        run.measure({ series, step }, { ...lab.iclScores(positions, length), "parameter norm": norm });
        for (const [head, values] of lab.byHead(lab.headNumbers(evaluations), sizes)) {
          run.measure({ series, step, ...head }, values);
        }
        snapshots.keep(series, step, lab.spaceArrays({ QK: lab.spacesOf(QK), OV: lab.spacesOf(OV) }));
      }

      const kept = snapshots.take(series);
      for (const circuit of kept.length > 0 ? ["QK", "OV"] : []) {
        const compared = await lab.compareSpaces(kept.map(({ arrays }) => lab.spacesFrom(circuit, arrays)));
        for (const [report, { step }] of kept.entries()) {
          const distances = lab.spaceNumbers(circuit, compared[report]);
          for (const [head, values] of lab.byHead(distances, sizes)) {
            run.measure({ series, step, ...head }, values);
          }
        }
      }
      for (const [quantity, curvesOf] of Object.entries(CURVATURES)) {
        run.measureCurves({ series, quantity }, curvesOf(measured, series, every));
      }
    }
    if (!setting.depths.includes(2) || !setting.interventions) return;

    // Two layers once more, the same steps bit by bit, now that it is known where they are to be changed.
    const places = placesOf(setting, windowsOf(measured, setting, TWO));
    const { model, loss, positions } = problem(setting, tasks, 2);
    const optimizer = optimizerOf({ lr: setting.lr, weightDecay: setting["weight-decay"] });
    using parameters = lab.ParameterSet.create(model.parameters, seeds);
    const [label, stops] = [`${TWO} again`, lab.unionOfSteps(places.map(({ from }) => from))];
    using training = await lab.Training.create({ parameters, optimizer, loss, from: run.restored(label) });
    for await (const { step } of lab.follow(training, { label, reports: stops, pause: () => true }, run)) {
      snapshots.keep("before interventions", step, (await training.state()).tensors);
    }

    for (const { fraction, from } of places) {
      const state = { step: from, tensors: snapshots.at("before interventions", from) };
      const { branched, holds } = await intervene(state, setting, seeds);
      const design = new lab.Conditions(INTERVENTIONS.map((one) => ({ name: seriesOf(one, fraction), seeds })));
      using parameters = lab.ParameterSet.create(model.parameters, design.seeds);
      const changed = {
        label: `interventions at ${fraction}`,
        reports: reports.filter((step) => step >= from),
        reportStart: true,
        until: ({ step }: { readonly step: number }) => isSettled(measured, setting, fraction, step),
      };
      using training = await lab.Training.create({
        parameters,
        optimizer: lab.held(optimizer, parameters, branched.state.tensors, holds),
        loss,
        evaluations: { positions },
        from: run.restored(changed.label) ?? branched.state,
      });
      for await (const { step, loss, evaluations } of lab.follow(training, changed, run)) {
        run.measure({ series: design, step }, {
          ...lab.iclScores(evaluations.positions, length),
          ...(loss && { loss }),
        });
      }
    }
  },
});

const optimizerOf = (hyper: Pick<lab.AdamOptions, "lr" | "weightDecay">) => lab.adamw({ ...hyper, betas: [0.9, 0.98] });

/** Model, batch loss, and what is measured of one depth. */
function problem(setting: Setting, { train, held, vocabulary }: Tasks, layers: number) {
  const { heads, width, length, norm, "evaluation-batch": batch } = setting;
  const sizes = { input: { vocabulary }, outputs: vocabulary, length, layers, heads, width, mlp: 0 };
  const model = lab.transformer({ ...sizes, norm, biases: { attention: false, unembedding: false }, init: "gpt2" });
  return {
    model,
    loss: lab.nextTokenLoss(model, train(setting.batch), "train"),
    positions: lab.nextTokenLoss(model, held(batch), "evaluation", "positions"),
    heads: lab.headMeasures(model, { layers, heads, length, vocabulary, batch, marginal: MOST_MARGINAL }),
  };
}

if (import.meta.main) await lab.main(experiment);
