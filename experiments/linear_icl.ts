#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * How does a linear transformer learn to regress in context: are the closed-form dynamics of its modes right?
 *
 * Task     N pairs (x, y = W x), x ~ N(0, S), then a query x_q; W diagonal in the eigenbasis of S (or dense), fresh for
 *          every prompt (or one of a fixed pool).
 * Model    f(Z) = Z + W_P (Z Zᵀ/N) W_Q Z on tokens (x; y), every entry of W_P and W_Q trained by SGD on fresh prompts;
 *          the prediction is the lower half of the last column. R seeds side by side.
 * Compare  the paper's logistic curve for every mode (arXiv 2504.12916); the exact population flow at finite N, in which
 *          modes couple; the spread across seeds that SGD noise predicts.
 * Measure  a = p q of every mode, the loss, p² − q², null blocks, fixed points against N, alignment of a random start,
 *          the error when the covariance at test time is another.
 * Claims   one for each numbered statement of the paper and each consequence of the exact flow: linear_icl/claims.ts,
 *          logged before training.
 */
import * as lab from "../mod.ts";
import { claims } from "./linear_icl/claims.ts";
import { figures } from "./linear_icl/figures.ts";
import { check, mainSteps, options, presets } from "./linear_icl/options.ts";
import { alignment, covarianceShift, fixedPoints, flowsOfMain, mirror, noiseOfMain } from "./linear_icl/studies.ts";

export const experiment = lab.defineExperiment({
  name: "linear_icl",
  doc: new URL(import.meta.url),
  options,
  presets,
  check,
  resumable: { every: 4000 },
  perReplica: ({ studies }) => studies === "main" ? ["lr", "scale"] : [],
  page: {
    preset: "page",
    controls: ["spectrum", "context", "tasks", "lr", "scale", "batch", "steps", "replicas"],
    suggestions: [
      { words: "Two modes far apart", values: { spectrum: [2, 0.5] } },
      { words: "Four equal modes", values: { spectrum: [2, 2, 2, 2] } },
      { words: "Prompts of 64 pairs", values: { context: 64 } },
      { words: "A start ten times smaller", values: { scale: 0.005 } },
      { words: "Noise: 16 prompts a step", values: { batch: 16 } },
    ],
    figures: ["modes_log", "loss", "conserved"],
  },
  claims,
  figures,
  async run(run) {
    const { configuration: setting, seeds, snapshots } = run;
    const { spectrum, context, init } = setting;
    const d = spectrum.length;
    const replicas = run.cells.flatMap(({ configuration: { lr, scale }, seeds }) => {
      const start = (seed: number) => init === "aligned" ? lab.alignedInit(d, scale) : lab.randomInit(d, scale, seed);
      return seeds.map((seed) => ({ seed, context, lr, spectrum, init: start(seed) }));
    });

    const ends: lab.Blocks[] = [];
    for (const cell of run.cells) ends.push(...await flowsOfMain(run, cell, cell.replicas.map((r) => replicas[r])));
    using training = await lab.linearIcl({ ...setting, replicas, from: run.restored("main") });
    const reports = mainSteps(setting);
    for await (const { step, loss, evaluations } of lab.follow(training, { label: "main", reports }, run)) {
      const data = evaluations.parameters;
      run.measure({ series: "main", step }, { ...(loss && { loss }), ...lab.blockMeasures(data, d) });
      if (step === setting.steps) {
        snapshots.keep("trained", step, [{ name: "W", shape: [seeds.length, 8 * d * d], data }]);
      }
    }
    for (const cell of run.cells) noiseOfMain(cell);

    if (setting.studies === "main") return;
    await fixedPoints(run);
    if (d > 1) await alignment(run);
    await mirror(run);
    await covarianceShift(run, snapshots.at("trained")[0].data, ends);
  },
});

if (import.meta.main) await lab.main(experiment);
