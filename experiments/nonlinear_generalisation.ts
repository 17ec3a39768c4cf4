#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * What do softmax attention and ReLU neurons generalise in context: to which tasks, to which patterns, and after what pruning?
 *
 * Source   Li, Wang, Lu, Cui and Chen 2024 (arXiv 2402.15607): theorems on one layer; experiments with it and a 3-layer, 2-head GPT-2.
 * Task     x = μ_j + κ ν_k, patterns orthogonal and of length β = 2: 6 relevant (M₁), 24 irrelevant, κ ~ U(−½, ½). A task (a, b), one of
 *          30, labels x +1 if j = a, −1 if j = b, else by a coin. Each of 20 examples shows a or b with probability α/2 each, the query a or b.
 * Model    one layer F = aᵀ ReLU(W_O W_V Σ_i p_i softmax_i(p_i · W_Kᵀ W_Q p_query)) on p = (x; y), from W_Q, W_K, W_V = δ I and small random
 *          W_O, a = ±1/√m fixed; and a decoder of 3 layers and 2 heads with layer normalisation and GELU, without positions.
 * Train    hinge loss of the query on fresh prompts; SGD for the layer, Adam for the decoder. Conditions differ in the set of training
 *          tasks or in α, share seeds and random numbers, and train side by side. Sets are balanced: every pattern stands for +1 as often
 *          as for −1; but for two controls, in which a label follows from the query's pattern, or two patterns alone are asked for.
 * Measure  error on tasks that were not trained on, fresh prompts, α = 0.8 (F = 0 counts one half); attention to examples with the query's
 *          pattern; directions of the rows of W_O W_V. After training: patterns out of distribution, random orthonormal combinations of
 *          the relevant ones with coefficient sum S₁ each, and rotated irrelevant ones; neurons removed by the norm of their incoming
 *          weights, smallest first, largest first or at random; test prompts with a share α′ of relevant examples and other lengths.
 * Compare  copying labels from examples with the query's pattern, ½ (1 − α′/2)^l wrong; the best predictor, which knows α′ (both exact).
 * Beyond   the paper: 18 tasks that pair patterns of one class with those of another only, on which as large a share of tasks is seen;
 *          the exact errors; attention by α; attention by S₁.
 * Settled  here what sources leave open: β, m = 128, η, κ, δ = 0.2, and the size of the decoder. Labels have length 1.
 * Pilots   seeds 900 and 901, learning curves alone (error, attention): β, learning rates and numbers of steps were chosen by them. For want
 *          of CPU steps were cut afterwards, before the run, from 400 to 190 (layer) and from 240 to 120 (decoder), and the layer's rate was
 *          doubled to 0.8; after the run test prompts of 30 and 40 examples were added, which the kept run has not. Pilots showed
 *          that 6 tasks suffice for the layer, that attention ends near 0.85 for α = 0.8 and near 1 for small α, that steps fall with α, and
 *          that a decoder fails on 18 tasks between two classes. Criteria were written before anything else was looked at.
 * Claims   nonlinear_generalisation/claims.ts, logged before training.
 */
import * as lab from "../mod.ts";
import { claims } from "./nonlinear_generalisation/claims.ts";
import { figures } from "./nonlinear_generalisation/figures.ts";
import {
  combinations,
  decoder,
  oneLayer,
  type PatternModel,
  type PatternTable,
  prune,
  rowDirections,
  testPatterns,
  trainingPatterns,
  withIdentity,
} from "./nonlinear_generalisation/models.ts";
import {
  ALL_TASKS,
  BAYES,
  check,
  conditionsOf,
  COPYING,
  DECODER,
  type Model,
  ONE,
  options,
  ORDERS,
  PATTERNS,
  presets,
  pruneSeries,
  type Run,
  seriesOf,
  shareSeries,
  sumSeries,
  within,
} from "./nonlinear_generalisation/setting.ts";

export const experiment = lab.defineExperiment({
  name: "nonlinear_generalisation",
  doc: new URL(import.meta.url),
  options,
  presets,
  resumable: { every: 200 },
  check,
  claims,
  figures,
  async run(run) {
    for (const name of [ONE, DECODER] as const) {
      const model = name === ONE ? oneLayer(run.configuration) : decoder(run.configuration);
      await train(run, name, model);
      await combine(run, name, model);
      await removeNeurons(run, name, model);
    }
    await shorten(run, oneLayer(run.configuration));
  },
});

