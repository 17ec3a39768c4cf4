/** Training and integration with their progress shown: every part of the run is followed in the same way. */
import type { Progress } from "../../lib/run/mod.ts";
import type { LinearIclTraining } from "../../lib/train/linear_icl.ts";
import { unionOfSteps } from "../../lib/train/training.ts";

/** What a loop reports to, and what ends it early. */
export interface Watch {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const TICKS = 50;

/** Losses and parameters at a reported step. */
export interface Report {
  readonly step: number;
  readonly loss: Float32Array | null;
  readonly parameters: Float32Array;
}

/** Trains and yields the chosen steps, as `Training.run` does; progress also moves where they lie far apart. Throws once aborted. */
export async function* follow(
  training: LinearIclTraining,
  label: string,
  steps: readonly number[],
  { progress, signal }: Watch,
): AsyncGenerator<Report> {
  const last = steps[steps.length - 1];
  const wanted = new Set(steps);
  const ticks = Array.from({ length: TICKS }, (_, tick) => Math.round(last * tick / TICKS));
  progress.start(last, label);
  const reports = unionOfSteps(ticks, steps);
  for await (const { step, loss, evaluations: { parameters } } of training.run({ reports, signal })) {
    if (wanted.has(step)) yield { step, loss, parameters };
    await progress.update(step, loss ? { loss: loss[0] } : {});
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
