#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * Does a transformer that learns in context through a fixed representation compute that representation, and then regress on it?
 *
 * Source   Guo et al. 2023 (arXiv 2310.10616); no text or code of theirs was at hand, their claims are second-hand.
 * Task     y = w · Φ*(x) + σε, x ~ N(0, I), w ~ N(0, I) new for every prompt; Φ* is a fixed perceptron of L layers of random
 *          orthogonal matrices and leaky rectifiers, its output of length 1, one for each seed. N pairs as tokens (x; 0), (0; y).
 *          Dynamical systems: x_{i+1} = W Φ*(x_{i−1}, x_i) + σε, W new for every trajectory.
 * Model    decoder with softmax attention, pre-norm; every label is predicted at its input's token. AdamW without decay.
 * Compare  ridge regression on Φ*(x) with λ = σ², the posterior mean. Rivals that do not know Φ*: affine ridge on x and on another
 *          Φ of the same law, each with the best λ of a grid; kernel ridge with the mean kernel of fresh Φ.
 * Measure  risk at every token. By layer, held-out R² of one linear map from the residual stream at all x-tokens, or all y-tokens,
 *          to Φ*(x), to what of Φ*(x) no affine map of x gives ("beyond x"), and to the ridge prediction for x (at y-tokens: to
 *          what of it no affine map of y gives).
 * Causes   beside every probe the risk late in the prompt without what it reads: the stream at those tokens is mapped so that no
 *          linear map reads the target any more (lib/interventions/erasure.ts), and the later layers run on; control: as many
 *          random directions.
 * Pasting  the upper blocks under a new embedding, which alone is trained, on linear regression with x ~ N(0, I/D); y-tokens show
 *          their x ("copied") or not. Controls: the same with upper blocks at their start, and a whole small model of one layer.
 * Control  of probes: another Φ of the same law, beyond x, which the model has no use for.
 * Beyond   the paper: raw and kernel ridge, erasure, y-tokens of the pasted models, what is read beyond the raw input.
 * Sizes    the cpu preset has d = D = 4, 4 layers of width 32 and thousands of steps, where the paper has 20, 12 layers of 256 and
 *          3 · 10⁵ (second-hand); depths L, widths D and noises σ other than the main ones are in the preset `paper`, or options.
 * Pilots   seed 900, risks alone, no probe: batches of 32 at a constant learning rate had a risk of .279 after 1500 steps, batches of
 *          16 under the cosine .295 after 2000 (Φ*-ridge .181, kernel ridge .487), so that "risk-knows-phi" and "risk-gap" were to
 *          be expected and "risk-optimal" was not. They chose batch, schedule and steps. Pasting, probes, erasure and dynamical
 *          systems were not piloted but for trials of a few steps.
 * Not here mixtures of representations.
 * Claims   representations/claims.ts, logged before training.
 */
import * as lab from "../mod.ts";
import { claims } from "./representations/claims.ts";
import { figures } from "./representations/figures.ts";
import { byLayer, logReadouts, readoutsOf, restsOf } from "./representations/probes.ts";
import {
  BEYOND,
  check,
  conditionsOf,
  CONTROL,
  DYNAMICS,
  type Given,
  KERNEL,
  lagged,
  LAGS,
  lateFrom,
  LINEAR,
  LINEAR_TASK,
  linearSizes,
  linearTask,
  mainOf,
  modelOf,
  optimizerOf,
  options,
  OTHER,
  pasted,
  PHI,
  predictionAt,
  presets,
  promptSizes,
  RAW,
  RIDGE,
  riskOf,
  risks,
  type Run,
  type Setting,
  SMALL,
  STATE,
  TOKENS,
} from "./representations/setting.ts";

type Design = lab.Conditions<Given>;

export const experiment = lab.defineExperiment({
  name: "representations",
  doc: new URL(import.meta.url),
  options,
  presets,
  resumable: { every: 500 },
  check,
  claims,
  figures,
  async run(run) {
    const { configuration: setting, seeds } = run;
    const design = conditionsOf(setting, seeds);
    using representation = representationOf(setting, design);
    const prompts = (batch: number) =>
      lab.representationRegression({ ...taskOf(setting, design), representation, batch });

    await compareRidges(run, design, prompts(setting.test));
    await train(run, design, prompts);
    await probePrompts(run);
    for (const cut of setting.cuts) await paste(run, cut);
    await trainSmall(run);
    await dynamics(run);
  },
});

