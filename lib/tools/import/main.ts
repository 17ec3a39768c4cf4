/**
 * `./lab import FILE`: a run folder of a table that another program wrote.
 *
 * @module
 */
import { basename, extname, join } from "@std/path";
import { UserError } from "../../io/errors.ts";
import { standardColumns } from "../../run/columns.ts";
import { LogWriter } from "../../run/log.ts";
import { commandLine, type Manifest, versions, writeManifest } from "../../run/manifest.ts";
import { RunFolder } from "../../run/run_folder.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "../command.ts";
import { type ImportedNumbers, numbersOf } from "./numbers.ts";
import { readTable } from "./table.ts";

/** The command. */
export const command = defineCommand({
  name: "import",
  about: "Makes a run folder of a table that another program wrote, for the page, SQL, figures and reports.",
  options: {
    name: optionalText("NAME", "name of its folder below results; that of the file unless given"),
    step: optionalText("COLUMN", "column of the steps; step unless given"),
    replica: optionalText("COLUMN", "column that tells replicas (seeds) apart; one replica unless given"),
    series: optionalText("COLUMN", "column that tells conditions apart; all rows are of main unless given"),
    out: optionalText("DIR", "the run folder; results/NAME/TIME-imported unless given"),
  },
  operands: {
    name: "FILE",
    help: "a table: .csv, .tsv, .ndjson, .jsonl or .parquet",
    example: "losses.csv --step=epoch",
    least: 1,
    most: 1,
  },
  notes:
    `Every column of numbers becomes a quantity; a text that is the same in all rows becomes an option of the run. Where there
are columns named quantity and value, each row is one number: lib/tools/import/README.md has the format.`,
});

/**
 * Imports a table.
 *
 * @param asked File and columns.
 * @param say Takes lines for the user.
 * @returns Path of the run folder.
 * @throws {UserError} If the table cannot be read or is none of numbers over steps.
 */
export async function importTable(
  { options, operands: [file] }: Asked<typeof command.options>,
  say: (line: string) => void,
): Promise<string> {
  const { name = nameOf(file), step = "step", replica, series, out } = options;
  if (!/^[a-z][\w-]*$/.test(name)) {
    throw new UserError(`expected --name to be a lower-case name of letters, digits, _ and -, found ${name}`);
  }
  const start = new Date();
  const numbers = numbersOf(await readTable(file), {
    step,
    ...(replica !== undefined && { replica }),
    ...(series !== undefined && { series }),
  });
  if (numbers.rows.length === 0) throw new UserError(`expected numbers in ${file}, found none`);
  const run = `${start.toISOString().slice(0, 19).replaceAll(":", "-")}Z-imported`;
  const folder = RunFolder.create(out === undefined ? { experiment: name, run } : { out });
  const log = new LogWriter(join(folder.path, "log.ndjson"), standardColumns);
  for (const row of numbers.rows) log.write("measure", row);
  log.close();
  folder.enter("log.ndjson", "numbers of the table");
  folder.settle();
  writeManifest(folder.path, manifestOf(name, file, start, numbers, folder));
  for (const note of numbers.notes) say(note);
  const quantities = new Set(numbers.rows.map(({ quantity }) => quantity)).size;
  say(
    `run: ${folder.path} (${quantities} quantities, ${numbers.replicas.length} replicas, ${numbers.rows.length} numbers)`,
  );
  return folder.path;
}

/** Name of a file as that of an experiment. */
function nameOf(file: string): string {
  return basename(file, extname(file)).toLowerCase().replaceAll(/[^\w-]+/g, "_").replace(/^[^a-z]+/, "") || "imported";
}

function manifestOf(
  experiment: string,
  file: string,
  start: Date,
  { options, replicas }: ImportedNumbers,
  folder: RunFolder,
): Manifest {
  return {
    experiment,
    question: `Imported from ${basename(file)}.`,
    commandLine: commandLine("lab", ["import", ...Deno.args]),
    preset: "imported",
    configuration: options,
    seeds: replicas.every((label) => Number.isSafeInteger(label))
      ? replicas.map(Number)
      : replicas.map((_, index) => index),
    adapter: null,
    versions: versions(),
    gitCommit: null,
    pid: Deno.pid,
    start: start.toISOString(),
    end: new Date().toISOString(),
    elapsedMs: null,
    status: "complete",
    reason: null,
    resumptions: [],
    verdicts: {},
    files: folder.files,
    columns: standardColumns,
  };
}

if (import.meta.main) {
  await runCommand(command, async (asked) => {
    await importTable(asked, (line) => console.log(line));
  });
}
