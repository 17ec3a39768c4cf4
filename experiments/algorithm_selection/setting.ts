/** Options, presets, tasks, conditions and models. */
import * as lab from "../../mod.ts";

const { integer, integers, number, numbers } = lab.option;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  dimension: integer(3, { min: 2, max: 64, help: "input dimension d; weights are N(0, I/d)" }),
  examples: integer(4, { min: 2, max: 512, help: "examples N of a prompt, before the query" }),
  levels: numbers([0.1, 1], {
    above: 0,
    ascending: true,
    help: "noise levels σ of the mixture; single models know one end",
  }),
  layers: integer(3, { min: 2, max: 24, help: "blocks of a transformer" }),
  heads: integer(2, { min: 1, max: 32, help: "heads of a block" }),
  width: integer(32, { min: 4, max: 1024, help: "width of the residual stream" }),
  hidden: integer(32, { min: 0, max: 4096, help: "hidden width of the perceptrons" }),
  lr: number(3e-3, { above: 0, help: "learning rate of Adam" }),
  floor: number(0.02, {
    min: 0,
    max: 1,
    help: "part of the learning rate that is left at the end of its cosine; 1 is constant",
  }),
  batch: integer(64, { min: 2, help: "fresh prompts a step and replica" }),
  steps: integers([9000, 5000], { min: 60, help: "steps of models of all noise levels: encoder, decoder" }),
  "other-steps": integers([2400, 0], { min: 0, help: "steps of the other models, at most as many; 0 trains none" }),
  reports: integer(10, { min: 2, help: "reports of each training" }),
  replicas: integer(4, { min: 2, max: 64, help: "seeds of every condition: seed, seed + 1, …" }),
  test: integer(2048, { min: 64, help: "test prompts of each task, the same for all replicas" }),
  probed: integer(2048, { min: 64, help: "prompts of probes, half of them to fit to" }),
  spectra: integer(4000, { min: 50, help: "spectra over which the exact risks are averaged" }),
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;
/** The run, as its parts are given it. */
export type Run = lab.RunContext<typeof options, Record<never, lab.Columns>>;

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    dimension: 2,
    examples: 4,
    layers: 2,
    width: 8,
    hidden: 8,
    batch: 16,
    steps: [80, 60],
    "other-steps": [60, 0],
    reports: 3,
    replicas: 2,
    test: 64,
    probed: 64,
    spectra: 100,
  },
  cpu: {},
  paper: {
    dimension: 20,
    examples: 20,
    levels: [0.1, 0.5],
    layers: 12,
    heads: 8,
    width: 64,
    hidden: 64,
    lr: 1e-4,
    floor: 1,
    batch: 64,
    steps: [300_000, 300_000],
    "other-steps": [300_000, 300_000],
    reports: 60,
    // No tensor of 16 replicas may be larger than 2 GiB, which is all that a kernel can bind.
    test: 2048,
    probed: 2048,
    spectra: 2000,
  },
};

/** Refuses what no run can do, before anything is written. */
export function check({ levels, steps, "other-steps": others, width, heads, probed }: Setting): void {
  const refuse = (expected: string, found: unknown) => {
    throw new lab.UserError(`expected ${expected}, found ${found}`);
  };
  if (levels.length < 2) refuse("at least two --levels", levels.join(","));
  if (steps.length !== 2) refuse("--steps of 2 numbers, the encoder's and the decoder's", steps.length);
  if (others.length !== 2) refuse("--other-steps of 2 numbers, the encoder's and the decoder's", others.length);
  const longer = others.find((count, at) => count > steps[at]);
  if (longer !== undefined) refuse(`--other-steps of at most --steps=${steps.join(",")}`, longer);
  if (width % heads !== 0) refuse(`--heads that divide --width=${width}`, heads);
  // The half that probes are fitted to needs more prompts than directions.
  if (probed < 4 * width) refuse(`--probed of at least 4 times --width=${width}`, probed);
}

/** Architectures. */
export const KINDS = ["encoder", "decoder"] as const;
export type Kind = typeof KINDS[number];

