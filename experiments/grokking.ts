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
 *          coefficient (LLC) of the training loss at ten snapshots.
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
 * LLC      λ̂ = nβ (E[ℓ(w)] − ℓ(w*)) of the loss ℓ of all training pairs, w* a snapshot, from chains of Langevin dynamics
 *          (Lau et al. 2023, arXiv 2308.12108); nβ = n / ln n. The pull γ decides what is seen: most directions of a
 *          network are flatter than γ / nβ and count for next to nothing, so that λ̂ is far below half the number of
 *          parameters; without γ, chains leave for flatter regions and never come to rest. Only ratios at one γ are read,
 *          and numbers of two presets are not to be compared. Two things are not the coefficient of the theory. AdamW's
 *          decay is no part of ℓ, so that a snapshot is no minimum of ℓ: chains may find lower losses, and λ̂ would be
 *          negative where they do. And cross-entropy is all but flat where margins are large: a model that is merely sure
 *          of its training pairs has a smaller λ̂ too. The control without decay, whose margins grow longest, is there to
 *          tell how much that alone does.
 *          Pilots with seeds 101 and 102 and the controls of 101, snapshots from 0 to 1000 steps, chains of 90 to 200
 *          steps: at step 0 λ̂ was −1 … −4, from step 20 on positive everywhere, hence the first fiftieth of the run is
 *          left out. γ = 1000 was reached in 30 steps at η = 10⁻⁴ and estimates agreed with η = 5 · 10⁻⁵ and, where that
 *          was stable, 2 · 10⁻⁴ to a tenth; η = 4 · 10⁻⁴ doubled them, and 2 · 10⁻⁴ already shook the control without
 *          decay. γ = 300 gave 1.5 to 10 times as large ones with the same order along the run, γ = 100 did not settle in
 *          120 steps, γ = 10⁴ left nothing of the end of training. λ̂ fell from 80 to 1 in the seed that grokked and from
 *          100 to 20 in the other, from 80 to 37 without decay, and not at all with random labels; the claims' thresholds
 *          were chosen after it. R̂ of two chains of 60 draws scatters between 1 and 1.4 around a mean that chains share
 *          to some per cent, as few draws are independent; it is logged with the drift.
 * Claims   grokking/claims.ts, logged before training.
 */
import * as lab from "../mod.ts";
import { claims } from "./grokking/claims.ts";
import { figures } from "./grokking/figures.ts";
import { applyModel, type Batch, batchOf, modelOf } from "./grokking/model.ts";
import { measureProgress } from "./grokking/progress.ts";
import {
  branchName,
  check,
  coefficientSteps,
  conditionsOf,
  INTERVENTIONS,
  options,
  presets,
  type Replica,
  type Setting,
  STUDIED,
} from "./grokking/setting.ts";

