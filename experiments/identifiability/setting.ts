/** Options, presets, the trainings and their conditions, and what numbers are called. */
import * as lab from "../../mod.ts";

const { option } = lab;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  dimension: option.integer(5, { min: 2, max: 64, help: "dimension d of latents, observations and features" }),
  classes: option.integer(100, { min: 2, help: "classes C, each with a vector on the sphere" }),
  concentration: option.number(10, { above: 0, help: "concentration κ of the latents about their class's vector" }),
  concentrations: option.numbers([5, 50], { above: 0, ascending: true, help: "further κ" }),
  spread: option.number(1, { above: 0, help: "factor of the noise of misspecified latents, projected on the sphere" }),
  "other-classes": option.integers([4, 10, 1000], {
    min: 2,
    ascending: true,
    help: "further C; at most d of them as the negative control",
  }),
  "other-dimensions": option.integers([10, 20], { min: 2, max: 64, ascending: true, help: "further d" }),
  instances: option.integer(1000, { min: 2, help: "instances N that DIET tells apart, its number of outputs" }),
  candidates: option.integer(1000, { min: 1, help: "matrices of which the best-conditioned becomes a mixing layer" }),
  width: option.integer(64, { min: 2, help: "width at which hidden layers, 10 d and 50 d wide, are cut off" }),
  batch: option.integer(256, { min: 8, help: "samples a step" }),
  steps: option.integer(400, { min: 10, help: "steps of Adam" }),
  lr: option.number(0.02, { above: 0, help: "learning rate of Adam" }),
  decay: option.flag("let the learning rate fall like half a cosine, to 0 at the end", true),
  samples: option.integer(8192, { min: 256, help: "samples of a test; a linear map is fitted to the first half" }),
  reports: option.integer(12, {
    min: 3,
    help: "reports of the first training, half of them evenly spaced in the logarithm of the step",
  }),
  replicas: option.integer(8, { min: 2, max: 64, help: "seeds of every condition: seed, seed + 1, …" }),
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    dimension: 3,
    classes: 16,
    concentrations: [50],
    "other-classes": [3],
    "other-dimensions": [4],
    instances: 32,
    candidates: 20,
    width: 8,
    batch: 32,
    steps: 12,
    samples: 256,
    reports: 4,
    replicas: 2,
  },
  cpu: {},
  paper: {
    "other-classes": [4, 10, 1000, 10_000],
    candidates: 25_000,
    width: 1_000_000,
    batch: 1024,
    steps: 50_000,
    lr: 1e-3,
    decay: false,
    reports: 60,
  },
};

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const { dimension, classes, concentration, concentrations, instances, samples } = setting;
  const refuse = (message: string) => {
    throw new lab.UserError(message);
  };
  if (classes <= dimension) refuse(`expected --classes above --dimension=${dimension}, found ${classes}`);
  if (instances % classes > 0) {
    refuse(`expected --instances to be a multiple of --classes=${classes}, found ${instances}`);
  }
  if (concentrations.includes(concentration)) {
    refuse(`expected --concentrations to differ from --concentration, found ${concentration} in both`);
  }
  if (setting["other-classes"].includes(classes)) {
    refuse(`expected --other-classes to differ from --classes, found ${classes} in both`);
  }
  if (setting["other-dimensions"].includes(dimension)) {
    refuse(`expected --other-dimensions to differ from --dimension, found ${dimension} in both`);
  }
  const wide = setting["other-dimensions"].find((d) => d >= classes);
  if (wide !== undefined) refuse(`expected --other-dimensions below --classes=${classes}, found ${wide}`);
  const largest = Math.max(dimension, ...setting["other-dimensions"]);
  if (samples % 256 > 0 || samples / 2 <= 2 * largest) {
    refuse(`expected --samples to be a multiple of 256 above ${4 * largest}, found ${samples}`);
  }
}

/** Law of the latents and kind of head of a condition. */
export interface Given {
  /** Law of the latents. */
  readonly law: lab.SphereLaw;
  /** Concentration κ; without effect under other laws than von Mises–Fisher. */
  readonly kappa: number;
  /** Whether the rows of the head have length one. */
  readonly unit: boolean;
}