/** Φ* of every replica, or another representation of the same law. */
export const representationOf = ({ dimension, features }: Setting, design: Design, name?: string) =>
  lab.randomRepresentation({
    seeds: design.seeds,
    dimension,
    features,
    layers: design.each(({ depth }) => depth),
    name,
  });

export const taskOf = ({ context }: Setting, design: Design) => ({ context, noise: design.each(({ noise }) => noise) });

/** Risks of the predictors that need no training, on the prompts that models are tested on. */
async function compareRidges(
  { configuration: setting, measure }: Run,
  design: Design,
  test: lab.TaskSampler<lab.RepresentationRegressionBatch>,
): Promise<void> {
  const variances = design.each(({ noise }) => noise ** 2);
  const grid = Array.from({ length: 12 }, (_, k) => 2 ** (k - 6));
  const affine = (x: lab.Tensor) => lab.concatenate([x, lab.fill([...x.shape.slice(0, -1), 1], 1)], 3);
  const ignorant = (x: lab.Tensor) => ({
    [RAW]: affine(x),
    [OTHER]: affine(representationOf(setting, design, "another").apply(x)),
  });
  const tuning = await lab.measureOnce(design.seeds, (draw) => {
    const { x, y } = test({ ...draw, key: "tuning" });
    const named = Object.entries(ignorant(x)).flatMap(([name, inputs]) =>
      grid.map((lambda, at) => [
        `${name} ${at}`,
        lab.mean(risks(lab.ridge({ lambda }).apply({ x: inputs, y }), y), [1]),
      ])
    );
    return Object.fromEntries(named) as Record<string, lab.Tensor>;
  });
  const best = (name: string) =>
    design.seeds.map((_, r) => {
      const found = grid.map((_, at) => tuning[`${name} ${at}`][r]);
      return grid[found.indexOf(Math.min(...found))];
    });
  const found = await lab.measureOnce(design.seeds, (draw) => {
    const { x, features, y } = test({ ...draw, key: "test" });
    const fresh = Array.from({ length: setting.fresh }, (_, i) => representationOf(setting, design, `fresh ${i}`));
    const kernel = (x: lab.Tensor) => lab.featureKernel(fresh.values().map((one) => one.apply(x)));
    const ridges = Object.entries(ignorant(x)).map(([name, inputs]) => [
      riskOf(name),
      risks(lab.ridge({ lambda: best(name) }).apply({ x: inputs, y }), y),
    ]);
    return {
      [riskOf(RIDGE)]: risks(lab.ridge({ lambda: variances }).apply({ x: features, y }), y),
      [riskOf(KERNEL)]: risks(lab.kernelRidge({ lambda: variances, kernel }).apply({ x, y }), y),
      ...Object.fromEntries(ridges) as Record<string, lab.Tensor>,
    };
  });
  measure({ series: design, step: 0 }, found);
}

/** Trains a model of every condition, and keeps the weights at the end. */
async function train(
  run: Run,
  design: Design,
  prompts: (batch: number) => lab.TaskSampler<lab.RepresentationRegressionBatch>,
): Promise<void> {
  const { configuration: setting, snapshots } = run;
  const { steps, lr, batch, reports: count } = setting;
  const model = modelOf(setting, promptSizes(setting));
  const errors = (weights: lab.Weights, { x, y }: lab.RepresentationRegressionBatch) =>
    risks(lab.interleavedPredictions(model.apply(weights, lab.interleavedTokens(x, y))), y);
  using parameters = lab.ParameterSet.create(model.parameters, design.seeds);
  using training = await lab.Training.create({
    parameters,
    optimizer: optimizerOf(setting, lr, steps),
    loss: (weights, draw) => lab.mean(errors(weights, prompts(batch)({ ...draw, key: "train" })), [1]),
    evaluations: { risk: (weights, draw) => errors(weights, prompts(setting.test)({ ...draw, key: "test" })) },
    from: run.restored("main"),
  });
  const reports = lab.linearAndLogarithmicSteps(count, steps);
  for await (
    const { step, evaluations } of lab.follow(training, {
      label: "main",
      reports,
      pause: (step) => step === steps,
    }, run)
  ) {
    run.measure({ series: design, step }, evaluations);
    if (step === steps) {
      snapshots.keep(
        "main",
        step,
        lab.selectReplicas(await parameters.read(), run.seeds.map((_, r) => r)),
      );
    }
  }
}

