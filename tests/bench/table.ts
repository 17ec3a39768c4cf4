/**
 * How fast is what users do, side by side with PyTorch, LAPACK and NumPy on the same machine? One table, in a quarter of an hour.
 *
 * Rows     resident memory over 10⁶ steps of a small ensemble; training steps of the linear transformer, 256 prompts of 40
 *          tokens, and its first step with an empty shader cache; decoders on regression in d = 5, 8, 20 with 3 and 6
 *          layers, and those of bench-training; one layer of gd_in_context (10 + 1 tokens of width 11), co_occurrence,
 *          an encoder with batch normalisation; decompositions, by kernels and on the CPU; the tool measure.
 * Fairness contenders of a row take turns, after a warm-up; medians of rounds; a ratio is that of one round, to the
 *          fastest peer in it: its median and spread over rounds, in bold where it is above 1, so that icl-lab loses.
 *          PyTorch eager, two ways where it has several; compiled ones are in bench-training.
 *
 * `deno task bench-table [--python=PATH] [--rounds=5] [--seconds=0.7] [--only=TEXT]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Contender, ContenderProcess, Unavailable } from "./contender.ts";
import { ours, torchStep } from "./contenders.ts";
import { ENCODER, STEPS } from "./experiment_steps.ts";
import { contenders as stepContenders, expectSameModel } from "./experiments.ts";
import { helpIfAsked } from "./help.ts";
import { contenders as svdContenders, SIZES } from "./linalg.ts";
import { memorySection } from "./memory.ts";
import { type Measured, measureInTurn, median, table, timesThePeers } from "./measure.ts";
import { timesOnInput } from "./measure_tool.ts";
import { DECODERS } from "./regression_trainings.ts";
import { parts as trainingParts } from "./training.ts";

/** Who compares, for how long. */
interface Effort {
  readonly python: string;
  readonly rounds: number;
  readonly seconds: number;
}

const HEAD = ["work", "icl-lab", "fastest peer", "", "icl-lab / peer"];

/** Milliseconds, or seconds of what takes long. */
function duration(milliseconds: number): string {
  if (milliseconds >= 5000) return `${(milliseconds / 1000).toPrecision(3)} s`;
  return `${Number(milliseconds.toPrecision(3))} ms`;
}

/** A row for each way of this project: its time, the peer that is fastest in the median, and the ratio of their rounds. */
function rowsOf(work: string, results: readonly Measured[]): string[][] {
  const own = results.filter(({ name }) => name.startsWith("icl-lab"));
  const peers = results.filter((result) => !own.includes(result));
  const time = ({ rates }: Measured) => duration(1000 / median(rates));
  const [fastest] = peers.filter(({ rates }) => rates.length > 0).sort((a, b) => median(b.rates) - median(a.rates));
  return own.map((one) => {
    const way = own.length > 1 ? `${work}, ${one.name.split(", ").at(-1)}` : work;
    if (one.skipped !== undefined) return [way, `skipped: ${one.skipped}`, "–", "–", "–"];
    if (!fastest) return [way, time(one), `skipped: ${peers[0]?.skipped ?? "no peer"}`, "–", "–"];
    const ratios = timesThePeers(one, peers);
    const [low, middle, high] = [Math.min(...ratios), median(ratios), Math.max(...ratios)].map((value) =>
      value.toPrecision(2)
    );
    const ratio = `${middle}× (${low} – ${high})`;
    return [way, time(one), fastest.name, time(fastest), Number(middle) > 1 ? `**${ratio}**` : ratio];
  });
}

/** The main experiment's step; `lab` leaves its driver's vectors at 256 bits, as its experiment has them. */
const LINEAR = { N: 40, B: 256, R: 16, lr: 0, tasks: "commuting" } as const;

function linearStep(d: number, cache: string): Contender {
  const { name, command } = ours("icl-lab, statistics", { ...LINEAR, d, sampler: "statistics" });
  return { name, command: ["env", "LP_NATIVE_VECTOR_WIDTH=256", `MESA_SHADER_CACHE_DIR=${cache}`, ...command] };
}

/** Something that is timed; its rows, one for each way of this project. */
interface Work {
  readonly title: string;
  readonly measure: (effort: Effort) => Promise<string[][]>;
}

/** The main experiment's step in several dimensions. */
const LINEAR_STEPS: readonly Work[] = [8, 12, 13, 16, 20].map((d) => {
  const [title, step] = [`linear transformer, d = ${d}`, { ...LINEAR, d }];
  return {
    title,
    measure: ({ python, rounds, seconds }) =>
      withFolder(async (folder) => {
        const peers = [
          torchStep("eager", "eager_vectors", step, python),
          torchStep("eager, 16 replicas in a graph", "batched_autograd", step, python),
        ];
        return rowsOf(title, await measureInTurn([linearStep(d, folder), ...peers], rounds, seconds));
      }),
  };
});

