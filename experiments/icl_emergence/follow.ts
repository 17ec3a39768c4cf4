/** Progress of the ensembles, each with a bar of its own. */
import type { Progress } from "../../lib/run/mod.ts";

/** What training reports to, and what ends it early. */
export interface Watch {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Starts a bar.
 *
 * @param watch Where it is shown.
 * @param label What is trained.
 * @param last Step at which it is full.
 * @param first Step at which it starts.
 * @returns Moves the bar to a step; the last one closes it.
 */
export function openProgress(
  { progress }: Watch,
  label: string,
  last: number,
  first = 0,
): (step: number, loss?: number) => Promise<void> {
  progress.start(last, label, first);
  return async (step, loss) => {
    await progress.update(step, loss === undefined ? {} : { loss });
    if (step === last) progress.stop();
  };
}
