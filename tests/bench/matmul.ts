/**
 * How fast is the matrix product, kernel by kernel, compared with PyTorch, jax-js and TensorFlow.js on the same machine?
 *
 * Shapes   squares from 64 to 1024; the tall one of an MLP layer (11 520 × 128 · 128 × 512); a batch of 256 times 32³;
 *          then, against PyTorch alone, those of training steps: layers forward (y = x W), their gradients (dx = dy Wᵀ,
 *          dW = xᵀ dy), attention and ensembles.
 * Fairness contenders take turns, after a warm-up; medians of rounds; operands stay where they are; two threads each.
 *
 * `deno task bench-matmul [--python=PATH] [--rounds=5] [--seconds=0.2] [--only=TEXT]`
 */
import { parseArgs } from "@std/cli/parse-args";
import type { MatmulVariant } from "../../kernels/matmul/matmul.ts";
import type { Contender } from "./contender.ts";
import { helpIfAsked } from "./help.ts";
import type { ProductConfig } from "./matmul_worker.ts";
import { formatRate, formatSpread, measureInTurn, median, table } from "./measure.ts";

const product = (R: number, M: number, K: number, N: number, transposed = ""): ProductConfig => ({
  ...{ R, M, K, N },
  transposeA: transposed === "A",
  transposeB: transposed === "B",
});
const square = (side: number) => product(1, side, side, side);

const SHAPES: Readonly<Record<string, ProductConfig>> = {
  "64³": square(64),
  "128³": square(128),
  "256³": square(256),
  "512³": square(512),
  "1024³": square(1024),
  "11520×128×512": product(1, 11_520, 128, 512),
  "256 × 32³": product(256, 32, 32, 32),
};

/** (M × K × N) of layers with `examples` rows, forward and both gradients. */
function layers(examples: number, sizes: readonly (readonly [number, number])[]): [string, ProductConfig][] {
  return sizes.flatMap(([K, N]): [string, ProductConfig][] => [
    [`y = x W, ${examples}×${K}×${N}`, product(1, examples, K, N)],
    [`dx = dy Wᵀ, ${examples}×${N}×${K}`, product(1, examples, N, K, "B")],
    [`dW = xᵀ dy, ${K}×${examples}×${N}`, product(1, K, examples, N, "A")],
  ]);
}

const TRAINING: Readonly<Record<string, ProductConfig>> = Object.fromEntries([
  ...layers(4096, [[64, 64], [64, 256], [256, 64]]),
  ...layers(3830, [[128, 512], [512, 128], [128, 113]]),
  ...layers(11_490, [[128, 384]]),
  ["scores q kᵀ, 256 × 64×16×64", product(256, 64, 16, 64, "B")],
  ["mixture p v, 256 × 64×64×16", product(256, 64, 64, 16)],
  ["scores q kᵀ, 2048 × 32×8×32", product(2048, 32, 8, 32, "B")],
  ["mixture p v, 2048 × 32×32×8", product(2048, 32, 32, 8)],
  ["ensemble y = x W, 8 × 1024×32×32", product(8, 1024, 32, 32)],
  ["ensemble dx = dy Wᵀ, 8 × 1024×32×32", product(8, 1024, 32, 32, "B")],
  ["ensemble dW = xᵀ dy, 8 × 32×1024×32", product(8, 32, 1024, 32, "A")],
]);

/** The naive kernel would take most of the benchmark's time on larger products. */
const NAIVE_GFLOP = 0.1;
const VARIANTS = ["naive", "tiled", "register", "subgroup"] as const;

const gigaflopOf = ({ R, M, K, N }: ProductConfig) => 2e-9 * R * M * K * N;
const here = (file: string) => new URL(file, import.meta.url).pathname;

/** Vector widths of the software driver worth trying on this processor, in bits. */
async function vectorWidths(): Promise<readonly number[]> {
  // Deno itself reads /proc only with every permission.
  const grep = new Deno.Command("grep", { args: ["-qw", "avx512f", "/proc/cpuinfo"], stderr: "null" });
  const { success } = await grep.output().catch(() => ({ success: false }));
  return success ? [256, 512] : [];
}

function ours(shape: ProductConfig, variant?: MatmulVariant, width?: number): Contender {
  const config: ProductConfig = { ...shape, variant };
  const command = [Deno.execPath(), "run", here("matmul_worker.ts"), JSON.stringify(config)];
  const name = `icl-lab, ${variant ?? "by default"}`;
  if (width === undefined) return { name, command };
  // Compiled shaders are cached without regard to the vector width: each width has a cache of its own.
  const cache = `MESA_SHADER_CACHE_DIR=/tmp/icl-lab-bench-mesa-${width}`;
  return { name: `${name}, ${width} bits`, command: ["env", `LP_NATIVE_VECTOR_WIDTH=${width}`, cache, ...command] };
}

