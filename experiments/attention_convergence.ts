#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * How does softmax attention learn to look at the right examples, and what does a dominant feature do to the others?
 *
 * Source   Huang, Cheng and Liang 2023 (arXiv 2310.05249), a theory without experiments.
 * Task     tokens and query are one of K orthonormal features, feature m with probability p_m; labels y_i = w · x_i with w ~ N(0, 1)
 *          new for every prompt. Balanced: p_m = 1/K. Imbalanced: p₁ = ½, the others share the rest.
 * Model    ŷ = Σ_i y_i softmax_i(x_i · Q x_query): one softmax layer with fixed values. In feature coordinates tokens of a feature
 *          share their score, so that attention depends on counts n alone: a_m ∝ n_m exp(Q_mk) for query k. Counts are drawn instead
 *          of tokens; their law is the same (tests/kernels/random/multinomial_fill_test.ts).
 * Train    Q from 0 by SGD with η = 1 on ½ (ŷ − y)², 256 fresh prompts a step. N = 50, 200, 1000 and both laws side by side. Replicas of
 *          one seed draw the same queries, labels and uniform numbers at every N, so that lengths are compared in pairs.
 * Compare  steps of gradient descent on the exact loss at N → ∞; at first order in 1/N; at this N, summed over all counts; and the
 *          spread of SGD. All in float64, no fit (lib/theory/attention_convergence). The continuous flow is drawn beside its steps.
 * Measure  of every kind of query (dominant, rare, balanced) the target score Q_kk, the dominant score Q_1k, attention p_k e^Q_kk / Σ
 *          to the target, and the loss on contexts of length N, its average over w taken exactly.
 * Controls the balanced law for the stages; p₁ = 0.3, where theory has no first stage; N → ∞, which has neither delay nor floor.
 * Beyond   the paper: the exact loss at finite N and its 1/N correction, the floor of prompts without the feature, SGD noise, and
 *          a tail that does not depend on N.
 * Steps    numbers of a separate implementation for the rare query are of steps of size 1, counted one later: Q₁₂ = −0.225 and Q₂₂ = 0.120 come after 31.
 * Pilot    seed 901, ended after 1200 of 6000 steps. Criteria were made of theory alone before it. It showed how far replicas scatter:
 *          the bound of the exact theory went from 2 to 3 %, that of the noise from 15 to 25 %, with both laws pooled, and N = 50, where
 *          3/(N p) is 1.1, was taken out of what is derived at first order in 1/N.
 * Run      further p₁ and K are trained for 1.3 times the steps that the exact theory asks for; logs are in single precision.
 * Claims   attention_convergence/claims.ts, logged before training.
 */
import * as lab from "../mod.ts";
import { claims } from "./attention_convergence/claims.ts";
import { figures } from "./attention_convergence/figures.ts";
import {
  check,
  conditionsOf,
  EXACT,
  FIRST,
  FLOW,
  type Given,
  kindsOf,
  LIMIT,
  NOISE,
  options,
  presets,
  scansOf,
  type Setting,
} from "./attention_convergence/setting.ts";

