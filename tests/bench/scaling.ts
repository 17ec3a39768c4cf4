/** How the speed grows with the number of replicas, dimensions and tokens. */
import { ours, STEP } from "./contenders.ts";
import type { Effort, Section } from "./linear_icl.ts";
import { formatRate, measureInTurn, median, table } from "./measure.ts";

const SAMPLERS = ["tokens", "statistics"] as const;

/** Axis, its values, and for which of them tokens are drawn. */
const AXES = [
  { axis: "R", title: "replicas R", values: [1, 2, 4, 8, 16, 32, 64], tokensUpTo: 64 },
  { axis: "d", title: "dimensions d", values: [2, 4, 8, 12, 16, 32], tokensUpTo: 32 },
  { axis: "N", title: "tokens N", values: [8, 32, 128, 1000, 1_000_000], tokensUpTo: 1000 },
] as const;

/** One table per axis; everything else is as in the comparison. */
export async function* scalingSections(effort: Effort): AsyncGenerator<Section> {
  const short = { rounds: Math.min(3, effort.rounds), seconds: effort.seconds / 2 };
  for (const { axis, title, values, tokensUpTo } of AXES) {
    const cells = values.flatMap((value) =>
      SAMPLERS.filter((sampler) => sampler === "statistics" || value <= tokensUpTo).map((sampler) => ({
        value,
        sampler,
      }))
    );
    // A step of many replicas, dimensions or tokens takes longer, but trains no better for it: η = 0 keeps it finite.
    const results = await measureInTurn(
      cells.map(({ value, sampler }) =>
        ours(`${axis} = ${value}, ${sampler}`, { ...STEP, lr: 0, tasks: "commuting", sampler, [axis]: value })
      ),
      short.rounds,
      short.seconds,
    );
    const rate = (value: number, sampler: string) => {
      const rates = results[cells.findIndex((cell) => cell.value === value && cell.sampler === sampler)]?.rates ?? [];
      return rates.length === 0 ? "–" : formatRate(median(rates));
    };
    yield {
      title: `Growth with ${title}`,
      markdown: table(
        [axis, ...SAMPLERS.map((sampler) => `replica-steps/s, ${sampler}`)],
        values.map((value) => [formatRate(value), ...SAMPLERS.map((sampler) => rate(value, sampler))]),
      ),
      data: results,
    };
  }
}
