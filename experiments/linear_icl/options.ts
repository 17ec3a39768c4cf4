/** Options of the experiment, and the names of what it measures. */
import * as lab from "../../mod.ts";

const { integer, integerOr, integers, number, numbers, choice } = lab.option;

/** Tokens that single precision counts exactly. */
const CONTEXT = { min: 1, max: 2 ** 24 };

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  spectrum: numbers([4, 2, 1, 0.5], { above: 0, help: "eigenvalues s of the input covariance" }),
  context: integer(8, { ...CONTEXT, help: "tokens N in a context" }),
  tasks: choice(["commuting", "dense"], { help: "tasks diagonal in the eigenbasis, or all entries Gaussian" }),
  pool: integerOr("fresh", { word: "fresh", min: 1, help: "number P of fixed tasks, or a fresh task a prompt" }),
  sampler: choice(["statistics", "tokens"], { help: "draw Σ̂ from its Wishart law, or token by token" }),
  init: choice(["aligned", "random"], { help: "p2 = q1 = scale · I, or all their entries N(0, scale²)" }),
  scale: number(0.05, { above: 0, help: "size of the initial weights" }),
  lr: number(0.01, { above: 0, help: "learning rate η of the main ensemble" }),
  batch: integer(2048, { min: 1, help: "fresh prompts a step and replica" }),
  steps: integer(5000, { min: 10, help: "SGD steps of the main ensemble" }),
  replicas: integer(16, { min: 2, max: 1024, help: "seeds trained side by side: seed, seed + 1, …" }),
  studies: choice(["all", "main"], { help: "also fixed points, alignment, mirror and covariance shift, or not" }),
  contexts: integers([4, 8, 16, 32, 64, 128, 1024, 1e6], { ...CONTEXT, distinct: true, help: "N of the fixed points" }),
  "study-replicas": integer(8, { min: 2, max: 1024, help: "seeds of those studies" }),
  "study-batch": integer(512, { min: 1, help: "prompts a step and replica of those studies" }),
  "study-steps": integer(16_000, { min: 10, help: "SGD steps of the fixed-point and alignment studies" }),
  shifts: numbers([0.25, 0.5, 0.7, 1, 1.4, 2, 3], { above: 0, distinct: true, help: "factors on the test covariance" }),
};

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    spectrum: [2, 1],
    lr: 0.02,
    batch: 256,
    steps: 400,
    scale: 0.1,
    replicas: 4,
    contexts: [4, 16, 1e6],
    "study-replicas": 4,
    "study-batch": 256,
    "study-steps": 400,
    shifts: [0.5, 1, 2],
  },
  cpu: {},
  // The main ensemble alone: a few seconds on a laptop's GPU, half a minute without one.
  page: { replicas: 8, studies: "main" },
  paper: {
    spectrum: [4, 2.8, 2, 1.4, 1, 0.7, 0.5, 0.35],
    context: 32,
    batch: 4096,
    lr: 0.005,
    steps: 40_000,
    replicas: 64,
    "study-replicas": 32,
    "study-steps": 60_000,
  },
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;
/** The run, as its parts are given it. */
export type Run = lab.RunContext<typeof options, Record<never, lab.Columns>>;

/** Refuses what no run can do, before anything is written. */
export function check({ context, sampler, spectrum }: Setting): void {
  // More tokens than these are not worth the wait; theory (O(d⁶) gradient moments) and kernels are practical up to d = 32.
  if (sampler === "tokens" && context > 4096) {
    throw new lab.UserError(
      `expected --context of at most 4096 with --sampler=tokens, found ${context}; --sampler=statistics has no such limit`,
    );
  }
  if (spectrum.length > 32) {
    throw new lab.UserError(`expected --spectrum of at most 32 eigenvalues, found ${spectrum.length}`);
  }
}

/** The setting of the studies beside the main ensemble: fresh tasks, a batch of their own. */
export function studySetting(setting: Setting): Setting {
  return { ...setting, pool: "fresh", sampler: "statistics", batch: setting["study-batch"] };
}

/** Steps at which the main ensemble is looked at. */
export const mainSteps = ({ steps }: Setting) => lab.linearAndLogarithmicSteps(120, steps);

/** The paper's closed form of the main ensemble. Dense tasks have d outputs; the paper states its loss for commuting ones. */
export function closedForm(setting: Setting): lab.IclCurves {
  const { spectrum, scale, lr: rate, tasks } = setting;
  const outputs = tasks === "dense" ? spectrum.length : 1;
  return lab.decoupledCurves(setting, { initial: scale * scale, rate, steps: mainSteps(setting), outputs });
}

/** Theories by their names in rows and figures. */
export const [PAPER, EXACT, NOISE] = ["paper closed form", "exact flow", "SGD noise theory"] as const;

/** A number of the main ensemble, a product of the fixed-point study, and the loss at a covariance factor, as rows have them. */
export const main = (quantity: string, index?: number): lab.Quantity => ({ series: "main", quantity, index });
export const settled = (tasks: lab.TaskFamily, context: number, index?: number): lab.Quantity => {
  return { series: `${tasks} tasks, N = ${context}`, quantity: "settled product", index };
};
export const shift = (factor: number): lab.Quantity => ({ series: `shift, c = ${factor}`, quantity: "loss" });
