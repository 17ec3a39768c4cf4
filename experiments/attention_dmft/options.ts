/** Options, the systems that are looked at, and the names of what is measured. */
import * as lab from "../../mod.ts";

const { integer, integers } = lab.option;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  replicas: integer(16, {
    min: 2,
    max: 256,
    help: "starts of the map at random, and seeds of the spins: seed, seed + 1, …",
  }),
  transient: integer(10_000, { min: 1000, help: "steps of the map before it is measured, a multiple of 1000" }),
  steps: integer(20_000, { min: 1000, help: "steps over which exponents are measured, a multiple of 1000" }),
  grid: integer(240, { min: 4, max: 2000, help: "inverse temperatures β of each bifurcation diagram" }),
  "grid-steps": integer(4000, {
    min: 1000,
    help: "steps before, and again for, each of its exponents; multiple of 1000",
  }),
  weights: integer(100, { min: 2, max: 10_000, help: "random weights whose regimes are counted" }),
  "weights-steps": integer(6000, { min: 1000, help: "steps before, and again for, their exponents; multiple of 1000" }),
  spins: integers([300, 3000, 30_000, 300_000, 3_000_000], {
    min: 3,
    distinct: true,
    ascending: true,
    help: "spins N of a token",
  }),
  "error-replicas": integer(96, { min: 2, max: 1024, help: "seeds of the spins whose errors are measured" }),
  "horizon-replicas": integer(64, { min: 2, max: 1024, help: "starts in chaos from which errors are followed" }),
  "error-steps": integer(20, { min: 2, help: "steps after which the error of N spins is compared" }),
  "horizon-steps": integer(80, { min: 4, help: "steps over which errors of N spins are followed in chaos" }),
  "histogram-spins": integers([300, 3000, 30_000], {
    min: 3,
    distinct: true,
    ascending: true,
    help: "N of histograms, and of softer attention",
  }),
  "histogram-steps": integer(600, {
    min: 20,
    help: "steps of each histogram of N spins, after 100 that are not counted",
  }),
};

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    replicas: 3,
    transient: 1000,
    steps: 1000,
    grid: 12,
    "grid-steps": 1000,
    weights: 6,
    "weights-steps": 1000,
    spins: [300, 3000],
    "error-replicas": 4,
    "horizon-replicas": 4,
    "horizon-steps": 20,
    "histogram-spins": [300, 3000],
    "histogram-steps": 40,
  },
  cpu: {},
  paper: {
    replicas: 32,
    transient: 100_000,
    steps: 75_000,
    grid: 1500,
    "grid-steps": 20_000,
    weights: 1000,
    "weights-steps": 20_000,
    spins: [300, 3000, 30_000, 300_000, 3_000_000],
    "error-replicas": 256,
    "horizon-replicas": 128,
    "horizon-steps": 150,
    "histogram-spins": [300, 3000, 30_000, 300_000],
    "histogram-steps": 2000,
  },
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;
/** The run, as its parts are given it. */
export type Run = lab.RunContext<typeof options, Record<never, lab.Columns>>;

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  for (const name of ["transient", "steps", "grid-steps", "weights-steps"] as const) {
    if (setting[name] % 1000 !== 0) {
      throw new lab.UserError(`expected --${name} to be a multiple of 1000, found ${setting[name]}`);
    }
  }
  for (const name of ["spins", "histogram-spins"] as const) {
    const odd = setting[name].find((spins) => spins % 3 !== 0 || spins > 3 * 2 ** 24);
    if (odd !== undefined) {
      throw new lab.UserError(`expected --${name} to be multiples of 3 up to ${3 * 2 ** 24}, found ${odd}`);
    }
  }
  if (setting.spins.length < 2) throw new lab.UserError("expected --spins of two numbers at least, found one");
}

/** ε and γ of the authors' figures. */
export const [EPSILON, GAMMA] = [0.02, 220 / Math.sqrt(3)];

/** The authors' weights and couplings, at an inverse temperature, and at theirs or another sharpness of attention. */
export const paperSystem = (beta: number, gamma = GAMMA): lab.SpinSystem => {
  return { weights: lab.PAPER_WEIGHTS, beta, gamma, epsilon: EPSILON };
};

