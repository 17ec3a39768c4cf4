/** Replica-steps per second of all contenders, side by side. */
import type { Contender } from "./contender.ts";
import { STEP } from "./contenders.ts";
import type { Effort, Section } from "./linear_icl.ts";
import { formatRate, formatSpread, type Measured, measureInTurn, median, table } from "./measure.ts";

/** Remedy where a contender is missing. */
const NEEDS: Readonly<Record<string, string>> = {
  PyTorch: "install it (pip install torch) and name its interpreter with --python=PATH",
  "jax-js": "its npm package must be reachable once",
};

/**
 * Times the contenders in turn.
 *
 * @param tasks Law of the tasks.
 * @param contenders Who takes part.
 * @param effort Rounds and their length.
 */
export async function speedSection(tasks: string, contenders: readonly Contender[], effort: Effort): Promise<Section> {
  const before = load();
  const results = await measureInTurn(contenders, effort.rounds, effort.seconds);
  const best = (pattern: RegExp) =>
    Math.max(...results.filter(({ name, rates }) => pattern.test(name) && rates.length > 0).map(rateOf));
  const [eager, any] = [best(/^PyTorch, eager/), best(/^PyTorch/)];
  const ratio = (rate: number, to: number) =>
    Number.isFinite(to) ? `${(rate / to).toFixed(rate < 10 * to ? 2 : 1)}×` : "–";
  const rows = results.map(({ name, rates, skipped }) => {
    if (rates.length === 0) return [name, `skipped: ${skipped}; ${NEEDS[name.split(",")[0]] ?? ""}`, "", "", ""];
    const rate = median(rates);
    return [name, formatRate(rate), formatSpread(rates), ratio(rate, eager), ratio(rate, any)];
  });
  const { d, N, B } = STEP;
  return {
    title: `One training step, ${tasks} tasks (d = ${d}, N = ${N}, ${B} prompts)`,
    markdown: [
      table(["", "replica-steps/s", "rounds", "to best eager autograd", "to best PyTorch"], rows),
      `\nMedian of ${effort.rounds} rounds of ${effort.seconds} s in turn, ${navigator.hardwareConcurrency} threads; ` +
      `load before and after: ${before} and ${load()} (other programs slow PyTorch most); ${adapterOf(results)}.`,
    ].join("\n"),
    data: results,
  };
}

/** Mean number of running programs over the last minute. */
const load = () => Deno.loadavg()[0].toFixed(1);

const rateOf = ({ rates }: Measured) => median(rates);

/** Adapter that this project's rows ran on. */
export function adapterOf(results: readonly Measured[]): string {
  const adapter = results.map(({ about }) => about?.adapter as { description?: string } | undefined).find(Boolean);
  return `WebGPU adapter: ${adapter?.description ?? "none"}`;
}
