/** Options, presets, conditions, and the names of what is measured. */
import * as lab from "../../mod.ts";

const { integer, integers, number } = lab.option;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  inputs: integer(4, { min: 2, max: 32, help: "inputs of a token, all of which the falling prior has" }),
  dimension: integer(2, { min: 2, max: 32, help: "dimension d of the main tasks, whose other inputs are 0" }),
  small: integer(1, { min: 1, max: 31, help: "dimension of further tasks" }),
  pairs: integer(12, { min: 4, max: 200, help: "pairs N of a prompt" }),
  noise: number(0.5, { above: 0, help: "deviation σ of the labels' noise" }),
  tasks: integers([1, 4, 16, 64, 256], { min: 1, ascending: true, entries: 2, help: "numbers of training tasks" }),
  "small-tasks": integers([1, 4, 16], {
    min: 1,
    ascending: true,
    entries: 2,
    help: "numbers of training tasks of the small dimension",
  }),
  product: integer(64, { min: 4, help: "training prompts in all, where each task has a few fixed ones" }),
  layers: integer(2, { min: 1, max: 48, help: "blocks" }),
  width: integer(32, { min: 4, max: 4096, help: "width of the residual stream" }),
  narrow: integer(16, { min: 4, max: 4096, help: "width of a smaller model" }),
  heads: integer(4, { min: 1, max: 64, help: "heads of a block" }),
  batch: integer(16, { min: 1, help: "prompts a step" }),
  steps: integer(1500, { min: 10, help: "steps of each training" }),
  lr: number(5e-3, { above: 0, help: "learning rate of Adam after a warm-up, falling to 0 on a straight line" }),
  "warm-up": integer(50, { min: 1, help: "steps of the warm-up" }),
  replicas: integer(4, { min: 2, max: 64, help: "seeds of every condition: seed, seed + 1, …" }),
  reports: integer(6, { min: 2, help: "reports of each training" }),
  prompts: integer(128, { min: 2, help: "test prompts, the same for all replicas" }),
  radius: number(0.9, { above: 0, help: "spectral radius of the dynamical systems" }),
  "state-noise": number(0.1, { above: 0, help: "deviation of their noise" }),
  states: integer(16, { min: 6, max: 400, help: "states of a trajectory" }),
};

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    pairs: 6,
    tasks: [1, 4],
    "small-tasks": [1, 4],
    product: 4,
    layers: 1,
    width: 8,
    narrow: 4,
    heads: 2,
    batch: 8,
    steps: 40,
    "warm-up": 10,
    replicas: 2,
    reports: 2,
    prompts: 16,
    states: 6,
  },
  cpu: {},
  // Official sizes, but for the pairs: 41 there, of which the last alone has 2 d before it.
  paper: {
    inputs: 20,
    dimension: 20,
    small: 10,
    pairs: 60,
    noise: 1,
    tasks: [1, 4, 16, 64, 256, 1024, 4096],
    "small-tasks": [1, 4, 16, 64, 256, 1024],
    product: 1024,
    layers: 12,
    width: 256,
    narrow: 64,
    heads: 8,
    batch: 64,
    steps: 500_000,
    lr: 1e-4,
    "warm-up": 1000,
    reports: 40,
    prompts: 64,
    states: 41,
  },
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const { inputs, dimension, small, pairs, width, narrow, heads, steps, "warm-up": warmUp } = setting;
  const refuse = (message: string) => {
    throw new lab.UserError(message);
  };
  if (dimension > inputs) refuse(`expected --dimension of at most --inputs=${inputs}, found ${dimension}`);
  if (small >= dimension) refuse(`expected --small below --dimension=${dimension}, found ${small}`);
  if (pairs < 2 * dimension + 2) {
    refuse(`expected --pairs of at least 2 · --dimension + 2 = ${2 * dimension + 2}, found ${pairs}`);
  }
  for (const [name, value] of Object.entries({ width, narrow })) {
    if (value % heads !== 0) refuse(`expected --heads that divide --${name}=${value}, found ${heads}`);
  }
  if (warmUp >= steps) refuse(`expected --warm-up below --steps=${steps}, found ${warmUp}`);
}

/** Where the tasks of a condition come from. */
export interface Given {
  /** Dimension of the tasks; further inputs are 0. */
  readonly dimension: number;
  /** Training tasks; `Infinity` for new ones at every step. */
  readonly tasks: number;
  /** Fixed prompts of each training task; `Infinity` for new ones at every step. */
  readonly sequences: number;
  /** Prior variance of weight i, from 1: 1, or i⁻². */
  readonly prior: "equal" | "falling";
}

