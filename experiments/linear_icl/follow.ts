/** Training and integration with their progress shown: every part of the run is followed in the same way. */
import type { LinearIcl, LinearIclReport } from "../../lib/models/linear_icl.ts";
import type { Progress } from "../../lib/run/mod.ts";

/** What a loop reports to, and what ends it early. */
export interface Watch {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const TICKS = 50;

/** Trains and yields the chosen steps, as `model.train` does; progress also moves where they lie far apart. Throws once aborted. */
export async function* follow(
  model: LinearIcl,
  label: string,
  steps: readonly number[],
  { progress, signal }: Watch,
): AsyncGenerator<LinearIclReport> {
  const last = steps[steps.length - 1];
  const wanted = new Set(steps);
  const ticks = Array.from({ length: TICKS }, (_, tick) => Math.round(last * tick / TICKS));
  progress.start(last, label);
  for await (const report of model.train([...new Set([...ticks, ...steps])].sort((a, b) => a - b), signal)) {
    if (wanted.has(report.step)) yield report;
    await progress.update(report.step, report.loss ? { loss: report.loss[0] } : {});
  }
  progress.stop();
  signal.throwIfAborted();
}

/** Computes something for each item in turn, between which Ctrl-C is heard. Throws once aborted. */
export async function each<T, U>(
  items: readonly T[],
  label: string,
  compute: (item: T) => U,
  { progress, signal }: Watch,
): Promise<U[]> {
  const results: U[] = [];
  progress.start(items.length, label);
  for (const item of items) {
    signal.throwIfAborted();
    results.push(compute(item));
    await progress.update(results.length);
  }
  progress.stop();
  return results;
}
