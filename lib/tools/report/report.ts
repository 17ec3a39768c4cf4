/**
 * `./lab report RUN…`: one offline HTML page of runs, to be shown to somebody.
 *
 * @module
 */
import { join } from "@std/path";
import { writeAtomically } from "../../io/atomic.ts";
import { UserError } from "../../io/errors.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "../command.ts";
import { claimsOverCells } from "../serve/shown_sweep.ts";
import { cellRuns, judgeSweep } from "../sweep/gather.ts";
import { readSweep, sweepFolder } from "../sweep/sweep_file.ts";
import { gatherRun } from "./gather.ts";
import { reportPage } from "./report_page.ts";

/** The command. */
export const command = defineCommand({
  name: "report",
  about: "Writes one self-contained HTML page of runs: figures, claims, method, configuration, how to make them again.",
  options: {
    out: optionalText("FILE", "the page; report.html in the first run's folder, or in that of the sweep, unless given"),
    sweep: optionalText("NAME", "a sweep, all complete runs of which are shown, cell by cell"),
  },
  operands: {
    name: "RUN…",
    help: "run folder (results/NAME/RUN) or entry of the gallery; several are shown one after the other, compared",
    example: "results/NAME/RUN",
  },
});

/**
 * Writes a report.
 *
 * @param asked Folders of the runs, and the file.
 * @returns A line for the user.
 * @throws {UserError} If a folder holds no run.
 */
export async function report({ options, operands }: Asked<typeof command.options>): Promise<string> {
  const sweep = options.sweep === undefined ? undefined : sweepFolder(options.sweep);
  if ((sweep === undefined) === (operands.length === 0)) {
    const found = sweep === undefined ? "none" : "both";
    throw new UserError(`expected RUN…, as in: ./lab report results/NAME/RUN, or --sweep=NAME; found ${found}`);
  }
  const folders = sweep === undefined ? operands : runsOfSweep(sweep);
  for (const folder of folders) {
    if (!isFolder(folder)) throw new UserError(`expected a run folder, found none at ${folder}`);
  }
  const { out = join(sweep ?? folders[0], "report.html") } = options;
  const claims = sweep === undefined ? [] : claimsOverCells(await judgeSweep(sweep));
  const bytes = writeAtomically(out, await reportPage(await Promise.all(folders.map(gatherRun)), claims));
  return `report: ${out} (${(bytes / 1e6).toFixed(1)} MB, opens anywhere without a network)`;
}

function runsOfSweep(folder: string): string[] {
  const complete = cellRuns(folder, readSweep(folder)).flatMap(({ runs }) => runs.filter((run) => run.complete));
  if (complete.length === 0) throw new UserError(`expected complete runs of the sweep in ${folder}, found none`);
  return complete.map((run) => run.folder);
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) await runCommand(command, async (asked) => console.log(await report(asked)));
