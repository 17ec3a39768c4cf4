/** Rounds in turn, medians and spreads. */
import { type Contender, ContenderProcess, Unavailable } from "./contender.ts";

/** Result of one contender: steps per second of every round, or why there are none. */
export interface Measured {
  readonly name: string;
  readonly rates: readonly number[];
  readonly skipped?: string;
  readonly about?: Record<string, unknown>;
}

/**
 * Times contenders in turn: one round each, again and again, so that a busy moment of the machine hits all of them.
 *
 * @param contenders What to start; those that cannot start are reported as skipped.
 * @param rounds Number of rounds after a warm-up round, ≥ 1.
 * @param seconds Length of a round.
 * @returns One result per contender, in order.
 */
export async function measureInTurn(
  contenders: readonly Contender[],
  rounds: number,
  seconds: number,
): Promise<Measured[]> {
  const results = new Map<
    Contender,
    { rates: number[]; process?: ContenderProcess; skipped?: string; about?: Record<string, unknown> }
  >();
  for (const contender of contenders) {
    try {
      results.set(contender, { rates: [], ...await ContenderProcess.start(contender) });
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      results.set(contender, { rates: [], skipped: error.message });
    }
  }
  for (let round = 0; round <= rounds; round++) {
    for (const { process, rates } of results.values()) {
      if (!process) continue;
      const { steps, seconds: elapsed } = await process.round(round === 0 ? seconds / 2 : seconds);
      if (round > 0) rates.push(steps / elapsed);
    }
  }
  for (const { process } of results.values()) await process?.close();
  return contenders.map((contender) => {
    const { rates, skipped, about } = results.get(contender)!;
    return { name: contender.name, rates, skipped, about };
  });
}

/**
 * How many times longer than the fastest of its peers something took, round by round.
 *
 * @param own What is compared.
 * @param peers With whom; those that were skipped take no part.
 * @returns A ratio for each round; none without peers.
 */
export function timesThePeers(own: Measured, peers: readonly Measured[]): number[] {
  const present = peers.filter(({ rates }) => rates.length > 0);
  if (present.length === 0) return [];
  return own.rates.map((rate, round) => Math.max(...present.map(({ rates }) => rates[round])) / rate);
}

/** The middle value; the mean of both for an even number of values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A rate with three significant digits and thin thousands, such as `16 300`. */
export function formatRate(rate: number): string {
  return Number(rate.toPrecision(3)).toLocaleString("en").replaceAll(",", " ");
}

/** Smallest and largest rate of the rounds. */
export function formatSpread(rates: readonly number[]): string {
  return `${formatRate(Math.min(...rates))} – ${formatRate(Math.max(...rates))}`;
}

/** A Markdown table whose columns line up in a terminal too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column])].map((cell) => [...cell].length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell + " ".repeat(widths[column] - [...cell].length)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n");
}
