#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * When does a transformer trained on M regression tasks generalise for a while, and then know these tasks alone?
 *
 * Source   Carroll, Hoogland, Farrugia-Roberts and Murfet 2025 (arXiv 2501.17745).
 * Task     y_k = t·x_k + σ ε, x ~ N(0, I), σ² = 0.125; t from a pool of M tasks, the first M of a list t_1, t_2, … ~
 *          N(0, I), or new for every prompt (M = ∞). Loss (ŷ − y)², mean over the K labels of a prompt. Each seed has
 *          a list of its own (the paper has one).
 * Model    decoder of two layers (pre-norm, ReLU), tokens (x; 0), (x; y) in turn; Adam, constant rate after warming up.
 * Compare  ridge, optimal for M = ∞, and dMMSE_M, the posterior mean over the pool; in float64, with their evidence.
 * Measure  per checkpoint the loss on seen and on new tasks, and mean squares of the differences from ridge and
 *          dMMSE_M. Test prompts are the same for all replicas: inputs and noise on seen tasks, on new ones the tasks
 *          too. Joint PCA of predictions, over pools and checkpoints of a seed, on prompts of task t_1, which is in
 *          every pool; ridge and dMMSE_M are projected afterwards. Learning coefficients by SGLD on the pool's own
 *          law, with R-hat, heating and warnings.
 * Theory   Predictions as a mixture of dMMSE and ridge, fitted at every checkpoint on seen tasks and tried on new
 *          ones: of one weight (odds that training has reached, whatever the prompt says), or weighted by the
 *          prompt's evidence, which is optimal if its task is of the pool with certain prior odds. Free energies:
 *          ridge is preferred while ln(n)/n > −Δℓ/Δλ, Δ dMMSE's less ridge's, −Δℓ in nats a prompt, n prompts (as n ℓ + λ
 *          ln n says).
 * Control  M = ∞, whose loss on new tasks has no reason to turn.
 * Sizes    cpu: D = 4, K = 8, width 32, 6000 steps of 16 prompts, which is what minutes allow: a fiftieth of the
 *          prompts of a run in which M = 16 was seen to turn. paper: D = 8, K = 16, x and y in tokens of their
 *          own, 2.7 M parameters, 150 000 steps; the paper's batch and rate are not known.
 * Pilots   seed 900, D = 4, batches of 32, before criteria were fixed. Tokens x and y apart, rate 3e-3: M = 16, 64
 *          and ∞ still at 2.2 to 2.7 on new tasks after 2800 steps. (x; y) in one token, rate 8e-3: M = ∞ at 1.95
 *          after 3000, M = 16 at 2.5 and flat, so not claimed to turn here; M = 8 lowest, 3.20, at step 700, then 3.2
 *          to 3.8 up to 3500, with 1.2 to 1.4 times the distance to dMMSE that it has to ridge, so not claimed to end
 *          there; M = 4 nearer dMMSE from step 100 on. So M = 8 stands for middle pools, M ≤ 4 for small and M = 64
 *          for large ones. D = 2 was no faster. Batches of 16, the rate 6e-3, mixtures and components had no pilot.
 *          A first run kept had 2000 steps, and short chains of SGLD that nothing had been calibrated for: 9 of 20
 *          coefficients carried a warning. Chains are those of `lab.calibrateChains` since, on seed 900 after 3000
 *          steps at γ = 20 and nβ = 30: η = 3e-4 is the largest step that a Metropolis rule accepts nine times of ten
 *          (M = 4: 22.9, 21.7 to 24.0; M = 8: 34.9, 34.2 to 35.6). At M = 1 the coefficient is near 5, and the noise of
 *          batches as large. No criterion was changed.
 * Claims   transience/claims.ts, logged before training.
 */
import * as lab from "../mod.ts";
import { claims } from "./transience/claims.ts";
import { figures } from "./transience/figures.ts";
import {
  axisAlong,
  check,
  COEFFICIENT,
  COMPONENTS,
  conditionsOf,
  distanceTo,
  DMMSE,
  exactly,
  FEW_SEQUENCES,
  logOddsOf,
  lossOn,
  MIXTURES,
  options,
  type Pool,
  poolName,
  presets,
  restOf,
  RIDGE,
  type Run,
  score,
  type Setting,
  TESTS,
  TRAJECTORIES,
} from "./transience/setting.ts";

