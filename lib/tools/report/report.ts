/**
 * `./lab report RUN…`: one offline HTML page of runs, to be shown to somebody.
 *
 * @module
 */
import { join } from "@std/path";
import { writeAtomically } from "../../io/atomic.ts";
import { UserError } from "../../io/errors.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "../command.ts";
import { gatherRun } from "./gather.ts";
import { reportPage } from "./report_page.ts";

/** The command. */
export const command = defineCommand({
  name: "report",
  about: "Writes one self-contained HTML page of runs: figures, claims, method, configuration, how to make them again.",
  options: {
    out: optionalText("FILE", "the page; report.html in the first run's folder unless given"),
  },
  operands: {
    name: "RUN…",
    help: "run folder (results/NAME/RUN) or entry of the gallery; several are shown one after the other, compared",
    example: "results/NAME/RUN",
    least: 1,
  },
});

/**
 * Writes a report.
 *
 * @param asked Folders of the runs, and the file.
 * @returns A line for the user.
 * @throws {UserError} If a folder holds no run.
 */
export async function report({ options, operands: folders }: Asked<typeof command.options>): Promise<string> {
  for (const folder of folders) {
    if (!isFolder(folder)) throw new UserError(`expected a run folder, found none at ${folder}`);
  }
  const { out = join(folders[0], "report.html") } = options;
  const bytes = writeAtomically(out, await reportPage(await Promise.all(folders.map(gatherRun))));
  return `report: ${out} (${(bytes / 1e6).toFixed(1)} MB, opens anywhere without a network)`;
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