export const experiment = lab.defineExperiment({
  name: "grokking",
  doc: new URL(import.meta.url),
  options,
  presets,
  resumable: { every: 500 },
  page: {
    preset: "page",
    controls: ["operation", "modulus", "fraction", "lr", "weight-decay", "width", "steps", "replicas"],
    suggestions: [
      { words: "Multiplication", values: { operation: "multiply" } },
      { words: "No weight decay", values: { "weight-decay": 0 } },
      { words: "A third of the pairs", values: { fraction: 0.33 } },
      { words: "Most of the pairs", values: { fraction: 0.8 } },
    ],
    figures: ["losses", "accuracy", "weight_norm"],
  },
  check,
  claims,
  figures,
  async run(run) {
    const { configuration: setting, seed, snapshots } = run;
    const { steps, reports, "branch-at": branchAt, "branch-steps": branchSteps } = setting;
    const conditions = conditionsOf(setting, seed);
    const main = conditions.indices("main");
    const studied = STUDIED.flatMap((condition) => conditions.indices(condition));
    const mainReplicas = main.map((index) => conditions.replicas[index]);

    using ensemble = await ensembleOf(setting, conditions.replicas, { from: run.restored("training") });
    const { training, parameters, train } = ensemble;
    const planned = lab.unionOfSteps(lab.logarithmicSteps(reports, steps), branchSteps > 0 ? branchAt : []);
    const loop = { label: "training", reports: planned, pause: () => true };
    for await (const { step, evaluations: { train, test } } of lab.follow(training, loop, run)) {
      const weights = await parameters.read();
      run.measure({ series: conditions, step }, {
        "train loss": train.loss,
        "test loss": test.loss,
        "train accuracy": train.accuracy,
        "test accuracy": test.accuracy,
        "squared norm": lab.squaredNorms(weights).map(Math.fround),
      });
      snapshots.keep("main", step, lab.selectReplicas(weights, main));
      if (coefficientSteps(setting).includes(step)) {
        snapshots.keep("studied", step, lab.selectReplicas(weights, studied));
      }
      if (branchSteps > 0 && branchAt.includes(step)) {
        snapshots.keep("branches", step, lab.selectReplicas((await training.state()).tensors, main));
      }
    }

    for (const { step: from, arrays: tensors } of snapshots.of("branches")) {
      const label = `interventions from step ${from}`;
      const branch = await intervened(setting, mainReplicas, { step: from, tensors }, snapshots.at("main"));
      using project = branch.project;
      const state = run.restored(label) ?? branch.state;
      using branched = await ensembleOf(setting, INTERVENTIONS.flatMap(() => mainReplicas), { from: state, project });
      const branches = INTERVENTIONS.map((name) => ({ name: branchName(name, from), seeds: run.seeds }));
      const series = new lab.Conditions(branches);
      const reports = lab.everySteps(Math.max(1, Math.round(branchSteps / 40)), branchSteps).map((step) => from + step);
      for await (const { step, evaluations: { test } } of lab.follow(branched.training, { label, reports }, run)) {
        run.measure({ series, step }, { "test loss": test.loss, "test accuracy": test.accuracy });
      }
    }

    await measureProgress(run, train.pairs.slice(0, main.length));

    const chains = new lab.Conditions(conditions.conditions.filter(({ name }) => STUDIED.includes(name)));
    const { "coefficient-chains": perReplica, "coefficient-n-beta": nBeta } = setting;
    const starts = chains.replicas.flatMap((replica) => new Array<Replica>(perReplica).fill(replica));
    using batch = batchOf(setting, starts, "train");
    const n = batch.pairs[0].length;
    using walkers = lab.ParameterSet.create(
      modelOf(setting).parameters,
      starts.map((_, chain) => (seed + chain) >>> 0),
    );
    await lab.each(snapshots.of("studied"), "learning coefficient", async (snapshot) => {
      const found = await lab.learningCoefficientsAt(snapshot, {
        parameters: walkers,
        loss: () => lab.crossEntropy(applyModel(setting, walkers.weights, batch.rows).logits, batch.labels, batch),
        chains: perReplica,
        nBeta: nBeta > 0 ? nBeta : n / Math.log(n),
        lr: setting["coefficient-lr"],
        localisation: setting["coefficient-pull"],
        burnIn: setting["coefficient-burn-in"],
        draws: setting["coefficient-draws"],
      });
      run.measure({ series: chains, step: snapshot.step }, {
        "learning coefficient": found.map((one) => one && one.coefficient),
        "learning coefficient, smallest of a chain": found.map((one) => one && Math.min(...one.chains)),
        "learning coefficient, largest of a chain": found.map((one) => one && Math.max(...one.chains)),
        "learning coefficient, loss at the snapshot": found.map((one) => one && one.lossAtCentre),
        "learning coefficient, split R-hat": found.map((one) => one && one.rHat),
        "learning coefficient, warnings": found.map((one) => one && one.warnings.length),
      });
    }, run);
  },
});

/**
 * Makes an ensemble: AdamW with β = (0.9, 0.98), a warm-up of ten steps, and each replica's own weight decay and data.
 *
 * @param setting Options.
 * @param replicas What each replica is.
 * @param options State to continue from, and matrices (R, H, C, C) that what each head writes is multiplied by.
 * @returns The ensemble; disposing of it frees its memory.
 */