/** Numbers of one orbit of 40 000 steps from the authors' start, by a separate implementation. */
export interface Reference {
  readonly beta: number;
  readonly exponent: number;
  readonly regime: lab.Regime;
  readonly deviation?: number;
  readonly period?: number;
}
export const REFERENCES: readonly Reference[] = [
  { beta: 1, regime: "follows positions", exponent: -0.083, period: 4 },
  { beta: 1.2, regime: "follows positions", exponent: -0.014, deviation: 0.0006, period: 4 },
  { beta: 1.255, regime: "quasi-periodic", exponent: 0.00007, deviation: 0.044 },
  { beta: 1.26451, regime: "longer cycle", exponent: -0.005, deviation: 0.06, period: 44 },
  { beta: 1.266, regime: "chaotic", exponent: 0.072, deviation: 0.141 },
  { beta: 1.27, regime: "longer cycle", exponent: -0.048, deviation: 0.097, period: 28 },
  { beta: 1.28, regime: "chaotic", exponent: 0.15, deviation: 0.215 },
  { beta: 1.4, regime: "chaotic", exponent: 0.073, deviation: 0.297 },
  { beta: 2, regime: "chaotic", exponent: 0.057 },
  // 18 values of the first feature, in a cycle of 24 steps.
  { beta: 3, regime: "longer cycle", exponent: -0.103, period: 24 },
];

/** A sweep over β: what is changed of the authors' system, and whether orbits are kept for the bifurcation diagram. */
export interface Sweep {
  readonly series: string;
  readonly from: number;
  readonly to: number;
  readonly change: Partial<lab.SpinSystem>;
}
export const [WIDE, ZOOM, UNIFORM, PLACELESS, FIVE] = [
  { series: "β from 0 to 3", from: 0, to: 3, change: {} },
  { series: "β from 1.24 to 1.28", from: 1.24, to: 1.28, change: {} },
  { series: "uniform attention, γ = 0", from: 0, to: 3, change: { gamma: 0 } },
  { series: "no positions, ε = 0", from: 0, to: 3, change: { epsilon: 0 } },
  { series: "ε = 0.05", from: 0, to: 3, change: { epsilon: 0.05 } },
] as const satisfies readonly Sweep[];
export const SWEEPS: readonly Sweep[] = [WIDE, ZOOM, UNIFORM, PLACELESS, FIVE];

/** Inverse temperatures of a sweep. */
export const gridOf = ({ from, to }: Sweep, { grid }: Setting): number[] =>
  Array.from({ length: grid }, (_, index) => from + (to - from) * (index + 1) / grid);

/** Inverse temperatures whose orbits are drawn, from the first start. */
export const DRAWN: readonly number[] = [1.255, 1.266, 1.27, 1.4];
/** Orbit points of the first start that a bifurcation diagram shows at each β; steps over which an orbit's width is taken. */
export const [DIAGRAM_POINTS, DIAGRAM_STEPS] = [24, 200];

/** Inverse temperatures at which regimes of random weights are counted. */
export const WEIGHTS_BETAS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3] as const;

/** Inverse temperatures at which N spins are compared with the map: errors, an error's growth in chaos, histograms. */
export const ERROR_BETAS = [1, 3] as const;
export const HORIZON_BETA = 1.28;
export const HISTOGRAM_BETAS = [1.255, 1.27, 1.4] as const;
/** Sharpness γ of attention at which errors are measured: a hundredth and a tenth of the authors', and theirs. */
export const SOFT = GAMMA / 100;
export const GAMMAS = [SOFT, GAMMA / 10, GAMMA] as const;
/** Cells of a histogram over [−1, 1]; steps that come before it. */
export const [CELLS, BEFORE] = [40, 100];

/** Names of series. */
export const ofBeta = (beta: number): string => `β = ${beta}`;
export const ofWeights = (beta: number): string => `random weights, β = ${beta}`;
export const ofMap = (beta: number): string => `map, β = ${beta}`;
export const ofGamma = (gamma: number): string => `γ = ${Number(gamma.toPrecision(3))}`;
export const ofSpins = (spins: number, beta: number, gamma = GAMMA): string =>
  `N = ${spins}, β = ${beta}${gamma === GAMMA ? "" : `, ${ofGamma(gamma)}`}`;
/** Name of the linear theory of sampling noise. */
export const NOISE = "linear noise theory";
