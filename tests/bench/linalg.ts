/**
 * How fast is the singular value decomposition, compared with LAPACK (and jax-js) on the same machine?
 *
 * Sizes    256 matrices of 64 × 64, 32 of 128 × 128, one of 512 × 512, one of 768 × 3072; with vectors, and values alone.
 * Ways     the kernels, on the adapter that is there; and float64 on the CPU, which the tools take where that adapter is
 *          software. Of 768 × 3072 the kernels need minutes there, and are left out.
 * Fairness contenders take turns, after a warm-up; medians of rounds; matrices stay where they are; single precision but for
 *          this project's on the CPU. Ratios are round by round, to the faster LAPACK of the round.
 *
 * `deno task bench-linalg [--python=PATH] [--rounds=3] [--seconds=1] [--only=TEXT] [--jax]`
 */
import { parseArgs } from "@std/cli/parse-args";
import type { Contender } from "./contender.ts";
import { helpIfAsked } from "./help.ts";
import type { SvdConfig } from "./linalg_worker.ts";
import { formatSpread, type Measured, measureInTurn, median, table, timesThePeers } from "./measure.ts";

type Size = Pick<SvdConfig, "B" | "M" | "N">;

/** Matrices that are decomposed, by name. */
export const SIZES: Readonly<Record<string, Size>> = {
  "256 × 64²": { B: 256, M: 64, N: 64 },
  "32 × 128²": { B: 32, M: 128, N: 128 },
  "512²": { B: 1, M: 512, N: 512 },
  "768 × 3072": { B: 1, M: 768, N: 3072 },
};

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** Ways to decompose matrices: this project's, LAPACK's, and those of jax-js if asked for. */
export function contenders(size: Size, vectors: boolean, python: string, withJax: boolean): Contender[] {
  const config = { ...size, vectors };
  const own = (name: string, where: SvdConfig["where"]): Contender => {
    const worker = [here("linalg_worker.ts"), JSON.stringify({ ...config, where } satisfies SvdConfig)];
    return { name: `icl-lab, ${name}`, command: [Deno.execPath(), "run", ...worker] };
  };
  const lapack = (name: string, library: string, threads = navigator.hardwareConcurrency): Contender => ({
    name,
    command: [python, here("linalg_lapack.py"), JSON.stringify({ ...config, library, threads })],
  });
  const jax = (device: string): Contender => {
    const options = ["--quiet", "--allow-all", "--config", here("jax_js/deno.json")];
    const square = JSON.stringify({ B: size.B, N: size.N, device });
    return {
      name: `jax-js, ${device}`,
      command: [Deno.execPath(), "run", ...options, here("jax_js/linalg.ts"), square],
    };
  };
  const square = size.M === size.N;
  return [
    own("on the CPU", "cpu"),
    ...(square ? [own("kernels", "kernels")] : []),
    lapack("NumPy (OpenBLAS)", "numpy"),
    // Threads of BLAS hinder each other on small matrices, and where other programs run.
    lapack("NumPy, one thread", "numpy", 1),
    lapack("PyTorch (MKL)", "torch"),
    // Its values come with vectors.
    ...(vectors && square && withJax ? [jax("wasm"), jax("webgpu")] : []),
  ];
}

/** Time, and its ratio to the faster LAPACK's in the same round. */
function cellOf(result: Measured, results: readonly Measured[]): string {
  const { name, rates, skipped } = result;
  if (skipped) return `skipped: ${skipped}`;
  const time = (1000 / median(rates)).toPrecision(3);
  const ratios = timesThePeers(result, results.filter((other) => /NumPy|PyTorch/.test(other.name)));
  if (ratios.length === 0 || !name.startsWith("icl-lab")) return time;
  return `${time} = ${median(ratios).toPrecision(2)}× (${formatSpread(ratios)})`;
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "seconds", "only"],
    boolean: ["jax"],
    default: { python: "python3", rounds: "3", seconds: "1", only: "", jax: false },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds, --seconds, --only or --jax, found ${argument}`);
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
  console.log(
    `Milliseconds for all matrices, median of ${rounds} rounds; × the faster LAPACK's, median of ratios (smallest – largest)\n`,
  );
  for (const vectors of [true, false]) {
    const cells = new Map<string, Record<string, string>>();
    for (const [title, size] of sizes) {
      const results = await measureInTurn(
        contenders(size, vectors, String(args.python), args.jax === true),
        rounds,
        seconds,
      );
      for (const result of results) {
        cells.set(result.name, { ...cells.get(result.name), [title]: cellOf(result, results) });
      }
    }
    const titles = sizes.map(([title]) => title);
    const rows = [...cells].map(([name, row]) => [name, ...titles.map((title) => row[title] ?? "–")]);
    console.log(`${table([vectors ? "U, s, V" : "s alone", ...titles], rows)}\n`);
  }
}

if (import.meta.main) await main();
