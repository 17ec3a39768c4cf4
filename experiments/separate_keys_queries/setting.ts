/** Options, presets, and the four studies that they make. */
import * as lab from "../../mod.ts";

const { option } = lab;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  spectrum: option.numbers([0.4, 0.3, 0.2, 0.1], {
    above: 0,
    help: "eigenvalues λ of the input covariance, falling",
  }),
  context: option.integer(31, { min: 1, help: "pairs N of a prompt" }),
  heads: option.integer(5, { min: 2, help: "heads H" }),
  ranks: option.integers([1, 2, 4], { min: 1, ascending: true, help: "ranks of keys and queries; the first is 1" }),
  batch: option.integer(256, { min: 1, help: "prompts a step, of the staircase and of the waits" }),
  lr: option.number(1, { above: 0, help: "learning rate η of the staircase" }),
  deviation: option.number(0.02, { above: 0, help: "standard deviation of the random initial weights" }),
  steps: option.integer(10_000, { min: 20, help: "SGD steps of the staircase" }),
  "merged-steps": option.integer(400, { min: 20, help: "SGD steps of merged heads" }),
  reports: option.integer(150, {
    min: 10,
    help: "reports of the staircase, evenly spaced in the logarithm of the step",
  }),
  prompts: option.integer(256, { min: 2, help: "evaluation prompts" }),
  replicas: option.integer(12, { min: 2, max: 64, help: "replicas of each condition: seed, seed + 1, …" }),
  starts: option.numbers([0.1, 0.03, 0.01], { above: 0, help: "sizes v₀ of aligned heads whose waits are measured" }),
  "wait-lr": option.number(0.2, { above: 0, help: "learning rate η of the waits, noisy ones too" }),
  batches: option.integers([1, 4, 16, 64], { min: 1, ascending: true, help: "batch sizes of the noisy waits" }),
  "noise-start": option.number(0.1, { above: 0, help: "size v₀ of the aligned heads of the noisy waits" }),
  "noise-deviation": option.number(0.05, { above: 0, help: "deviation of the random heads of the noisy waits" }),
  "noise-time": option.number(250, { above: 0, help: "time t = η · steps that noisy waits are given" }),
  "noise-replicas": option.integer(64, { min: 2, max: 1024, help: "replicas of each condition of the noisy waits" }),
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;

/** Partial overrides by name. */
export const presets: lab.Presets<typeof options> = {
  smoke: {
    spectrum: [0.4, 0.2],
    context: 7,
    heads: 3,
    ranks: [1, 2],
    batch: 16,
    deviation: 0.4,
    steps: 60,
    "merged-steps": 20,
    reports: 12,
    prompts: 8,
    replicas: 2,
    starts: [0.6, 0.5],
    batches: [4, 8],
    "noise-start": 0.6,
    "noise-deviation": 0.3,
    "noise-time": 10,
    "noise-replicas": 3,
  },
  cpu: {},
  // Larger starts shorten the plateaus; a minute on a laptop's GPU.
  page: {
    deviation: 0.05,
    steps: 4000,
    reports: 80,
    ranks: [1, 2],
    replicas: 3,
    starts: [0.1, 0.05],
    batches: [4, 16],
    "noise-time": 100,
    "noise-replicas": 4,
  },
  // The authors' start and step; fresh prompts where they go through 80 000.
  paper: {
    deviation: 0.01,
    lr: 0.02,
    steps: 1_000_000,
    "merged-steps": 20_000,
    batch: 1024,
    reports: 300,
    replicas: 32,
    "wait-lr": 0.02,
    "noise-replicas": 512,
  },
};

/** Refuses what no run can do, before anything is written. */
export function check({ spectrum, ranks, heads, starts, "noise-start": noisy, context }: Setting): void {
  const refuse = (message: string) => {
    throw new lab.UserError(message);
  };
  if (spectrum.length < 2) refuse(`expected --spectrum to have at least two eigenvalues, found ${spectrum.length}`);
  const rising = spectrum.findIndex((value, d) => d > 0 && value >= spectrum[d - 1]);
  if (rising > 0) refuse(`expected --spectrum to fall, found ${spectrum[rising]} after ${spectrum[rising - 1]}`);
  if (ranks[0] !== 1) refuse(`expected --ranks to begin with 1, found ${ranks[0]}`);
  if (ranks.at(-1)! > spectrum.length) {
    refuse(`expected --ranks up to the number of eigenvalues, ${spectrum.length}, found ${ranks.at(-1)}`);
  }
  if (heads < spectrum.length) {
    refuse(`expected --heads to be at least the number of eigenvalues, ${spectrum.length}, found ${heads}`);
  }
  const { slopes } = lab.regressionMoments({ spectrum, context });
  const half = Math.cbrt(slopes[0] / 2);
  for (const [name, value] of [["noise-start", noisy], ...starts.map((start) => ["starts", start] as const)] as const) {
    if (value >= half) {
      refuse(`expected --${name} below ${half.toPrecision(3)}, half of what is learnt, found ${value}`);
    }
  }
}

/** The data law. */
export const problemOf = ({ spectrum, context }: Setting): lab.IclProblem => ({ spectrum, context });

/** Parameters of a replica beside its seed: the initial state of its heads. */
export interface Given {
  readonly start: (seed: number) => Float64Array;
}

