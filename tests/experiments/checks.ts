/** Checks that every experiment is held to: what its log gives, what its presets are, and what it refuses. */
import { assert, assertEquals } from "@std/assert";
import { type Claim, judgeClaims } from "../../lib/claims/mod.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf, type Experiment } from "../../lib/run/experiment.ts";
import { readLog } from "../../lib/run/log.ts";
import type { ColumnTable } from "../../lib/run/columns.ts";
import type { Options } from "../../lib/run/option.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { denoArgs, finished, inFolder } from "../run/subprocess.ts";

/**
 * Fails unless the log of a trial alone gives the claims that the run wrote.
 *
 * @param folder The run's folder.
 * @param claims Claims under its options.
 * @returns The numbers that the log holds.
 */
export async function claimsFromLog(folder: string, claims: readonly Claim<Measurements>[]): Promise<Measurements> {
  const measured = await Measurements.from(readLog(`${folder}/log.ndjson`));
  assertEquals(judgeClaims(claims, measured, true), JSON.parse(Deno.readTextFileSync(`${folder}/claims.json`)));
  return measured;
}

/** Fails unless an experiment accepts each of its presets, and every claim under it has a criterion. */
export function assertPresets<O extends Options, C extends ColumnTable>(experiment: Experiment<O, C>): void {
  for (const preset of Object.keys(experiment.presets)) {
    const { configuration } = parseCommandLine([`--preset=${preset}`], experiment.options, experiment.presets);
    experiment.check?.(configuration, []);
    assert(claimsOf(experiment, configuration).every(({ criterion }) => criterion.length > 0));
  }
}

/**
 * Fails unless a program refuses options with the words expected.
 *
 * @param program File of the experiment.
 * @param options Options that it accepts.
 * @param cases Further options, and a part of what is said about them.
 */
export function assertRefused(
  program: string,
  options: readonly string[],
  cases: readonly (readonly [readonly string[], string])[],
): Promise<void> {
  return inFolder(async (root) => {
    for (const [further, expected] of cases) {
      const args = denoArgs([...options, ...further, "--out=results/x"], undefined, program);
      const { code, stderr } = await finished(Deno.execPath(), args, root);
      assert(code !== 0 && stderr.includes(expected), stderr);
    }
  });
}
