/** Options, presets, conditions, and the names of what is measured. */
import * as lab from "../../mod.ts";

const { choice, integer, integers, number } = lab.option;
const pools = (fallback: number[], help: string) => integers(fallback, { min: 1, max: 2 ** 20, ascending: true, help });

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  dimension: integer(4, { min: 1, max: 64, help: "input dimension D" }),
  context: integer(8, { min: 2, max: 256, help: "pairs K of a prompt" }),
  variance: number(0.125, { above: 0, help: "variance σ² of the labels' noise" }),
  pools: pools([1, 4, 8, 64], "sizes M of the pools; M = ∞ is always there"),
  memorised: pools([1, 4], "of these, pools that are claimed to end nearer dMMSE than ridge"),
  transient: pools([8], "of these, pools whose loss on new tasks is claimed to turn"),
  general: pools([64], "of these, pools that are claimed to end nearer ridge than dMMSE"),
  replicas: integer(4, { min: 2, max: 64, help: "seeds of every pool: seed, seed + 1, …" }),
  tokens: choice(["pairs", "apart"], {
    help: "whether the token of a label shows its input too, or the two stand apart as in the paper",
  }),
  width: integer(32, { min: 4, help: "width of the residual stream" }),
  heads: integer(2, { min: 1, help: "heads of each of the two layers" }),
  mlp: integer(64, { min: 0, help: "hidden width of the perceptrons" }),
  batch: integer(16, { min: 1, help: "prompts a step and replica" }),
  steps: integer(6000, { min: 20, help: "training steps" }),
  lr: number(6e-3, { above: 0, help: "learning rate of Adam, after a warm-up" }),
  "warm-up": integer(100, { min: 1, help: "steps of the warm-up" }),
  clip: number(1, { above: 0, help: "largest norm of a gradient" }),
  reports: integer(24, { min: 6, help: "reports, half of them evenly spaced, half in the logarithm of the step" }),
  tested: integer(256, { min: 8, help: "test prompts on seen tasks, and on new ones; the same for all replicas" }),
  exact: integer(4096, { min: 8, help: "prompts a pool on which exact baselines are measured" }),
  sequences: integer(64, { min: 2, help: "prompts of the first task on which trajectories are followed" }),
  points: integer(16, { min: 4, help: "checkpoints of a trajectory, evenly spaced in the logarithm of the step" }),
  "coefficient-checkpoints": integer(1, { min: 0, help: "checkpoints at which learning coefficients are estimated" }),
  "coefficient-chains": integer(2, { min: 1, help: "chains of each estimate" }),
  "coefficient-batch": integer(64, { min: 1, help: "prompts a step of a chain" }),
  "coefficient-n-beta": number(30, { above: 0, help: "nβ, the inverse temperature" }),
  "coefficient-lr": number(3e-4, { above: 0, help: "step size of the dynamics" }),
  "coefficient-pull": number(20, { min: 0, help: "strength γ of the pull towards the checkpoint" }),
  "coefficient-burn-in": integer(200, { min: 0, help: "steps of a chain that are left out" }),
  "coefficient-draws": integer(300, { min: 8, help: "steps of a chain that count" }),
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;
/** The run, as its parts are given it. */
export type Run = lab.RunContext<typeof options, Record<never, lab.Columns>>;

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    dimension: 2,
    context: 4,
    pools: [1, 2, 8],
    memorised: [1],
    transient: [2],
    general: [8],
    replicas: 2,
    width: 8,
    mlp: 16,
    batch: 8,
    steps: 40,
    "warm-up": 5,
    reports: 8,
    tested: 16,
    exact: 64,
    sequences: 18,
    points: 6,
    "coefficient-checkpoints": 1,
    "coefficient-burn-in": 4,
    "coefficient-draws": 12,
    "coefficient-batch": 8,
  },
  cpu: {},
  paper: {
    dimension: 8,
    context: 16,
    pools: [1, 2, 4, 6, 8, 16, 24, 32, 64, 128, 182, 256, 362, 512, 1024, 4096, 32768],
    memorised: [1, 2, 4, 6, 8, 16, 24, 32, 64, 128],
    transient: [16, 24, 32, 64, 128],
    general: [362, 512, 1024, 4096, 32768],
    tokens: "apart",
    width: 332,
    heads: 4,
    mlp: 1328,
    // No tensor of 72 replicas may be larger than 2 GiB, which is all that a kernel can bind.
    batch: 128,
    steps: 150_000,
    lr: 1e-3,
    "warm-up": 1000,
    reports: 200,
    tested: 128,
    "coefficient-n-beta": 60,
    "coefficient-lr": 1e-3,
    "coefficient-pull": 6,
    sequences: 128,
    points: 100,
    "coefficient-checkpoints": 8,
    "coefficient-chains": 2,
    "coefficient-batch": 64,
    "coefficient-burn-in": 500,
    "coefficient-draws": 500,
  },
};

