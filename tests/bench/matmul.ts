/**
 * How fast is the matrix product, kernel by kernel, compared with PyTorch on the same machine?
 *
 * Shapes   squares from 64 to 1024; the tall one of an MLP layer (11 520 × 128 · 128 × 512); a batch of 256 times 32³.
 * Fairness contenders take turns, after a warm-up; medians of rounds; operands stay where they are.
 *
 * `deno task bench-matmul [--python=PATH] [--rounds=5] [--seconds=0.2] [--only=TEXT]`
 */
import { parseArgs } from "@std/cli/parse-args";
import type { MatmulVariant } from "../../kernels/matmul.ts";
import type { Contender } from "./contender.ts";
import type { ProductConfig } from "./matmul_worker.ts";
import { formatRate, formatSpread, measureInTurn, median, table } from "./measure.ts";

const square = (side: number): ProductConfig => ({ R: 1, M: side, K: side, N: side });
const SHAPES: Readonly<Record<string, ProductConfig>> = {
  "64³": square(64),
  "128³": square(128),
  "256³": square(256),
  "512³": square(512),
  "1024³": square(1024),
  "11520×128×512": { R: 1, M: 11_520, K: 128, N: 512 },
  "256 × 32³": { R: 256, M: 32, K: 32, N: 32 },
};

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

function contenders(shape: ProductConfig, python: string, widths: readonly number[]): Contender[] {
  const config = { ...shape, threads: navigator.hardwareConcurrency };
  return [
    ...VARIANTS.filter((variant) => variant !== "naive" || gigaflopOf(shape) <= NAIVE_GFLOP).map((variant) =>
      ours(shape, variant)
    ),
    ...(widths.length > 0 ? widths : [undefined]).map((width) => ours(shape, undefined, width)),
    { name: "PyTorch", command: [python, here("matmul_torch.py"), JSON.stringify(config)] },
  ];
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "seconds", "only"],
    default: { python: "python3", rounds: "5", seconds: "0.2", only: "" },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds, --seconds or --only, found ${argument}`);
      Deno.exit(2);
    },
  });
  const [rounds, seconds] = [Number(args.rounds), Number(args.seconds)];
  const shapes = Object.entries(SHAPES).filter(([name]) => name.includes(String(args.only)));
  if (!(rounds >= 1) || !(seconds > 0) || shapes.length === 0) {
    console.error(
      `error: expected --rounds ≥ 1, --seconds > 0 and --only part of ${Object.keys(SHAPES).join(", ")}, found ${
        Deno.args.join(" ")
      }`,
    );
    Deno.exit(2);
  }
  const cells = new Map<string, Record<string, string>>();
  const vectors = await vectorWidths();
  for (const [title, shape] of shapes) {
    const gigaflop = gigaflopOf(shape);
    for (
      const { name, rates, skipped } of await measureInTurn(
        contenders(shape, String(args.python), vectors),
        rounds,
        seconds,
      )
    ) {
      const speeds = rates.map((rate) => rate * gigaflop);
      const cell = skipped ? `skipped: ${skipped}` : `${formatRate(median(speeds))} (${formatSpread(speeds)})`;
      cells.set(name, { ...cells.get(name), [title]: cell });
    }
  }
  console.log(`GFLOP/s in single precision, median of ${rounds} rounds (smallest – largest)\n`);
  const titles = shapes.map(([title]) => title);
  const rows = [...cells].map(([name, row]) => [name, ...titles.map((title) => row[title] ?? "–")]);
  console.log(table(["kernel", ...titles], rows));
}

if (import.meta.main) await main();
