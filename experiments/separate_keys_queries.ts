#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * Does linear attention learn regression in context at one stroke, or one principal component after the other?
 *
 * Task     y = w·x with w ~ N(0, I) new in every prompt and x ~ N(0, diag λ), λ = (4, 3, 2, 1)/10; N = 31 pairs and a query.
 *          The model sees the pairs through β = (1/N) Σ y x alone, which is drawn from its exact law (`regressionStatistics`).
 * Model    linear attention of five heads, ŷ = βᵀ M x_q, M = Σ_h v_h K_hᵀ Q_h, keys and queries separate and of rank 1, trained by
 *          SGD on ½ (ŷ − y)² from small random weights (Zhang, Singh, Latham and Saxe 2025, arXiv 2501.16265). Blocks that mix inputs and labels are left out: the paper starts them at zero, where they stay in
 *          expectation. Losses are those of the paper, without the factor ½; time is t = η · steps.
 * Compare  plateaus L(m) = Tr Λ − Σ_{d ≤ m} λ_d/c_d, c_d = 1 + (1 + Tr Λ/λ_d)/N; the exact flow of the population loss from each
 *          replica's own start; principal-component regression (PCR) in context with m components, by least squares, and the
 *          best that m modes of β can do, M_m = Σ_{d ≤ m} e_d e_dᵀ/(λ_d c_d); closed waits of aligned heads.
 * Controls merged key-query matrices: no staircase. Keys and queries of rank 2 and 4: modes are learnt in groups. Two heads of rank
 *          one: the staircase ends on its third plateau.
 * Measure  exact loss of M; weight M_dd λ_d c_d of each mode; effective rank of QK, the heads' K_hᵀQ_h one above the other; distances
 *          of predictions; share that the largest head has of a mode; of conditions other than rank 1 the loss alone. "At plateau m": the
 *          report whose loss is nearest to L(m).
 *          "Time on plateau m": from a loss that is a tenth of a drop above it to one a tenth of the next drop below it.
 * Waits    t until the first mode has half its weight, from one head with v = |k| = |q| = v₀ along it: ≈ 1/(λ²v₀) separate,
 *          ≈ log(1/v₀)/λ² merged.
 * Noise    what SGD with few prompts a step does to waits. To first order in η/B (`noisyKeyQueryWait`) the factors of an aligned
 *          head stay equal and 1/v is a random walk of constant drift: waits spread by √(η Var(G) t/B)/λ², and their mean grows,
 *          although one may expect noise to shorten it: what shortens it, kicks across the mode, is the smaller part. Five random
 *          heads are measured beside it without a theory: a wait there is that of the quickest.
 * Pilots   flows of seeds 101 to 106 in float64 chose deviations and steps. A run of the cpu preset with seeds 101 to 112 and half the
 *          batch size chose the latter, and bounds that no theory gives; merged waits were 0.89 of the scalar flow's there, after
 *          which the exact flow of the whole head was added beside it. Waits of a separate implementation are those of finite steps, up to 0.2 longer than the flow's.
 *          The claims on the floor of merged heads and on balanced heads came after a first run of the cpu preset; neither was
 *          measured in it.
 * Claims   separate_keys_queries/claims.ts, logged before training.
 */
import * as lab from "../mod.ts";
import { claims } from "./separate_keys_queries/claims.ts";
import { figures } from "./separate_keys_queries/figures.ts";
import {
  check,
  options,
  presets,
  problemOf,
  RANDOM,
  ranked,
  type Setting,
  studiesOf,
  type Study,
} from "./separate_keys_queries/setting.ts";

