/** Options, presets, sets of tasks, and the names of what is measured. */
import * as lab from "../../mod.ts";

const { integer, integers, number, numbers } = lab.option;

/** Relevant patterns M₁. */
export const PATTERNS = 6;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  irrelevant: integer(24, { min: 1, max: 500, help: "irrelevant patterns M₂" }),
  norm: number(2, { above: 0, help: "length β of every pattern; that of labels is 1" }),
  spread: number(0.5, { min: 0, help: "irrelevant patterns are multiplied by κ from U(−spread, spread)" }),
  length: integer(20, { min: 2, max: 512, help: "examples of a prompt" }),
  share: number(0.8, { above: 0, max: 1, help: "share α of examples with a pattern of the task" }),
  shares: numbers([0.2, 0.3, 0.4, 0.55], { above: 0, max: 1, distinct: true, help: "further α of training" }),
  neurons: integer(128, { min: 2, help: "neurons m of the one-layer model" }),
  delta: number(0.2, { above: 0, help: "queries, keys and values begin as δ times the identity" }),
  deviation: number(0.1, { above: 0, help: "deviation of the neurons' initial weights" }),
  lr: number(0.8, { above: 0, help: "learning rate of SGD" }),
  batch: integer(128, { min: 1, help: "prompts a step and replica" }),
  steps: integer(190, { min: 10, help: "steps of the one-layer model" }),
  every: integer(5, { min: 1, help: "steps between two reports of the one-layer model" }),
  level: number(0.1, { above: 0, max: 0.4, help: "error on unseen tasks up to which steps are counted" }),
  layers: integer(3, { min: 1, max: 24, help: "layers of the decoder" }),
  heads: integer(2, { min: 1, max: 32, help: "heads of a layer" }),
  width: integer(32, { min: 2, max: 1024, help: "width of the decoder" }),
  mlp: integer(64, { min: 2, max: 4096, help: "neurons of a layer of the decoder" }),
  "decoder-lr": number(1e-3, { above: 0, help: "learning rate of Adam" }),
  "decoder-batch": integer(32, { min: 1, help: "prompts a step and replica of the decoder" }),
  "decoder-steps": integer(120, { min: 10, help: "steps of the decoder" }),
  "decoder-every": integer(20, { min: 1, help: "steps between two reports of the decoder" }),
  evaluated: integer(128, { min: 1, help: "prompts of a report and replica" }),
  test: integer(512, { min: 1, help: "prompts of a batch of a test, per replica" }),
  rounds: integer(1, { min: 1, max: 100, help: "batches of a test" }),
  sums: numbers([-1.4, -1, -0.5, 0, 0.5, 0.8, 1, 1.2, 1.4], {
    min: -1.41,
    max: 1.41,
    distinct: true,
    help: "coefficient sums S₁ of three patterns out of distribution",
  }),
  pruned: numbers([0.2, 0.4, 0.6, 0.8], {
    above: 0,
    max: 0.99,
    distinct: true,
    help: "shares of neurons pruned",
  }),
  "test-shares": numbers([0.2, 0.4, 0.6, 0.8, 1], {
    above: 0,
    max: 1,
    distinct: true,
    help: "shares α′ of test prompts",
  }),
  "test-lengths": integers([1, 2, 3, 4, 6, 9, 13, 20, 30, 40], {
    min: 1,
    max: 40,
    ascending: true,
    help: "examples of test prompts",
  }),
  replicas: integer(8, { min: 2, max: 64, help: "seeds of every condition: seed, seed + 1, …" }),
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;
/** The run, as its parts are given it. */
export type Run = lab.RunContext<typeof options, Record<never, lab.Columns>>;

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    irrelevant: 4,
    length: 8,
    shares: [0.4],
    neurons: 16,
    batch: 16,
    steps: 40,
    every: 10,
    width: 8,
    mlp: 8,
    "decoder-batch": 4,
    "decoder-steps": 20,
    "decoder-every": 10,
    evaluated: 16,
    test: 16,
    rounds: 1,
    sums: [0, 1],
    pruned: [0.2, 0.5],
    "test-shares": [0.4, 1],
    "test-lengths": [2, 8],
    replicas: 2,
  },
  cpu: {},
  paper: {
    neurons: 300,
    batch: 256,
    steps: 2000,
    width: 256,
    mlp: 1024,
    "decoder-batch": 64,
    "decoder-steps": 3000,
    "decoder-every": 100,
    test: 2048,
    rounds: 8,
    replicas: 16,
  },
};