/** Probes the main condition's models for Φ* and the ridge prediction, and measures their risks without what is read. */
async function probePrompts(run: Run): Promise<void> {
  const { configuration: setting, seeds } = run;
  const { features: D, context: N, probed: B, layers } = setting;
  const { noise } = mainOf(setting);
  const design = new lab.Conditions(conditionsOf(setting, seeds).conditions.slice(0, 1));
  const model = modelOf(setting, promptSizes(setting));
  using parameters = lab.ParameterSet.create(model.parameters, seeds);
  parameters.load(run.snapshots.at("main"));
  using representation = representationOf(setting, design);
  const prompts = lab.representationRegression({ ...taskOf(setting, design), representation, batch: B });
  const found = await lab.measureOnce(seeds, (draw) => {
    const { x, features, y } = prompts({ ...draw, key: "probes" });
    return {
      ...byLayer(model.trace(parameters.weights, lab.interleavedTokens(x, y)).residual),
      x,
      y,
      [PHI]: features,
      [CONTROL]: representationOf(setting, design, "another").apply(x),
      prediction: lab.ridge({ lambda: noise ** 2 }).apply({ x: features, y }),
    };
  });
  const beyond = (inputs: Float32Array, values: Float32Array, K: number) => ({
    values: restsOf(inputs, values, seeds.length, B * N),
    K,
  });
  const predictions = {
    x: { values: found.prediction, K: 1 },
    y: beyond(found.y, found.prediction, 1),
  };
  for (const [parity, token] of TOKENS.entries()) {
    const positions = Array.from({ length: N }, (_, n) => 2 * n + parity);
    const targets = {
      [PHI]: { values: found[PHI], K: D },
      [BEYOND]: beyond(found.x, found[PHI], D),
      [CONTROL]: beyond(found.x, found[CONTROL], D),
      [predictionAt(token)]: predictions[token],
    };
    const given = { positions, targets, erase: [PHI, predictionAt(token)], random: [...new Set([1, D])] };
    const readouts = readoutsOf(run, layers, found, 2 * N, given);
    await logReadouts(run, { series: design.names[0], step: setting.steps, token }, readouts, (draw) => {
      const { x, y } = prompts({ ...draw, key: "erasure" });
      const { residual } = model.trace(parameters.weights, lab.interleavedTokens(x, y));
      return (layer, erasures) => {
        const stream = erasures ? lab.erasedAt(residual[layer], erasures, positions) : residual[layer];
        const outputs = lab.interleavedPredictions(model.applyFrom(parameters.weights, stream, layer));
        return lab.mean(lab.slice(risks(outputs, y), 1, lateFrom(setting), N), [1]);
      };
    });
  }
}

/** Puts new embeddings under the upper blocks of the main condition's models, and trains them alone on linear regression. */
async function paste(run: Run, cut: number): Promise<void> {
  const { configuration: setting, seeds } = run;
  const model = modelOf(setting, linearSizes(setting), setting.layers - cut);
  const design = new lab.Conditions(
    ([["trained", "copied"], ["trained", "apart"], ["fresh", "copied"]] as const).map(([upper, tokens]) => ({
      name: pasted(cut, upper, tokens),
      seeds,
      upper,
      tokens,
    })),
  );
  using parameters = lab.ParameterSet.create(model.parameters, design.seeds);
  const trained = run.snapshots.at("main");
  parameters.load((await parameters.read()).map((array) => {
    if (array.name.startsWith("embedding.")) return array;
    const name = array.name.replace(/^blocks\.(\d+)/, (_, block) => `blocks.${Number(block) + cut}`);
    const [data, source] = [array.data.slice(), lab.arrayNamed(trained, name).data];
    const size = source.length / seeds.length;
    design.each(({ upper, replica }, at) => {
      if (upper === "trained") data.set(source.subarray(replica * size, (replica + 1) * size), at * size);
    });
    return { ...array, data };
  }));
  const held = Object.keys(parameters.weights).filter((name) => !name.startsWith("embedding."));
  const optimizer = lab.frozen(optimizerOf(setting, setting["paste-lr"], setting["paste-steps"]), held);
  await trainLinear(run, {
    model,
    parameters,
    optimizer,
    design,
    shows: design.each(({ tokens }) => tokens === "copied"),
  });
}