export const experiment = lab.defineExperiment({
  name: "transience",
  doc: new URL(import.meta.url),
  options,
  presets,
  resumable: { every: 500 },
  check,
  claims,
  figures,
  async run(run) {
    const { configuration: setting, seeds, snapshots } = run;
    const conditions = conditionsOf(setting, seeds);
    const prompts = promptsOf(setting, conditions.replicas);
    const predict = predictorOf(setting);
    await measureExactly(run);
    const references = await referencesOf(setting, conditions);
    for (const test of TESTS) {
      const { labels, parts } = references.get(test)!;
      conditions.names.forEach((series) => {
        const own = conditions.indices(series);
        const log = (predictor: string, of: (r: number) => lab.PosteriorPredictions | null) => {
          const losses = own.map((r) => meanSquare(of(r)?.predictions ?? [], labels[r]));
          if (own.some((r) => of(r) === null)) return;
          const mean = lab.statistics.mean(losses);
          run.theory(predictor, { series, quantity: lossOn(test) }, [1, setting.steps], [mean, mean]);
        };
        log(RIDGE, (r) => parts[r].ridge);
        log(DMMSE, (r) => parts[r].pool);
      });
    }

    using parameters = lab.ParameterSet.create(modelOf(setting).parameters, conditions.seeds);
    using training = await lab.Training.create({
      parameters,
      optimizer: lab.adamw({
        lr: setting.lr,
        weightDecay: 0,
        clip: setting.clip,
        schedule: lab.warmUp(setting["warm-up"]),
      }),
      loss: lossOf(setting, conditions.replicas),
      evaluations: {
        predictions: (weights, draw) =>
          Object.fromEntries(NAMES.map((name) => [name, predict(weights, prompts.test(name, draw))])),
      },
      from: run.restored("training"),
    });
    const points = lab.logarithmicSteps(setting.points, setting.steps);
    const reports = lab.unionOfSteps(lab.linearAndLogarithmicSteps(setting.reports, setting.steps), points);
    const studied = lab.logarithmicChoice(reports, {
      count: setting["coefficient-checkpoints"],
      from: Math.max(1, Math.round(setting.steps / 8)),
    });
    const loop = { label: "training", reports, pause: (step: number) => studied.includes(step) };
    for await (const { step, evaluations: { predictions } } of lab.follow(training, loop, run)) {
      run.measure({ series: conditions, step }, compare(references, predictions));
      if (points.includes(step)) {
        const data = predictions.first;
        snapshots.keep("first", step, [{
          name: "first",
          shape: [conditions.seeds.length, data.length / conditions.seeds.length],
          data,
        }]);
      }
      if (studied.includes(step)) snapshots.keep("studied", step, await parameters.read());
    }

    await measureTrajectories(run, references.get("first")!);
    await measureCoefficients(run, conditions);
  },
});

/** Test prompts: of seen tasks, of new ones, and of the first task of each list. */
const NAMES = [...TESTS, "first"] as const;
type Name = typeof NAMES[number];

const taskOf = ({ dimension, context, variance }: Setting) => ({ dimension, context, noise: Math.sqrt(variance) });

/** Samplers of training prompts, and of test prompts that all replicas share up to their tasks. */
function promptsOf(setting: Setting, replicas: readonly lab.ConditionReplica<Pool>[]) {
  const task = taskOf(setting);
  const list = { tasks: replicas.map(({ M }) => M), seeds: replicas.map(({ seed }) => seed) };
  const tests: Record<Name, lab.TaskSampler<lab.LinearRegressionBatch>> = {
    "seen tasks": lab.linearRegression({ ...task, batch: setting.tested, list }),
    "new tasks": lab.linearRegression({ ...task, batch: setting.tested }),
    first: lab.linearRegression({ ...task, batch: setting.sequences, list: { ...list, tasks: 1 } }),
  };
  return {
    train: lab.linearRegression({ ...task, batch: setting.batch, list }),
    test: (name: Name, draw: lab.StepDraw) => tests[name]({ ...lab.sharedDraw(draw), key: `test, ${name}` }),
  };
}