/** Refuses what no run can do, before anything is written. */
export function check({ share, shares, heads, width }: Setting): void {
  if (shares.includes(share)) {
    throw new lab.UserError(`expected --shares to differ from --share, found ${share} twice`);
  }
  if (width % heads !== 0) throw new lab.UserError(`expected --width that --heads=${heads} divide, found ${width}`);
}

/** Tasks (j, j + shift) of all patterns j: each pattern stands for +1 as often as for −1. */
const shifted = (...shifts: number[]): lab.PatternTask[] =>
  shifts.flatMap((shift) => Array.from({ length: PATTERNS }, (_, j) => [j, (j + shift) % PATTERNS] as const));

/** All M₁ (M₁ − 1) tasks. */
export const ALL_TASKS = shifted(1, 2, 3, 4, 5);

/** Set of tasks that most conditions train on: odd and even patterns are mixed, both orders of every pair. */
export const MAIN = "18 tasks";
/** As many tasks, but each of an odd and an even pattern. */
export const CLASSES = "18 tasks between two classes";
/** Labels of these follow from the query's pattern alone. */
export const UNCOVERED = ["3 tasks, one label a pattern", "2 tasks, two patterns"] as const;

/** Sets of training tasks by name, the largest first. */
export const TASK_SETS: Readonly<Record<string, readonly lab.PatternTask[]>> = {
  "24 tasks": shifted(1, 2, 4, 5),
  [MAIN]: shifted(2, 3, 4),
  [CLASSES]: shifted(1, 3, 5),
  "12 tasks, both orders": shifted(2, 4),
  "12 tasks, one order": shifted(1, 2),
  "6 tasks, both orders": shifted(3),
  "6 tasks, one order": shifted(1),
  [UNCOVERED[0]]: [[0, 3], [1, 4], [2, 5]],
  [UNCOVERED[1]]: [[0, 3], [3, 0]],
};

/** Sets that the decoder is trained on. */
export const DECODER_SETS = ["24 tasks", MAIN, CLASSES, "12 tasks, both orders"];

/** Share of all tasks from which on the paper's theorem holds, (M₁ − 1)^(−1/2). */
export const THRESHOLD = (PATTERNS - 1) ** -0.5;

/** Whether a set has as large a share of all tasks as the theorem asks for. */
export const isLarge = (set: string) => TASK_SETS[set].length / ALL_TASKS.length >= THRESHOLD;

/** The two models. */
export const ONE = "one layer";
export const DECODER = "decoder";
export type Model = typeof ONE | typeof DECODER;

/** Tasks and examples that a replica is trained on. */
export interface Given {
  /** Tasks that it has seen, and all others. */
  readonly seen: readonly lab.PatternTask[];
  readonly unseen: readonly lab.PatternTask[];
  /** Share α of relevant examples in training. */
  readonly share: number;
}

/** Series of a condition: a set of tasks at the main share, or the main set at another share. */
export const seriesOf = (model: Model, set: string = MAIN, share?: number) =>
  `${model}, ${set}${share === undefined ? "" : `, α = ${share}`}`;

/** Conditions of a model: sets of tasks, and the shares α of the one-layer model. Equal seeds draw alike in all of them. */
export function conditionsOf(model: Model, { share, shares }: Setting, seeds: readonly number[]) {
  const condition = (set: string, own?: number) => {
    const seen = TASK_SETS[set];
    const unseen = ALL_TASKS.filter((task) => !seen.some((one) => one.join() === task.join()));
    return { name: seriesOf(model, set, own), seeds, seen, unseen, share: own ?? share };
  };
  const sets = model === ONE ? Object.keys(TASK_SETS) : DECODER_SETS;
  return new lab.Conditions<Given>([
    ...sets.map((set) => condition(set)),
    ...(model === ONE ? shares.map((own) => condition(MAIN, own)) : []),
  ]);
}

/** Series of tests of the model that was trained on the main set: patterns out of distribution, and three of the training patterns. */
export const sumSeries = (model: Model, S1: number) => `${model}, S₁ = ${S1}`;
export const within = (model: Model) => `${model}, three training patterns`;
/** Series of pruned models. */
export const ORDERS = ["smallest first", "random", "largest first"] as const;
export const pruneSeries = (model: Model, order: typeof ORDERS[number]) => `${model}, pruned ${order}`;
/** Series of test prompts with a share α′ of relevant examples; its steps are lengths. */
export const shareSeries = (share: number) => `${ONE}, α′ = ${share}`;

/** Exact errors of predictors. */
export const COPYING = "copying from the query's pattern";
export const BAYES = "best predictor";
