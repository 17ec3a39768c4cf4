/**
 * How fast is a training step of identifiability, compared with PyTorch on the same machine?
 *
 * Step     the cpu preset's first training: 256 fresh latents about 100 class vectors in 5 dimensions, mixed by four layers, an
 *          encoder of widths 5, 50, 64, 64, 64, 64, 50, 5 with batch normalisation, cross-entropy, Adam; R replicas side by side.
 * Fairness PyTorch in eager mode as the paper's code has it, one replica a process; latents by the same rejection method;
 *          contenders take turns, after a warm-up; medians of rounds, in steps of one replica.
 *
 * `deno run --allow-read --allow-run tests/bench/identifiability.ts [--python=PATH] [--rounds=5] [--seconds=2]`
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
  const sizes = { widths: [5, 50, 64, 64, 64, 64, 50, 5], classes: 100, batch: 256, concentration: 10, lr: 0.02 };
  const ours = (replicas: number): Contender => ({
    name: `icl-lab, R = ${replicas}`,
    command: [Deno.execPath(), "run", here("identifiability_worker.ts"), JSON.stringify({ ...sizes, replicas })],
  });
  const torch: Contender = {
    name: "PyTorch, eager, R = 1",
    command: [
      String(asked.python),
      here("identifiability_torch.py"),
      JSON.stringify({ ...sizes, threads: navigator.hardwareConcurrency }),
    ],
  };
  const measured = await measureInTurn([ours(48), torch, ours(1)], Number(asked.rounds), Number(asked.seconds));
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