/** Part of the prompts that are answered wrongly, of each replica; no answer counts one half. */
const errorOf = (F: lab.Tensor, labels: lab.Tensor) =>
  lab.mean(lab.scale(lab.sign(lab.multiply(F, labels)), -0.5, 0.5), [1]);

/** Trains a model under all its conditions, and keeps the parameters of those that learned the main set of tasks. */
async function train(run: Run, name: Model, model: PatternModel): Promise<void> {
  const { configuration: setting, seeds, snapshots } = run;
  const { spread, length, share, evaluated } = setting;
  const one = name === ONE;
  const conditions = conditionsOf(name, setting, seeds);
  const patterns = trainingPatterns(setting, conditions.seeds.length);
  const prompts = { patterns, spread, length };
  const [seen, unseen] = [conditions.each(({ seen }) => seen), conditions.each(({ unseen }) => unseen)];
  const batch = one ? setting.batch : setting["decoder-batch"];
  const fresh = lab.patternTasks({ ...prompts, tasks: seen, share: conditions.each(({ share }) => share), batch });
  const tests = { unseen, ...(!one && { seen }) };
  using parameters = lab.ParameterSet.create(model.parameters, conditions.seeds);
  if (one) parameters.load(withIdentity(await parameters.read(), setting.delta));
  using training = await lab.Training.create({
    parameters,
    optimizer: one ? lab.sgd({ lr: setting.lr }) : lab.adam({ lr: setting["decoder-lr"] }),
    loss(weights, draw) {
      const batch = fresh({ ...draw, key: "train" });
      return lab.hinge(model.apply(weights, batch).F, batch.labels);
    },
    evaluations: {
      found(weights, draw) {
        const values = Object.entries(tests).flatMap(([which, tasks]) => {
          const batch = lab.patternTasks({ ...prompts, tasks, share, batch: evaluated })({ ...draw, key: which });
          const { F, attention } = model.apply(weights, batch);
          return [
            [`error, ${which} tasks`, errorOf(F, batch.labels)] as const,
            ...(attention ? [["attention", lab.mean(attention, [1])] as const] : []),
          ];
        });
        return Object.fromEntries(values) as Record<string, lab.Tensor>;
      },
    },
    from: run.restored(name),
  });
  const steps = one ? setting.steps : setting["decoder-steps"];
  const reports = lab.everySteps(one ? setting.every : setting["decoder-every"], steps);
  const ends = (step: number) => step === 0 || step === steps;
  const followed = { label: name, reports, pause: ends };
  for await (const { step, evaluations: { found } } of lab.follow(training, followed, run)) {
    run.measure({ series: conditions, step }, found);
    if (one && ends(step)) {
      run.measure({ series: conditions, step }, rowDirections(await parameters.read()));
    }
    if (step === steps) {
      snapshots.keep(name, step, lab.selectReplicas(await parameters.read(), conditions.indices(seriesOf(name))));
    }
  }
  Object.values(patterns).forEach((table) => table.destroy());
}

/** Prompts of a test. */
interface Tested {
  readonly tasks: readonly lab.PatternTask[];
  readonly share: number;
  readonly length: number;
  readonly patterns: { readonly relevant: lab.Tensor; readonly irrelevant: lab.Tensor };
  readonly table?: PatternTable;
}

/**
 * Error and attention of a model on test prompts, means over all rounds.
 *
 * @param run Options and seeds.
 * @param model The model.
 * @param parameters Its parameters, of one condition's replicas.
 * @param tested The prompts.
 * @returns One number a replica of each.
 */
async function test(
  { configuration: { spread, test: batch, rounds }, seeds }: Run,
  model: PatternModel,
  parameters: lab.ParameterSet,
  { table, ...tested }: Tested,
): Promise<Record<string, number[]>> {
  using seedTensor = lab.Tensor.from(Uint32Array.from(seeds));
  const sums: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    using clock = lab.Tensor.from(Uint32Array.of(round, rounds, 1));
    const found: Record<string, lab.Tensor> = await lab.evaluate(() => {
      const prompts = lab.patternTasks({ ...tested, spread, batch })({ seeds: seedTensor, clock, key: "test" });
      const { F, attention } = model.apply(parameters.weights, prompts, table);
      return { error: errorOf(F, prompts.labels), ...(attention && { attention: lab.mean(attention, [1]) }) };
    });
    for (const [quantity, tensor] of Object.entries(found)) {
      const values = await tensor.read();
      sums[quantity] = seeds.map((_, r) => (sums[quantity]?.[r] ?? 0) + values[r] / rounds);
      tensor.destroy();
    }
  }
  return sums;
}

