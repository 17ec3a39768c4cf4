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
  const inputs: Record<string, (folder: string) => void> = {
    heads: (folder) => writeCheckpoints(folder, steps),
    weight: writeWeight,
    gpt2: writeGpt2,
  };
  const chosen = String(args.only).split(",");
  if (!(rounds >= 1) || !(steps >= 1) || chosen.some((name) => !Object.hasOwn(inputs, name))) {
    console.error(
      `error: expected --rounds and --steps ≥ 1, and --only of ${Object.keys(inputs)}, found ${Deno.args.join(" ")}`,
    );
    Deno.exit(2);
  }
  const tool = here("../../lib/tools/measure/main.ts");
  const rows: string[][] = [];
  for (const name of chosen) {
    const folder = Deno.makeTempDirSync();
    try {
      Deno.mkdirSync(`${folder}/run`);
      inputs[name](`${folder}/run`);
      if (name === "gpt2") Deno.writeTextFileSync(`${folder}/run/config.json`, '{"model_type":"gpt2","n_head":12}');
      const numpy = [here("measure_tool_numpy.py"), `${folder}/run`];
      const contenders: Record<string, (round: number) => Promise<number | string>> = {
        "icl-lab, whole tool": (round) => {
          const permissions = ["--allow-read", `--allow-write=${folder}`];
          const args = [`${folder}/run`, "--step-pattern=step-(\\d+)", "--quiet", `--out=${folder}/out${round}`];
          return timed(Deno.execPath(), ["run", ...permissions, tool, ...args]);
        },
        "NumPy, measures alone": () => timed(String(args.python), numpy),
        // Threads of BLAS hinder each other on small matrices, and where other programs run.
        "NumPy, one thread": () =>
          timed(String(args.python), numpy, { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" }),
      };
      const results = new Map(Object.keys(contenders).map((name) => [name, [] as (number | string)[]]));
      for (let round = 0; round < rounds; round++) {
        for (const [name, run] of Object.entries(contenders)) results.get(name)!.push(await run(round));
      }
      const [own, ...peers] = [...results.values()];
      const ratios = own.flatMap((value, round) => {
        const best = Math.min(...peers.map((peer) => peer[round]).filter((time) => typeof time === "number"));
        return typeof value === "number" && Number.isFinite(best) ? [value / best] : [];
      });
      for (const [contender, all] of results) {
        const seconds = all.filter((value) => typeof value === "number");
        const time = seconds.length === 0
          ? `skipped: ${all[0]}`
          : `${median(seconds).toFixed(1)} s (${formatSpread(seconds)})`;
        const ratio = all === own && ratios.length > 0
          ? `${median(ratios).toPrecision(2)}× (${formatSpread(ratios)})`
          : "";
        rows.push([name, contender, time, ratio]);
      }
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  }
  console.log(table(["input", "", "from start to exit", "to the faster NumPy"], rows));
}

if (import.meta.main) await main();