/** Sequences beyond which the paper finds that trajectories no longer change. */
export const FEW_SEQUENCES = 16;
/** Components that are found; the paper shows two. */
export const COMPONENTS = 4;

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const refuse = (message: string) => {
    throw new lab.UserError(message);
  };
  for (const name of ["memorised", "transient", "general"] as const) {
    const other = setting[name].find((M) => !setting.pools.includes(M));
    if (other === undefined) continue;
    refuse(`expected every one of --${name} to be of --pools=${setting.pools.join(",")}, found ${other}`);
  }
  if (setting.width % setting.heads !== 0) {
    refuse(`expected --heads to divide --width=${setting.width}, found ${setting.heads}`);
  }
  if (setting.sequences <= FEW_SEQUENCES) {
    refuse(`expected --sequences above ${FEW_SEQUENCES}, with which they are compared, found ${setting.sequences}`);
  }
}

/** The tasks of a replica: how many its pool has. */
export interface Pool {
  readonly M: number;
}

/** Series of a pool. */
export const poolName = (M: number): string => `M = ${M === Infinity ? "∞" : M}`;
/** The series without a pool. */
export const UNLIMITED = poolName(Infinity);

/** Every pool with every seed; pools of one seed are nested, and M = ∞ has none. */
export function conditionsOf({ pools }: Setting, seeds: readonly number[]): lab.Conditions<Pool> {
  return new lab.Conditions<Pool>([...pools, Infinity].map((M) => ({ name: poolName(M), seeds, M })));
}

/** Prompts that models are tested on. */
export const TESTS = ["seen tasks", "new tasks"] as const;
/** A kind of test prompts. */
export type Test = typeof TESTS[number];
/** Exact predictors. */
export const [RIDGE, DMMSE] = ["ridge", "dMMSE"] as const;
/** An exact predictor. */
export type Predictor = typeof RIDGE | typeof DMMSE;
/** Names of quantities. */
export const lossOn = (test: Test) => `loss on ${test}`;
export const distanceTo = (predictor: Predictor, test: Test) => `distance to ${predictor}, ${test}`;
/** Kinds of mixture of dMMSE and ridge. */
export const MIXTURES = ["fixed", "posterior"] as const;
/** A kind of mixture. */
export type Mixture = typeof MIXTURES[number];
export const logOddsOf = (kind: Mixture) => `log odds of dMMSE, ${kind} weight`;
export const restOf = (kind: Mixture, test: Test) => `rest of the ${kind} mixture, ${test}`;
/** Series of the exact baselines on prompts of their own. */
export const exactly = (M: number) => `exact, ${poolName(M)}`;
/** Series of the trajectories of all pools together. */
export const TRAJECTORIES = "trajectories";
export const score = (component: number) => `PC${component + 1}`;
export const axisAlong = (component: number) => `share of the ridge–dMMSE axis along PC${component + 1}`;
export const COEFFICIENT = "learning coefficient";

/** Losses of exact baselines that were calculated for these sizes apart from this project, by predictor, test and pool. */
export function targetsOf({ dimension, context, variance }: Setting): {
  readonly ridge: number;
  readonly seen: Readonly<Record<number, number>>;
  readonly fresh: Readonly<Record<number, number>>;
} | null {
  if (variance !== 0.125) return null;
  if (dimension === 4 && context === 8) {
    return { ridge: 1.66, seen: { 1: 0.125, 16: 0.98, 64: 1.16 }, fresh: { 16: 3.5, 64: 2.5 } };
  }
  if (dimension !== 8 || context !== 16) return null;
  return {
    ridge: 2.69,
    seen: { 1: 0.125, 4: 0.62, 16: 0.94, 64: 1.24, 256: 1.46, 1024: 1.69 },
    fresh: { 16: 9.3, 64: 7.5, 256: 6.1 },
  };
}