async function ensembleOf(
  setting: Setting,
  replicas: readonly Replica[],
  { from, project }: { readonly from?: lab.SavedState; readonly project?: lab.Tensor },
) {
  const [train, test] = [batchOf(setting, replicas, "train"), batchOf(setting, replicas, "test")];
  const parameters = lab.ParameterSet.create(modelOf(setting).parameters, replicas.map(({ seed }) => seed));
  const logits = (weights: lab.Weights, { rows }: Batch) => applyModel(setting, weights, rows, project).logits;
  const scores = (batch: Batch) => (weights: lab.Weights) => {
    const found = logits(weights, batch);
    return { loss: lab.crossEntropy(found, batch.labels, batch), accuracy: lab.accuracy(found, batch.labels, batch) };
  };
  const training = await lab.Training.create({
    parameters,
    optimizer: lab.adamw({
      lr: setting.lr,
      betas: [0.9, 0.98],
      weightDecay: replicas.map(({ weightDecay }) => weightDecay),
      schedule: lab.warmUp(10),
    }),
    loss: (weights) => lab.crossEntropy(logits(weights, train), train.labels, train),
    evaluations: { train: scores(train), test: scores(test) },
    from,
  });
  return {
    parameters,
    training,
    train,
    [Symbol.dispose]: () => [training, parameters, train, test].forEach((each) => each[Symbol.dispose]()),
  };
}

/**
 * Branches a state of the main replicas, once for each intervention, all side by side.
 *
 * The subspace of a head is spanned by the k leading right singular vectors of its final OV circuit, k = ⌈effective
 * rank⌉, as `rankRule` has it. Frozen, the head writes into it alone, from the checkpoint on; redrawn, its part there is
 * replaced once.
 *
 * @param setting Options.
 * @param main The main replicas.
 * @param state Their state at the checkpoint.
 * @param last Their final parameters.
 * @returns State of all branches, and the matrices that what each head writes is multiplied by from then on.
 */
async function intervened(
  { width: C, heads }: Setting,
  main: readonly Replica[],
  state: lab.TrainingState,
  last: readonly lab.NamedArray[],
) {
  const { OV } = await lab.matrixSpaces(last, { heads, matrices: ["OV"] });
  const [, , K] = OV.shape;
  const branches = lab.branches(state, INTERVENTIONS);
  const output = lab.arrayNamed(branches.state.tensors, "blocks.0.attention.output");
  const frozen = new Map<string, Float64Array>();
  for (const [r, { seed }] of main.entries()) {
    for (let head = 0; head < heads; head++) {
      const b = r * heads + head;
      const k = lab.rankRule(OV.s.subarray(b * K, (b + 1) * K));
      const final = lab.projectionOf(lab.leadingVectors(OV, b, k), C);
      const random = lab.projectionOf(lab.randomSubspace({ seed, key: "random subspace", item: head }, C, k), C);
      const noise = lab.normals({ seed, key: "redrawn output", item: head }, C * C / heads);
      for (const name of INTERVENTIONS) {
        const place = { replica: branches.at(name, r), head, heads, side: "write" } as const;
        const [kind, subspace] = name.split(" ");
        const P = subspace === "final" ? final : random;
        const rows = lab.headOf(output, place);
        lab.writeHead(output, place, kind === "freeze" ? lab.movedInto(rows, P) : lab.redrawnWithin(rows, P, noise));
        if (kind === "freeze") frozen.set(`${place.replica}, ${head}`, P);
      }
    }
  }
  const sizes = { replicas: output.shape[0], heads, width: C };
  const projections = lab.projectionBatch(sizes, (r, head) => frozen.get(`${r}, ${head}`) ?? null, "identity");
  return { state: branches.state, project: lab.Tensor.from(projections, [sizes.replicas, heads, C, C], "projections") };
}

if (import.meta.main) await lab.main(experiment);