/** One training: an ensemble of conditions, and how it is trained. */
export interface Study {
  readonly label: string;
  /** Sizes of the heads; keys and queries of lower rank, and fewer heads, are padded by zeros, which stay. */
  readonly sizes: lab.KeyQueryHeads;
  readonly conditions: lab.Conditions<Given>;
  readonly batch: number;
  readonly lr: number;
  readonly reports: readonly number[];
  /** Whether everything is measured, or the modes' weights alone. */
  readonly whole: boolean;
}

/** Name of a condition of keys and queries of some rank. */
export const ranked = (rank: number) => `rank ${rank}`;
/** Name of a condition of waits. */
export const waiting = (matrices: "separate" | "merged", start: number) => `${matrices}, v₀ = ${start}`;
/** Name of a condition of noisy waits. */
export const noisy = (heads: "aligned" | "random", batch: number) => `${heads}, B = ${batch}`;
/** Series of the exact flows of random heads, the same at every batch size. */
export const RANDOM = "random";
/** The control with too few heads. */
export const FEW = "two heads";

/**
 * All studies.
 *
 * @param setting Options.
 * @param seeds Seeds of the main replicas.
 * @returns Studies in the order in which they are run.
 */
export function studiesOf(setting: Setting, seeds: readonly number[]): Study[] {
  const { heads, ranks, batch, lr, deviation, steps, reports, starts, batches, "wait-lr": waitLr } = setting;
  const problem = problemOf(setting);
  const D = setting.spectrum.length;
  const rank = ranks.at(-1)!;
  const random =
    (sizes: lab.KeyQueryHeads, deviation: number, used: { heads: number; rank: number }) => (seed: number) =>
      randomStart(sizes, D, { seed, deviation, used });
  const padded = { heads, rank };
  const merged = { heads, rank: "merged" } as const;
  const given = (name: string, start: Given["start"], own = seeds) => ({ name, seeds: own, start });
  const longest = (matrices: "separate" | "merged") =>
    Math.max(...starts.map((start) => lab.keyQueryWait(problem, matrices, { mode: 0, start })));
  /** Evenly spaced reports up to a step or a little later. */
  const some = (steps: number, count: number) => {
    const every = Math.max(1, Math.round(steps / count));
    return lab.everySteps(every, every * Math.ceil(steps / every));
  };
  const waits = (["separate", "merged"] as const).map((matrices): Study => {
    const sizes = { heads: 1, rank: matrices === "separate" ? 1 : "merged" as const };
    return {
      label: `waits, ${matrices}`,
      sizes,
      conditions: new lab.Conditions<Given>(
        starts.map((start) => given(waiting(matrices, start), () => alignedStart(sizes, D, start))),
      ),
      batch,
      lr: waitLr,
      reports: some(1.3 * longest(matrices) / waitLr, 500),
      whole: false,
    };
  });
  const noise = batches.map((batch): Study => {
    const sizes = { heads, rank: 1 };
    const own = Array.from({ length: setting["noise-replicas"] }, (_, index) => (seeds[0] + index) >>> 0);
    return {
      label: `noise, B = ${batch}`,
      sizes,
      conditions: new lab.Conditions<Given>([
        given(noisy("aligned", batch), () => alignedStart(sizes, D, setting["noise-start"]), own),
        given(noisy("random", batch), random(sizes, setting["noise-deviation"], sizes), own),
      ]),
      batch,
      lr: waitLr,
      reports: some(setting["noise-time"] / waitLr, 125),
      whole: false,
    };
  });
  const staircase = { batch, lr, whole: true };
  return [
    {
      ...staircase,
      label: "separate",
      sizes: padded,
      conditions: new lab.Conditions<Given>([
        ...ranks.map((rank) => given(ranked(rank), random(padded, deviation, { heads, rank }))),
        given(FEW, random(padded, deviation, { heads: 2, rank: 1 })),
      ]),
      reports: lab.logarithmicSteps(reports, steps),
    },
    {
      ...staircase,
      label: "merged",
      sizes: merged,
      conditions: new lab.Conditions<Given>([given("merged", random(merged, deviation, { heads, rank: D }))]),
      reports: lab.logarithmicSteps(reports, setting["merged-steps"]),
    },
    ...waits,
    ...noise,
  ];
}

/** Random heads in single precision; those, and rows of keys and queries, that are not used are zero. */
function randomStart(
  { heads, rank }: lab.KeyQueryHeads,
  D: number,
  { seed, deviation, used }: { seed: number; deviation: number; used: { heads: number; rank: number } },
): Float64Array {
  const E = rank === "merged" ? D : rank;
  const drawn = (key: string, count: number) =>
    lab.normals({ seed, key: `start: ${key}` }, count).map((value) => Math.fround(deviation * value));
  const value = drawn("value", heads).map((value, head) => head < used.heads ? value : 0);
  const rows = (key: string) =>
    drawn(key, heads * E * D).map((value, index) => {
      const row = Math.floor(index / D);
      return row < used.heads * E && row % E < used.rank ? value : 0;
    });
  return Float64Array.from(
    rank === "merged" ? [...value, ...rows("key-query")] : [...value, ...rows("key"), ...rows("query")],
  );
}

/** One head aligned with the first mode, all factors of size v₀; all others are zero. */
function alignedStart({ heads, rank }: lab.KeyQueryHeads, D: number, size: number): Float64Array {
  const E = rank === "merged" ? D : rank;
  const start = new Float64Array(heads * (1 + (rank === "merged" ? 1 : 2) * E * D));
  start[0] = start[heads] = Math.fround(size);
  if (rank !== "merged") start[heads + heads * E * D] = Math.fround(size);
  return start;
}
