/**
 * How long does softmax attention take, forward and backward, compared with PyTorch on the same machine?
 *
 * Shapes   a layer of a decoder; of an ensemble of 8 small decoders with 2 and 4 heads; the last query of three positions
 *          (grokking); long sequences. R × B sequences of T keys and S queries, H heads of width E; causal where S = T.
 * Fairness contenders take turns, after a warm-up; medians of rounds; operands stay where they are.
 *
 * `deno run --allow-read --allow-run tests/bench/attention.ts [--python=PATH] [--rounds=5] [--seconds=0.2] [--only=TEXT]`
 */
import { parseArgs } from "@std/cli/parse-args";
import type { AttentionConfig } from "./attention_worker.ts";
import type { Contender } from "./contender.ts";
import { helpIfAsked } from "./help.ts";
import { formatRate, formatSpread, measureInTurn, median, table } from "./measure.ts";

const SHAPES: Readonly<Record<string, AttentionConfig>> = {
  "decoder 64 × 64, 4 × 16": { R: 1, B: 64, T: 64, S: 64, H: 4, E: 16 },
  "ensemble 8 × 32 × 32, 2 × 16": { R: 8, B: 32, T: 32, S: 32, H: 2, E: 16 },
  "ensemble 8 × 32 × 32, 4 × 8": { R: 8, B: 32, T: 32, S: 32, H: 4, E: 8 },
  "grokking 3830 × 3, 4 × 32": { R: 1, B: 3830, T: 3, S: 1, H: 4, E: 32 },
  "long 4 × 256, 4 × 32": { R: 1, B: 4, T: 256, S: 256, H: 4, E: 32 },
  "longer 1 × 1024, 4 × 64": { R: 1, B: 1, T: 1024, S: 1024, H: 4, E: 64 },
};

const here = (file: string) => new URL(file, import.meta.url).pathname;

function contenders(shape: AttentionConfig, python: string): Contender[] {
  const config = JSON.stringify({ ...shape, threads: navigator.hardwareConcurrency });
  return [
    { name: "icl-lab", command: [Deno.execPath(), "run", here("attention_worker.ts"), JSON.stringify(shape)] },
    { name: "PyTorch", command: [python, here("attention_torch.py"), config] },
  ];
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
  const shapes = Object.entries(SHAPES).filter(([name]) => name.includes(String(args.only)));
  if (!(rounds >= 1) || !(seconds > 0) || shapes.length === 0) {
    const [names, found] = [Object.keys(SHAPES).join("; "), Deno.args.join(" ")];
    console.error(`error: expected --rounds ≥ 1, --seconds > 0 and --only part of ${names}, found ${found}`);
    Deno.exit(2);
  }
  const rows: string[][] = [];
  for (const [title, shape] of shapes) {
    const results = await measureInTurn(contenders(shape, String(args.python)), rounds, seconds);
    rows.push([
      title,
      ...results.map(({ rates, skipped }) => {
        if (skipped) return `skipped: ${skipped}`;
        const times = rates.map((rate) => 1000 / rate);
        return `${formatRate(median(times))} (${formatSpread(times)})`;
      }),
    ]);
  }
  console.log(`ms forward and backward, median of ${rounds} rounds (smallest – largest)\n`);
  console.log(table(["sequences × keys, heads × width", "icl-lab", "PyTorch"], rows));
}

if (import.meta.main) await main();
