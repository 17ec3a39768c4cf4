/** Options, presets and conditions. */
import * as lab from "../../mod.ts";

const { option } = lab;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  samples: option.integer(60, { min: 6, max: 6000, help: "samples: half with both words, a sixth of each other kind" }),
  length: option.integer(5, { min: 3, max: 64, help: "tokens L of a sample" }),
  vocabulary: option.integer(64, { min: 4, max: 1024, help: "orthonormal tokens d" }),
  width: option.integer(128, { min: 1, help: "width m of values, keys and queries" }),
  neurons: option.integer(256, { min: 1, help: "neurons J, with fixed outer weights a" }),
  lr: option.number(0.01, { above: 0, help: "learning rate of full-batch gradient descent" }),
  steps: option.integer(3000, { min: 10, help: "steps, or epochs, as the batch is full" }),
  reports: option.integer(100, { min: 6, help: "reports, half of them evenly spaced, half in the logarithm" }),
  unseen: option.integer(600, { min: 6, max: 60_000, help: "samples of each seed that are never trained on" }),
  replicas: option.integer(16, { min: 2, max: 64, help: "seeds of every condition: seed, seed + 1, …" }),
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: { samples: 12, unseen: 24, vocabulary: 8, width: 16, neurons: 16, steps: 60, reports: 12, replicas: 2 },
  cpu: {},
  paper: { steps: 30_000, reports: 240 },
};

/** Refuses what no run can do, before anything is written. */
export function check({ samples, unseen }: Setting): void {
  for (const [name, count] of Object.entries({ samples, unseen })) {
    if (count % 6 !== 0) throw new lab.UserError(`expected --${name} that six divides, found ${count}`);
  }
}

/**
 * Data set of a seed: the same in all conditions with as many words.
 *
 * Half of the samples have all words. Of two words, a sixth each has the first alone, the second alone, and none; of three, a tenth
 * each has two of them, a twentieth each one, and the rest none.
 */
export function samplesOf(
  { samples, unseen, length, vocabulary }: Setting,
  seed: number,
  words: number = 2,
  part: "trained" | "unseen" = "trained",
): lab.CoOccurrenceSamples {
  const n = part === "trained" ? samples : unseen;
  const [half, pairs, single] = [n / 2, Math.floor(n / 10), Math.floor(n / 20)];
  const rest = half - 3 * pairs - 3 * single;
  const counts = words === 2
    ? [half, n / 6, n / 6, n / 6]
    : [half, ...Array<number>(3).fill(pairs), ...Array<number>(3).fill(single), rest];
  return lab.coOccurrence({ words, counts, length, vocabulary, seed, ...(part === "unseen" && { key: "unseen" }) });
}

/** Laws of the outer weights a. */
export const UNIFORM = "a from U(±1/√J)";
export const EQUAL = "a = ±1/√J";
export const ONE = "a = ±1";
/** The extension: three words, under the middle law, so that its first phase ends within the steps. */
export const THREE = "three words";

/** Kinds of sample, in the order of the data set. */
export const KINDS = ["both words", "word 1 alone", "word 2 alone", "neither"] as const;

/** Outer weights of a seed under a law (J): the signs are the same in all of them. */
export function outerOf(law: string, { neurons: J }: Setting, seed: number): Float32Array {
  const bound = 1 / Math.sqrt(J);
  const uniform = lab.initialValues("a", { shape: [J], init: { law: "uniform", bound } }, seed);
  return law === UNIFORM ? uniform : uniform.map((a) => Math.sign(a) * (law === EQUAL ? bound : 1));
}

/** |a|². */
export const squaredNorm = (a: Float32Array) => a.reduce((sum, value) => sum + value * value, 0);

/** Each law, and three words, with the same seeds. */
export function conditionsOf(seeds: readonly number[]) {
  return new lab.Conditions([
    ...[UNIFORM, EQUAL, ONE].map((name) => ({ name, seeds, law: name, words: 2 })),
    { name: THREE, seeds, law: EQUAL, words: 3 },
  ]);
}

/** Attention scores and value overlaps that phase 2 moves, and which way. */
export const MOVED = {
  scores: { "score (1, 2)": 1, "score (3, 1 and 2)": -1 },
  overlaps: { "overlap (1, 2)": 1, "overlap (3, 1 and 2)": -1 },
} as const;

/** The same of three words: means over pairs of words, and over words with the common token. */
export const MOVED_THREE = {
  scores: { "score, words": 1, "score, common": -1 },
  overlaps: { "overlap, words": 1, "overlap, common": -1 },
} as const;
