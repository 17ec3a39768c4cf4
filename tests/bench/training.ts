/**
 * How fast is a training step of a transformer, compared with PyTorch on the same machine?
 *
 * Grokking modular addition of Nanda et al. (2301.05217): p = 113, 3 830 examples, width 128, 4 heads, perceptron 512, AdamW;
 *          both sides compute queries, perceptron and logits of the last position only, but for "everywhere".
 * Decoder  4 layers, width 64, 4 heads, perceptron 256, vocabulary 256, T = 64, batch 64, everything switched on, AdamW.
 * Ensemble 8 replicas of a 2-layer attention-only decoder, width 32, 2 heads, vocabulary 64, T = 32, batch 32, AdamW; PyTorch as a
 *          loop over replicas and as one vmap. Also the cost of a replica at R = 1, 4, 16, 64.
 * Fairness contenders take turns, after a warm-up; medians of rounds; batches stay where they are; losses stay on the device.
 *
 * `deno task bench-training [--python=PATH] [--rounds=5] [--seconds=2] [--only=TEXT] [--device=cpu|cuda]`
 */
import { parseArgs } from "@std/cli/parse-args";
import type { Contender } from "./contender.ts";
import { helpIfAsked } from "./help.ts";
import { formatRate, formatSpread, type Measured, measureInTurn, median, table } from "./measure.ts";
import type { TrainingConfig } from "./training_worker.ts";

const here = (file: string) => new URL(file, import.meta.url).pathname;

function ours(config: TrainingConfig, name = "icl-lab"): Contender {
  return { name, command: [Deno.execPath(), "run", here("training_worker.ts"), JSON.stringify(config)] };
}

/** Contenders that a table compares. */
export interface Part {
  readonly title: string;
  readonly contenders: readonly Contender[];
}

/** All parts of the benchmark. */
export function parts(python: string, device: string): Part[] {
  const threads = navigator.hardwareConcurrency;
  const torch = (step: string, way: string, R = 1): Contender => ({
    name: `PyTorch, ${way}`,
    command: [python, here("training_torch.py"), JSON.stringify({ step, way, R, threads, device })],
  });
  const ways = device === "cuda" ? ["eager", "compiled", "graphed"] : ["eager", "compiled"];
  const single = (["grokking", "decoder"] as const).map((step) => ({
    title: step,
    contenders: [
      ours({ step, R: 1 }),
      ...ways.map((way) => torch(step, way)),
      ...(step === "grokking" ? [torch(step, "everywhere")] : []),
    ],
  }));
  const ensemble = {
    title: "ensemble of 8",
    contenders: [ours({ step: "ensemble", R: 8 }), torch("ensemble", "loop", 8), torch("ensemble", "vmap", 8)],
  };
  const replicas = {
    title: "replicas",
    contenders: [1, 4, 16, 64].map((R) => ours({ step: "ensemble", R }, `R = ${R}`)),
  };
  return [...single, ensemble, replicas];
}

function row({ name, rates, skipped }: Measured, first: number): string[] {
  if (skipped !== undefined) return [name, `skipped: ${skipped}`, "–", "–"];
  const rate = median(rates);
  const spread = formatSpread(rates.map((value) => 1000 / value));
  return [name, `${formatRate(1000 / rate)} (${spread})`, formatRate(rate), `${(rate / first).toFixed(2)}×`];
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "seconds", "only", "device"],
    default: { python: "python3", rounds: "5", seconds: "2", only: "", device: "cpu" },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds, --seconds, --only or --device, found ${argument}`);
      Deno.exit(2);
    },
  });
  const [rounds, seconds, device] = [Number(args.rounds), Number(args.seconds), String(args.device)];
  const all = parts(String(args.python), device);
  const chosen = all.filter(({ title }) => title.includes(String(args.only)));
  if (!(rounds >= 1) || !(seconds > 0) || chosen.length === 0 || !["cpu", "cuda"].includes(device)) {
    const titles = all.map(({ title }) => title).join(", ");
    console.error(
      `error: expected --rounds ≥ 1, --seconds > 0, --device=cpu or cuda and --only part of ${titles}, found ${
        Deno.args.join(" ")
      }`,
    );
    Deno.exit(2);
  }
  for (const { title, contenders } of chosen) {
    const results = await measureInTurn(contenders, rounds, seconds);
    const base = results.find(({ rates }) => rates.length > 0);
    if (!base) continue;
    console.log(`## ${title}\n\nMedian of ${rounds} rounds (fastest – slowest); speed relative to ${base.name}.\n`);
    const rows = results.map((result) => row(result, median(base.rates)));
    console.log(`${table(["contender", "ms per replica-step", "replica-steps/s", "speed"], rows)}\n`);
  }
}

if (import.meta.main) await main();