export const experiment = lab.defineExperiment({
  name: "separate_keys_queries",
  doc: new URL(import.meta.url),
  options,
  presets,
  resumable: { every: 500 },
  page: {
    preset: "page",
    controls: ["spectrum", "context", "heads", "ranks", "lr", "deviation", "batch", "steps", "replicas"],
    suggestions: [
      { words: "Two components", values: { spectrum: [0.4, 0.1] } },
      { words: "A smaller start: longer plateaus", values: { deviation: 0.02, steps: 10_000 } },
      { words: "A larger start: no plateaus?", values: { deviation: 0.3, steps: 1000 } },
      { words: "Noise: 16 prompts a step", values: { batch: 16 } },
    ],
    figures: ["staircase", "modes", "ranks", "waits"],
  },
  check,
  claims,
  figures,
  async run(run) {
    const { configuration: setting } = run;
    const problem = problemOf(setting);
    const { slopes } = lab.regressionMoments(problem);
    const D = slopes.length;
    for (const study of studiesOf(setting, run.seeds)) {
      const { label, sizes, conditions, reports, whole } = study;
      for (const { name, seeds, start } of conditions.conditions) {
        const curvesOf = async <T>(own: readonly number[], take: (state: Float64Array) => T) =>
          await lab.each(own, `exact flow, ${name}`, (seed) => {
            const tolerances = whole ? { relative: 1e-7, absolute: 1e-9 } : undefined;
            return lab.keyQueryFlow(problem, sizes, start(seed), study.lr, reports, tolerances).states.map(take);
          }, run);
        const first = (state: Float64Array) => Math.fround(lab.keyQueryMap(sizes, D, state)[0] / slopes[0]);
        if (name === ranked(1)) {
          const flows = await curvesOf(seeds, (state) => {
            return { M: lab.keyQueryMap(sizes, D, state), rank: effectiveRankOfQk(sizes, D, state) };
          });
          type Point = typeof flows[number][number];
          const curves = (of: (point: Point) => number) => flows.map((points) => points.map(of).map(Math.fround));
          const [series, theory] = [name, "exact flow"];
          run.theory(theory, { series, quantity: "loss" }, reports, curves(({ M }) => lab.keyQueryLoss(problem, M)));
          run.theory(theory, { series, quantity: "effective rank of QK" }, reports, curves(({ rank }) => rank));
          slopes.forEach((slope, d) =>
            run.theory(theory, { series, quantity: `mode ${d}` }, reports, curves(({ M }) => M[d * (D + 1)] / slope))
          );
        } else if (name.startsWith("random")) {
          // The same random starts at every batch size: their flows are found once.
          if (study.batch !== setting.batches[0]) continue;
          run.theory("exact flow", { series: RANDOM, quantity: "first mode" }, reports, await curvesOf(seeds, first));
        } else if (!whole) {
          const [curve] = await curvesOf(seeds.slice(0, 1), first);
          run.theory("exact flow", { series: name, quantity: "first mode" }, reports, [curve]);
        }
      }
      using ensemble = await ensembleOf(setting, study, run.restored(label));
      const { training, parameters } = ensemble;
      const loop = { label, reports, pause: () => whole };
      for await (const { step, evaluations: { map, prompts } } of lab.follow(training, loop, run)) {
        const maps = conditions.each((_, r) => map.subarray(r * D * D, (r + 1) * D * D));
        const weight = (M: Float32Array, d: number) => Math.fround(M[d * (D + 1)] / slopes[d]);
        if (prompts === undefined) {
          run.measure({ series: conditions, step }, { "first mode": maps.map((M) => rising(weight(M, 0), step)) });
          continue;
        }
        const exact = maps.map((M) => Math.fround(lab.keyQueryLoss(problem, M)));
        run.measure({ series: conditions, step }, { loss: exact });
        // Of one condition everything is measured.
        const main = conditions.indices(conditions.names[0]);
        if (conditions.names[0] !== ranked(1)) continue;
        const arrays = await parameters.read();
        const heads = main.map((r) => stateOf(arrays, r));
        const mine = main.map((r) => maps[r]);
        const start = main.map((r) => conditions.replicas[r].start(conditions.seeds[r]));
        run.measure({ series: ranked(1), step }, {
          "loss on prompts": main.map((r) => prompts.loss[r]),
          "mode": mine.map((M) => Array.from(slopes, (_, d) => weight(M, d))),
          "effective rank of QK": heads.map((state) => Math.fround(effectiveRankOfQk(sizes, D, state))),
          "share of the largest head": heads.map((state) => largestHeads(sizes, D, state).map(Math.fround)),
          "imbalance": heads.map((state, r) => Math.fround(imbalanceSince(sizes, D, state, start[r]))),
          "distance to plateau": mine.map((M) => distancesToPlateaus(problem, M).map(Math.fround)),
          "distance to PCR": main.map((r) => prompts.distances.slice(r * (D + 1), (r + 1) * (D + 1))),
        });
      }
    }
  },
});

