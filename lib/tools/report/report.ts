/**
 * `deno task report RUN…`: one offline HTML page of runs, to be shown to somebody.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { closestString } from "@std/text/closest-string";
import { writeAtomically } from "../../io/atomic.ts";
import { reportError, UserError } from "../../io/errors.ts";
import { gatherRun } from "./gather.ts";
import { reportPage } from "./report_page.ts";

const HELP =
  `Writes one self-contained HTML page of runs: figures, claims, method, configuration, how to make them again.

  deno task report RUN… [--out=FILE]

  RUN           run folder (results/NAME/RUN) or entry of the gallery; several are shown one after the other, compared
  --out=FILE    the page; outside of results needs permission to write [report.html in the first run's folder]
  --help        this text`;

/**
 * Writes a report.
 *
 * @param args Arguments of the command.
 * @returns Lines for the user.
 * @throws {UserError} For an unknown option, no run, or a folder without one.
 */
export async function report(args: readonly string[]): Promise<string[]> {
  const parsed = parseArgs(args, {
    string: ["out", "_"],
    boolean: ["help"],
    alias: { help: "h" },
    unknown: (arg, key) => {
      if (key === undefined) return true;
      throw new UserError(
        `unknown option ${arg.split("=")[0]}; did you mean --${closestString(key, ["out", "help"])}?`,
      );
    },
  });
  if (parsed.help === true) return [HELP];
  const folders = parsed._.map(String);
  if (folders.length === 0) {
    throw new UserError("expected one or more run folders, as in: deno task report results/NAME/RUN");
  }
  if (parsed.out === "") throw new UserError("expected a value after --out, found none (write --out=FILE)");
  for (const folder of folders) {
    if (!isFolder(folder)) throw new UserError(`expected a run folder, found none at ${folder}`);
  }
  const out = String(parsed.out ?? join(folders[0], "report.html"));
  const bytes = writeAtomically(out, await reportPage(await Promise.all(folders.map(gatherRun))));
  return [`report: ${out} (${(bytes / 1e6).toFixed(1)} MB, opens anywhere without a network)`];
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  try {
    for (const line of await report(Deno.args)) console.log(line);
  } catch (error) {
    Deno.exit(reportError(error));
  }
}