/** Kinds of training: the first is trained by itself, for more steps than the others side by side. */
export const [MIXTURE, ...OTHERS] = [
  "all noise levels",
  "lowest noise",
  "highest noise",
  "regression and classes",
  "classes",
] as const;
export const TRAINED = [MIXTURE, ...OTHERS] as const;
export type Trained = typeof TRAINED[number];

/** Series of a model, by what it was trained on. */
export const seriesOf = (kind: Kind, trained: Trained) => `${kind}, ${trained}`;

/** Series of exact predictors on the test prompts; of ridge with one λ for all levels, an index says which. */
export const [EXACT, FIXED] = ["exact predictors", "ridge, fixed λ"] as const;
/** Theory of both: risk of ridge by Monte Carlo over spectra, in float64. */
export const SPECTRA = "spectra";

/** Names of the tasks: noise levels, then classification by the sign of w·x. */
export const levelName = (sigma: number) => `σ = ${sigma}`;
export const CLASSES = "classes";

/** Names of quantities: risk of the query, and the part of signs that are wrong. */
export const riskAt = (sigma: number) => `risk, ${levelName(sigma)}`;
export const CLASS_ERROR = "error of classes";
export const LOGISTIC = "logistic regression, error of classes";
/** Risk at the lowest level after predictions were multiplied by the best factor, which is fair to models of log-odds. */
export const SCALED = "risk after the best factor";
/** Mean square of the distance from an exact prediction. */
export const NEAR = {
  low: (sigma: number) => `distance from ridge of the lowest noise, ${levelName(sigma)}`,
  high: (sigma: number) => `distance from ridge of the highest noise, ${levelName(sigma)}`,
  posterior: (sigma: number) => `distance from the posterior mean, ${levelName(sigma)}`,
};
/** Weight of the highest level's ridge in predictions, by least squares on the difference of both ridges. */
export const weightAt = (sigma: number) => `weight of the highest noise's ridge, ${levelName(sigma)}`;

/** Risks of models from whose stream at the query one direction was erased after a layer: that of ln σ, or a random one. */
export const ERASED = ["noise level", "random direction"] as const;
export const erasedAt = (sigma: number, erased: typeof ERASED[number]) => `${riskAt(sigma)}, ${erased} erased`;

/** Probes of ln σ: their quantities, the series of their bounds, and what the bounds are. */
export const [R2, ACCURACY] = ["R² of the noise level", "accuracy of the noise level"] as const;
export const NOISE = "noise level";
export const [POSTERIOR, SIZES] = ["posterior mean", "sizes of labels"] as const;

/** The lowest and the highest noise level. */
export const ends = ({ levels }: Setting) => [levels[0], levels[levels.length - 1]] as const;

/** Penalty λ = σ²/τ² = d σ² of the posterior mean. */
export const bayesPenalty = ({ dimension }: Setting, sigma: number) => dimension * sigma ** 2;

/** Penalties of the curve of fixed λ, evenly spaced in their logarithm, beyond both Bayes penalties. */
export function penalties(setting: Setting): number[] {
  const [low, high] = ends(setting).map((sigma) => bayesPenalty(setting, sigma));
  const [from, to, count] = [low / 4, high * 4, 49];
  return Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));
}

/** Steps of a model. */
export const stepsOf = (setting: Setting, kind: Kind, trained: Trained) =>
  setting[trained === MIXTURE ? "steps" : "other-steps"][KINDS.indexOf(kind)];

/** Conditions of a training: shares of the tasks, levels first and classification last. */
export function conditionsOf({ levels }: Setting, seeds: readonly number[], kind: Kind, trained: readonly Trained[]) {
  const L = levels.length;
  const only = (...shares: [at: number, share: number][]) =>
    Array.from({ length: L + 1 }, (_, task) => shares.find(([at]) => at === task)?.[1] ?? 0);
  const shares: Record<Trained, number[]> = {
    "all noise levels": only(...levels.map((_, at): [number, number] => [at, 1 / L])),
    "lowest noise": only([0, 1]),
    "highest noise": only([L - 1, 1]),
    "regression and classes": only([0, 0.5], [L, 0.5]),
    classes: only([L, 1]),
  };
  return new lab.Conditions(trained.map((name) => ({ name: seriesOf(kind, name), seeds, shares: shares[name] })));
}