export const experiment = lab.defineExperiment({
  name: "attention_convergence",
  doc: new URL(import.meta.url),
  options,
  presets,
  resumable: { every: 2000 },
  check,
  claims,
  figures,
  async run(run) {
    const { configuration: setting, seeds } = run;
    const { steps, reports, early, contexts } = setting;
    const planned = (last: number) => lab.unionOfSteps(lab.logarithmicSteps(reports, last), [Math.min(early, last)]);

    const conditions = conditionsOf(setting, seeds);
    await lab.each(conditions.conditions, "theory", (condition) => logTheory(run, condition, planned(steps)), run);
    {
      using ensemble = await ensembleOf(setting, conditions, run.restored("main"));
      for await (const report of lab.follow(ensemble, { label: "main", reports: planned(steps) }, run)) {
        measureKinds(conditions, report, run.measure);
      }
    }

    const scans = scansOf(setting);
    for (const { features, dominant, series } of [...scans.dominant, ...scans.features]) {
      if (conditions.names.includes(series)) continue;
      const probabilities = lab.dominantLaw(features, dominant);
      const scanned = new lab.Conditions([{ name: series, seeds, probabilities, context: contexts.at(-1)! }]);
      const reports = planned(setting["scan-steps"]);
      await lab.each(scanned.conditions, `theory, ${series}`, (condition) => logTheory(run, condition, reports), run);
      // Times to a loss are all that is asked of them.
      const loss = run.measured.theory(EXACT, { series, quantity: "loss, rare" });
      const needed = lab.crossingTime(loss, setting["scan-level"], "down", { scale: "log" });
      const last = Math.min(setting["scan-steps"], Math.ceil(1.3 * (needed ?? Infinity)));
      using ensemble = await ensembleOf(setting, scanned, run.restored(series));
      for await (const report of lab.follow(ensemble, { label: series, reports: planned(last) }, run)) {
        measureKinds(scanned, report, run.measure);
      }
    }
  },
});

/** Scores Q (R, K, K), query by feature, and losses (R, K) of each query. */
interface Report {
  readonly step: number;
  readonly evaluations: { readonly scores: Float32Array; readonly loss: Float32Array };
}

/**
 * Makes an ensemble of attention layers with Q = 0, and their training by SGD on fresh prompts.
 *
 * @param setting Options.
 * @param conditions Law of the features and context length of each replica; features are as many in all of them.
 * @param from State to continue from.
 * @returns The training; disposing of it frees its memory.
 */
async function ensembleOf(
  { lr, batch, evaluated }: { readonly lr: number; readonly batch: number; readonly evaluated: number },
  conditions: lab.Conditions<Given>,
  from: lab.SavedState | undefined,
) {
  const probabilities = conditions.each((replica) => replica.probabilities);
  const length = conditions.each(({ context }) => context);
  const [R, K] = [probabilities.length, probabilities[0].length];
  const zero = { shape: [K, K], init: { law: "constant", value: 0 } } as const;
  const parameters = lab.ParameterSet.create({ Q: zero }, conditions.seeds);
  const prompts = lab.featureRegression({ probabilities, length, batch });
  const contexts = lab.featureRegression({ probabilities, length, batch: evaluated });
  // Features that a context lacks have logarithm −69: e^−69 of the attention.
  const attention = (scores: lab.Tensor, counts: lab.Tensor) =>
    lab.softmax(lab.add(scores, lab.log(lab.maximum(counts, lab.fill([1], 1e-30)))));
  const identity = lab.Tensor.from(Float32Array.from({ length: K * K }, (_, at) => Number(at % (K + 1) === 0)), [K, K]);
  const training = await lab.Training.create({
    parameters,
    optimizer: lab.sgd({ lr }),
    loss({ Q }, draw) {
      const { counts, query, labels } = prompts({ ...draw, key: "train" });
      const attended = attention(lab.embedding(query, Q), counts);
      const error = lab.sum(
        lab.multiply(lab.subtract(attended, lab.oneHot(query, K).reshape(attended.shape)), labels),
        [2],
      );
      return lab.scale(lab.mean(lab.square(error), [1]), 0.5);
    },
    evaluations: {
      scores: ({ Q }) => lab.scale(Q, 1),
      loss({ Q }, draw) {
        const { counts } = contexts({ ...draw, key: "evaluated" });
        const attended = attention(Q.reshape([R, 1, K, K]), counts.reshape([R, evaluated, 1, K]));
        return lab.scale(lab.mean(lab.sum(lab.square(lab.subtract(attended, identity)), [3]), [1]), 0.5);
      },
    },
    from,
  });
  return Object.assign(training, {
    [Symbol.dispose]: () => [training, parameters, identity].forEach((each) => each.destroy()),
  });
}

/**
 * Takes the numbers of every kind of query from a report: means over its queries, and the variance of target scores among them.
 *
 * @param conditions The ensemble's.
 * @param report Scores and losses.
 * @param measure Takes the numbers of a condition's replicas.
 */