/** Loss (R) on training prompts, each replica's of its own pool. */
export function lossOf(
  setting: Setting,
  replicas: readonly lab.ConditionReplica<Pool>[],
): (weights: lab.Weights, draw: lab.StepDraw) => lab.Tensor {
  const { train } = promptsOf(setting, replicas);
  const predict = predictorOf(setting);
  return (weights, draw) => {
    const batch = train({ ...draw, key: "train" });
    return lab.meanSquare(predict(weights, batch), batch.y);
  };
}

/** The decoder. */
export const modelOf = ({ dimension, context, width, heads, mlp }: Setting): lab.Transformer =>
  lab.transformer({
    input: { dimension: dimension + 1 },
    outputs: 1,
    length: 2 * context,
    layers: 2,
    heads,
    width,
    mlp,
    activation: "relu",
  });

/** Predictions (R, B, K) of the decoder. */
function predictorOf(setting: Setting) {
  const model = modelOf(setting);
  const options = { pairs: setting.tokens === "pairs" };
  return (weights: lab.Weights, { x, y }: Pick<lab.LinearRegressionBatch, "x" | "y">) =>
    lab.interleavedPredictions(model.apply(weights, lab.interleavedTokens(x, y, options)));
}

/** Test prompts of every replica on the host, with both exact predictors. */
interface Reference {
  readonly labels: readonly Float32Array[];
  readonly parts: readonly {
    readonly ridge: lab.PosteriorPredictions;
    readonly pool: lab.PosteriorPredictions | null;
  }[];
}

/** Lists of the seeds, as far as the largest pool reaches: (S, M, D). */
const listsOf = (setting: Setting, seeds: readonly number[]) =>
  lab.regressionTasks({ ...taskOf(setting), batch: 1, list: { tasks: Math.max(...setting.pools), seeds } });

/** Exact predictors on all test prompts. */
async function referencesOf(setting: Setting, conditions: lab.Conditions<Pool>): Promise<Map<Name, Reference>> {
  const { dimension, context, variance } = setting;
  const prompts = promptsOf(setting, conditions.replicas);
  const seeds = conditions.conditions[0].seeds;
  const { lists } = await lab.measureOnce(
    seeds,
    (draw) => ({ lists: listsOf(setting, seeds)({ ...draw, key: "lists" }).w }),
  );
  const R = conditions.seeds.length;
  const found = new Map<Name, Reference>();
  for (const name of NAMES) {
    const { x, y } = await lab.measureOnce(conditions.seeds, (draw) => {
      const { x, y } = prompts.test(name, draw);
      return { x, y };
    });
    const parts = conditions.replicas.map(({ M, replica }, r) => {
      const own = { x: part(x, R, r), y: part(y, R, r), dimension, context };
      const list = part(lists, seeds.length, replica);
      return {
        ridge: lab.gaussianPosterior(own, variance),
        pool: M === Infinity ? null : lab.poolPosterior(own, variance, list.subarray(0, M * dimension)),
      };
    });
    found.set(name, { labels: conditions.each((_, r) => part(y, R, r)), parts });
  }
  return found;
}

/** Part r of R equal ones. */
const part = (all: Float32Array, R: number, r: number) => all.subarray(r * all.length / R, (r + 1) * all.length / R);

function meanSquare(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n] - b[n]) ** 2;
  return sum / a.length;
}

/** Correlation without its sign. */
const correlation = (a: readonly number[], b: readonly number[]) =>
  Math.sqrt(lab.statistics.slope(a, b) * lab.statistics.slope(b, a));

