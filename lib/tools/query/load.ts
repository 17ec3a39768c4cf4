/**
 * Logs and manifests → tables of a DuckDB in memory.
 *
 * @module
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { join } from "@std/path";
import type { ColumnTable } from "../../run/columns.ts";
import { describeError, RunError } from "../../io/errors.ts";
import { type FoundRun, runNames } from "../../run/find_runs.ts";
import { standing } from "../../run/liveness.ts";
import { brokenLines } from "./broken_lines.ts";
import { columnOf, RUN_COLUMNS, type SqlType, sqlType, tableOf, tablesOf } from "./tables.ts";

/** A log that is read, and the run it belongs to. */
interface Log {
  readonly path: string;
  readonly run: FoundRun;
  readonly name: string;
}

/** What a reader should know that is no error: a line for each. */
export type Warn = (line: string) => void;

/** Name of the table of manifests, with its columns. */
const RUNS: Readonly<Record<string, string>> = {
  experiment: "VARCHAR",
  run: "VARCHAR",
  preset: "VARCHAR",
  status: "VARCHAR",
  reason: "VARCHAR",
  seeds: "BIGINT[]",
  adapter: "VARCHAR",
  software: "BOOLEAN",
  start: "TIMESTAMP",
  "end": "TIMESTAMP",
  elapsedMs: "BIGINT",
  configuration: "JSON",
  reproduced: "BIGINT",
  notReproduced: "BIGINT",
  inconclusive: "BIGINT",
  question: "VARCHAR",
  commandLine: "VARCHAR",
  gitCommit: "VARCHAR",
  versions: "JSON",
  folder: "VARCHAR",
};

/**
 * Makes the tables: `runs` from the manifests (`crashed` where one says `running` and nobody writes), and one for each kind of row from the logs. A row's columns come from the
 * manifest of its run; where runs differ, a column that a run lacks is NULL there,
 * as is a value that is none of its column's type. A torn last line is left out
 * silently; another broken line, or a log that cannot be read, is left out with a warning.
 *
 * @param connection Where to make them; it must be allowed to read the logs.
 * @param runs Runs with distinct folders.
 * @param warn Told of what is left out.
 */
export async function loadRuns(connection: DuckDBConnection, runs: readonly FoundRun[], warn: Warn): Promise<void> {
  const names = runNames(runs);
  await loadManifests(connection, runs, names);
  for (const [table, columns] of tablesOf(runs.map(({ manifest }) => manifest.columns))) {
    const all = [...RUN_COLUMNS.map((name) => [name, "VARCHAR"] as const), ...columns];
    await connection.run(
      `create table ${quoted(table)} (${all.map(([name, type]) => `${quoted(name)} ${type}`).join(", ")})`,
    );
  }
  const logs = runs.map((run, index): Log => ({ path: join(run.folder, "log.ndjson"), run, name: names[index] }));
  const readable = logs.filter(({ path }) => canRead(path, warn));
  const groups = Map.groupBy(readable, ({ run }) => JSON.stringify(run.manifest.columns));
  for (const group of groups.values()) await loadGroup(connection, group, warn);
}

async function loadManifests(
  connection: DuckDBConnection,
  runs: readonly FoundRun[],
  names: readonly string[],
): Promise<void> {
  const rows = runs.map(({ folder, manifest }, index) => ({
    ...manifest,
    ...standing(folder, manifest),
    run: names[index],
    folder,
    adapter: manifest.adapter?.description || manifest.adapter?.device,
    software: manifest.adapter?.software,
    reproduced: manifest.verdicts?.["reproduced"] ?? 0,
    notReproduced: manifest.verdicts?.["not reproduced"] ?? 0,
    inconclusive: manifest.verdicts?.["inconclusive"] ?? 0,
  }));
  const structure = JSON.stringify([RUNS]);
  const columns = Object.entries(RUNS).map(([name, type]) => `row.${quoted(name)}::${type} as ${quoted(name)}`);
  await connection.run(
    `create table runs as select ${columns.join(", ")}
     from (select unnest(from_json($1::JSON, ${literal(structure)})) as row)`,
    [JSON.stringify(rows)],
  );
}