function measureKinds(
  conditions: lab.Conditions<Given>,
  { step, evaluations }: Report,
  measure: (at: { series: string; step: number }, values: Record<string, number[]>) => void,
) {
  for (const { name: series, probabilities: p } of conditions.conditions) {
    const [K, replicas] = [p.length, conditions.indices(series)];
    const column = (r: number, k: number) => evaluations.scores.subarray((r * K + k) * K, (r * K + k + 1) * K);
    const drift = (r: number) => Math.max(...p.map((_, k) => Math.abs(column(r, k).reduce((sum, q) => sum + q))));
    measure({ series, step }, { "column sum": replicas.map(drift).map(Math.fround) });
    for (const { name, queries } of kindsOf(p)) {
      const values = (of: (r: number, k: number) => number) => replicas.map((r) => queries.map((k) => of(r, k)));
      const means = (of: (r: number, k: number) => number) => values(of).map(lab.statistics.mean).map(Math.fround);
      const targets = values((r, k) => column(r, k)[k]);
      measure({ series, step }, {
        [`target score, ${name}`]: targets.map(lab.statistics.mean).map(Math.fround),
        [`attention, ${name}`]: means((r, k) => lab.attentionTo(p, column(r, k))[k]),
        [`loss, ${name}`]: means((r, k) => evaluations.loss[r * K + k]),
        ...(queries[0] > 0 && { [`dominant score, ${name}`]: means((r, k) => column(r, k)[0]) }),
        ...(queries.length > 1 &&
          { [`variance, ${name}`]: targets.map((one) => Math.fround(lab.statistics.standardDeviation(one) ** 2)) }),
      });
    }
  }
}

/** Numbers that are logged of a run. */
interface Logged {
  readonly configuration: Setting;
  theory(theory: string, of: lab.Quantity, steps: readonly number[], values: readonly number[]): void;
}

/**
 * Logs the curves of every kind of query of a condition: scores, attention and loss of each theory. Query 2 is a rare one.
 *
 * @param run Where they go, and the options.
 * @param condition The condition.
 * @param steps Steps of the reports.
 */
export function logTheory(
  run: Logged,
  { name: series, probabilities, context }: lab.Condition<Given>,
  steps: readonly number[],
): void {
  const { lr: rate, batch } = run.configuration;
  for (const { name, queries: [query] } of kindsOf(probabilities).filter(({ name }) => name !== "query 2")) {
    const problem = { probabilities, query };
    const start = new Float64Array(probabilities.length);
    const log = (theory: string, quantity: string, values: readonly number[]) =>
      run.theory(theory, { series, quantity: `${quantity}, ${name}` }, steps, values.map(Math.fround));
    const curves = (theory: string, loss: lab.ScoreLoss, states: readonly Float64Array[]) => {
      log(theory, "target score", states.map((scores) => scores[query]));
      log(theory, "attention", states.map((scores) => lab.attentionTo(probabilities, scores)[query]));
      log(theory, "loss", states.map((scores) => loss(scores).loss));
      if (query > 0) log(theory, "dominant score", states.map((scores) => scores[0]));
    };
    const [limit, first] = [lab.infiniteContext(problem), lab.firstOrderContext(problem, context)];
    const exact = lab.finiteContext(problem, context);
    const descended = (loss: lab.ScoreLoss) => lab.descend((scores) => loss(scores).gradient, start, rate, steps);
    curves(LIMIT, limit, descended(limit));
    curves(FIRST, first, descended(first));
    curves(EXACT, exact, descended(exact));
    curves(FLOW, limit, lab.gradientFlow((scores) => limit(scores).gradient, start, rate, steps).states);
    const noisy = lab.scoreNoise(problem, { context, rate, batch, steps, mean: exact });
    log(NOISE, "target score", noisy.map(({ scores }) => scores[query]));
    log(NOISE, "loss", noisy.map(({ loss }) => loss));
    log(NOISE, "variance", noisy.map(({ covariance }) => covariance[query * start.length + query]));
  }
}

if (import.meta.main) await lab.main(experiment);
