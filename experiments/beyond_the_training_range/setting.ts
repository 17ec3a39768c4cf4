/** Options, presets, training laws, models, and the names of what is measured. */
import * as lab from "../../mod.ts";

const { integer, integers, number, numbers } = lab.option;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  points: integer(12, { min: 4, max: 500, help: "points N of a training prompt" }),
  range: number(5, { above: 0, help: "the uniform law is U(−range, range)" }),
  narrow: number(3, { above: 0, help: "range of a second uniform law, with which the boundary is to change" }),
  layers: integer(2, { min: 1, max: 48, help: "blocks of the main model" }),
  depths: integers([1, 3], { min: 1, max: 48, distinct: true, help: "blocks of further models, trained on N(0, 1)" }),
  width: integer(32, { min: 4, max: 4096, help: "width of the residual stream" }),
  heads: integer(4, { min: 1, max: 64, help: "heads of a block" }),
  hidden: integer(64, { min: 1, max: 16_384, help: "hidden width of the perceptrons" }),
  batch: integer(16, { min: 1, help: "prompts a step" }),
  steps: integer(2000, { min: 10, help: "steps of each training" }),
  lr: number(6e-3, { above: 0, help: "learning rate of Adam after a warm-up, falling to 0 on a straight line" }),
  "warm-up": integer(50, { min: 1, help: "steps of the warm-up" }),
  replicas: integer(4, { min: 2, max: 64, help: "seeds of every condition: seed, seed + 1, …" }),
  reports: integer(5, { min: 2, help: "reports of each training" }),
  sigmas: numbers([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], { above: 0, distinct: true, help: "deviations σ of wider laws" }),
  prompts: integer(80, { min: 2, help: "test prompts of each law, the same for all replicas" }),
  longer: integer(2, { min: 2, max: 8, help: "longest test prompts in units of N" }),
  contexts: integer(8, { min: 2, help: "contexts of each training law before which single functions are asked for" }),
  reach: number(10, { above: 0, help: "single functions are asked for at x from −reach to reach" }),
  queries: integer(41, { min: 5, max: 401, help: "how many x there are" }),
};

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    points: 6,
    layers: 1,
    depths: [2],
    width: 8,
    heads: 2,
    hidden: 8,
    batch: 8,
    steps: 60,
    "warm-up": 10,
    replicas: 2,
    reports: 2,
    sigmas: [1, 10],
    prompts: 8,
    contexts: 2,
    queries: 9,
  },
  cpu: {},
  paper: {
    points: 41,
    layers: 12,
    depths: [1, 2, 6],
    width: 256,
    heads: 8,
    hidden: 1024,
    batch: 64,
    steps: 500_000,
    lr: 1e-4,
    "warm-up": 1000,
    reports: 40,
    prompts: 64,
  },
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;

/** Refuses what no run can do, before anything is written. */
export function check({ layers, depths, width, heads, range, narrow, steps, "warm-up": warmUp }: Setting): void {
  if (depths.includes(layers)) throw new lab.UserError(`expected --depths other than --layers=${layers}, found it`);
  if (width % heads !== 0) throw new lab.UserError(`expected --heads that divide --width=${width}, found ${heads}`);
  if (narrow >= range) throw new lab.UserError(`expected --narrow below --range=${range}, found ${narrow}`);
  if (warmUp >= steps) throw new lab.UserError(`expected --warm-up below --steps=${steps}, found ${warmUp}`);
}

/** A law of which slope, intercept and points of the training prompts are drawn. */
export interface TrainingLaw {
  /** Name in rows, claims and figures. */
  readonly name: string;
  /** Law of `z`, of which numbers are `scale · z`. */
  readonly law: lab.Law;
  /** Factor. */
  readonly scale: number;
  /** Second moment of the numbers. */
  readonly second: number;
  /** Slope of the steep function, whose predictions show where a model saturates: the paper's. */
  readonly slope: number;
}

/** Law N(0, 1). */
export const NORMAL: TrainingLaw = { name: "N(0, 1)", law: "normal", scale: 1, second: 1, slope: 10 };
/** Law ½ N(−1, 1) + ½ N(1, 1). */
export const BIMODAL: TrainingLaw = { name: "bimodal", law: "bimodal", scale: 1, second: 2, slope: 10 };
/** Law U(−range, range); its largest |y| is range² + range. */
export const uniform = (range: number): TrainingLaw => ({
  name: `U(−${range}, ${range})`,
  law: "uniform",
  scale: range,
  second: range ** 2 / 3,
  slope: 9,
});

