/**
 * How fast is a training step of separate_keys_queries, compared with PyTorch on the same machine?
 *
 * Step     the cpu preset's staircase: five heads, rank 4, D = 4, N = 31, 256 fresh prompts, SGD; R replicas side by side.
 * Fairness PyTorch draws pairs as the definition has it, one replica or all in one graph, or β from its law as we do; contenders
 *          take turns, after a warm-up; medians of rounds, in steps of one replica.
 *
 * `deno run --allow-read --allow-run tests/bench/separate_keys_queries.ts [--python=PATH] [--rounds=5] [--seconds=2]`
 */
import { parseArgs } from "@std/cli/parse-args";
import type { Contender } from "./contender.ts";
import { helpIfAsked } from "./help.ts";
import { formatRate, measureInTurn, median, table } from "./measure.ts";

const here = (file: string) => new URL(file, import.meta.url).pathname;

if (import.meta.main) {
  helpIfAsked(import.meta.url);
  const asked = parseArgs(Deno.args, {
    string: ["python", "rounds", "seconds"],
    default: { python: "python3", rounds: "5", seconds: "2" },
  });
  const python = String(asked.python);
  const sizes = { spectrum: [0.4, 0.3, 0.2, 0.1], context: 31, batch: 256, heads: 5, rank: 4, lr: 1 };
  const ours = (replicas: number): Contender => ({
    name: `icl-lab, R = ${replicas}`,
    command: [Deno.execPath(), "run", here("separate_keys_queries_worker.ts"), JSON.stringify({ ...sizes, replicas })],
  });
  const torch = (way: string, replicas: number): Contender => ({
    name: `PyTorch, ${way.replace("_", ", ")}, R = ${replicas}`,
    command: [
      python,
      here("separate_keys_queries_torch.py"),
      JSON.stringify({ ...sizes, way, replicas, threads: navigator.hardwareConcurrency }),
    ],
  });
  const contenders = [ours(48), torch("eager", 1), torch("batched", 48), torch("batched_statistics", 48), ours(1)];
  const measured = await measureInTurn(contenders, Number(asked.rounds), Number(asked.seconds));
  const [first] = measured.map(({ rates }) => median(rates));
  console.log(table(
    ["", "replica-steps/s", "icl-lab, R = 48, over it"],
    measured.map(({ name, rates, skipped }) =>
      skipped === undefined
        ? [name, formatRate(median(rates)), `${(first / median(rates)).toFixed(2)}×`]
        : [name, `skipped: ${skipped}`, "–"]
    ),
  ));
}