/** Losses, distances to the exact predictors, and fitted mixtures of every replica. */
function compare(references: ReadonlyMap<Name, Reference>, predictions: Readonly<Record<string, Float32Array>>) {
  const [seen] = TESTS;
  const { length: R } = references.get(seen)!.parts;
  const values: Record<string, (number | null)[]> = {};
  const own = (name: Name, r: number) => part(predictions[name], R, r);
  const all = (quantity: string, of: (r: number) => number | null) => {
    values[quantity] = Array.from({ length: R }, (_, r) => of(r));
  };
  for (const test of TESTS) {
    const { labels, parts } = references.get(test)!;
    all(lossOn(test), (r) => meanSquare(own(test, r), labels[r]));
    all(distanceTo(RIDGE, test), (r) => meanSquare(own(test, r), parts[r].ridge.predictions));
    all(distanceTo(DMMSE, test), (r) => parts[r].pool && meanSquare(own(test, r), parts[r].pool.predictions));
  }
  const mixed = (test: Name, r: number) => {
    const { pool, ridge } = references.get(test)!.parts[r];
    return pool && { first: pool, second: ridge };
  };
  for (const kind of MIXTURES) {
    const fit = kind === "fixed" ? lab.fixedMixture : lab.posteriorMixture;
    const fitted = Array.from({ length: R }, (_, r) => {
      const parts = mixed(seen, r);
      return parts && fit(own(seen, r), parts);
    });
    all(logOddsOf(kind), (r) => fitted[r] && fitted[r].logOdds);
    for (const test of TESTS) {
      all(restOf(kind, test), (r) => {
        const parts = mixed(test, r);
        return parts && meanSquare(own(test, r), lab.mixturePredictions(parts, fitted[r]!.logOdds, kind));
      });
    }
  }
  return values;
}

/** Pools on which exact baselines are measured. */
const EXACT_POOLS = 16;

/** Losses of ridge and dMMSE on many prompts of their own, on the GPU, for more pools than the replicas have. */
async function measureExactly(run: Run): Promise<void> {
  const { configuration: setting, seed } = run;
  const task = taskOf(setting);
  const seeds = lab.consecutiveSeeds(seed, EXACT_POOLS);
  await lab.each(setting.pools, "exact baselines", async (M) => {
    const values = await lab.measureOnce(seeds, (draw) => {
      const { w } = lab.regressionTasks({ ...task, batch: 1, list: { tasks: M } })({ ...draw, key: "pool" });
      const ridge = lab.ridge({ lambda: setting.variance });
      const dmmse = lab.dmmse({ pool: w, sigma: task.noise });
      return Object.fromEntries(TESTS.flatMap((test) => {
        const list = test === "seen tasks" ? { tasks: M } : {};
        const sampler = lab.linearRegression({ ...task, batch: Math.ceil(setting.exact / EXACT_POOLS), list });
        const { x, y } = sampler({ ...draw, key: `exact, ${test}` });
        return [
          [`${lossOn(test)}, ${RIDGE}`, lab.meanSquare(ridge.apply({ x, y }), y)],
          [`${lossOn(test)}, ${DMMSE}`, lab.meanSquare(dmmse.apply({ x, y }), y)],
        ];
      }));
    });
    run.measure({ series: new lab.Conditions([{ name: exactly(M), seeds }]), step: 0 }, values);
  }, run);
}

