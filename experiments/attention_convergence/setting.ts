/** Options, presets, conditions, and the kinds of query that are told apart. */
import * as lab from "../../mod.ts";

const { option } = lab;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  features: option.integer(10, { min: 3, max: 200, help: "orthonormal features K" }),
  dominant: option.number(0.5, { above: 0, max: 0.95, help: "probability p₁ of the dominant feature" }),
  contexts: option.integers([50, 200, 1000], { min: 2, ascending: true, help: "context lengths N" }),
  lr: option.number(1, {
    above: 0,
    help: "learning rate η of gradient descent; theory follows steps of the same size",
  }),
  batch: option.integer(256, { min: 8, help: "prompts a step" }),
  steps: option.integer(6000, { min: 60, help: "steps of the main training" }),
  reports: option.integer(90, { min: 6, help: "reports, evenly spaced in the logarithm of the step" }),
  early: option.integer(30, { min: 1, help: "step at which it is asked which score has moved first" }),
  level: option.number(1e-3, { above: 0, max: 0.1, help: "loss of a query that counts as learned" }),
  evaluated: option.integer(512, { min: 8, help: "contexts that losses are measured on" }),
  replicas: option.integer(8, { min: 2, max: 64, help: "seeds of every condition: seed, seed + 1, …" }),
  "scan-dominant": option.numbers([0.3, 0.7], { above: 0, max: 0.95, help: "further p₁, at the longest context" }),
  "scan-features": option.integers([5, 20], { min: 3, max: 200, help: "further K, at the longest context" }),
  "scan-steps": option.integer(2600, { min: 20, help: "steps of these trainings; 2014 are expected of K = 20" }),
  "scan-level": option.number(0.02, { above: 0, max: 0.4, help: "loss up to which times are compared there" }),
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    contexts: [10, 100],
    batch: 32,
    steps: 120,
    reports: 12,
    level: 0.1,
    evaluated: 32,
    replicas: 2,
    "scan-dominant": [0.7],
    "scan-features": [5],
    "scan-steps": 30,
    "scan-level": 0.1,
  },
  cpu: {},
  paper: {
    features: 20,
    contexts: [200, 1000, 5000],
    batch: 1024,
    steps: 40_000,
    reports: 160,
    evaluated: 2048,
    replicas: 16,
    "scan-features": [10, 40],
    "scan-steps": 12_000,
  },
};

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const { features: K, dominant, contexts, steps, early } = setting;
  const refuse = (message: string) => {
    throw new lab.UserError(message);
  };
  for (const p of [dominant, ...setting["scan-dominant"]]) {
    if (p <= 1 / K) refuse(`expected a dominant probability above 1/K = ${1 / K}, found ${p}`);
  }
  if (contexts.length < 2) refuse(`expected at least two --contexts, found ${contexts.join(",")}`);
  if (early >= steps) refuse(`expected --early below --steps=${steps}, found ${early}`);
  for (
    const [name, values, own] of [["dominant", setting["scan-dominant"], dominant], [
      "features",
      setting["scan-features"],
      K,
    ]] as const
  ) {
    const twice = values.find((value, index) => values.indexOf(value) !== index || value === own);
    if (twice === undefined) continue;
    refuse(`expected --scan-${name} to differ from each other and from --${name}, found ${twice} twice`);
  }
}

/** Parameters of a replica beside its seed. */
export interface Given {
  readonly probabilities: readonly number[];
  readonly context: number;
}

/** Laws of the main training. */
export const LAWS = ["balanced", "imbalanced"] as const;

/** Series of a law at a context length. */
export const seriesOf = (law: typeof LAWS[number], N: number) => `${law}, N = ${N}`;

/** Conditions of the main training: both laws at every context length. Equal seeds draw alike at all of them. */
export function conditionsOf(setting: Setting, seeds: readonly number[]): lab.Conditions<Given> {
  const { features: K, dominant, contexts } = setting;
  return new lab.Conditions<Given>(LAWS.flatMap((law) =>
    contexts.map((context) => ({
      name: seriesOf(law, context),
      seeds,
      probabilities: lab.dominantLaw(K, law === "balanced" ? 1 / K : dominant),
      context,
    }))
  ));
}

/** A further training: one condition with other features or another dominant probability. */
export interface Scanned {
  readonly features: number;
  readonly dominant: number;
  /** Series; the main training's for the point that both have. */
  readonly series: string;
}

/** Points along p₁ and along K, the main training's among them, ascending. */
export function scansOf(setting: Setting): { readonly dominant: Scanned[]; readonly features: Scanned[] } {
  const { features: K, dominant: p, contexts } = setting;
  const at = (features: number, dominant: number): Scanned => ({
    features,
    dominant,
    series: features === K && dominant === p
      ? seriesOf("imbalanced", contexts[contexts.length - 1])
      : `K = ${features}, p₁ = ${dominant}`,
  });
  const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);
  return {
    dominant: ascending([p, ...setting["scan-dominant"]]).map((value) => at(K, value)),
    features: ascending([K, ...setting["scan-features"]]).map((value) => at(value, p)),
  };
}

/** Queries that are alike, or one of them. */
export interface Kind {
  readonly name: "balanced" | "dominant" | "rare" | "query 2";
  /** Features that are asked for, from 0. */
  readonly queries: readonly number[];
}

/** Kinds of query under a law; those of the first name stand for all that are alike. */
export function kindsOf(probabilities: readonly number[]): Kind[] {
  const all = probabilities.map((_, k) => k);
  if (probabilities[0] <= probabilities[1]) return [{ name: "balanced", queries: all }];
  return [
    { name: "dominant", queries: [0] },
    { name: "rare", queries: all.slice(1) },
    { name: "query 2", queries: [1] },
  ];
}

/** Theories by what they know of the context length. */
export const LIMIT = "N → ∞";
export const FIRST = "first order in 1/N";
export const EXACT = "exact at this N";
/** The continuous flow at N → ∞, where steps of size η are its limit. */
export const FLOW = "flow, N → ∞";
/** Mean of SGD about the exact loss, and variance across replicas. */
export const NOISE = "with SGD noise";