/** The first step with nothing compiled yet, which nobody else has to compile. */
const FIRST_STEPS: readonly Work[] = [8, 12, 13, 16, 20].map((d) => {
  const title = `first step, empty shader cache, d = ${d}`;
  return {
    title,
    async measure({ rounds }) {
      const times: number[] = [];
      try {
        for (let round = 0; round < rounds; round++) {
          const { process, about } = await withFolder((folder) => ContenderProcess.start(linearStep(d, folder)));
          await process.close();
          times.push(Number(about.createMs));
        }
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        return [[title, `skipped: ${error.message}`, "–", "–", "–"]];
      }
      const spread = `(${duration(Math.min(...times))} – ${duration(Math.max(...times))})`;
      return [[title, `${duration(median(times))} ${spread}`, "–", "–", "–"]];
    },
  };
});

function trainingSteps(python: string): Work[] {
  const named = (name: string) => STEPS.filter((step) => step.name === name);
  const steps = [...DECODERS, ...named("gd_in_context"), ...named("co_occurrence"), ENCODER].map((step) => ({
    title: step.name,
    contenders: stepContenders(step, python),
  }));
  // Compiling would take longer than the whole table may.
  const quick = ({ name }: Contender) => !/compiled|everywhere/.test(name);
  const trainings = trainingParts(python, "cpu").filter(({ title }) => title !== "replicas").map((part) => ({
    title: part.title === "decoder" ? "decoder of 4 layers, tokens" : part.title,
    contenders: part.contenders.filter(quick),
  }));
  return [...steps, ...trainings].map(({ title, contenders }) => ({
    title,
    async measure({ rounds, seconds }) {
      const results = await measureInTurn(contenders, rounds, seconds);
      expectSameModel(title, results);
      return rowsOf(title, results);
    },
  }));
}

function decompositions(python: string): Work[] {
  return [false, true].flatMap((vectors) =>
    Object.entries(SIZES).filter(([, { M, N }]) => M === N).map(([name, size]): Work => {
      const title = `${vectors ? "U, s, V" : "singular values"}, ${name}`;
      return {
        title,
        measure: async ({ rounds, seconds }) =>
          rowsOf(title, await measureInTurn(svdContenders(size, vectors, python, false), rounds, seconds / 2)),
      };
    })
  );
}

/** Whole processes of the tool. */
const MEASURES: readonly Work[] = Object.entries({
  weight: "measure, one weight of 768 × 3072",
  heads: "measure, 100 checkpoints × 983 040",
}).map(([input, title]) => ({
  title,
  measure: async ({ python, rounds }) => rowsOf(title, await timesOnInput(input, { python, rounds, steps: 100 })),
}));

/** What the process has after each third of its steps and more. */
const MEMORY: Work = {
  title: "resident memory over 10⁶ steps",
  async measure() {
    const { data } = await memorySection();
    const shown = data.filter((_, index) => [0, 2, data.length - 1].includes(index));
    const cell = shown.map(({ step, mebibytes }) =>
      `${mebibytes} MiB after ${step.toExponential(0).replace("e+", "·10^")}`
    );
    return [[MEMORY.title, cell.join(", "), "–", "–", "–"]];
  },
};

/** Gives a new folder, and removes it when the work is done. */
async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await Deno.mkdir("results", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "results", prefix: "bench-" });
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "seconds", "only"],
    default: { python: "python3", rounds: "5", seconds: "0.7", only: "" },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds, --seconds or --only, found ${argument}`);
      Deno.exit(2);
    },
  });
  const effort = { python: String(args.python), rounds: Number(args.rounds), seconds: Number(args.seconds) };
  // Memory comes first: its process is this one, and still small.
  const all = [
    MEMORY,
    ...LINEAR_STEPS,
    ...FIRST_STEPS,
    ...trainingSteps(effort.python),
    ...decompositions(effort.python),
    ...MEASURES,
  ];
  const chosen = all.filter(({ title }) => title.includes(String(args.only)));
  if (!(effort.rounds >= 1) || !(effort.seconds > 0) || chosen.length === 0) {
    const [titles, found] = [all.map(({ title }) => title).join("; "), Deno.args.join(" ")];
    console.error(`error: expected --rounds ≥ 1, --seconds > 0 and --only part of ${titles}, found ${found}`);
    Deno.exit(2);
  }
  const rows: string[][] = [];
  for (const { title, measure } of chosen) {
    console.error(title);
    rows.push(...await measure(effort));
  }
  console.log(`Medians of ${effort.rounds} rounds in turn (smallest – largest): ${WHAT}\n`);
  console.log(table(HEAD, rows));
}

/** What a time is of. */
const WHAT = "a step of one replica, a decomposition of all matrices, a process from start to exit.";

if (import.meta.main) await main();
