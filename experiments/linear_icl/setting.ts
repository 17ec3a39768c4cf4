/** Options of the experiment, and how an ensemble is made from them. */
import type { LinearIclReplica } from "../../lib/models/linear_icl.ts";
import { column, type Configuration, option, type Presets, UserError } from "../../lib/run/mod.ts";
import { poolMoments, type TaskLaw } from "../../lib/theory/linear_icl/flow.ts";
import { poolEntries } from "../../lib/tasks/regression_prompts.ts";
import { linearIcl, type LinearIclTraining } from "../../lib/train/linear_icl.ts";

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  spectrum: option.numbers([4, 2, 1, 0.5], { above: 0, help: "eigenvalues s of the input covariance" }),
  context: option.integer(8, { min: 1, max: 2 ** 24, help: "tokens N in a context" }),
  tasks: option.choice(["commuting", "dense"], { help: "tasks diagonal in the eigenbasis, or all entries Gaussian" }),
  pool: option.integerOr("fresh", {
    word: "fresh",
    min: 1,
    help: "number P of fixed tasks, or a fresh task for every prompt",
  }),
  sampler: option.choice(["statistics", "tokens"], { help: "draw Σ̂ from its Wishart law, or token by token" }),
  init: option.choice(["aligned", "random"], { help: "p2 = q1 = scale · I, or all their entries N(0, scale²)" }),
  scale: option.number(0.05, { above: 0, help: "size of the initial weights" }),
  lr: option.number(0.01, { above: 0, help: "learning rate η of the main ensemble" }),
  batch: option.integer(2048, { min: 1, help: "fresh prompts a step and replica" }),
  steps: option.integer(5000, { min: 10, help: "SGD steps of the main ensemble" }),
  replicas: option.integer(16, { min: 2, max: 1024, help: "seeds trained side by side: seed, seed + 1, …" }),
  studies: option.choice(["all", "main"], {
    help: "also the fixed points, alignment and covariance-shift ensembles, or not",
  }),
  contexts: option.numbers([4, 8, 16, 32, 64, 128, 1024, 1e6], {
    min: 1,
    max: 2 ** 24,
    help: "context lengths of the fixed-point study",
  }),
  "study-replicas": option.integer(8, { min: 2, max: 1024, help: "seeds of those studies" }),
  "study-batch": option.integer(512, { min: 1, help: "prompts a step and replica of those studies" }),
  "study-steps": option.integer(16_000, { min: 10, help: "SGD steps of the fixed-point and alignment studies" }),
  shifts: option.numbers([0.25, 0.5, 0.7, 1, 1.4, 2, 3], {
    above: 0,
    help: "factors on the context covariance at test time",
  }),
};

/** Partial overrides by name. */
export const presets: Presets<typeof options> = {
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
export type Setting = Configuration<typeof options>;

/** Refuses what no run can do, before anything is written. */
export function check({ contexts, context, sampler, spectrum }: Setting): void {
  const fraction = contexts.find((context) => !Number.isInteger(context));
  if (fraction !== undefined) throw new UserError(`expected --contexts to be integers, found ${fraction}`);
  if (sampler === "tokens" && context > MAX_TOKENS) {
    throw new UserError(
      `expected --context of at most ${MAX_TOKENS} with --sampler=tokens, found ${context}; --sampler=statistics has no such limit`,
    );
  }
  if (spectrum.length > MAX_DIMENSION) {
    throw new UserError(`expected --spectrum of at most ${MAX_DIMENSION} eigenvalues, found ${spectrum.length}`);
  }
}

/** Tokens beyond which drawing each one is not worth the wait. */
const MAX_TOKENS = 4096;
/** Dimension up to which theory (O(d⁶) gradient moments) and kernels are practical. */
const MAX_DIMENSION = 32;

/** Kinds of row in the log. */
export const columns = {
  train: {
    step: column.int("steps", "SGD steps taken"),
    replica: column.int("", "index of the replica, seed = first seed + replica"),
    loss: column.float("", "mean of ½|ŷ − W x_q|² over the last batch, before its update"),
  },
  measure: {
    study: column.text("main, fixed-points, alignment, mirror or shift"),
    x: column.float("", "SGD step, context length N or covariance factor, as the study has it"),
    replica: column.int("", "index of the replica"),
    quantity: column.text(
      "product (a = p q), mode imbalance (p² − q²), imbalance (of all blocks), rms p1, rms q2, off-diagonal rms p2 and q1; in the studies: product under a law of tasks, share of p1 q2, loss",
    ),
    mode: column.int("", "eigenmode counted from 1; 0 where the quantity has none"),
    value: column.float("", "the value"),
  },
  theory: {
    study: column.text("main, fixed-points, alignment, mirror or shift"),
    x: column.float("", "SGD step, context length N or covariance factor, as the study has it"),
    series: column.text("paper closed form, exact flow or SGD noise theory"),
    quantity: column.text(
      "as in measure; also loss before the update, and with a standard deviation what SGD noise spreads over replicas",
    ),
    mode: column.int("", "eigenmode counted from 1; 0 where the quantity has none"),
    value: column.float("", "the value"),
  },
};

/** Makes an ensemble that shares laws and batch with the setting. */
export function ensemble(setting: Setting, replicas: readonly LinearIclReplica[]): Promise<LinearIclTraining> {
  const { tasks, pool, sampler, batch } = setting;
  return linearIcl({ replicas, batch, tasks, pool, sampler });
}

/** The setting of the studies beside the main ensemble: fresh tasks, a batch of their own. */
export function studySetting(setting: Setting): Setting {
  return { ...setting, pool: "fresh", sampler: "statistics", batch: setting["study-batch"] };
}

/** The law of a replica's tasks, as the population flow takes it. */
export function taskLaw({ tasks, pool, spectrum }: Setting, seed: number): TaskLaw {
  if (tasks === "dense") return { kind: "dense", variance: 1 };
  if (pool === "fresh") return { kind: "commuting" };
  const d = spectrum.length;
  const entries = poolEntries(seed, pool, d);
  return {
    kind: "commuting",
    moments: poolMoments(Array.from({ length: pool }, (_, task) => entries.slice(task * d, (task + 1) * d))),
  };
}

/** Steps at which a curve on a linear or logarithmic axis is well drawn: 0, and about `count` in all up to `last`. */
export function reportSteps(last: number, count: number): number[] {
  const steps = new Set([0, last]);
  for (let index = 1; index <= count / 2; index++) {
    steps.add(Math.round(last * index / (count / 2)));
    steps.add(Math.round(last ** (index / (count / 2))));
  }
  return [...steps].sort((a, b) => a - b);
}
