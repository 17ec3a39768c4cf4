/**
 * `./lab query "select …"`: asks the logs of all runs, and prints, writes or draws the answer.
 *
 * @module
 */
import { UserError } from "../../io/errors.ts";
import { findRuns } from "../../run/find_runs.ts";
import { type Asked, runCommand } from "../command.ts";
import { command, type Query, queryOf } from "./command_line.ts";
import { type Answer, RunDatabase } from "./database.ts";
import { csvOf, jsonArrayOf, ndjsonOf } from "./formats.ts";
import { Output, outputFiles } from "./output.ts";
import { plotOf } from "./plot.ts";
import { tableOf } from "./table.ts";

/** Rows that a terminal is shown; a file or a pipe gets all. */
const SHOWN = 200;

async function query(given: Asked<typeof command.options>): Promise<void> {
  const asked = queryOf(given);
  const sql = asked.sql === "-" ? await new Response(Deno.stdin.readable).text() : asked.sql;
  const runs = foundRuns(asked);
  const output = new Output(asked);
  const warn = (line: string) => console.error(`warning: ${line}`);
  try {
    using database = await RunDatabase.open(runs, warn, output.scratch);
    if (asked.format === "parquet") await database.writeParquet(sql, output.scratch!);
    else if (asked.plot === undefined) await print(await database.ask(sql), asked, output);
    else {
      const { columns, rows } = await database.ask(sql);
      await output.figure(plotOf(asked.plot, columns, (await Array.fromAsync(rows)).flat()));
    }
    output.finish();
  } finally {
    output.discard();
  }
  if (asked.out !== undefined) console.error(`written: ${outputFiles(asked).join(", ")}`);
}

function foundRuns({ folders }: Query) {
  const found = folders.map((folder) => {
    if (folder !== "results" && !isFolder(folder)) throw new UserError(`expected a folder, found none at ${folder}`);
    return findRuns(folder);
  });
  found.flatMap(({ warnings }) => warnings).forEach((line) => console.error(`warning: ${line}; left out`));
  const byFolder = new Map(found.flatMap(({ runs }) => runs).map((run) => [Deno.realPathSync(run.folder), run]));
  return [...byFolder.values()];
}

async function print(answer: Answer, { format }: Query, output: Output): Promise<void> {
  if (format !== "table") {
    const parts = format === "csv" ? csvOf(answer) : format === "json" ? jsonArrayOf(answer) : ndjsonOf(answer);
    for await (const part of parts) output.write(part);
    return;
  }
  const rows = (await Array.fromAsync(answer.rows)).flat();
  // A plan is a drawing of its own.
  if (answer.columns.length === 2 && answer.columns[1].name === "explain_value") {
    return output.write(rows.map(([, plan]) => `${plan}\n`).join(""));
  }
  const terminal = output.isTerminal;
  const style = terminal ? { width: Deno.consoleSize().columns, colour: !Deno.noColor } : {};
  output.write(tableOf(answer.columns, terminal ? rows.slice(0, SHOWN) : rows, style) + "\n");
  if (terminal && rows.length > SHOWN) {
    output.write(`… ${rows.length - SHOWN} more rows; --format=csv prints them all\n`);
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) await runCommand(command, query);
