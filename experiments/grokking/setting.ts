/** Options, presets, and the conditions that they make. */
import * as lab from "../../mod.ts";

const { option } = lab;

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
  "control-replicas": option.integer(2, { min: 0, max: 64, help: "replicas of each control; 0 for none" }),
  decays: option.numbers([0, 0.3, 2], { min: 0, help: "weight decays of the controls" }),
  fractions: option.numbers([0.3, 0.6], { above: 0, max: 0.95, help: "shares of the pairs of the controls" }),
  "branch-at": option.integers([60, 150, 300], {
    min: 1,
    ascending: true,
    help: "steps from which interventions branch off; claims about the middle one carry no step in their name",
  }),
  "branch-steps": option.integer(600, { min: 0, help: "steps of the interventions; 0 for none" }),
  coefficients: option.integer(10, {
    min: 0,
    help:
      "snapshots whose local learning coefficient is estimated, evenly spaced in the logarithm of the step; 0 for none",
  }),
  "coefficient-chains": option.integer(2, { min: 1, max: 64, help: "chains of Langevin dynamics of each estimate" }),
  "coefficient-burn-in": option.integer(40, { min: 0, help: "steps of a chain that do not count" }),
  "coefficient-draws": option.integer(60, { min: 8, help: "steps of a chain that count" }),
  "coefficient-lr": option.number(1e-4, { above: 0, help: "step size η of a chain" }),
  "coefficient-pull": option.number(1000, {
    min: 0,
    help: "localisation γ: strength of the pull back to the snapshot",
  }),
  "coefficient-n-beta": option.number(0, { min: 0, help: "nβ; 0 for n / ln n, n the number of training pairs" }),
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
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
    "branch-at": [5, 10],
    "branch-steps": 20,
    coefficients: 3,
    "coefficient-burn-in": 2,
    "coefficient-draws": 8,
  },
  cpu: {},
  // Main replicas alone, without what follows training: a minute or two on a laptop's GPU.
  page: { replicas: 2, "control-replicas": 0, "branch-steps": 0, coefficients: 0 },
  paper: {
    modulus: 113,
    fraction: 0.3,
    width: 128,
    mlp: 512,
    lr: 0.001,
    steps: 40_000,
    reports: 120,
    decays: [0, 0.3, 3],
    fractions: [0.2, 0.4, 0.6],
    "branch-at": [700, 2000, 8000],
    "branch-steps": 30_000,
    "coefficient-chains": 4,
    "coefficient-burn-in": 200,
    "coefficient-draws": 400,
    "coefficient-lr": 2e-5,
  },
};

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const { modulus: p, width, heads, steps, "branch-at": branches, "branch-steps": more } = setting;
  const refuse = (message: string) => {
    throw new lab.UserError(message);
  };
  if (width % heads !== 0) refuse(`expected --width to be a multiple of --heads=${heads}, found ${width}`);
  for (let k = 2; k * k <= p; k++) {
    if (p % k === 0) refuse(`expected --modulus to be a prime, found ${p} = ${k} · ${p / k}`);
  }
  const end = Math.max(...branches) + more;
  if (more > 0 && end > steps) {
    refuse(`expected --branch-at and --branch-steps to add up to --steps=${steps} at most, found ${end}`);
  }
  // Without controls there is nothing that could be named twice.
  if (setting["control-replicas"] === 0) return;
  for (const [name, values] of [["decays", setting.decays], ["fractions", setting.fractions]] as const) {
    const own = name === "decays" ? setting["weight-decay"] : setting.fraction;
    const twice = values.find((value, index) => values.indexOf(value) !== index || value === own);
    if (twice === undefined) continue;
    refuse(`expected --${name} to differ from each other and from the main one, found ${twice} twice`);
  }
}

/** Parameters of a replica beside its seed. */
export interface Given {
  readonly fraction: number;
  readonly weightDecay: number;
  readonly labels: lab.ModularLabels;
}

/** A replica of the ensemble. */
export type Replica = lab.ConditionReplica<Given>;

/**
 * Lists the conditions: the main replicas, then the controls, each of which differs from them in one respect.
 *
 * @param setting Options.
 * @param seed First seed; a control's replicas have the seeds of the first main ones.
 * @returns Conditions in order.
 */
export function conditionsOf(setting: Setting, seed: number): lab.Conditions<Given> {
  const seeds = (count: number) => Array.from({ length: count }, (_, index) => (seed + index) >>> 0);
  const main = { fraction: setting.fraction, weightDecay: setting["weight-decay"], labels: "true" as const };
  const control = (name: string, changed: Partial<Given>) => ({
    ...main,
    ...changed,
    name,
    seeds: seeds(setting["control-replicas"]),
  });
  return new lab.Conditions<Given>([
    { ...main, name: "main", seeds: seeds(setting.replicas) },
    ...setting.decays.map((weightDecay) => control(`weight decay ${weightDecay}`, { weightDecay })),
    ...setting.fractions.map((fraction) => control(`fraction ${fraction}`, { fraction })),
    control("random labels", { labels: "permuted" }),
  ]);
}

/** Conditions whose learning coefficient is estimated: the main one, and those that should not generalise. */
export const STUDIED = ["main", "weight decay 0", "random labels"];

/** Interventions; without one, a replica goes on as in the main run, bit for bit. */
export const INTERVENTIONS = ["freeze final", "freeze random", "redraw final", "redraw random"] as const;

/** Series of an intervention that begins at a step. */
export const branchName = (intervention: string, from: number) => `${intervention} from ${from}`;

/** Reports whose snapshots the local learning coefficient is estimated of: before the first, none is a minimum of anything. */
export const coefficientSteps = ({ coefficients: count, steps, reports }: Setting) =>
  lab.logarithmicChoice(lab.logarithmicSteps(reports, steps), { count, from: steps / 50 });
