/**
 * Logs and manifests → tables of a DuckDB in memory.
 *
 * @module
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { join } from "@std/path";
import { type Columns, standardColumns } from "../../run/columns.ts";
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

/** Receiver of remarks that are no errors: a line for each. */
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
  trial: "BIGINT",
  question: "VARCHAR",
  commandLine: "VARCHAR",
  gitCommit: "VARCHAR",
  codeHash: "VARCHAR",
  sweep: "VARCHAR",
  versions: "JSON",
  folder: "VARCHAR",
};

/**
 * Makes the tables: `runs` from the manifests (`crashed` where one says `running` and nobody writes), and one for each
 * kind of row from the logs. A row's columns come from the manifest of its run; where runs differ, a column that a run
 * lacks is NULL there. A value that is none of its column's type is NULL too, with a warning. A torn last line is left out
 * silently; another broken line, or a log that cannot be read, is left out with a warning.
 *
 * @param connection Where to make them; it must be allowed to read the logs.
 * @param found Runs with distinct folders.
 * @param warn Told of what is left out.
 */
export async function loadRuns(connection: DuckDBConnection, found: readonly FoundRun[], warn: Warn): Promise<void> {
  // Rows that every log has need no declaration.
  const runs = found.map(({ folder, manifest }): FoundRun => ({
    folder,
    manifest: { ...manifest, columns: { ...standardColumns, ...manifest.columns } },
  }));
  const names = runNames(runs);
  await loadManifests(connection, runs, names);
  await loadSweeps(connection, runs, names);
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
    sweep: manifest.sweep?.name,
    reproduced: manifest.verdicts?.["reproduced"] ?? 0,
    notReproduced: manifest.verdicts?.["not reproduced"] ?? 0,
    inconclusive: manifest.verdicts?.["inconclusive"] ?? 0,
    trial: manifest.verdicts?.["trial"] ?? 0,
  }));
  const structure = JSON.stringify([RUNS]);
  const columns = Object.entries(RUNS).map(([name, type]) => `row.${quoted(name)}::${type} as ${quoted(name)}`);
  await connection.run(
    `create table runs as select ${columns.join(", ")}
     from (select unnest(from_json($1::JSON, ${literal(structure)})) as row)`,
    [JSON.stringify(rows)],
  );
}

/** Makes the table `sweeps`: a row for each run of a sweep, with the options that sweeps give several values as columns. */
async function loadSweeps(
  connection: DuckDBConnection,
  runs: readonly FoundRun[],
  names: readonly string[],
): Promise<void> {
  const own = [...RUN_COLUMNS, "sweep", "seeds"];
  const ofSweeps = runs.flatMap(({ manifest }, index) => manifest.sweep ? [{ manifest, run: names[index] }] : []);
  const options = [...new Set(ofSweeps.flatMap(({ manifest }) => manifest.sweep!.options ?? []))];
  const typeOf = (option: string): SqlType => {
    const values = ofSweeps.map(({ manifest }) => manifest.configuration[option]).filter((value) => value != null);
    return values.every((value) => typeof value === "number")
      ? values.every(Number.isSafeInteger) ? "BIGINT" : "DOUBLE"
      : values.every((value) => typeof value === "boolean")
      ? "BOOLEAN"
      : "VARCHAR";
  };
  const columns: [key: string, name: string, type: string][] = [
    ...own.map((name): [string, string, string] => [name, name, name === "seeds" ? "BIGINT[]" : "VARCHAR"]),
    ...options.map((option, index): [string, string, string] => [
      `o${index}`,
      own.includes(option.toLowerCase()) ? `option_${option}` : option,
      typeOf(option),
    ]),
  ];
  const rows = ofSweeps.map(({ manifest: { experiment, preset, sweep, seeds, configuration }, run }) => ({
    ...{ experiment, run, preset, sweep: sweep!.name, seeds },
    ...Object.fromEntries(options.map((option, index) => {
      const value = configuration[option] ?? null;
      return [`o${index}`, Array.isArray(value) ? value.join(",") : value];
    })),
  }));
  const structure = JSON.stringify([Object.fromEntries(columns.map(([key, , type]) => [key, type]))]);
  await connection.run(
    `create table sweeps as select ${columns.map(([key, name]) => `row.${quoted(key)} as ${quoted(name)}`).join(", ")}
     from (select unnest(from_json($1::JSON, ${literal(structure)})) as row)`,
    [JSON.stringify(rows)],
  );
}

