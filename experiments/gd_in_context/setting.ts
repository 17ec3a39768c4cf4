/** Options of the experiment, its presets, and the names of what it measures. */
import * as lab from "../../mod.ts";

const { integer, integers, number, numbers } = lab.option;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  dimension: integer(10, { min: 2, max: 31, help: "input dimension D" }),
  context: integer(10, { min: 2, max: 256, help: "pairs N of a context" }),
  range: number(0.5, { above: 0, help: "inputs are drawn from U(−range, range)" }),
  replicas: integer(8, { min: 2, max: 256, help: "seeds of the one-layer model: seed, seed + 1, …" }),
  batch: integer(512, { min: 1, help: "fresh prompts a step and replica of the one-layer model" }),
  steps: integer(1200, { min: 10, help: "steps of the one-layer model" }),
  depths: integers([2, 5], { min: 2, max: 20, distinct: true, help: "layers of the recurrent models" }),
  "depth-replicas": integer(6, { min: 2, max: 256, help: "seeds of each recurrent model" }),
  "depth-batch": integer(128, { min: 1, help: "prompts a step and replica of the recurrent models" }),
  "depth-steps": integers([2000, 1000], { min: 10, help: "steps of each recurrent model, in the order of --depths" }),
  lr: number(1e-3, { above: 0, help: "learning rate of AdamW" }),
  clip: number(1e-3, { above: 0, help: "largest norm of the gradient, up to two layers" }),
  "deep-clip": number(10, { above: 0, help: "the same of three and more layers" }),
  scale: number(0.002, { above: 0, help: "variance of the initial weights is scale / (layers · width)" }),
  test: integer(1024, { min: 2, help: "prompts that models are tested on, per replica" }),
  reports: integer(40, { min: 2, help: "reports of each training" }),
  iterations: integer(12, { min: 2, max: 100, help: "how often the trained layer is applied" }),
  damping: number(0.75, { above: 0, max: 1, help: "weight of a layer's output where it is damped" }),
  ranges: numbers([0.5, 1, 1.5, 2], { above: 0, distinct: true, help: "factors on the range of test inputs" }),
  contexts: integers([5, 10, 20, 40], { min: 1, distinct: true, help: "pairs of test contexts" }),
  noises: numbers([0, 0.25, 0.5, 1], { min: 0, distinct: true, help: "noise of test labels" }),
  "separate-dimension": integer(3, { min: 1, max: 31, help: "input dimension of prompts in separate tokens" }),
  "separate-context": integer(6, { min: 2, max: 64, help: "pairs of prompts in separate tokens" }),
  "separate-positions": integer(12, { min: 2, max: 64, help: "coordinates of a position, even" }),
  "separate-replicas": integer(6, { min: 2, max: 256, help: "seeds of the model on separate tokens" }),
  "separate-batch": integer(64, { min: 1, help: "its prompts a step and replica" }),
  "separate-steps": integer(2500, { min: 10, help: "its steps" }),
  "separate-lr": number(0.01, { above: 0, help: "its learning rate" }),
  "separate-clip": number(10, { above: 0, help: "largest norm of its gradient" }),
  "separate-scale": number(0.2, { above: 0, help: "variance of its initial weights is scale / (2 · width)" }),
  "sine-context": integer(10, { min: 2, max: 64, help: "pairs of a sine prompt" }),
  "sine-hidden": integer(32, { min: 1, help: "width of the two hidden layers of the perceptron in front" }),
  "sine-features": integer(15, { min: 1, help: "features that the perceptron makes of a point" }),
  "sine-replicas": integer(6, { min: 2, max: 256, help: "seeds of the models on sines" }),
  "sine-batch": integer(64, { min: 1, help: "their prompts a step and replica" }),
  "sine-steps": integer(1000, { min: 10, help: "their steps" }),
  "sine-lr": number(0.01, { above: 0, help: "their learning rate" }),
  "sine-clip": number(10, { above: 0, help: "largest norm of their gradient" }),
  "sine-scale": number(0.5, { above: 0, help: "variance of the layer's initial weights is scale / width" }),
  spectra: integer(4000, { min: 100, help: "contexts over which the best step sizes are searched" }),
};

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    dimension: 3,
    context: 4,
    range: 1,
    replicas: 2,
    batch: 32,
    steps: 60,
    depths: [2, 3],
    "depth-replicas": 2,
    "depth-batch": 16,
    "depth-steps": [30, 30],
    lr: 0.01,
    test: 64,
    reports: 6,
    iterations: 3,
    ranges: [1, 2],
    contexts: [4, 8],
    noises: [0, 0.5],
    "separate-dimension": 2,
    "separate-context": 3,
    "separate-positions": 4,
    "separate-replicas": 2,
    "separate-batch": 16,
    "separate-steps": 30,
    "sine-context": 4,
    "sine-hidden": 8,
    "sine-features": 4,
    "sine-replicas": 2,
    "sine-batch": 16,
    "sine-steps": 30,
    spectra: 200,
  },
  cpu: {},
  paper: {
    replicas: 16,
    batch: 2048,
    steps: 5000,
    "depth-replicas": 16,
    "depth-batch": 2048,
    "depth-steps": [5000, 5000],
    test: 10_000,
    reports: 100,
    iterations: 30,
    "separate-dimension": 10,
    "separate-context": 10,
    "separate-positions": 10,
    "separate-replicas": 16,
    "separate-batch": 2048,
    "separate-steps": 10_000,
    "separate-lr": 1e-3,
    "separate-clip": 1e-3,
    "separate-scale": 0.02,
    "sine-hidden": 40,
    "sine-features": 40,
    "sine-replicas": 16,
    "sine-batch": 2048,
    "sine-steps": 20_000,
    "sine-lr": 1e-3,
    spectra: 20_000,
  },
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;
/** The run, as its parts are given it. */
export type Run = lab.RunContext<typeof options, Record<never, lab.Columns>>;