/** A weight from the report on at which it is worth a line: nothing below 0.02 but at the start, or where a replica has diverged. */
const rising = (weight: number, step: number) =>
  Number.isFinite(weight) && (step === 0 || weight >= 0.02) ? weight : null;

/**
 * Makes the ensemble of a study: heads from their starts, SGD on fresh prompts, and what is evaluated.
 *
 * @param setting Options.
 * @param study Heads, conditions, batch size and learning rate.
 * @param from State to continue from.
 * @returns The ensemble; disposing of it frees its memory.
 */
async function ensembleOf(setting: Setting, study: Study, from?: lab.SavedState) {
  const { spectrum, context } = setting;
  const { sizes, conditions, batch, lr, whole } = study;
  const [D, R] = [spectrum.length, conditions.replicas.length];
  const model = lab.linearAttentionHeads({ dimension: D, ...sizes, deviation: 0 });
  const parameters = lab.ParameterSet.create(model.parameters, conditions.seeds);
  const starts = conditions.each(({ start, seed }) => start(seed));
  let first = 0;
  parameters.load(parameters.blocks.map(({ name, spec: { shape }, perReplica }) => {
    const data = Float32Array.from(starts.flatMap((start) => [...start.subarray(first, first + perReplica)]));
    first += perReplica;
    return { name, shape: [R, ...shape], data };
  }));

  const train = lab.regressionStatistics({ spectrum, context, batch });
  const evaluation = whole ? await evaluationOf(setting, conditions.seeds) : null;
  const onPrompts = (weights: lab.Weights) => {
    const { x, y, label, answers } = evaluation!;
    const answer = model.apply(weights, { x, y });
    const distances = answers.map((other) => lab.meanSquare(answer, other).reshape([R, 1]));
    return { loss: lab.meanSquare(answer, label), distances: lab.concatenate(distances, 1) };
  };
  const training = await lab.Training.create({
    parameters,
    optimizer: lab.sgd({ lr }),
    loss: (weights, draw) => {
      const { beta, query, label } = train({ ...draw, key: "train" });
      return lab.meanSquare(model.answer(weights, { beta, query }), label, { half: true });
    },
    evaluations: { map: (weights) => model.map(weights), ...(evaluation ? { prompts: onPrompts } : {}) },
    divergence: whole ? "stop" : "mask",
    from,
  });
  const held = evaluation ? [evaluation.x, evaluation.y, evaluation.label, ...evaluation.answers] : [];
  return {
    parameters,
    training,
    [Symbol.dispose]: () => [training, parameters, ...held].forEach((each) => each[Symbol.dispose]()),
  };
}

