#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * What does a transformer that has learned affine functions in context predict beyond the range of its training?
 *
 * Source   Naim, Fouilhé and Asher 2024 (arXiv 2411.11465).
 * Task     y = a x + b without noise, N pairs a prompt; a, b and x of one law: N(0, 1), ½ N(−1, 1) + ½ N(1, 1), or
 *          U(−5, 5).
 * Model    causal decoder over x_1, y_1, …, x_N, y_N that predicts every y_n at x_n. x and y are divided by their
 *          deviations in training, so that all laws begin alike. Adam on the mean square error; laws and seeds side by
 *          side.
 * Tests    the same prompts for all replicas: functions of N(0, σ²) at x ~ N(0, 1) (the paper's Table 2) and at
 *          x ~ U(−1, 1) (Table 1), functions of N(0, 1) at x ~ N(0, σ²), σ = 1 … 10; prompts sorted by x; prompts twice
 *          as long. Errors are mean squares over positions 3 … N, divided by those of the predictor 0. Single functions,
 *          9 x (10 x for N(0, 1) and the bimodal law) and 40 x + 40, are asked for at x from −10 to 10, after N − 1
 *          points of the training law.
 * Measure  boundary: half the range of the predictions of a single function, averaged over contexts, along x.
 * Compare  least squares, exact from two pairs on: what an algorithm would do; the zero predictor; the paper's tables;
 *          predictions that are exact up to the boundary and stay there, whose error is known (lab.clippedError).
 * Controls U(−3, 3): if the largest |y| of training, 30 or 12, makes the boundary, it moves. Attention only; other
 *          depths.
 * Sizes    N = 12, width 32, 2000 steps of 16 prompts in the cpu preset; 41, 64 to 256 and 500 000 of 64 in the paper,
 *          which the preset `paper` has. Shares of errors and boundaries are compared, with the paper's two layers
 *          where it has them; more training is expected to lower errors inside, not outside.
 * Pilots   seeds 901 and 902 of the main model, N(0, 1) and U(−5, 5), 1600 steps at rates 3e-3 and 6e-3, without the
 *          tests on wider laws: errors inside were .10 and .03 for N(0, 1), .04 and .03 for U(−5, 5); boundaries 3 to 6
 *          and 24 to 29. They chose the rate; criteria are the paper's numbers with a margin. A first run
 *          kept had 800 steps and 80 test prompts instead of 1500 and 96, for want of CPU; when steps were raised to 2000
 *          after it no criterion was changed.
 * Claims   beyond_the_training_range/claims.ts, logged before training.
 */
import * as lab from "../mod.ts";
import { claims } from "./beyond_the_training_range/claims.ts";
import { figures } from "./beyond_the_training_range/figures.ts";
import {
  BY_POSITION,
  check,
  conditionsOf,
  FAMILIES,
  type Family,
  FUNCTIONS,
  LEAST_SQUARES,
  modelName,
  options,
  presets,
  queriesOf,
  type Setting,
  SORTED,
  STEEP,
  STEEPER,
  type TrainingLaw,
  type Variant,
  variantsOf,
  zeroOf,
} from "./beyond_the_training_range/setting.ts";

export const experiment = lab.defineExperiment({
  name: "beyond_the_training_range",
  doc: new URL(import.meta.url),
  options,
  presets,
  resumable: { every: 500 },
  check,
  claims,
  figures,
  async run(run) {
    const { configuration: setting, seeds } = run;
    const reports = lab.evenSteps(setting.reports, setting.steps);
    for (const variant of variantsOf(setting)) {
      const conditions = conditionsOf(variant, seeds);
      using ensemble = await ensembleOf(setting, variant, conditions, run.restored(modelName(variant)));
      for await (const { step, evaluations } of lab.follow(ensemble, { label: modelName(variant), reports }, run)) {
        run.measure({ series: conditions, step }, evaluations);
        if (step < setting.steps) continue;
        const predict = (prompts: Pairs) => ensemble.predict(ensemble.parameters.weights, prompts);
        for (const { index, compute } of testsOf(setting, conditions)) {
          const found = await lab.measureOnce(conditions.seeds, (draw) => compute(lab.sharedDraw(draw), predict));
          run.measure({ series: conditions, step, index }, found);
        }
      }
    }
  },
});

/** Pairs of prompts: points and values (R, B, N). */
export interface Pairs {
  readonly x: lab.Tensor;
  readonly y: lab.Tensor;
}

/** Decoders of a model under all laws. */
export interface Decoders {
  /** The model. */
  readonly model: lab.Transformer;
  /** Deviations of x and y in training (R, 1, 1); whoever makes decoders frees them. */
  readonly deviation: { readonly x: lab.Tensor; readonly y: lab.Tensor };
  /** Predicts every value of prompts (R, B, N). */
  predict(weights: lab.Weights, prompts: Pairs): lab.Tensor;
  /** Mean square error in units of the deviation of y on training prompts (R). */
  loss(weights: lab.Weights, draw: lab.StepDraw): lab.Tensor;
}

/**
 * Makes the decoders of a model under all laws.
 *
 * @param setting Options.
 * @param variant The model.
 * @param conditions Law of each replica.
 * @returns What predicts, and the loss.
 */
export function decodersOf(
  setting: Setting,
  { layers, attentionOnly }: Variant,
  conditions: ReturnType<typeof conditionsOf>,
): Decoders {
  const { points, width, heads, hidden, longer, batch } = setting;
  const model = lab.transformer({
    input: { dimension: 2 },
    outputs: 1,
    length: 2 * longer * points,
    layers,
    heads,
    width,
    mlp: attentionOnly ? 0 : hidden,
  });
  const laws = conditions.each(({ law }) => law);
  const deviation = { x: perReplica(laws, ({ second }) => Math.sqrt(second)), y: perReplica(laws, deviationOf) };
  const predict = (weights: lab.Weights, { x, y }: Pairs) => {
    const tokens = lab.interleavedTokens(
      lab.divide(x, deviation.x).reshape([...x.shape, 1]),
      lab.divide(y, deviation.y),
    );
    return lab.multiply(lab.interleavedPredictions(model.apply(weights, tokens)), deviation.y);
  };
  const loss = (weights: lab.Weights, draw: lab.StepDraw) => {
    const prompts = ofLaws(laws, points, batch)({ ...draw, key: "train" });
    const inUnits = (values: lab.Tensor) => lab.divide(values, deviation.y);
    return lab.meanSquare(inUnits(predict(weights, prompts)), inUnits(prompts.y));
  };
  return { model, deviation, predict, loss };
}

/**
 * Makes the decoders of a model under all laws, and their training.
 *
 * @param setting Options.
 * @param variant The model.
 * @param conditions Law of each replica.
 * @param from State to continue from.
 * @returns The training; disposing of it frees its memory.
 */
async function ensembleOf(
  setting: Setting,
  variant: Variant,
  conditions: ReturnType<typeof conditionsOf>,
  from: lab.SavedState | undefined,
) {
  const { points, longer, lr, steps } = setting;
  const { model, deviation, predict, loss } = decodersOf(setting, variant, conditions);
  const laws = conditions.each(({ law }) => law);
  const parameters = lab.ParameterSet.create(model.parameters, conditions.seeds);
  const training = await lab.Training.create({
    parameters,
    optimizer: lab.adamw({
      lr,
      weightDecay: 0,
      schedule: lab.warmUp(setting["warm-up"], lab.linearSchedule({ steps })),
    }),
    loss,
    evaluations: {
      [BY_POSITION](weights, draw) {
        const prompts = ofLaws(laws, longer * points, setting.prompts)({ ...lab.sharedDraw(draw), key: "inside" });
        const error = lab.divide(lab.subtract(predict(weights, prompts), prompts.y), deviation.y);
        return lab.mean(lab.square(error), [1]);
      },
    },
    from,
  });
  const owned = [training, parameters, deviation.x, deviation.y];
  return Object.assign(training, { predict, [Symbol.dispose]: () => owned.forEach((each) => each.destroy()) });
}

/** A number of each replica's law (R, 1, 1). */
const perReplica = (laws: readonly TrainingLaw[], value: (law: TrainingLaw) => number) =>
  lab.Tensor.from(laws.map(value), [laws.length, 1, 1], "numbers of the laws");

/** Prompts of each replica's training law. */
function ofLaws(laws: readonly TrainingLaw[], context: number, batch: number) {
  const [law, scale] = [laws.map(({ law }) => law), laws.map(({ scale }) => scale)];
  const coefficients = { law, scale: scale.map((one) => [one, one]) };
  return lab.affineFunctions({ context, batch, inputs: { law, scale: scale.map((one) => [one]) }, coefficients });
}

/** Deviation of y in training: √(E a² E x² + E b²). */
const deviationOf = ({ second }: TrainingLaw) => Math.sqrt(second ** 2 + second);

/** A test outside of the training range. */
interface Test {
  /** Which σ it is of. */
  readonly index?: number;
  /** Computes numbers of each replica by name, from what predicts. */
  compute(draw: lab.StepDraw, predict: (prompts: Pairs) => lab.Tensor): Record<string, lab.Tensor>;
}

/** All tests; prompts are the same for all replicas, but for the law of the contexts of single functions. */
function testsOf(setting: Setting, conditions: ReturnType<typeof conditionsOf>): Test[] {
  const laws = conditions.each(({ law }) => law);
  const single = (names: typeof STEEP | typeof STEEPER, of: (x: lab.Tensor) => lab.Tensor): Test => ({
    compute(draw, predict) {
      const { x } = ofLaws(laws, setting.points - 1, setting.contexts)({ ...draw, key: "contexts" });
      return asked(names, setting, x, (prompts) => predict({ x: prompts, y: of(prompts) }));
    },
  });
  // One σ at a time: the prompts of all of them do not fit into one buffer.
  const wider = FAMILIES.flatMap((family) =>
    setting.sigmas.map((sigma, index): Test => ({
      index,
      compute(draw, predict) {
        const prompts = widerPrompts(setting, family, sigma, draw);
        const found = lateErrors({
          [family.name]: predict(prompts),
          [zeroOf(family)]: lab.fill(prompts.y.shape, 0),
        }, prompts.y);
        if (family !== FUNCTIONS) return found;
        const ascending = inOrder(prompts);
        return {
          ...found,
          ...lateErrors({ [LEAST_SQUARES]: leastSquares(prompts) }, prompts.y),
          ...lateErrors({ [SORTED]: predict(ascending) }, ascending.y),
        };
      },
    }))
  );
  return [
    ...wider,
    single(STEEP, (x) => lab.multiply(x, lab.own(perReplica(laws, ({ slope }) => slope)))),
    single(STEEPER, (x) => lab.scale(x, 40, 40)),
  ];
}

/** Prompts of a family at a σ: equal draws at every σ. */
function widerPrompts({ points, prompts }: Setting, family: Family, sigma: number, draw: lab.StepDraw): Pairs {
  const { functions, inputs } = family.law(sigma);
  const coefficients = { scale: functions };
  const sampler = lab.affineFunctions({ context: points, batch: prompts, inputs, coefficients });
  return sampler({ ...draw, key: family.name });
}

/** Mean square errors of predictions by name over prompts and positions 3 … N (R). */
function lateErrors(predictions: Readonly<Record<string, lab.Tensor>>, y: lab.Tensor): Record<string, lab.Tensor> {
  return Object.fromEntries(
    Object.entries(predictions).map(([name, prediction]) => {
      const errors = lab.square(lab.subtract(prediction, y));
      return [name, lab.mean(lab.slice(errors, 2, 2, y.shape[2]), [1, 2])];
    }),
  );
}

/** Prompts in ascending order of x. */
function inOrder({ x, y }: Pairs): Pairs {
  const ascending = lab.sortedPrompts({ x: x.reshape([...x.shape, 1]), y });
  return { x: ascending.x.reshape(x.shape), y: ascending.y };
}

/** Least squares for slope and intercept. */
function leastSquares({ x, y }: Pairs): lab.Tensor {
  const column = x.reshape([...x.shape, 1]);
  return lab.leastSquares().apply({ x: lab.concatenate([column, lab.fill(column.shape, 1)], 3), y });
}

/**
 * Asks for a single function at given x, each after every context.
 *
 * @param names Names of the numbers.
 * @param setting Options.
 * @param x Points of the contexts (R, C, N − 1).
 * @param predict Predicts the function's values from points (R, B, N).
 * @returns Mean prediction at every x (R, Q), and the deviation over contexts, its root mean square over x (R).
 */
function asked(
  names: typeof STEEP | typeof STEEPER,
  setting: Setting,
  x: lab.Tensor,
  predict: (x: lab.Tensor) => lab.Tensor,
): Record<string, lab.Tensor> {
  const [R, C, before] = x.shape;
  const [Q, N] = [setting.queries, before + 1];
  const queries = lab.own(lab.Tensor.from(queriesOf(setting), [1, 1, Q, 1], "queries"));
  const points = lab.concatenate([
    lab.expand(x.reshape([R, C, 1, before]), [R, C, Q, before]),
    lab.expand(queries, [R, C, Q, 1]),
  ], 3).reshape([R, C * Q, N]);
  const answers = lab.slice(predict(points), 2, N - 1, N).reshape([R, C, Q]);
  const mean = lab.mean(answers, [1]);
  const apart = lab.subtract(answers, mean.reshape([R, 1, Q]));
  return { [names.mean]: mean, [names.spread]: lab.sqrt(lab.mean(lab.square(apart), [1, 2])) };
}

if (import.meta.main) await lab.main(experiment);
