/** Options of the experiment, its presets, the names of what it measures, and what a prompt is. */
import * as lab from "../../mod.ts";

const { integer, integers, number, numbers } = lab.option;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  dimension: integer(4, { min: 1, max: 62, help: "input dimension d" }),
  features: integer(4, { min: 1, max: 62, help: "features D of Φ*" }),
  depths: integers([2], { min: 1, max: 16, distinct: true, help: "layers L of Φ*: the main one, and others" }),
  noises: numbers([0.1], { above: 0, distinct: true, help: "noise levels σ of the labels: the main one, and others" }),
  context: integer(16, { min: 4, max: 72, help: "pairs N of a prompt" }),
  layers: integer(4, { min: 3, max: 64, help: "layers of the transformer" }),
  heads: integer(2, { min: 1, help: "heads of each layer" }),
  width: integer(32, { min: 8, help: "width of the residual stream" }),
  mlp: integer(64, { min: 1, help: "hidden width of the perceptrons" }),
  replicas: integer(4, { min: 2, max: 256, help: "seeds of every condition: seed, seed + 1, …" }),
  steps: integer(2000, { min: 10, help: "steps of the main training" }),
  batch: integer(32, { min: 1, help: "fresh prompts a step" }),
  lr: number(3e-3, { above: 0, help: "learning rate of AdamW" }),
  "warm-up": integer(100, { min: 1, help: "steps over which the learning rate rises" }),
  test: integer(512, { min: 16, help: "prompts that risks are measured on, per replica" }),
  probed: integer(192, { min: 16, help: "prompts that probes are made of, three quarters of them to fit" }),
  fresh: integer(32, { min: 1, help: "fresh representations that the kernel is the mean of" }),
  reports: integer(10, { min: 2, help: "reports of each training" }),
  cuts: integers([1, 2], { min: 1, max: 63, distinct: true, help: "blocks that pasted models lack, from the first" }),
  "paste-steps": integer(250, { min: 10, help: "steps of each new embedding" }),
  "paste-batch": integer(16, { min: 1, help: "fresh prompts a step of these trainings" }),
  "paste-lr": number(1e-2, { above: 0, help: "learning rate of these trainings" }),
  window: integer(2, { min: 1, max: 8, help: "states k that the next state of a dynamical system depends on" }),
  "dynamics-steps": integer(800, { min: 10, help: "steps of the model of dynamical systems" }),
};

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    dimension: 2,
    features: 3,
    context: 6,
    layers: 3,
    width: 8,
    mlp: 8,
    replicas: 2,
    steps: 20,
    batch: 8,
    test: 32,
    probed: 32,
    fresh: 2,
    reports: 2,
    cuts: [1],
    "warm-up": 5,
    "paste-steps": 10,
    "paste-batch": 4,
    "dynamics-steps": 10,
  },
  cpu: {},
  paper: {
    dimension: 20,
    features: 20,
    depths: [3, 1, 2, 4, 5],
    noises: [0.1, 0.5, 1],
    context: 41,
    layers: 12,
    heads: 8,
    width: 256,
    mlp: 1024,
    replicas: 4,
    steps: 300_000,
    batch: 64,
    lr: 1e-4,
    "warm-up": 1000,
    // No tensor of 28 replicas may be larger than 2 GiB, which is all that a kernel can bind.
    test: 192,
    probed: 1024,
    fresh: 64,
    reports: 60,
    cuts: [4, 5, 6, 7, 8],
    "paste-steps": 20_000,
    "paste-batch": 64,
    "paste-lr": 1e-3,
    "dynamics-steps": 300_000,
  },
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;
/** The run, as its parts are given it. */
export type Run = lab.RunContext<typeof options, Record<never, lab.Columns>>;

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const { layers, cuts, heads, width, features, probed, context } = setting;
  const refuse = (message: string): never => {
    throw new lab.UserError(message);
  };
  const cut = cuts.find((one) => one >= layers);
  if (cut !== undefined) refuse(`expected --cuts below --layers=${layers}, found ${cut}`);
  if (cuts.length === 0) refuse("expected at least one of --cuts, found none");
  if (width % heads !== 0) refuse(`expected --width divisible by --heads=${heads}, found ${width}`);
  if (width <= features) refuse(`expected --width above --features=${features}, found ${width}`);
  if (setting.window > context - 3) {
    refuse(`expected --window below --context − 2 = ${context - 2}, found ${setting.window}`);
  }
  // Three quarters are fitted to: more samples than directions, in the shorter of both kinds of prompt.
  const samples = Math.floor(0.75 * probed) * (context - setting.window - 1);
  if (samples <= 2 * width) refuse(`expected --probed of more prompts for a width of ${width}, found ${probed}`);
}

/** Depth L and noise σ of a replica. */
export interface Given {
  readonly depth: number;
  readonly noise: number;
}

/** Name of a condition. */
export const conditionName = ({ depth, noise }: Given) => `L = ${depth}, σ = ${noise}`;

/** The condition that is probed and pasted. */
export const mainOf = ({ depths, noises }: Setting): Given => ({ depth: depths[0], noise: noises[0] });