/** The control that trains all of a model of one layer on linear regression, and the exact baseline of that task. */
async function trainSmall(run: Run): Promise<void> {
  const { configuration: setting, seeds } = run;
  const model = modelOf(setting, linearSizes(setting), 1);
  const design = new lab.Conditions([{ name: SMALL, seeds }]);
  using parameters = lab.ParameterSet.create(model.parameters, seeds);
  const optimizer = optimizerOf(setting, setting.lr, setting["paste-steps"]);
  await trainLinear(run, { model, parameters, optimizer, design, shows: seeds.map(() => false) });
  const found = await lab.measureOnce(seeds, (draw) => {
    const { x, y } = linearTask(setting, setting.test)({ ...draw, key: "linear test" });
    return { [riskOf(LINEAR)]: risks(lab.ridge({ lambda: mainOf(setting).noise ** 2 }).apply({ x, y }), y) };
  });
  run.measure({ series: new lab.Conditions([{ name: LINEAR_TASK, seeds }]), step: 0 }, found);
}

/** Trains on linear regression; y-tokens show their x where `shows` says so. */
async function trainLinear(
  run: Run,
  { model, parameters, optimizer, design, shows }: {
    readonly model: lab.Transformer;
    readonly parameters: lab.ParameterSet;
    readonly optimizer: lab.Optimizer;
    readonly design: lab.Conditions<object>;
    readonly shows: readonly boolean[];
  },
): Promise<void> {
  const { configuration: setting } = run;
  const errors = (weights: lab.Weights, { x, y }: lab.LinearRegressionBatch) => {
    const [R, B, N, D] = x.shape;
    const seen = lab.multiply(x, lab.own(lab.Tensor.from(shows.map(Number), [R, 1, 1, 1], "x at y-tokens")));
    const pairs = lab.concatenate([lab.pad(x, 3, 0, 1), seen, y.reshape([R, B, N, 1])], 3);
    return risks(lab.interleavedPredictions(model.apply(weights, pairs.reshape([R, B, 2 * N, D + 1]))), y);
  };
  const [label] = design.names, steps = setting["paste-steps"];
  using training = await lab.Training.create({
    parameters,
    optimizer,
    loss: (weights, draw) =>
      lab.mean(errors(weights, linearTask(setting, setting["paste-batch"])({ ...draw, key: "linear" })), [1]),
    evaluations: {
      risk: (weights, draw) => errors(weights, linearTask(setting, setting.test)({ ...draw, key: "linear test" })),
    },
    from: run.restored(label),
  });
  const reports = lab.linearAndLogarithmicSteps(Math.ceil(1 + setting.reports / 2), steps);
  for await (const { step, evaluations } of lab.follow(training, { label, reports }, run)) {
    run.measure({ series: design, step }, evaluations);
  }
}

