/**
 * Options of experiments that can be resumed.
 *
 * @module
 */
import type { Option } from "./option.ts";
import { integer, integerOr } from "./options.ts";

/** When a run saves checkpoints, and which it keeps. */
export interface CheckpointConfiguration {
  /** Steps between checkpoints; 0 for none. */
  readonly "checkpoint-every": number;
  /** How many checkpoints are kept, the newest ones. */
  readonly "checkpoint-keep": number | "all";
}

/** Whether an experiment saves checkpoints: `true` for one every 1000 steps, or how many steps lie between them. */
export type Resumable = true | { readonly every: number };

/**
 * Steps between checkpoints where nobody says.
 *
 * @param resumable As an experiment declares it.
 * @returns Steps; `null` for an experiment without checkpoints.
 */
export function everyOf(resumable: Resumable | undefined): number | null {
  if (resumable === undefined) return null;
  return resumable === true ? 1000 : resumable.every;
}

/**
 * Options that every resumable experiment has beside its own and the common ones.
 *
 * @param every Steps between checkpoints where nobody says.
 * @returns The options.
 */
export function checkpointOptions(
  every: number,
): { readonly [K in keyof CheckpointConfiguration]: Option<CheckpointConfiguration[K]> } {
  return {
    "checkpoint-every": integer(every, { min: 0, help: "steps between checkpoints, 0 for none" }),
    "checkpoint-keep": integerOr("all", { word: "all", min: 1, help: "newest checkpoints to keep" }),
  };
}