function torch(shape: ProductConfig, python: string): Contender {
  const config = { ...shape, threads: navigator.hardwareConcurrency };
  return { name: "PyTorch", command: [python, here("matmul_torch.py"), JSON.stringify(config)] };
}

/** A library in JavaScript, with its own configuration and lock in a folder of its own. */
function scripted(library: string, folder: string, device: "wasm" | "webgpu", shape: ProductConfig): Contender {
  const options = ["--quiet", "--allow-all", "--config", here(`${folder}/deno.json`)];
  const config = JSON.stringify({ ...shape, device });
  return {
    name: `${library}, ${device}`,
    command: [Deno.execPath(), "run", ...options, here(`${folder}/matmul.ts`), config],
  };
}

function byWidth(shape: ProductConfig, widths: readonly number[]): Contender[] {
  return (widths.length > 0 ? widths : [undefined]).map((width) => ours(shape, undefined, width));
}

function contenders(shape: ProductConfig, python: string, widths: readonly number[]): Contender[] {
  return [
    ...VARIANTS.filter((variant) => variant !== "naive" || gigaflopOf(shape) <= NAIVE_GFLOP).map((variant) =>
      ours(shape, variant)
    ),
    ...byWidth(shape, widths),
    torch(shape, python),
    ...(["wasm", "webgpu"] as const).flatMap((device) => [
      scripted("jax-js 0.1.25", "jax_js", device, shape),
      scripted("TensorFlow.js 4.22", "tfjs", device, shape),
    ]),
  ];
}

/** Everybody's GFLOP/s: a row for each contender, a cell for each shape. */
async function measured(
  shapes: readonly (readonly [string, ProductConfig])[],
  takePart: (shape: ProductConfig) => Contender[],
  rounds: number,
  seconds: number,
): Promise<Map<string, Record<string, string>>> {
  const cells = new Map<string, Record<string, string>>();
  for (const [title, shape] of shapes) {
    const gigaflop = gigaflopOf(shape);
    for (const { name, rates, skipped } of await measureInTurn(takePart(shape), rounds, seconds)) {
      const speeds = rates.map((rate) => rate * gigaflop);
      const cell = skipped ? `skipped: ${skipped}` : `${formatRate(median(speeds))} (${formatSpread(speeds)})`;
      cells.set(name, { ...cells.get(name), [title]: cell });
    }
  }
  return cells;
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "seconds", "only"],
    default: { python: "python3", rounds: "5", seconds: "0.2", only: "" },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds, --seconds or --only, found ${argument}`);
      Deno.exit(2);
    },
  });
  const [rounds, seconds] = [Number(args.rounds), Number(args.seconds)];
  const chosen = (shapes: typeof SHAPES) => Object.entries(shapes).filter(([name]) => name.includes(String(args.only)));
  const [compared, training] = [chosen(SHAPES), chosen(TRAINING)];
  if (!(rounds >= 1) || !(seconds > 0) || compared.length + training.length === 0) {
    const names = [...Object.keys(SHAPES), ...Object.keys(TRAINING)].join("; ");
    const found = Deno.args.join(" ");
    console.error(`error: expected --rounds ≥ 1, --seconds > 0 and --only part of ${names}, found ${found}`);
    Deno.exit(2);
  }
  const python = String(args.python);
  const widths = await vectorWidths();
  console.log(`GFLOP/s in single precision, median of ${rounds} rounds (smallest – largest)`);
  if (compared.length > 0) {
    const cells = await measured(compared, (shape) => contenders(shape, python, widths), rounds, seconds);
    const titles = compared.map(([title]) => title);
    const rows = [...cells].map(([name, row]) => [name, ...titles.map((title) => row[title] ?? "–")]);
    console.log(`\n${table(["kernel", ...titles], rows)}`);
  }
  if (training.length > 0) {
    const takePart = (shape: ProductConfig) => [...byWidth(shape, widths), torch(shape, python)];
    const cells = await measured(training, takePart, rounds, seconds);
    const rows = training.map(([title]) => [title, ...[...cells.values()].map((row) => row[title])]);
    console.log(`\n${table(["product of a training step", ...cells.keys()], rows)}`);
  }
}

if (import.meta.main) await main();