/** Reads logs of the same columns in one go; where that fails, by halves, until the bad log is named and left out. */
async function loadGroup(connection: DuckDBConnection, logs: readonly Log[], warn: Warn): Promise<void> {
  try {
    await connection.run("begin");
    const { broken, lost } = await readLogs(connection, logs);
    await connection.run("commit");
    lost.forEach(warn);
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

/** Copies rows to the tables of their kinds; returns the logs with lines that are no rows, and warnings of lost values. */
async function readLogs(
  connection: DuckDBConnection,
  logs: readonly Log[],
): Promise<{ broken: string[]; lost: string[] }> {
  const kinds = logs[0].run.manifest.columns;
  const names = new Set(["kind", ...Object.values(kinds).flatMap((columns) => Object.keys(columns))]);
  // As JSON first: a reader that is told the types makes 1 of true and 900004 of 900003.6.
  const columns = [...names].map((name) => `${literal(name)}: 'JSON'`).join(", ");
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
  const lost: string[] = [];
  for (const [kind, own] of Object.entries(kinds)) {
    const names = Object.keys(own);
    const cells = names.map((name, index) => {
      const [cell, value] = [`l.${quoted(name)}`, typed(`l.${quoted(name)}`, sqlType(own[name].type))];
      return `, ${value} as c${index}, if(c${index} is null and ${cell} is not null and json_type(${cell}) <> 'NULL', ${cell}, null) as bad${index}`;
    });
    await connection.run(
      `create temp table cells as select ${quoted(FILE)} as file${cells.join("")} from lines l
       where l.kind->>'$' = ${literal(kind)}`,
    );
    const copied = names.map((name, index) => `, c${index} as ${quoted(columnOf(name))}`).join("");
    await connection.run(
      `insert into ${quoted(tableOf(kind))} by name
       select f.experiment, f.run, f.preset${copied} from cells join files f using (file)`,
    );
    lost.push(...await lostValues(connection, kind, own));
    await connection.run("drop table cells");
  }
  const broken = await connection.runAndReadAll(
    `select distinct ${quoted(FILE)} as file from lines where json_type(kind) is distinct from 'VARCHAR' order by 1`,
  );
  await connection.run("drop table lines; drop table files");
  return { broken: broken.getRowObjectsJson().map(({ file }) => String(file)), lost };
}

/** A cell of a line as a value of a column's type; NULL where it is none. A whole number may be written as 3.0. */
function typed(cell: string, type: SqlType): string {
  const whole = `${cell}::DOUBLE = trunc(${cell}::DOUBLE)`;
  switch (type) {
    case "BIGINT":
      return `case when json_type(${cell}) in (${INTEGERS}) then try_cast(${cell}->>'$' as BIGINT)
        when json_type(${cell}) = 'DOUBLE' and ${whole} then try_cast(${cell}::DOUBLE as BIGINT) end`;
    case "DOUBLE":
      return `case when json_type(${cell}) in (${INTEGERS}, 'DOUBLE') then try_cast(${cell}->>'$' as DOUBLE) end`;
    case "BOOLEAN":
      return `case when json_type(${cell}) = 'BOOLEAN' then ${cell}::BOOLEAN end`;
    case "VARCHAR":
      return `case when json_type(${cell}) = 'VARCHAR' then ${cell}->>'$' end`;
  }
}

const INTEGERS = "'BIGINT', 'UBIGINT', 'HUGEINT'";
const WORDS: Readonly<Record<SqlType, string>> = {
  BIGINT: "whole numbers",
  DOUBLE: "numbers",
  BOOLEAN: "true or false",
  VARCHAR: "text",
};

/** A warning for each column that holds what is none of its type. */
async function lostValues(connection: DuckDBConnection, kind: string, own: Columns): Promise<string[]> {
  const names = Object.keys(own);
  if (names.length === 0) return [];
  const counts = names.map((_, index) =>
    `count(bad${index}) as n${index}, any_value(bad${index}) as v${index},
     any_value(file) filter (bad${index} is not null) as f${index}`
  );
  const found = await connection.runAndReadAll(`select ${counts.join(", ")} from cells`);
  const row = found.getRowObjectsJson()[0];
  return names.flatMap((name, index) => {
    const [count, value, file] = ["n", "v", "f"].map((letter) => row[`${letter}${index}`]);
    if (Number(count) === 0) return [];
    const others = Number(count) === 1 ? "" : ` (and ${Number(count) - 1} others)`;
    const type = WORDS[sqlType(own[name].type)];
    return [
      `expected ${type} as ${name} of ${kind} rows, found ${
        String(value).slice(0, 40)
      } in ${file}${others}; NULL there`,
    ];
  });
}

/** Name of the column that says which file a line is from: one that no log declares. */
const FILE = "file of the line";

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