/** Trains on dynamical systems, and probes for Φ* of the windows that end at a token and before it. */
async function dynamics(run: Run): Promise<void> {
  const { configuration: setting, seeds } = run;
  const { dimension: d, features: D, context: T, window: k, layers, probed } = setting;
  const { depth, noise } = mainOf(setting);
  const steps = setting["dynamics-steps"];
  const series = new lab.Conditions([{ name: DYNAMICS, seeds }]);
  const model = modelOf(setting, { input: d, outputs: d, length: T });
  using representation = lab.randomRepresentation({
    seeds,
    dimension: k * d,
    features: D,
    layers: depth,
    name: "representation of windows",
  });
  const systems = (batch: number) =>
    lab.representationDynamics({ representation, window: k, length: T + 1, batch, noise });
  /** Entries of positions from the first whole window on, before the last state, which is only predicted. */
  const seen = (tensor: lab.Tensor, from = k - 1) => lab.slice(tensor, 2, from, T);
  const target = (states: lab.Tensor) => lab.slice(states, 2, k, T + 1);
  const errors = (outputs: lab.Tensor, states: lab.Tensor) => risks(seen(outputs), target(states));
  using parameters = lab.ParameterSet.create(model.parameters, seeds);
  using training = await lab.Training.create({
    parameters,
    optimizer: optimizerOf(setting, setting.lr, steps),
    loss: (weights, draw) => {
      const { states } = systems(setting.batch)({ ...draw, key: "train" });
      return lab.mean(errors(model.apply(weights, seen(states, 0)), states), [1]);
    },
    evaluations: {
      risk: (weights, draw) => {
        const { states } = systems(setting.test)({ ...draw, key: "test" });
        return errors(model.apply(weights, seen(states, 0)), states);
      },
    },
    from: run.restored(DYNAMICS),
  });
  const reports = lab.linearAndLogarithmicSteps(setting.reports, steps);
  for await (const { step, evaluations } of lab.follow(training, { label: DYNAMICS, reports }, run)) {
    run.measure({ series, step }, evaluations);
  }

  const ridges = await lab.measureOnce(seeds, (draw) => {
    const { states, windows, features } = systems(setting.test)({ ...draw, key: "test" });
    const every = (x: lab.Tensor, lambda: number) => {
      const outputs = Array.from({ length: d }, (_, o) => lab.select(target(states), 3, o));
      return lab.mean(
        lab.concatenate(
          outputs.map((y) => risks(lab.ridge({ lambda }).apply({ x, y }), y).reshape([seeds.length, 1, y.shape[2]])),
          1,
        ),
        [1],
      );
    };
    return { [riskOf(RIDGE)]: every(seen(features), noise ** 2), [riskOf(RAW)]: every(seen(windows), 1) };
  });
  run.measure({ series, step: 0 }, ridges);

  // Tokens with two whole windows before their own.
  const first = k - 1 + Math.max(...LAGS), P = T - first;
  const found = await lab.measureOnce(seeds, (draw) => {
    const { states, features } = systems(probed)({ ...draw, key: "probes" });
    const shown = Array.from({ length: k + Math.max(...LAGS) }, (_, lag) => lab.slice(states, 2, first - lag, T - lag));
    return {
      ...byLayer(model.trace(parameters.weights, seen(states, 0)).residual),
      shown: lab.concatenate(shown, 3),
      ...Object.fromEntries(LAGS.map((lag) => [lagged(lag), lab.slice(features, 2, first - lag, T - lag)])),
    } as Record<string, lab.Tensor>;
  });
  const targets = Object.fromEntries(LAGS.flatMap((lag) => {
    const values = found[lagged(lag)];
    const beyond = restsOf(found.shown, values, seeds.length, probed * P);
    return [[lagged(lag), { values, K: D }], [`${lagged(lag)} beyond states`, { values: beyond, K: D }]];
  })) as Record<string, lab.FitTargets>;
  const positions = Array.from({ length: P }, (_, i) => first + i);
  const given = { positions, targets, erase: LAGS.map(lagged), random: [D] };
  const readouts = readoutsOf(run, layers, found, T, given);
  await logReadouts(run, { series: DYNAMICS, step: steps, token: STATE }, readouts, (draw) => {
    const { states } = systems(probed)({ ...draw, key: "erasure" });
    const { residual } = model.trace(parameters.weights, seen(states, 0));
    return (layer, erasures) => {
      const stream = erasures ? lab.erasedAt(residual[layer], erasures, positions) : residual[layer];
      const risk = errors(model.applyFrom(parameters.weights, stream, layer), states);
      return lab.mean(lab.slice(risk, 1, lateFrom(setting), risk.shape[1]), [1]);
    };
  });
}

if (import.meta.main) await lab.main(experiment);
