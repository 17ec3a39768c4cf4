/**
 * How long does `deno task measure` take for a training run, compared with the same measures in NumPy?
 *
 * Inputs   heads   100 checkpoints of 983 040 parameters: 4 layers of 15 heads of 64 × 64, in float32, 4 MB each; 12 000
 *                  circuits.
 *          weight  one weight of 768 × 3072 at one step.
 *          gpt2    3 checkpoints of two of GPT-2 small's layers with its embeddings (53 million parameters, 212 MB each).
 * Measures the tool's defaults: spectra, ranks, norms, subspace distance to the last step and overlap with the step before.
 *          The tool also has the nulls, and writes its log, figures and change points.
 * Fairness whole processes from start to exit, in turn; NumPy calls LAPACK on batches, in float32, with its threads and with
 *          one. Ratios are round by round, to the faster NumPy of the round.
 *
 * `deno task bench-measure [--python=PATH] [--rounds=1] [--steps=100] [--only=heads,weight,gpt2]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { writeSafetensors } from "../../lib/checkpoint/mod.ts";
import { normals } from "../../lib/random/random.ts";
import { helpIfAsked } from "./help.ts";
import { formatSpread, type Measured, median, table, timesThePeers } from "./measure.ts";

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

/** One weight of a multi-layer perceptron. */
function writeWeight(folder: string): void {
  const data = Float32Array.from(normals({ seed: 0, key: "bench weight" }, 768 * 3072));
  writeSafetensors(`${folder}/step-0.safetensors`, [{ name: "mlp.W_in", shape: [768, 3072], data }], {});
}

/** Two layers of GPT-2 small with its embeddings, which drift a little. */
function writeGpt2(folder: string): void {
  const shapes: Record<string, readonly number[]> = { "wte.weight": [50257, 768], "wpe.weight": [1024, 768] };
  for (const layer of [0, 1]) {
    shapes[`h.${layer}.attn.c_attn.weight`] = [768, 2304];
    shapes[`h.${layer}.attn.c_proj.weight`] = [768, 768];
    shapes[`h.${layer}.mlp.c_fc.weight`] = [768, 3072];
    shapes[`h.${layer}.mlp.c_proj.weight`] = [3072, 768];
  }
  // A long stretch of random numbers, from which each weight takes its own.
  const noise = Float32Array.from(normals({ seed: 0, key: "bench gpt2" }, 1 << 22));
  for (const step of [0, 1, 2]) {
    const tensors = Object.entries(shapes).map(([name, [rows, columns]], index) => ({
      name,
      shape: [rows, columns],
      data: Float32Array.from({ length: rows * columns }, (_, at) => {
        const own = noise[(at + 7919 * index) % noise.length];
        return 0.02 * own + 0.004 * step * noise[(3 * at + 104729 * index) % noise.length];
      }),
    }));
    writeSafetensors(`${folder}/step-${step}.safetensors`, tensors, {});
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

/** Writes the checkpoints of an input, whose number is for `heads` to choose. */
const INPUTS: Readonly<Record<string, (folder: string, steps: number) => void>> = {
  heads: writeCheckpoints,
  weight: writeWeight,
  gpt2: writeGpt2,
};

/** Times the tool and NumPy on an input, in turn: whole processes a second, of which a failed one leaves no rate. */
export async function timesOnInput(
  input: string,
  { python, rounds, steps }: { readonly python: string; readonly rounds: number; readonly steps: number },
): Promise<Measured[]> {
  Deno.mkdirSync("results", { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: "results", prefix: "bench-" });
  try {
    Deno.mkdirSync(`${folder}/run`);
    INPUTS[input](`${folder}/run`, steps);
    if (input === "gpt2") Deno.writeTextFileSync(`${folder}/run/config.json`, '{"model_type":"gpt2","n_head":12}');
    const tool = (round: number) => {
      const permissions = ["--allow-read", `--allow-write=${folder}`];
      const args = [`${folder}/run`, "--step-pattern=step-(\\d+)", "--quiet", `--out=${folder}/out${round}`];
      return timed(Deno.execPath(), ["run", ...permissions, here("../../lib/tools/measure/main.ts"), ...args]);
    };
    const numpy = (env = {}) => timed(python, [here("measure_tool_numpy.py"), `${folder}/run`], env);
    const contenders: Record<string, (round: number) => Promise<number | string>> = {
      "icl-lab, whole tool": tool,
      "NumPy, measures alone": () => numpy(),
      // Threads of BLAS hinder each other on small matrices, and where other programs run.
      "NumPy, one thread": () => numpy({ OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" }),
    };
    const results = Object.keys(contenders).map((name) => ({ name, rates: [] as number[], skipped: "" }));
    for (let round = 0; round < rounds; round++) {
      for (const result of results) {
        if (result.skipped) continue;
        const time = await contenders[result.name](round);
        if (typeof time === "number") result.rates.push(1 / time);
        else result.skipped = time;
      }
    }
    return results.map(({ name, rates, skipped }) => skipped ? { name, rates: [], skipped } : { name, rates });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "steps", "only"],
    default: { python: "python3", rounds: "1", steps: "100", only: "heads,weight,gpt2" },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds, --steps or --only, found ${argument}`);
      Deno.exit(2);
    },
  });
  const [rounds, steps] = [Number(args.rounds), Number(args.steps)];
  const chosen = String(args.only).split(",");
  if (!(rounds >= 1) || !(steps >= 1) || chosen.some((name) => !Object.hasOwn(INPUTS, name))) {
    console.error(
      `error: expected --rounds and --steps ≥ 1, and --only of ${Object.keys(INPUTS)}, found ${Deno.args.join(" ")}`,
    );
    Deno.exit(2);
  }
  const rows: string[][] = [];
  for (const input of chosen) {
    const [own, ...peers] = await timesOnInput(input, { python: String(args.python), rounds, steps });
    const ratios = timesThePeers(own, peers);
    for (const { name, rates, skipped } of [own, ...peers]) {
      const seconds = rates.map((rate) => 1 / rate);
      const time = skipped ? `skipped: ${skipped}` : `${median(seconds).toFixed(1)} s (${formatSpread(seconds)})`;
      const ratio = name === own.name && ratios.length > 0
        ? `${median(ratios).toPrecision(2)}× (${formatSpread(ratios)})`
        : "";
      rows.push([input, name, time, ratio]);
    }
  }
  console.log(table(["input", "", "from start to exit", "to the faster NumPy"], rows));
}

if (import.meta.main) await main();
