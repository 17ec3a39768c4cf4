/**
 * How fast is a training step of each experiment's cpu preset, compared with PyTorch eager on the same machine?
 *
 * Steps    those of ten experiments at the sizes of their cpu presets: one layer and decoder of nonlinear_generalisation, co_occurrence,
 *          one layer of gd_in_context, the staircase of separate_keys_queries, attention_convergence, von Mises–Fisher latents and
 *          free rows of identifiability, and the main models of transience, beyond_the_training_range, algorithm_selection (encoder
 *          and decoder), tasks_and_transfer and representations. Data are drawn within the step on both sides.
 * Sides    here, all replicas of the preset side by side; PyTorch eager with as many replicas along a leading axis of one graph, and with
 *          one, as a plain script has it.
 * Fairness both sides train as many parameters, which is checked; contenders take turns, after a warm-up; medians of rounds, in steps of one replica; a ratio is that of one round, here over
 *          PyTorch, its median and spread over rounds. Without PyTorch its side is skipped, and the table says so.
 *
 * `deno task bench-experiments [--python=PATH] [--rounds=5] [--seconds=2] [--only=TEXT]`
 */
import { parseArgs } from "@std/cli/parse-args";
import type { Contender } from "./contender.ts";
import { STEPS } from "./experiment_steps.ts";
import { helpIfAsked } from "./help.ts";
import { formatRate, formatSpread, type Measured, measureInTurn, median, table } from "./measure.ts";
import type { ExperimentStep } from "./preset_sizes.ts";

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** A step here and in PyTorch, there with as many replicas in one graph and with one. */
export function contenders({ name, replicas, sizes, formula = name }: ExperimentStep, python: string): Contender[] {
  const threads = navigator.hardwareConcurrency;
  const torch = (R: number): Contender => ({
    name: `PyTorch eager, R = ${R}`,
    command: [python, here("experiments_torch.py"), JSON.stringify({ step: formula, replicas: R, sizes, threads })],
  });
  const ours = {
    name: `icl-lab, R = ${replicas}`,
    command: [Deno.execPath(), "run", here("experiments_worker.ts"), JSON.stringify({ step: name, replicas })],
  };
  return [ours, ...new Set([replicas, 1]).keys().map(torch)];
}

/** Refuses to compare models of different sizes. */
export function expectSameModel(name: string, results: readonly Measured[]): void {
  const counts = results.flatMap(({ about }) => about === undefined ? [] : [Number(about.parameters)]);
  if (new Set(counts).size <= 1) return;
  throw new Error(`${name}: expected as many parameters of a replica on both sides, found ${counts.join(" and ")}`);
}

/** Median and spread over rounds of how many times faster the first contender is. */
function ratio(first: Measured, other: Measured): string {
  if (first === other || first.rates.length === 0) return "–";
  const ratios = other.rates.map((rate, round) => first.rates[round] / rate);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map((value) => value.toPrecision(2));
  return `${median(ratios).toPrecision(2)}× (${low} – ${high})`;
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const asked = parseArgs(Deno.args, {
    string: ["python", "rounds", "seconds", "only"],
    default: { python: "python3", rounds: "5", seconds: "2", only: "" },
    unknown: (argument) => {
      console.error(`error: expected --python, --rounds, --seconds or --only, found ${argument}`);
      Deno.exit(2);
    },
  });
  const [rounds, seconds] = [Number(asked.rounds), Number(asked.seconds)];
  const chosen = STEPS.filter(({ name }) => name.includes(String(asked.only)));
  if (!(rounds >= 1) || !(seconds > 0) || chosen.length === 0) {
    const names = STEPS.map(({ name }) => name).join("; ");
    const found = Deno.args.join(" ");
    console.error(`error: expected --rounds ≥ 1, --seconds > 0 and --only part of ${names}, found ${found}`);
    Deno.exit(2);
  }
  const rows: string[][] = [];
  for (const step of chosen) {
    const results = await measureInTurn(contenders(step, String(asked.python)), rounds, seconds);
    expectSameModel(step.name, results);
    for (const one of results) {
      const { name, rates, skipped } = one;
      rows.push(
        skipped === undefined
          ? [step.name, name, `${formatRate(median(rates))} (${formatSpread(rates)})`, ratio(results[0], one)]
          : [step.name, name, `skipped: ${skipped}`, "–"],
      );
    }
  }
  console.log(`Medians of ${rounds} rounds in turn (smallest – largest).\n`);
  console.log(table(["experiment", "side", "replica-steps/s", "icl-lab over it"], rows));
}

if (import.meta.main) await main();
