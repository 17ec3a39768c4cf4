/** Numbers of exact predictors, bounds of probes, and probes of trained models. */
import * as lab from "../../mod.ts";
import {
  ACCURACY,
  bayesPenalty,
  CLASS_ERROR,
  CLASSES,
  ends,
  ERASED,
  erasedAt,
  EXACT,
  FIXED,
  levelName,
  LOGISTIC,
  NOISE,
  noisy,
  penalties,
  POSTERIOR,
  type Predictor,
  probedExamples,
  R2,
  riskAt,
  type Run,
  type Setting,
  SIZES,
  SPECTRA,
  tasksOf,
} from "./setting.ts";

/** Penalties of logistic regression, of which the best on the test prompts counts. */
const LOGISTIC_PENALTIES = [0.03, 0.1, 0.3, 1, 3, 10];
/** Directions of the Bayes classifier, and how many must be expected to agree with the examples of a prompt. */
const [DIRECTIONS, AGREEING] = [8000, 30];

/** Runs a computation once on the draws that all replicas share, with that many replicas, and reads its tensors. */
async function readOnce<Name extends string>(
  replicas: number,
  compute: (draw: lab.StepDraw) => Readonly<Record<Name, lab.Tensor>>,
): Promise<Record<Name, Float32Array>> {
  using seeds = lab.Tensor.from(new Uint32Array(replicas));
  using clock = lab.Tensor.from(Uint32Array.of(0, 0, 1));
  const found = await lab.evaluate(() => compute({ seeds, clock }));
  const entries = Object.entries<lab.Tensor>(found);
  const read = await Promise.all(entries.map(async ([name, tensor]) => [name, await tensor.read()] as const));
  entries.forEach(([, tensor]) => tensor.destroy());
  return Object.fromEntries(read) as Record<Name, Float32Array>;
}

/** Logs what exact predictors do on the test prompts: every fixed λ, both Bayes ridges, the posterior mean, and classifiers. */
export async function logExact(run: Run): Promise<void> {
  const { configuration: setting } = run;
  const { dimension: D, examples: N, levels, test: B, spectra: samples } = setting;
  const tasks = tasksOf(setting, B);
  const names = Object.keys(tasks);
  const lambdas = penalties(setting);
  const spectra = lab.gaussianSpectra({ dimension: D, context: N, samples });
  const tau = 1 / Math.sqrt(D);
  const query = (y: lab.Tensor) => lab.select(y, 2, N);
  const last = { positions: "last" } as const;
  const fixed = lab.ridge({ lambda: lambdas, ...last });
  const posterior = lab.bayesRidge({ sigmas: levels, tau, ...last });
  for (const [at, sigma] of levels.entries()) {
    const lambda = bayesPenalty(setting, sigma);
    const own = lab.ridge({ lambda, ...last });
    const { risks } = await readOnce(lambdas.length, (draw) => {
      const { x, y } = tasks[names[at]]({ ...draw, key: "test" });
      return { risks: lab.meanSquare(fixed.apply({ x, y }), query(y)) };
    });
    const { errors, mixture } = await readOnce(1, (draw) => {
      const { x, y } = tasks[names[at]]({ ...draw, key: "test" });
      const errors = lab.square(lab.subtract(own.apply({ x, y }), query(y)));
      return { errors, mixture: lab.meanSquare(posterior.apply({ x, y }), query(y)) };
    });
    run.measure({ series: FIXED, step: 0 }, { [riskAt(sigma)]: [risks] });
    run.measure({ series: EXACT, step: 0 }, {
      [riskAt(sigma)]: [lab.statistics.mean([...errors])],
      [`standard error, ${riskAt(sigma)}`]: [lab.statistics.standardDeviation([...errors]) / Math.sqrt(B)],
      [`${POSTERIOR}, ${riskAt(sigma)}`]: mixture,
    });
    const exact = (lambda: number) => lab.ridgeRisk(spectra, { sigma, tau, lambda });
    run.theory(SPECTRA, { series: FIXED, quantity: riskAt(sigma) }, [0], lambdas.map((one) => [exact(one).risk]));
    run.theory(SPECTRA, { series: EXACT, quantity: riskAt(sigma) }, [0], [exact(lambda).risk]);
    run.theory(SPECTRA, { series: EXACT, quantity: `standard error, ${riskAt(sigma)}` }, [0], [exact(lambda).error]);
  }
  await logClassifiers(run);
}

