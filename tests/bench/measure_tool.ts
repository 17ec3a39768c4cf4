/**
 * How long does `deno task measure` take for a training run, compared with the same measures in NumPy?
 *
 * Input    100 checkpoints of 983 040 parameters: 4 layers of 15 heads of 64 × 64, in float32, 4 MB each.
 * Measures the tool's defaults for QK and OV of every head: spectra, ranks, norms, subspace distance to the last step and
 *          overlap with the step before; 12 000 circuits. The tool also writes its log, figures and change points.
 * Fairness whole processes from start to exit, in turn; NumPy calls LAPACK on batches, in float32, with its threads and with one.
 * Bar      60 s on two cores.
 *
 * `deno task bench-measure [--python=PATH] [--rounds=1] [--steps=100]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { writeSafetensors } from "../../lib/checkpoint/mod.ts";
import { normals } from "../../lib/random/random.ts";
import { helpIfAsked } from "./help.ts";
import { formatSpread, median, table } from "./measure.ts";

const [LAYERS, HEADS, WIDTH] = [4, 15, 64];
const here = (file: string) => new URL(file, import.meta.url).pathname;

/** Weights that turn from one random matrix towards another of low rank, so that ranks and subspaces change. */
function writeCheckpoints(folder: string, steps: number): void {
  const size = HEADS * WIDTH * WIDTH;
  const names = ["W_Q", "W_K", "W_V", "W_O"];
  const weights = Array.from({ length: LAYERS * names.length }, (_, index) => {
    const draw = (what: string, count: number) => normals({ seed: index, key: `bench ${what}` }, count);
    const [left, right] = [draw("left", HEADS * WIDTH * 4), draw("right", HEADS * WIDTH * 4)];
    const target = new Float64Array(size);
    for (let h = 0; h < HEADS; h++) {
      for (let i = 0; i < WIDTH; i++) {
        for (let j = 0; j < WIDTH; j++) {
          let sum = 0;
          for (let k = 0; k < 4; k++) sum += left[(h * WIDTH + i) * 4 + k] * right[(h * WIDTH + j) * 4 + k];
          target[(h * WIDTH + i) * WIDTH + j] = sum / WIDTH;
        }
      }
    }
    return { start: draw("start", size), target };
  });
  for (let step = 0; step < steps; step++) {
    const share = step / Math.max(1, steps - 1);
    const tensors = weights.map(({ start, target }, index) => ({
      name: `blocks.${Math.floor(index / names.length)}.attn.${names[index % names.length]}`,
      shape: [HEADS, WIDTH, WIDTH],
      data: Float32Array.from(start, (value, at) => (1 - share) * value / 8 + share * target[at] + 0.01 * value),
    }));
    writeSafetensors(`${folder}/step-${String(step).padStart(4, "0")}.safetensors`, tensors, {});
  }
}

/** Seconds that a program runs; what it said, if it failed. */
async function timed(program: string, args: readonly string[], env = {}): Promise<number | string> {
  const start = performance.now();
  try {
    const { success, stderr } = await new Deno.Command(program, {
      args: [...args],
      env,
      stdout: "null",
      stderr: "piped",
    }).output();
    const seconds = (performance.now() - start) / 1000;
    return success ? seconds : new TextDecoder().decode(stderr).trim().split("\n").at(-1) ?? "failed";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `${program} not found`;
    throw error;
  }
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "steps"],
    default: { python: "python3", rounds: "1", steps: "100" },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds or --steps, found ${argument}`);
      Deno.exit(2);
    },
  });
  const [rounds, steps] = [Number(args.rounds), Number(args.steps)];
  if (!(rounds >= 1) || !(steps >= 1)) {
    console.error(`error: expected --rounds and --steps ≥ 1, found ${Deno.args.join(" ")}`);
    Deno.exit(2);
  }
  const folder = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${folder}/run`);
    writeCheckpoints(`${folder}/run`, steps);
    const tool = here("../../lib/tools/measure/main.ts");
    const numpy = [here("measure_tool_numpy.py"), `${folder}/run`];
    const contenders: Record<string, (round: number) => Promise<number | string>> = {
      "icl-lab, whole tool": (round) => {
        const permissions = ["--allow-read", `--allow-write=${folder}`];
        const args = [`${folder}/run`, "--quiet", `--out=${folder}/out${round}`];
        return timed(Deno.execPath(), ["run", ...permissions, tool, ...args]);
      },
      "NumPy, measures alone": () => timed(String(args.python), numpy),
      // Threads of BLAS hinder each other on matrices this small.
      "NumPy, one thread": () => timed(String(args.python), numpy, { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" }),
    };
    const results = new Map(Object.keys(contenders).map((name) => [name, [] as (number | string)[]]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of Object.entries(contenders)) results.get(name)!.push(await run(round));
    }
    const circuits = steps * LAYERS * HEADS * 2;
    const rows = [...results].map(([name, all]) => {
      const seconds = all.filter((value) => typeof value === "number");
      if (seconds.length === 0) return [name, `skipped: ${all[0]}`, ""];
      const spread = `${median(seconds).toFixed(1)} s (${formatSpread(seconds)})`;
      return [name, spread, `${(1000 * median(seconds) / circuits).toFixed(2)} ms`];
    });
    console.log(`${steps} checkpoints of ${LAYERS * HEADS * 4 * WIDTH * WIDTH} parameters, ${circuits} circuits\n`);
    console.log(table(["", "from start to exit", "a circuit"], rows));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
