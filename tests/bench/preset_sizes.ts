/** Sizes of experiments' cpu presets. */
import { parseCommandLine } from "../../lib/run/command_line.ts";
import type { Configuration, Options, Presets } from "../../mod.ts";

/** A training step: what a table calls it, replicas of the cpu preset, and sizes for the side in Python. */
export interface ExperimentStep {
  readonly name: string;
  readonly replicas: number;
  readonly sizes: Readonly<Record<string, unknown>>;
  /** Function of experiments_torch.py that steps of several sizes share; the step's name by default. */
  readonly formula?: string;
}

/** Values of the options that a cpu preset has. */
export function cpu<O extends Options>(
  { options, presets }: { options: O; presets: Presets<O> },
): Configuration<O> {
  return parseCommandLine(["--preset=cpu"], options, presets).configuration;
}

/** Seeds 0, 1, …. */
export const firstSeeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed);