/** Series of a condition of the main model. */
export function seriesOf({ dimension, tasks, sequences, prior }: Given): string {
  const many = tasks === Infinity ? "new tasks" : `${tasks} task${tasks === 1 ? "" : "s"}`;
  const few = sequences === Infinity ? "" : ` of ${sequences} prompt${sequences === 1 ? "" : "s"}`;
  return `d = ${dimension}, ${many}${few}${prior === "equal" ? "" : ", falling prior"}`;
}

const given = (dimension: number, parts: Partial<Given> = {}): Given => ({
  dimension,
  tasks: Infinity,
  sequences: Infinity,
  prior: "equal",
  ...parts,
});

/** Conditions by what they are for; each is trained once. */
export function givenOf(setting: Setting) {
  const { inputs, dimension: d, small, tasks, "small-tasks": few, product } = setting;
  const square = Math.max(1, Math.round(Math.sqrt(product)));
  return {
    endless: given(d),
    falling: given(inputs, { prior: "falling" }),
    tasks: tasks.map((tasks) => given(d, { tasks })),
    smallEndless: given(small),
    small: few.map((tasks) => given(small, { tasks })),
    products: [
      given(d, { tasks: product, sequences: 1 }),
      given(d, {
        tasks: Math.ceil(product / square),
        sequences: square,
      }),
    ],
  };
}

/** Replicas of the main model, all conditions side by side. */
export function conditionsOf(setting: Setting, seeds: readonly number[]): lab.Conditions<Given> {
  const { endless, falling, tasks, smallEndless, small, products } = givenOf(setting);
  const all = [endless, falling, ...tasks, smallEndless, ...small, ...products];
  return new lab.Conditions(all.map((one) => ({ ...one, name: seriesOf(one), seeds })));
}

/** Series of the smaller model, of width `narrow`. */
export const narrowSeries = (one: Given) => `narrow, ${seriesOf(one)}`;

/** Tasks of the smaller model: the middle one of their numbers. */
export const narrowGiven = (setting: Setting) => {
  const { tasks } = givenOf(setting);
  return tasks[Math.floor((tasks.length - 1) / 2)];
};

/** Replicas of the smaller model. */
export const narrowConditions = (setting: Setting, seeds: readonly number[]) =>
  new lab.Conditions([{ ...narrowGiven(setting), name: narrowSeries(narrowGiven(setting)), seeds }]);

/** Variances of the weights of a condition, one for each input; 0 for inputs that are 0. */
export const variancesOf = ({ inputs }: Setting, { dimension, prior }: Pick<Given, "dimension" | "prior">) =>
  Array.from({ length: inputs }, (_, i) => i >= dimension ? 0 : prior === "falling" ? (i + 1) ** -2 : 1);

/** Exact Bayes risk at every position 1 … N, the label's noise included: that of ridge with the prior's variances. */
export const bayesOf = (setting: Setting, one: Pick<Given, "dimension" | "prior">, samples = 4000) =>
  lab.bayesRisks({
    variances: variancesOf(setting, one).slice(0, one.dimension),
    sigma: setting.noise,
    context: setting.pairs - 1,
  }, { samples });

/** Quantity: risk of a predictor. */
export const riskOf = (predictor: string) => `risk of ${predictor}`;

/** Series of the dynamical systems, and the quantities of their ridge regressions: λ/σ² and what is measured. */
export const DYNAMICS = "dynamics";
export const PENALTIES = [0.25, 0.5, 1, 2, 4, 8, 16] as const;
export const penalised = (penalty: number) => riskOf(`ridge, λ = ${penalty} σ²`);

/** Predictors beside the model. */
export const RIDGE = "ridge";
export const PRIOR_RIDGE = "ridge with the falling prior";
export const LEAST_SQUARES = "least squares";
export const ZERO = "zero";

/** Quantities by position: of the model on new tasks and on those of its training, and of the other predictors. */
export const RISK = "risk on new tasks";
export const SEEN = "risk on training tasks";
/** Mean square of the model's prediction minus another predictor's, over prompts and positions. */
export const distanceTo = (predictor: string) => `distance to ${predictor}`;
/** Root mean square of the change of predictions, over prompts and over which earlier pair is replaced. */
export const CHANGE = "change of the model";
export const RIDGE_CHANGE = "change of ridge";