async function logClassifiers({ configuration: setting, measure }: Run): Promise<void> {
  const { dimension: D, examples: N, test: B } = setting;
  const task = tasksOf(setting, B)[CLASSES];
  const last = { positions: "last" } as const;
  const wrong = (predictions: lab.Tensor, y: lab.Tensor) =>
    lab.mean(lab.greater(lab.fill(predictions.shape, 0), lab.multiply(predictions, lab.select(y, 2, N))), [1]);
  const logistic = lab.logisticRegression({ lambda: LOGISTIC_PENALTIES, ...last });
  const { errors } = await readOnce(LOGISTIC_PENALTIES.length, (draw) => {
    const { x, y } = task({ ...draw, key: "test" });
    return { errors: wrong(logistic.apply({ x, y }), y) };
  });
  const least = lab.leastSquares(last);
  const { x, y, squares } = await readOnce(1, (draw) => {
    const { x, y } = task({ ...draw, key: "test" });
    return { x: lab.scale(x, 1), y: lab.scale(y, 1), squares: wrong(least.apply({ x, y }), y) };
  });
  measure({ series: EXACT, step: 0 }, {
    [LOGISTIC]: [Math.min(...errors)],
    "least squares, error of classes": squares,
  });
  // Planes through the origin cut space in so many cones (Cover 1965).
  let [cones, binomial] = [0, 2];
  for (let k = 0; k < Math.min(D, N); k++) {
    cones += binomial;
    binomial *= (N - 1 - k) / (k + 1);
  }
  if (DIRECTIONS / cones < AGREEING) return;
  const { error } = lab.bayesClassifier({ x, y, dimension: D, examples: N }, { directions: DIRECTIONS });
  measure({ series: EXACT, step: 0 }, { [CLASS_ERROR]: [error] });
}

/** Prompts of all noise levels that probes are fitted to and judged by, the same for all replicas. */
const probePrompts = (setting: Setting, draw: lab.StepDraw) => noisy(setting)({ ...draw, key: "probe" });

/** Logs what the exact posterior, and the sizes of labels alone, say of the noise level after some examples. */
export async function logBounds(run: Run): Promise<void> {
  const { configuration: setting } = run;
  const { dimension: D, examples: N, levels, probed: B } = setting;
  const { x, y, sigma } = await readOnce(1, (draw) => {
    const { x, y, sigma } = probePrompts(setting, draw);
    return { x: lab.scale(x, 1 / Math.sqrt(D)), y: lab.scale(y, 1), sigma: lab.scale(sigma, 1) };
  });
  const evidence = levels.map((one) =>
    lab.gaussianPosterior({ x, y, dimension: D, context: N + 1 }, one ** 2).evidence
  );
  const train = B >> 1;
  const targets = Float64Array.from(sigma, Math.log);
  const centre = lab.statistics.mean([...targets.subarray(0, train)]);
  const held = [...targets.subarray(train)];
  const total = held.reduce((sum, one) => sum + (one - lab.statistics.mean(held)) ** 2, 0);
  const counts = probedExamples(setting);
  const bounds = counts.map((n) => {
    const believed = held.map((_, b) => {
      const logs = evidence.map((values) => values[(train + b) * (N + 1) + n]);
      const weights = logs.map((value) => Math.exp(value - Math.max(...logs)));
      const sum = weights.reduce((all, one) => all + one, 0);
      return levels.reduce((mean, one, at) => mean + weights[at] / sum * Math.log(one), 0);
    });
    const rest = held.reduce((sum, one, b) => sum + (one - believed[b]) ** 2, 0);
    const right = held.filter((one, b) => one > centre === believed[b] > centre).length;
    const features = Float64Array.from({ length: 3 * B }, (_, at) => {
      const labels = [...y.subarray(Math.floor(at / 3) * (N + 1), Math.floor(at / 3) * (N + 1) + n)];
      const square = lab.statistics.mean(labels.map((one) => one ** 2));
      return [square, Math.log(square + 1e-9), lab.statistics.mean(labels.map(Math.abs))][at % 3];
    });
    const sizes = lab.linearProbe(features, targets, { S: B, F: 3, K: 1 }, { train });
    return { r2: 1 - rest / total, accuracy: right / held.length, sizes };
  });
  run.theory(POSTERIOR, { series: NOISE, quantity: R2 }, counts, bounds.map(({ r2 }) => r2));
  run.theory(POSTERIOR, { series: NOISE, quantity: ACCURACY }, counts, bounds.map(({ accuracy }) => accuracy));
  run.theory(SIZES, { series: NOISE, quantity: R2 }, counts, bounds.map(({ sizes }) => sizes));
}