/** Refuses what no run can do, before anything is written. */
export function check({ depths, "depth-steps": steps, "separate-positions": positions }: Setting): void {
  if (positions % 2 !== 0) {
    throw new lab.UserError(`expected an even number for --separate-positions, found ${positions}`);
  }
  if (steps.length !== depths.length) {
    throw new lab.UserError(`expected --depth-steps of ${depths.length} numbers, one a depth, found ${steps.length}`);
  }
}

/** Series of the trained models, and of Adam on the exact gradient. */
export const ONE = "1 layer";
export const layers = (depth: number) => depth === 1 ? ONE : `${depth} layers`;
export const EXACT = "Adam on the exact gradient";

/** Rivals of a trained model, constructed in weights of a linear transformer. */
export const [GD, GD_STEPS, GD_PLUS, GD_PLUS_STEPS] = [
  "GD",
  "GD, η per step",
  "GD++",
  "GD++, η and γ per step",
] as const;

/** Series of the model on separate tokens, and of the models on sines. */
export const SEPARATE = "separate tokens";
export const FRONT = {
  layer: "perceptron and layer",
  descent: "perceptron and one step",
  alone: "layer alone",
} as const;
export const FRONTS: readonly string[] = Object.values(FRONT);

/** Name of a number that compares a model with a reference. */
export const versus = (what: "difference" | "cosine" | "difference of slopes" | "loss", reference: string) =>
  `${what}: ${reference}`;

/** Tests out of distribution: what differs from training. */
export interface Shift {
  /** Series in rows. */
  readonly name: string;
  /** Property of the prompts that is varied, and its value. */
  readonly of: "range" | "context" | "noise";
  readonly value: number;
  /** The task that is tested on. */
  readonly task: { readonly range: number; readonly context: number; readonly noise: number };
}

/** All tests out of distribution, each kind in the order of its option. */
export function shiftsOf({ range, context, ranges, contexts, noises }: Setting): Shift[] {
  const base = { range, context, noise: 0 };
  const shift = (of: Shift["of"], value: number, task: Partial<Shift["task"]>): Shift => {
    return { name: `${of} ${value}`, of, value, task: { ...base, ...task } };
  };
  return [
    ...ranges.map((factor) => shift("range", factor, { range: range * factor })),
    ...contexts.map((value) => shift("context", value, { context: value })),
    ...noises.map((value) => shift("noise", value, { noise: value })),
  ];
}

/** Weights between the trained layer (0) and the constructed one (1). */
export const MIXTURES = [0, 0.25, 0.5, 0.75, 1];

/** Series of the layer that is applied again and again; its steps are iterations. */
export const iterated = (damped: boolean) => damped ? "damped" : "undamped";

/** Law of the training prompts. */
export const lawOf = ({ dimension, context, range }: Setting) => lab.uniformInputs({ dimension, context, range });