/** Joint PCA of the trajectories of each seed, in float64; then the exact predictors in its coordinates. */
async function measureTrajectories(run: Run, { parts }: Reference): Promise<void> {
  const { configuration: { pools, context, steps, transient }, seeds, snapshots } = run;
  const S = seeds.length, names = [...pools, Infinity].map(poolName), R = names.length * S;
  const kept = snapshots.take("first");
  if (kept.length === 0) return;
  const found = await lab.each(seeds, "trajectories", (_, s) => {
    const trajectories = names.map((_, m) =>
      kept.flatMap(({ arrays: [{ data }] }) => [...part(data as Float32Array, R, m * S + s)])
    );
    const F = parts[0].ridge.predictions.length;
    const all = lab.trajectoryPcaReference(trajectories, F, COMPONENTS);
    const few = lab.trajectoryPcaReference(
      trajectories.map((points) => points.filter((_, at) => at % F < FEW_SEQUENCES * context)),
      FEW_SEQUENCES * context,
      COMPONENTS,
    );
    const second = ({ scores }: lab.TrajectoryPca) =>
      scores.flatMap((one) => [...one].filter((_, at) => at % COMPONENTS === 1));
    const ridge = parts[s].ridge.predictions;
    const dmmse = pools.map((_, m) => parts[m * S + s].pool!.predictions);
    const axes = dmmse.map((one) => one.map((value, f) => value - ridge[f]));
    const along = (axis: Float64Array, k: number) =>
      all.components.subarray(k * F, (k + 1) * F).reduce((sum, value, f) => sum + value * axis[f], 0);
    // Signs of components mean nothing: ridge is at the right, dMMSE of a transient pool above it.
    const shown = axes[Math.max(0, pools.indexOf(transient[0]))];
    const signs = Array.from(
      { length: COMPONENTS },
      (_, k) => Math.sign(k === 0 ? all.project(ridge)[0] : along(shown, k)) || 1,
    );
    const place = (points: ArrayLike<number>, t: number, k: number) => signs[k] * points[t * COMPONENTS + k];
    return {
      explained: all.explained,
      correlation: correlation(second(all), second(few)),
      curves: all.scores.map((one) => (k: number) => ({
        x: kept.map(({ step }) => step),
        y: kept.map((_, t) => place(one, t, k)),
      })),
      ridge: (k: number) => place(all.project(ridge), 0, k),
      dmmse: dmmse.map((one) => (k: number) => place(all.project(one), 0, k)),
      shares: axes.map((axis) => (k: number) => along(axis, k) ** 2 / axis.reduce((sum, value) => sum + value ** 2, 0)),
    };
  }, run);
  run.measure({ series: TRAJECTORIES, step: steps }, {
    "share of the variance": found.map(({ explained }) => explained),
    [`correlation of PC2 with that of ${FEW_SEQUENCES} prompts`]: found.map(({ correlation }) => correlation),
  });
  for (let k = 0; k < COMPONENTS; k++) {
    names.forEach((series, m) =>
      run.measureCurves({ series, quantity: score(k) }, found.map(({ curves }) => curves[m](k)))
    );
    run.measure({ series: RIDGE, step: 0 }, { [score(k)]: found.map(({ ridge }) => ridge(k)) });
    pools.forEach((M, m) => {
      run.measure({ series: `${DMMSE}, ${poolName(M)}`, step: 0 }, {
        [score(k)]: found.map(({ dmmse }) => dmmse[m](k)),
      });
      run.measure({ series: poolName(M), step: steps }, { [axisAlong(k)]: found.map(({ shares }) => shares[m](k)) });
    });
  }
}

/** Learning coefficients of all replicas at a few checkpoints, on fresh prompts of their own law. */
async function measureCoefficients(run: Run, conditions: lab.Conditions<Pool>): Promise<void> {
  const { configuration: setting, seed, snapshots } = run;
  const chains = setting["coefficient-chains"];
  const starts = conditions.replicas.flatMap((replica) => new Array<typeof replica>(chains).fill(replica));
  const prompts = promptsOf({ ...setting, batch: setting["coefficient-batch"] }, starts);
  const predict = predictorOf(setting);
  using walkers = lab.ParameterSet.create(modelOf(setting).parameters, lab.consecutiveSeeds(seed, starts.length));
  using seeds = lab.Tensor.from(Uint32Array.from(walkers.seeds));
  await lab.each(snapshots.of("studied"), "learning coefficients", async (snapshot) => {
    const found = await lab.learningCoefficientsAt(snapshot, {
      parameters: walkers,
      loss: (clock) => {
        const batch = prompts.train({ seeds, clock, key: "chains" });
        return lab.meanSquare(predict(walkers.weights, batch), batch.y);
      },
      chains,
      nBeta: setting["coefficient-n-beta"],
      lr: setting["coefficient-lr"],
      localisation: setting["coefficient-pull"],
      burnIn: setting["coefficient-burn-in"],
      draws: setting["coefficient-draws"],
    });
    run.measure({ series: conditions, step: snapshot.step }, {
      [COEFFICIENT]: found.map((one) => one && one.coefficient),
      [`${COEFFICIENT}, split R-hat`]: found.map((one) => one && one.rHat),
      [`${COEFFICIENT}, heating`]: found.map((one) => one && one.heating),
      [`${COEFFICIENT}, warnings`]: found.map((one) => one && one.warnings.length),
    });
  }, run);
}

if (import.meta.main) await lab.main(experiment);