/** Samplers of the tasks by name: N examples and a query, with the same inputs, weights and noise under one key. */
export function tasksOf({ dimension, examples, levels }: Setting, batch: number) {
  const task = { dimension, context: examples + 1, batch, weights: { scale: 1 / Math.sqrt(dimension) } };
  return Object.fromEntries([
    ...levels.map((noise) => [levelName(noise), lab.linearRegression({ ...task, noise })]),
    [CLASSES, lab.linearRegression({ ...task, labels: "sign" })],
  ]) as Record<string, lab.TaskSampler<lab.LinearRegressionBatch>>;
}

/** Prompts of all noise levels, each with one of them. */
export function noisy(
  { dimension, examples, levels, probed: batch }: Setting,
): lab.TaskSampler<lab.LinearRegressionBatch> {
  const weights = { scale: 1 / Math.sqrt(dimension) };
  return lab.linearRegression({ dimension, context: examples + 1, batch, weights, noise: { levels } });
}

/** Examples after which decoders are probed; the encoder reads all of them at once. */
export const probedExamples = ({ examples: N }: Setting) => [...new Set([Math.ceil(N / 4), Math.ceil(N / 2), N])];

/** A model, how it reads a prompt, and which of the labels it predicts. */
export interface Predictor {
  readonly model: lab.Transformer;
  /** Tokens of a prompt. */
  tokens(x: lab.Tensor, y: lab.Tensor): lab.Tensor;
  /** Predictions (R, B, P) of the last P labels, from what the model puts out. */
  answers(outputs: lab.Tensor): lab.Tensor;
  /** The same from a prompt. */
  predict(weights: lab.Weights, x: lab.Tensor, y: lab.Tensor): lab.Tensor;
  /** Positions in the stream that are probed, by the number of examples before them. */
  readonly probed: readonly { readonly examples: number; readonly position: number }[];
}

/** The transformers of the paper: an encoder with rectified attention, or a decoder on inputs and labels in turn. */
export function predictorOf(setting: Setting, kind: Kind): Predictor {
  const { dimension: D, examples: N, layers, heads, width, hidden } = setting;
  const plain = { activation: "relu", positions: "none", biases: { attention: false, mlp: false } } as const;
  const shape = { ...plain, outputs: 1, layers, heads, width, mlp: hidden };
  if (kind === "decoder") {
    const model = lab.transformer({ ...shape, input: { dimension: D + 1 }, length: 2 * N + 2 });
    const tokens = (x: lab.Tensor, y: lab.Tensor) => lab.interleavedTokens(x, y);
    return {
      model,
      tokens,
      answers: lab.interleavedPredictions,
      predict: (weights, x, y) => lab.interleavedPredictions(model.apply(weights, tokens(x, y))),
      probed: probedExamples(setting).map((examples) => ({ examples, position: 2 * examples })),
    };
  }
  const reading = { attention: "relu", causal: false, predict: "last" } as const;
  const model = lab.transformer({ ...shape, ...reading, input: { dimension: D + 2 }, length: N + 1 });
  // (x_i; y_i; 1) of examples, (x; 0; 0) of the query.
  const tokens = (x: lab.Tensor, y: lab.Tensor) => {
    const [R, B] = y.shape;
    const column = (values: lab.Tensor) => lab.pad(values, 2, 0, 1).reshape([R, B, N + 1, 1]);
    return lab.concatenate([x, column(lab.slice(y, 2, 0, N)), column(lab.fill([R, B, N], 1))], 3);
  };
  return {
    model,
    tokens,
    answers: (outputs) => outputs,
    predict: (weights, x, y) => model.apply(weights, tokens(x, y)),
    probed: [{ examples: N, position: N }],
  };
}
