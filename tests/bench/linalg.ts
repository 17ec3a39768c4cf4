/**
 * How fast is the singular value decomposition, compared with LAPACK and jax-js on the same machine?
 *
 * Sizes    256 matrices of 64 × 64, 32 of 128 × 128, one of 512 × 512; with vectors, and values alone.
 * Fairness contenders take turns, after a warm-up; medians of rounds; matrices stay where they are; single precision.
 *
 * `deno run --allow-read --allow-run tests/bench/linalg.ts [--python=PATH] [--rounds=3] [--seconds=1] [--only=TEXT]`
 */
import { parseArgs } from "@std/cli/parse-args";
import type { Contender } from "./contender.ts";
import { helpIfAsked } from "./help.ts";
import type { SvdConfig } from "./linalg_worker.ts";
import { formatSpread, measureInTurn, median, table } from "./measure.ts";

const SIZES: Readonly<Record<string, Pick<SvdConfig, "B" | "N">>> = {
  "256 × 64²": { B: 256, N: 64 },
  "32 × 128²": { B: 32, N: 128 },
  "512²": { B: 1, N: 512 },
};

const here = (file: string) => new URL(file, import.meta.url).pathname;

function contenders(size: Pick<SvdConfig, "B" | "N">, vectors: boolean, python: string): Contender[] {
  const config: SvdConfig = { ...size, vectors };
  const threads = navigator.hardwareConcurrency;
  const lapack = (name: string, library: string): Contender => ({
    name,
    command: [python, here("linalg_lapack.py"), JSON.stringify({ ...config, library, threads })],
  });
  const jax = (device: string): Contender => {
    const options = ["--quiet", "--allow-all", "--config", here("jax_js/deno.json")];
    const command = [Deno.execPath(), "run", ...options, here("jax_js/linalg.ts"), JSON.stringify({ ...size, device })];
    return { name: `jax-js, ${device}`, command };
  };
  return [
    { name: "icl-lab", command: [Deno.execPath(), "run", here("linalg_worker.ts"), JSON.stringify(config)] },
    lapack("NumPy (OpenBLAS)", "numpy"),
    lapack("PyTorch (MKL)", "torch"),
    // Its values come with vectors.
    ...(vectors ? [jax("wasm"), jax("webgpu")] : []),
  ];
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "seconds", "only"],
    default: { python: "python3", rounds: "3", seconds: "1", only: "" },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds, --seconds or --only, found ${argument}`);
      Deno.exit(2);
    },
  });
  const [rounds, seconds] = [Number(args.rounds), Number(args.seconds)];
  const sizes = Object.entries(SIZES).filter(([name]) => name.includes(String(args.only)));
  if (!(rounds >= 1) || !(seconds > 0) || sizes.length === 0) {
    console.error(
      `error: expected --rounds ≥ 1, --seconds > 0 and --only part of ${Object.keys(SIZES).join(", ")}, found ${
        Deno.args.join(" ")
      }`,
    );
    Deno.exit(2);
  }
  console.log(`Milliseconds for all matrices, single precision, median of ${rounds} rounds (smallest – largest)\n`);
  for (const vectors of [true, false]) {
    const cells = new Map<string, Record<string, string>>();
    for (const [title, size] of sizes) {
      const results = await measureInTurn(contenders(size, vectors, String(args.python)), rounds, seconds);
      for (const { name, rates, skipped } of results) {
        const times = rates.map((rate) => 1000 / rate);
        const cell = skipped ? `skipped: ${skipped}` : `${median(times).toFixed(0)} (${formatSpread(times)})`;
        cells.set(name, { ...cells.get(name), [title]: cell });
      }
    }
    const titles = sizes.map(([title]) => title);
    const rows = [...cells].map(([name, row]) => [name, ...titles.map((title) => row[title] ?? "–")]);
    console.log(`${table([vectors ? "U, s, V" : "s alone", ...titles], rows)}\n`);
  }
}

if (import.meta.main) await main();