/** Models that are probed: their conditions and parameters, after some steps. */
export interface Probed {
  readonly conditions: lab.Conditions<object>;
  readonly predictor: Predictor;
  readonly parameters: lab.ParameterSet;
  readonly step: number;
}

/**
 * Fits probes of ln σ to the residual stream of every model, layer by layer, where it predicts after some examples.
 *
 * @param run The run.
 * @param probed Models.
 * @param erasing Whether it is also measured what models lose without the direction of ln σ at the query.
 */
export async function probe(run: Run, probed: Probed, erasing: boolean): Promise<void> {
  const { conditions, predictor, parameters, step } = probed;
  const { configuration: setting } = run;
  using seeds = lab.Tensor.from(new Uint32Array(parameters.replicas));
  using clock = lab.Tensor.from(Uint32Array.of(0, 0, 1));
  const { streams, target } = await lab.evaluate(() => {
    const { x, y, sigma } = probePrompts(setting, { seeds, clock });
    const { residual } = predictor.model.trace(parameters.weights, predictor.tokens(x, y));
    const cut = (stream: lab.Tensor) =>
      lab.concatenate(
        predictor.probed.map(({ position }) => {
          const at = stream.shape[2] === 1 ? 0 : position;
          return lab.slice(stream, 2, at, at + 1);
        }),
        2,
      );
    return { streams: residual.map(cut), target: lab.log(sigma).reshape([...sigma.shape, 1]) };
  });
  const found = await lab.layerProbes(streams, target, { train: setting.probed >> 1 });
  if (erasing) {
    const layers = await Promise.all(streams.map((stream) => stream.read()));
    await erase(run, probed, layers, await target.read());
  }
  [...streams, target].forEach((tensor) => tensor.destroy());
  for (const { layer, position, r2, accuracy } of found) {
    const index = predictor.probed[position].examples;
    run.measure({ series: conditions, step, layer, index }, { [R2]: r2, [ACCURACY]: accuracy });
  }
}

/** Risks of models without one direction of their stream at the query, layer by layer. */
async function erase(
  run: Run,
  { conditions, predictor: { model, tokens, answers, probed }, parameters, step }: Probed,
  layers: readonly Float32Array[],
  level: Float32Array,
): Promise<void> {
  const { configuration: setting } = run;
  const { probed: B, test, width, examples: N } = setting;
  const [R, P] = [parameters.replicas, probed.length];
  const readouts = lab.layerReadouts({ layers, shape: [R, B, P, width] }, {
    positions: [P - 1],
    train: B >> 1,
    targets: { level: { values: level, K: 1 } },
    random: [1],
    seeds: parameters.seeds,
  });
  const tasks = tasksOf(setting, test);
  for (const sigma of ends(setting)) {
    for (const [layer, { erasures, random }] of readouts.entries()) {
      if (layer === 0) continue;
      const found = await readOnce(R, (draw) => {
        const { x, y } = tasks[levelName(sigma)]({ ...draw, key: "test" });
        const stream = model.trace(parameters.weights, tokens(x, y)).residual[layer];
        const position = stream.shape[2] === 1 ? 0 : probed[P - 1].position;
        const risk = (erasure: lab.ReplicaErasures) => {
          const changed = lab.erasedAt(stream, erasure, [position]);
          const predictions = answers(model.applyFrom(parameters.weights, changed, layer));
          return lab.meanSquare(lab.select(predictions, 2, predictions.shape[2] - 1), lab.select(y, 2, N));
        };
        return { level: risk(erasures.level!), random: risk(random[1]) };
      });
      const [own, other] = ERASED.map((erased) => erasedAt(sigma, erased));
      run.measure({ series: conditions, step, layer }, { [own]: found.level, [other]: found.random });
    }
  }
}
