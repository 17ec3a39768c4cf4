#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * Why does a transformer generalise long after it has memorised modular arithmetic?
 *
 * Task     a ∘ b modulo a prime p, for all pairs; a share of them is trained on, full batch, the others test.
 * Model    one layer, four heads, rectified perceptron, no normalisation, AdamW with weight decay 1: Nanda et al.
 *          (arXiv 2301.05217). Main replicas and controls train side by side as one ensemble.
 * Controls no weight decay, more and less of it; fewer and more training pairs; random labels.
 * Measure  losses, restricted and excluded loss, Fourier spectra of embedding and logits, Gini coefficients, key
 *          frequencies and the neurons they explain, weight norm; effective rank, distance and principal angles to the
 *          final subspace of every head's QK and OV, of the perceptron and of the embeddings; the local learning
 *          coefficient of the training loss at ten snapshots (grokking/coefficient_study.ts says what its numbers mean).
 * Phases   memorisation ends when 99 % of the training pairs are right; circuit formation ends when the restricted loss
 *          has fallen below half of ln p; cleanup ends when 95 % of the test pairs are right.
 * Intervene from three checkpoints, heads are made to write into the subspace of their final OV circuit alone, or what they
 *          write there is drawn anew; random subspaces of the same dimension are the control. The cpu preset's steps were
 *          chosen from the phases of an earlier run (memorised at 91 … 136, circuit formed at 48 … 246, generalised at
 *          482 … 824): 60 lies before memorisation ends, 150 after it, 300 after circuit formation, in every seed.
 * Pilots   p = 53, 45 % of the pairs, width 32, 128 neurons and η = 0.01 were chosen by runs of a PyTorch model of these
 *          sizes with other seeds: all of four grokked within 600 steps (three of four at 40 %, none at 35 %, in 1000
 *          steps). A first run of the cpu preset had 700 steps and left one of four seeds half-way; the restricted loss from
 *          test pairs alone was added after it, criteria stayed. Learning coefficients and the outer two checkpoints came
 *          later, their criteria before a rehearsal with seeds 201 to 204, which changed figures and, by its
 *          time, gave controls two replicas. The paper preset has the paper's sizes.
 * Claims   grokking/claims.ts, logged before training.
 */
import { openGpu } from "../lib/gpu/device.ts";
import { writeFigure } from "../lib/figures/mod.ts";
import { defineExperiment, main } from "../lib/run/mod.ts";
import { logarithmicSteps, unionOfSteps } from "../lib/train/training.ts";
import { claims } from "./grokking/claims.ts";
import { studiedReplicas } from "./grokking/coefficient_study.ts";
import { columns } from "./grokking/columns.ts";
import { ensembleOf } from "./grokking/ensemble.ts";
import { figures } from "./grokking/figures.ts";
import {
  type History,
  packHistory,
  pointsOf,
  someReplicas,
  squaredNorms,
  trainingIn,
  unpackHistory,
} from "./grokking/history.ts";
import { logBranch, logCoefficients, logProgress } from "./grokking/log_evidence.ts";
import { lookBack } from "./grokking/look_back.ts";
import { replicasOf } from "./grokking/replicas.ts";
import { check, coefficientSteps, options, presets } from "./grokking/setting.ts";

export const experiment = defineExperiment({
  name: "grokking",
  doc: new URL(import.meta.url),
  options,
  presets,
  resumable: { every: 500 },
  columns,
  claims,
  check,
  async run(context) {
    const { configuration: setting, seed, log, signal, progress, checkpoints } = context;
    const replicas = replicasOf(setting, seed);
    const main = replicas.flatMap(({ condition }, index) => condition === "main" ? [index] : []);
    context.setSeeds(replicas.map(({ seed }) => seed));
    context.setAdapter((await openGpu(context.adapter)).adapter);

    const saved = checkpoints.restore();
    const history: History = saved ? unpackHistory(saved.tensors) : { snapshots: [], studied: [], branches: [] };
    const { steps, reports, "branch-at": branchAt, "branch-steps": branchSteps } = setting;
    const studiedAt = coefficientSteps(setting);
    let savedAt = saved?.step ?? 0;

    using ensemble = await ensembleOf(setting, replicas, { from: saved ? trainingIn(saved) : undefined });
    const { training, parameters, train } = ensemble;
    const save = async () => {
      const { step, tensors } = await training.state();
      checkpoints.save({ step, tensors: [...tensors, ...packHistory(history)] });
      savedAt = step;
    };
    progress.start(steps, "training", savedAt);
    const planned = unionOfSteps(logarithmicSteps(reports, steps), branchAt);
    for await (const { step, evaluations } of training.run({ reports: planned, pause: () => true, signal })) {
      const weights = await parameters.read();
      const points = pointsOf(evaluations, squaredNorms(weights, replicas.length));
      points.forEach((point, replica) => {
        const { condition, seed } = replicas[replica];
        log("train", { step, replica, condition, seed, ...point });
      });
      history.snapshots.push({ step, points, weights: someReplicas(weights, main) });
      if (studiedAt.includes(step)) {
        history.studied.push({ step, weights: someReplicas(weights, studiedReplicas(replicas)) });
      }
      if (branchSteps > 0 && branchAt.includes(step)) {
        history.branches.push({ step, tensors: someReplicas((await training.state()).tensors, main) });
      }
      const { every } = checkpoints;
      if (every > 0 && Math.floor(step / every) > Math.floor(savedAt / every)) await save();
      await progress.update(step, { test: points[0].testLoss });
    }
    if (signal.aborted && training.step > savedAt && history.snapshots.length > 0) await save();
    progress.stop();
    if (signal.aborted) return;

    const pairs = train.pairs.slice(0, main.length);
    const evidence = await lookBack(context, { replicas, history, pairs });
    if (evidence === null) return;
    logProgress(evidence, log);
    logCoefficients(evidence, pairs[0].length, log);
    logBranch(evidence, log);
    context.judge(evidence);
    for (const [name, spec] of Object.entries(figures(evidence))) {
      await writeFigure(context.write, name, spec, { png: context.png });
    }
  },
});

if (import.meta.main) await main(experiment);