/** Parameters of a model that has learned the main set of tasks. */
function trained({ seeds, snapshots }: Run, name: Model, model: PatternModel): lab.ParameterSet {
  const parameters = lab.ParameterSet.create(model.parameters, seeds);
  parameters.load(snapshots.at(name));
  return parameters;
}

/** Tests a model on combinations of the patterns that it was trained on, and on three of these themselves. */
async function combine(run: Run, name: Model, model: PatternModel): Promise<void> {
  const { configuration: setting, seeds } = run;
  using parameters = trained(run, name, model);
  const own = (j: number) => Array.from({ length: PATTERNS }, (_, i) => i === j ? 1 : 0);
  const tests = [
    { series: within(name), coefficients: () => [0, 2, 4].map(own) },
    ...setting.sums.map((S1) => ({
      series: sumSeries(name, S1),
      coefficients: (seed: number) => combinations(seed, S1),
    })),
  ];
  const tasks = ALL_TASKS.filter(([a, b]) => a < 3 && b < 3);
  const found = await lab.each(tests, `${name}, patterns out of distribution`, async ({ series, coefficients }) => {
    using given = testPatterns(setting, seeds, coefficients);
    return [series, await test(run, model, parameters, { ...setting, ...given, tasks })] as const;
  }, run);
  for (const [series, values] of found) run.measure({ series, step: 0 }, values);
}

/** Tests a model on unseen tasks with part of its neurons removed; the index of a number says how many. */
async function removeNeurons(run: Run, name: Model, model: PatternModel): Promise<void> {
  const { configuration: setting, seeds, snapshots } = run;
  const [{ unseen }] = conditionsOf(name, setting, seeds).conditions.filter((one) => one.name === seriesOf(name));
  const patterns = trainingPatterns(setting, seeds.length);
  using parameters = lab.ParameterSet.create(model.parameters, seeds);
  const shares = [0, ...setting.pruned];
  const cases = ORDERS.flatMap((order) => shares.map((share, index) => ({ order, share, index })));
  const found = await lab.each(cases, `${name}, pruning`, async ({ order, share, index }) => {
    parameters.load(prune(model, snapshots.at(name), order, share, seeds));
    const { error } = await test(run, model, parameters, { ...setting, patterns, tasks: unseen });
    return { series: pruneSeries(name, order), index, error };
  }, run);
  for (const { series, index, error } of found) run.measure({ series, step: 0, index }, { error });
  Object.values(patterns).forEach((table) => table.destroy());
}

/** Tests the layer on unseen tasks with other shares of relevant examples and other lengths, beside exact errors. */
async function shorten(run: Run, model: PatternModel): Promise<void> {
  const { configuration: setting, seeds } = run;
  const [{ unseen: tasks }] = conditionsOf(ONE, setting, seeds).conditions.filter(({ name }) => name === seriesOf(ONE));
  const patterns = trainingPatterns(setting, seeds.length);
  using parameters = trained(run, ONE, model);
  const lengths = setting["test-lengths"];
  const cases = setting["test-shares"].flatMap((share) => lengths.map((length) => ({ share, length })));
  const found = await lab.each(cases, "other shares and lengths", async ({ share, length }) => {
    return { share, length, error: (await test(run, model, parameters, { patterns, tasks, share, length })).error };
  }, run);
  for (const { share, length, error } of found) run.measure({ series: shareSeries(share), step: length }, { error });
  for (const share of setting["test-shares"]) {
    for (const [name, of] of [[COPYING, lab.copyingError], [BAYES, lab.bayesError]] as const) {
      const errors = lengths.map((length) => of({ patterns: PATTERNS, share, length }));
      run.theory(name, { series: shareSeries(share), quantity: "error" }, lengths, errors);
    }
  }
  Object.values(patterns).forEach((table) => table.destroy());
}

if (import.meta.main) await lab.main(experiment);