/** The main condition first, then other depths, then other noises; seeds are the same in all of them. */
export function conditionsOf(setting: Setting, seeds: readonly number[]): lab.Conditions<Given> {
  const { depth, noise } = mainOf(setting);
  const all: Given[] = [
    ...setting.depths.map((depth) => ({ depth, noise })),
    ...setting.noises.slice(1).map((noise) => ({ depth, noise })),
  ];
  return new lab.Conditions(all.map((given) => ({ name: conditionName(given), seeds, ...given })));
}

/** Predictors that a model is compared with. */
export const [RIDGE, RAW, OTHER, KERNEL] = ["Φ*-ridge", "ridge on x", "ridge on another Φ", "kernel ridge"] as const;
/** The same where no representation is fixed: linear regression, and dynamical systems. */
export const LINEAR = "ridge";
export const riskOf = (predictor: string) => `risk: ${predictor}`;

/** Series of pasted models, of the control that trains a small model, and of dynamical systems. */
export const pasted = (cut: number, upper: "trained" | "fresh", tokens: "copied" | "apart") =>
  `${upper} from block ${cut + 1}, ${tokens === "copied" ? "y-tokens show x" : "tokens as trained"}`;
export const SMALL = "one layer, all of it trained";
export const DYNAMICS = "dynamical systems";
/** Its tokens. */
export const STATE = "state";

/** Tokens that are probed: those of inputs, and those of labels. */
export const TOKENS = ["x", "y"] as const;
export type Token = typeof TOKENS[number];

/** Targets of probes at tokens x_n and y_n of prompts. */
export const [PHI, BEYOND, CONTROL] = ["Φ*", "Φ* beyond x", "another Φ beyond x"] as const;
/** Ridge prediction at a token; of y_n, which resembles it, only what no affine map of y_n gives. */
export const predictionAt = (token: Token) => token === "x" ? "prediction" : "prediction beyond y";
/** Target of probes in dynamical systems: Φ* of the window that ends so many states before the token. */
export const lagged = (lag: number) => lag === 0 ? "Φ*(i)" : `Φ*(i − ${lag})`;
export const LAGS = [0, 1, 2] as const;

/** Quantities by layer: what a probe reads, and the risk without what it reads, or without as many random directions. */
export const readOf = (target: string, token: string) => `R² of ${target} at ${token}-tokens`;
export const without = (target: string, token: string) => `risk without ${target} at ${token}-tokens`;
export const withoutRandom = (directions: number, token: string) =>
  `risk without ${directions} random ${directions === 1 ? "direction" : "directions"} at ${token}-tokens`;

/** Risk on the same prompts with nothing erased. */
export const wholeOf = (token: string) => `risk with everything at ${token}-tokens`;

/** First of the positions at which risks without something are measured: from the middle, where there is much to predict from. */
export const lateFrom = ({ context }: Setting) => Math.floor(context / 2);

/** The decoder: tokens (x; 0) and (0; y), or states, to one number or to the next state. */
export function modelOf(
  setting: Setting,
  sizes: { readonly input: number; readonly outputs: number; readonly length: number },
  layers = setting.layers,
) {
  const { heads, width, mlp } = setting;
  return lab.transformer({
    input: { dimension: sizes.input },
    outputs: sizes.outputs,
    length: sizes.length,
    layers,
    heads,
    width,
    mlp,
  });
}

/** Linear regression with as many inputs as Φ* has features, E y² = 1 + σ², and sizes of its model. */
export function linearTask(setting: Setting, batch: number): lab.TaskSampler<lab.LinearRegressionBatch> {
  const { features: dimension, context } = setting;
  const inputs = { scale: 1 / Math.sqrt(dimension) };
  return lab.linearRegression({ dimension, context, batch, noise: mainOf(setting).noise, inputs });
}

export const linearSizes = ({ features, context }: Setting) => ({
  input: features + 1,
  outputs: 1,
  length: 2 * context,
});
/** Series of its exact baseline. */
export const LINEAR_TASK = "linear regression";

/** Sizes of the model of prompts. */
export const promptSizes = ({ dimension, context }: Setting) => ({
  input: dimension + 1,
  outputs: 1,
  length: 2 * context,
});

/** Optimiser of a training of some steps; its learning rate rises, then falls along a cosine to a tenth. */
export function optimizerOf({ "warm-up": rise }: Setting, lr: number, steps: number): lab.Optimizer {
  const schedule = lab.warmUp(Math.min(rise, steps / 2), lab.cosineSchedule({ steps, floor: 0.1 }));
  return lab.adamw({ lr, weightDecay: 0, clip: 1, schedule });
}

/** Mean over prompts of `(prediction − target)²` at every position (R, N), averaged over outputs where there are several. */
export function risks(prediction: lab.Tensor, target: lab.Tensor): lab.Tensor {
  const error = lab.square(lab.subtract(prediction, target));
  return lab.mean(error.shape.length === 4 ? lab.mean(error, [3]) : error, [1]);
}
