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
import { writeFigure } from "../lib/figures/mod.ts";
import { openGpu } from "../lib/gpu/device.ts";
import { alignedInit, randomInit } from "../lib/models/linear_icl.ts";
import { defineExperiment, main } from "../lib/run/mod.ts";
import { claims } from "./linear_icl/claims.ts";
import type { Evidence } from "./linear_icl/evidence.ts";
import { figures } from "./linear_icl/figures.ts";
import { fixedPoints } from "./linear_icl/fixed_point_study.ts";
import { follow } from "./linear_icl/follow.ts";
import { logEvidence } from "./linear_icl/log_evidence.ts";
import { mainTheory } from "./linear_icl/main_study.ts";
import { alignment, mirror } from "./linear_icl/random_start_studies.ts";
import { check, columns, ensemble, options, presets, reportSteps, studySetting } from "./linear_icl/setting.ts";
import { covarianceShift } from "./linear_icl/shift_study.ts";
import { measure, stateOf } from "./linear_icl/state.ts";

export const experiment = defineExperiment({
  name: "linear_icl_dynamics",
  doc: new URL(import.meta.url),
  options,
  presets,
  columns,
  claims,
  check,
  async run(context) {
    const { configuration: setting, seed, log, note } = context;
    const { spectrum, scale, lr, replicas: R, studies } = setting;
    const d = spectrum.length;
    const seeds = Array.from({ length: R }, (_, replica) => (seed + replica) >>> 0);
    context.setSeeds(seeds);
    context.setAdapter((await openGpu(context.adapter)).adapter);

    const replicas = seeds.map((seed) => ({
      seed,
      context: setting.context,
      lr,
      spectrum,
      init: setting.init === "aligned" ? alignedInit(d, scale) : randomInit(d, scale, seed),
    }));
    const steps = reportSteps(setting.steps, 120);
    const states: Evidence["states"][number][] = [];
    const losses: Evidence["losses"][number][] = [];
    let trained: Float32Array[] = [];
    using model = await ensemble(setting, replicas);
    for await (const { step, loss, parameters } of follow(model, "main", steps, context)) {
      loss?.forEach((value, replica) => log("train", { step, replica, loss: value }));
      const state = seeds.map((_, replica) => stateOf(parameters, replica, d));
      state.forEach((one, replica) =>
        measure(one).forEach((row) => log("measure", { study: "main", x: step, replica, ...row }))
      );
      states.push(state);
      losses.push(loss);
      trained = seeds.map((_, replica) => parameters.slice(replica * 8 * d * d, (replica + 1) * 8 * d * d));
    }

    const theory = await mainTheory(setting, replicas, steps, context);
    note(`exact flow integrated to ${theory.integrationError.toExponential(1)}`);
    const all = studies === "all";
    const study = studySetting(setting);
    const studySeeds = Array.from({ length: setting["study-replicas"] }, (_, replica) => (seed + replica) >>> 0);
    const ends = theory.ends.map((flow, replica) => ({ init: trained[replica], flow }));
    const evidence: Evidence = {
      setting,
      steps,
      states,
      losses,
      theory,
      fixedPoints: all ? await fixedPoints(study, studySeeds, context) : [],
      alignment: all && d > 1 ? await alignment(study, studySeeds, context) : [],
      mirror: all ? await mirror(study, studySeeds, context) : [],
      shift: all ? await covarianceShift(study, seeds, ends, context) : [],
    };
    logEvidence(evidence, log);
    context.judge(evidence);
    for (const [name, spec] of Object.entries(figures(evidence))) {
      await writeFigure(context.write, name, spec, { png: context.png });
    }
  },
});

if (import.meta.main) await main(experiment);