/** A training: conditions whose tensors have the same shapes, side by side. */
export interface Study {
  /** Names the training. */
  readonly label: string;
  /** Dimension d. */
  readonly dimension: number;
  /** Classes C. */
  readonly classes: number;
  /** Outputs N of the head: classes, or instances of DIET. */
  readonly outputs: number;
  /** Steps that are reported. */
  readonly reports: readonly number[];
  /** Its conditions. */
  readonly conditions: lab.Conditions<Given>;
}

/** Series of the conditions of the first training beside those named by their κ. */
export const [NORMAL, LAPLACE, UNIT] = ["normal latents", "Laplace latents", "unit rows"] as const;
/** Series of DIET, whose head tells instances apart. */
export const [DIET, DIET_UNIT] = ["DIET", "DIET, unit rows"] as const;
/** Series by concentration, classes and dimension. */
export const ofConcentration = (kappa: number) => `κ = ${kappa}`;
export const ofClasses = (C: number) => `C = ${C}`;
export const ofDimension = (d: number) => `d = ${d}`;
/** Series of the paper's central setting. */
export const mainOf = ({ concentration }: Setting) => ofConcentration(concentration);

/** All trainings of a run. */
export function studiesOf(setting: Setting, seeds: readonly number[]): Study[] {
  const { dimension, classes, concentration: kappa, concentrations, instances, steps } = setting;
  const vmf = { law: "von Mises–Fisher", kappa, unit: false } as const;
  const study = (label: string, sizes: Partial<Study>, conditions: Readonly<Record<string, Given>>): Study => ({
    label,
    dimension,
    classes,
    outputs: sizes.classes ?? classes,
    reports: [0, Math.ceil(steps / 2), steps],
    ...sizes,
    conditions: new lab.Conditions(Object.entries(conditions).map(([name, given]) => ({ name, seeds, ...given }))),
  });
  const kappas = [...concentrations, kappa].sort((a, b) => a - b);
  return [
    study("classes", { reports: lab.linearAndLogarithmicSteps(setting.reports, steps) }, {
      ...Object.fromEntries(kappas.map((value) => [ofConcentration(value), { ...vmf, kappa: value }])),
      [NORMAL]: { ...vmf, law: "normal" },
      [LAPLACE]: { ...vmf, law: "laplace" },
      [UNIT]: { ...vmf, unit: true },
    }),
    study("instances", { outputs: instances }, { [DIET]: vmf, [DIET_UNIT]: { ...vmf, unit: true } }),
    ...setting["other-classes"].map((C) => study(ofClasses(C), { classes: C }, { [ofClasses(C)]: vmf })),
    ...setting["other-dimensions"].map((d) => study(ofDimension(d), { dimension: d }, { [ofDimension(d)]: vmf })),
  ];
}

/** Widths of the encoder: d, 10 d, four times 50 d, 10 d, d, those between cut off at a width. */
export function encoderWidths(d: number, width: number): number[] {
  const [narrow, wide] = [Math.min(10 * d, width), Math.min(50 * d, width)];
  return [d, narrow, wide, wide, wide, wide, narrow, d];
}

/** R² of latents that the paper reports, by series: table 3 of classes, table 2 of DIET. */
export const REPORTED: Readonly<Record<string, number>> = {
  [ofConcentration(5)]: 0.997,
  [ofConcentration(10)]: 0.998,
  [ofConcentration(50)]: 0.655,
  [NORMAL]: 0.996,
  [LAPLACE]: 0.854,
  [ofClasses(10)]: 0.975,
  [ofClasses(1000)]: 0.998,
  [ofClasses(10_000)]: 0.998,
  [ofDimension(10)]: 0.972,
  [ofDimension(20)]: 0.821,
  [DIET]: 0.99,
  [DIET_UNIT]: 0.986,
};

/** Names of what is measured. */
export const QUANTITIES = {
  latents: "R² of latents",
  raw: "R² of latents from raw inputs",
  told: "R² of the part of latents that classes tell apart",
  untold: "R² of the rest of the latents",
  vectors: "R² of class vectors",
  excess: "excess cross-entropy",
  entropy: "cross-entropy",
  exact: "cross-entropy of the exact posterior",
  rank: "effective rank of the features",
  map: "singular value of the map of latents",
  vectorMap: "singular value of the map of class vectors",
  apart: "difference of the maps",
  conditioning: "condition number of a mixing layer",
} as const;