/** Prompts drawn pair by pair, their last labels, and what PCR with 0 … D components answers to them. */
async function evaluationOf({ spectrum, context: N, prompts: B }: Setting, replicas: readonly number[]) {
  const D = spectrum.length;
  const scale = spectrum.map(Math.sqrt);
  const pairs = lab.linearRegression({ dimension: D, context: N + 1, batch: B, inputs: { scale } });
  const directions = spectrum.map((_, d) => spectrum.map((_, e) => d === e ? 1 : 0));
  using seeds = lab.Tensor.from(Uint32Array.from(replicas));
  using clock = lab.Tensor.from(Uint32Array.of(0, 1, 1));
  return await lab.evaluate(() => {
    const { x, y } = pairs({ seeds, clock, key: "evaluation" });
    const label = lab.slice(y, 2, N, N + 1).reshape([replicas.length, B]);
    const answers = directions.map((_, d) =>
      lab.principalComponentRegression({ components: directions.slice(0, d + 1), positions: "last" }).apply({ x, y })
    );
    return { x, y, label, answers: [lab.scale(label, 0), ...answers] };
  });
}

/** State of one replica's heads, as theories take it. */
function stateOf(arrays: readonly lab.NamedArray[], r: number): Float64Array {
  return Float64Array.from(arrays.flatMap(({ data, shape: [R] }) => {
    const size = data.length / R;
    return [...data.subarray(r * size, (r + 1) * size)];
  }));
}

/** Maps of single heads, with their values or without. */
function headMaps(sizes: lab.KeyQueryHeads, D: number, state: Float64Array, valued: boolean): Float64Array[] {
  const { heads: H } = sizes;
  return Array.from({ length: H }, (_, head) => {
    const value = (_: number, h: number) => h !== head ? 0 : valued ? state[h] : 1;
    return lab.keyQueryMap(sizes, D, [...Float64Array.from({ length: H }, value), ...state.subarray(H)]);
  });
}

/** Effective rank of all heads' K_hᵀQ_h one above the other (H D, D). */
function effectiveRankOfQk(sizes: lab.KeyQueryHeads, D: number, state: Float64Array): number {
  const stack = headMaps(sizes, D, state, false).flatMap((QK) => [...QK]);
  return lab.effectiveRank(lab.svdReference(stack, sizes.heads * D, D).s);
}

/** Of each mode, the share that the head with the largest part has of all heads' parts, in absolute value. */
function largestHeads(sizes: lab.KeyQueryHeads, D: number, state: Float64Array): number[] {
  const maps = headMaps(sizes, D, state, true);
  return Array.from({ length: D }, (_, d) => {
    const parts = maps.map((M) => Math.abs(M[d * (D + 1)]));
    return Math.max(...parts) / parts.reduce((sum, part) => sum + part, 0);
  });
}

/** Largest change since the start of v² − ‖K‖² and ‖K‖² − ‖Q‖², which the flow keeps, of any head, over the largest v². */
function imbalanceSince({ heads: H, rank }: lab.KeyQueryHeads, D: number, state: Float64Array, start: Float64Array) {
  const size = (rank === "merged" ? D : rank) * D;
  const norms = (of: Float64Array, head: number) => {
    const square = (from: number) => of.subarray(from, from + size).reduce((sum, value) => sum + value * value, 0);
    const [v, k, q] = [of[head] ** 2, square(H + head * size), square(H + (H + head) * size)];
    return { v, kept: [v - k, k - q] };
  };
  const all = Array.from({ length: H }, (_, head) => [norms(state, head), norms(start, head)]);
  const changes = all.flatMap(([now, then]) => now.kept.map((value, i) => Math.abs(value - then.kept[i])));
  return Math.max(...changes) / Math.max(...all.map(([{ v }]) => v));
}

/** Mean square of the difference to the predictions of M_m, over Tr Λ, for m = 0 … D. */
function distancesToPlateaus(problem: lab.IclProblem, M: Float32Array): number[] {
  const { slopes, lambda } = lab.regressionMoments(problem);
  const D = slopes.length;
  const plateau = new Float64Array(D * D);
  const distance = () => lab.predictionDistance(problem, M, plateau) / lambda.reduce((sum, value) => sum + value, 0);
  return [
    distance(),
    ...Array.from(slopes, (slope, d) => {
      plateau[d * (D + 1)] = slope;
      return distance();
    }),
  ];
}

if (import.meta.main) await lab.main(experiment);