/** A model: how many blocks it has, and whether they have perceptrons. */
export interface Variant {
  readonly layers: number;
  readonly attentionOnly: boolean;
  /** Laws that it is trained on, side by side. */
  readonly laws: readonly TrainingLaw[];
}

/** Models in the order in which they are trained; the main one first. */
export function variantsOf({ layers, depths, range, narrow }: Setting): Variant[] {
  return [
    { layers, attentionOnly: false, laws: [NORMAL, BIMODAL, uniform(range), uniform(narrow)] },
    ...depths.map((layers) => ({ layers, attentionOnly: false, laws: [NORMAL] })),
    ...[...new Set([1, layers])].map((layers) => ({ layers, attentionOnly: true, laws: [NORMAL] })),
  ];
}

/** Name of a model. */
export const modelName = ({ layers, attentionOnly }: Pick<Variant, "layers" | "attentionOnly">) =>
  `${layers} layer${layers === 1 ? "" : "s"}${attentionOnly ? ", attention only" : ""}`;

/** Series of a model under a law. */
export const seriesOf = (model: Pick<Variant, "layers" | "attentionOnly">, law: TrainingLaw) =>
  `${modelName(model)}, ${law.name}`;

/** Replicas of a model: all laws side by side. */
export const conditionsOf = (variant: Variant, seeds: readonly number[]) =>
  new lab.Conditions(variant.laws.map((law) => ({ name: seriesOf(variant, law), seeds, law })));

/** A family of tests, by the deviation σ. */
export interface Family {
  /** Quantity in rows. */
  readonly name: string;
  /** Law of the functions and inputs at σ. */
  law(sigma: number): lab.AffineLaw;
}

/** Functions of N(0, σ²), at points of N(0, 1): the paper's Table 2. */
export const FUNCTIONS: Family = {
  name: "wider functions",
  law: (sigma) => ({ functions: sigma, inputs: { law: "normal", scale: 1 } }),
};
/** Functions of N(0, σ²), at points of U(−1, 1): the paper's Table 1. */
export const NARROW_INPUTS: Family = {
  name: "wider functions at x ~ U(−1, 1)",
  law: (sigma) => ({ functions: sigma, inputs: { law: "uniform", scale: 1 } }),
};
/** Functions of N(0, 1), at points of N(0, σ²). */
export const INPUTS: Family = {
  name: "wider inputs",
  law: (sigma) => ({ functions: 1, inputs: { law: "normal", scale: sigma } }),
};
/** All families. */
export const FAMILIES = [FUNCTIONS, NARROW_INPUTS, INPUTS] as const;

/** Exact error of the zero predictor. */
export const zeroError = (family: Family, sigma: number) => lab.clippedError(0, family.law(sigma));
/** Quantity in rows: the zero predictor's error on a family's prompts, by which errors are divided. */
export const zeroOf = (family: Family) => `${family.name}, zero predictor`;

/** Quantities beside the families' names. */
export const SORTED = `${FUNCTIONS.name}, sorted`;
export const LEAST_SQUARES = `${FUNCTIONS.name}, least squares`;
export const BY_POSITION = "error by position";
export const STEEP = { mean: "prediction of the steep function", spread: "spread over contexts, steep function" };
export const STEEPER = { mean: "prediction of 40 x + 40", spread: "spread over contexts, 40 x + 40" };

/** The x at which single functions are asked for. */
export const queriesOf = ({ reach, queries }: Setting) =>
  Array.from({ length: queries }, (_, i) => reach * (2 * i / (queries - 1) - 1));

/** The paper's Table 2, σ = 1 … 10: mean square errors of models trained on N(0, 1), and of the zero predictor. */
export const TABLE_2 = {
  "12 layers": [0, 0, 0.3, 1.1, 2.9, 7.9, 11.9, 28.3, 46.9, 73.5],
  "2 layers": [0, 0, 0.9, 2.6, 7.5, 19.3, 27.3, 51.8, 90.2, 119.4],
  "1 layer": [0.1, 0.8, 5.1, 13.1, 26.9, 39.7, 53, 84.8, 120, 153.2],
  zero: [2.19, 7.05, 19.22, 33.94, 52.23, 73.08, 86.02, 127.4, 165.3, 199.3],
} as const;
