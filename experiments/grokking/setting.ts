/** Options of the experiment, and the ensemble that they make. */
import { column, type Configuration, option, type Presets, UserError } from "../../lib/run/mod.ts";
import { modularTable } from "../../lib/tasks/mod.ts";
import type { ModelSizes } from "./model.ts";

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  operation: option.choice(["add", "subtract", "multiply", "divide"], { help: "what is learned, modulo p" }),
  modulus: option.integer(53, { min: 5, max: 997, help: "prime p; the table has p² pairs" }),
  fraction: option.number(0.45, { above: 0, max: 0.95, help: "share of the pairs that is trained on" }),
  width: option.integer(32, { min: 4, help: "width of the residual stream" }),
  heads: option.integer(4, { min: 1, help: "attention heads" }),
  mlp: option.integer(128, { min: 4, help: "neurons of the perceptron" }),
  lr: option.number(0.01, { above: 0, help: "learning rate of AdamW, after 10 steps of warm-up" }),
  "weight-decay": option.number(1, { min: 0, help: "weight decay λ of the main replicas" }),
  steps: option.integer(1000, { min: 10, help: "full-batch steps" }),
  reports: option.integer(60, { min: 4, help: "reports, evenly spaced in the logarithm of the step" }),
  replicas: option.integer(4, { min: 2, max: 64, help: "main replicas: seed, seed + 1, …" }),
  "control-replicas": option.integer(1, { min: 0, max: 64, help: "replicas of each control; 0 for none" }),
  decays: option.numbers([0, 0.3, 2], { min: 0, help: "weight decays of the controls" }),
  fractions: option.numbers([0.3, 0.6], { above: 0, max: 0.95, help: "shares of the pairs of the controls" }),
  "branch-at": option.integer(150, { min: 1, help: "step from which interventions branch off" }),
  "branch-steps": option.integer(600, { min: 0, help: "steps of the interventions; 0 for none" }),
};

/** Partial overrides by name. */
export const presets: Presets<typeof options> = {
  smoke: {
    modulus: 11,
    fraction: 0.5,
    width: 16,
    heads: 2,
    mlp: 16,
    steps: 40,
    reports: 8,
    replicas: 2,
    "control-replicas": 1,
    decays: [0],
    fractions: [0.8],
    "branch-at": 10,
    "branch-steps": 20,
  },
  cpu: {},
  paper: {
    modulus: 113,
    fraction: 0.3,
    width: 128,
    mlp: 512,
    lr: 0.001,
    steps: 40_000,
    reports: 120,
    "control-replicas": 2,
    decays: [0, 0.3, 3],
    fractions: [0.2, 0.4, 0.6],
    "branch-at": 2000,
    "branch-steps": 30_000,
  },
};

/** Values of the options. */
export type Setting = Configuration<typeof options>;

/** One replica of the ensemble. */
export interface Replica {
  /** `main`, or the control that it belongs to. */
  readonly condition: string;
  readonly seed: number;
  readonly fraction: number;
  readonly weightDecay: number;
  readonly labels: "true" | "permuted";
}

/**
 * The ensemble: main replicas first, then the controls, each of which differs from them in one respect.
 *
 * @param setting Options.
 * @param seed First seed; a control's replicas have the seeds of the first main ones.
 * @returns Replicas in order.
 */
export function replicasOf(setting: Setting, seed: number): Replica[] {
  const main = { fraction: setting.fraction, weightDecay: setting["weight-decay"], labels: "true" } as const;
  const conditions: [number, Omit<Replica, "seed">][] = [
    [setting.replicas, { condition: "main", ...main }],
    ...[
      ...setting.decays.map((weightDecay) => ({ ...main, condition: `weight decay ${weightDecay}`, weightDecay })),
      ...setting.fractions.map((fraction) => ({ ...main, condition: `fraction ${fraction}`, fraction })),
      { ...main, condition: "random labels", labels: "permuted" as const },
    ].map((condition): [number, Omit<Replica, "seed">] => [setting["control-replicas"], condition]),
  ];
  return conditions.flatMap(([count, condition]) =>
    Array.from({ length: count }, (_, index) => ({ ...condition, seed: (seed + index) >>> 0 }))
  );
}

/** Sizes of the model. */
export function sizesOf({ modulus, width, heads, mlp }: Setting): ModelSizes {
  return { modulus, width, heads, mlp };
}

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const { modulus: p, width, heads, steps, "branch-at": at, "branch-steps": more } = setting;
  if (width % heads !== 0) throw new UserError(`expected --width to be a multiple of --heads=${heads}, found ${width}`);
  for (let k = 2; k * k <= p; k++) {
    if (p % k === 0) throw new UserError(`expected --modulus to be a prime, found ${p} = ${k} · ${p / k}`);
  }
  if (more > 0 && at + more > steps) {
    throw new UserError(
      `expected --branch-at and --branch-steps to add up to --steps=${steps} at most, found ${at + more}`,
    );
  }
  for (const [name, values] of [["decays", setting.decays], ["fractions", setting.fractions]] as const) {
    const own = name === "decays" ? setting["weight-decay"] : setting.fraction;
    const twice = values.find((value, index) => values.indexOf(value) !== index || value === own);
    if (twice === undefined) continue;
    throw new UserError(`expected --${name} to differ from each other and from the main one, found ${twice} twice`);
  }
}

/** Pairs of the complete table in its order. */
export function tableOf({ modulus, operation }: Setting): [number, number, number][] {
  return modularTable(modulus, operation);
}

/** Kinds of row in the log. */
export const columns = {
  train: {
    step: column.int("steps", "full-batch steps taken"),
    replica: column.int("", "index of the replica in the ensemble"),
    condition: column.text("main, or the control"),
    seed: column.int("", "seed of initial weights and of the split"),
    trainLoss: column.float("nats", "cross-entropy on the training pairs"),
    testLoss: column.float("nats", "cross-entropy on all other pairs"),
    trainAccuracy: column.float("", "share of training pairs that are right"),
    testAccuracy: column.float("", "share of other pairs that are right"),
    norm2: column.float("", "sum of all squared weights"),
  },
  measure: {
    step: column.int("steps", "full-batch steps taken"),
    replica: column.int("", "index of the main replica"),
    quantity: column.text(
      "restricted loss (of all pairs, of test pairs), excluded loss, gini embedding, gini logits, explained; effective rank and distance (to the final subspace) of QK, OV (means over heads), mlp in, mlp out, embedding, unembedding",
    ),
    value: column.float("", "the value"),
  },
  spectrum: {
    step: column.int("steps", "full-batch steps taken"),
    replica: column.int("", "index of the main replica"),
    frequency: column.int("", "frequency k of the group's characters"),
    embedding: column.float("", "share of the embedding's power at k"),
    logits: column.float("", "share of the logits' power in cos and sin of k times the result"),
  },
  key: {
    replica: column.int("", "index of the main replica"),
    frequency: column.int("", "a key frequency of the final model"),
    neurons: column.float("", "share of the live neurons with more than 85 % of their variance at it"),
  },
  branch: {
    step: column.int("steps", "full-batch steps since the start of training, those before the branch included"),
    intervention: column.text("freeze final, freeze random, redraw final or redraw random"),
    replica: column.int("", "index of the main replica that it branched off"),
    testLoss: column.float("nats", "cross-entropy on the other pairs"),
    testAccuracy: column.float("", "share of other pairs that are right"),
  },
};