/** Reads logs of the same columns in one go; where that fails, by halves, until the bad log is named and left out. */
async function loadGroup(connection: DuckDBConnection, logs: readonly Log[], warn: Warn): Promise<void> {
  try {
    await connection.run("begin");
    const broken = await readLogs(connection, logs);
    await connection.run("commit");
    for (const path of broken) {
      const lines = await brokenLines(path);
      if (lines.length === 0) continue;
      const others = lines.length === 1 ? "" : ` (and ${lines.length - 1} others there)`;
      warn(`expected a JSON row in line ${lines[0]} of ${path}, found none${others}; left out`);
    }
  } catch (error) {
    await connection.run("rollback");
    if (/^Out of Memory/i.test(describeError(error).line)) throw new RunError(`DuckDB: ${describeError(error).line}`);
    if (logs.length === 1) {
      warn(`expected rows in ${logs[0].path}, found: ${describeError(error).line}; left out`);
      return;
    }
    const middle = logs.length >> 1;
    await loadGroup(connection, logs.slice(0, middle), warn);
    await loadGroup(connection, logs.slice(middle), warn);
  }
}

/** Copies rows to the tables of their kinds; returns the logs with lines that are no rows. */
async function readLogs(connection: DuckDBConnection, logs: readonly Log[]): Promise<string[]> {
  const kinds = logs[0].run.manifest.columns;
  const types = [...new Map([["kind", "VARCHAR"], ...typesOf(kinds)])];
  const columns = types.map(([name, type]) => `${literal(name)}: ${literal(type)}`).join(", ");
  const files = logs.map(({ path }) => literal(path)).join(", ");
  await connection.run(
    `create temp table files as select unnest(from_json($1::JSON, '[{"file":"VARCHAR","experiment":"VARCHAR","run":"VARCHAR","preset":"VARCHAR"}]'), recursive := true)`,
    [JSON.stringify(logs.map(({ path, name, run: { manifest: { experiment, preset } } }) => ({
      file: path,
      experiment,
      run: name,
      preset,
    })))],
  );
  const read = `read_ndjson([${files}], columns = {${columns}}, ignore_errors = true, filename = '${FILE}')`;
  await connection.run(`create temp table lines as select * from ${read}`);
  for (const [kind, own] of Object.entries(kinds)) {
    const cells = Object.keys(own).map((name) => `, l.${quoted(name)} as ${quoted(columnOf(name))}`).join("");
    await connection.run(
      `insert into ${quoted(tableOf(kind))} by name
       select f.experiment, f.run, f.preset${cells} from lines l join files f on l.${quoted(FILE)} = f.file
       where l.kind = ${literal(kind)}`,
    );
  }
  const broken = await connection.runAndReadAll(
    `select distinct ${quoted(FILE)} as file from lines where kind is null order by 1`,
  );
  await connection.run("drop table lines; drop table files");
  return broken.getRowObjectsJson().map(({ file }) => String(file));
}

/** Name of the column that says which file a line is from: one that no log declares. */
const FILE = "file of the line";

function typesOf(kinds: ColumnTable): [string, SqlType][] {
  return Object.values(kinds).flatMap((columns) =>
    Object.entries(columns).map(([name, { type }]): [string, SqlType] => [name, sqlType(type)])
  );
}

/** Whether a log is there as a plain file, by a path that DuckDB takes for no pattern. */
function canRead(path: string, warn: Warn): boolean {
  try {
    const { isFile, size } = Deno.lstatSync(path);
    if (!isFile) warn(`expected ${path} to be a file, found something else; left out`);
    else if (/[*?[\]]/.test(path)) warn(`expected a path without * ? [ ], found ${path}; left out`);
    else return size > 0;
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A name as SQL reads it. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL reads it. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
