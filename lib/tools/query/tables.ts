/**
 * Which tables the logs of some runs make, and with which columns, as their manifests declare them.
 *
 * @module
 */
import { type Columns, type ColumnTable, type ColumnType, standardColumns } from "../../run/columns.ts";

/** Columns that every table begins with: they say which run a row belongs to. */
export const RUN_COLUMNS = ["experiment", "run", "preset"] as const;

/** Type of a column in DuckDB. */
export type SqlType = "BIGINT" | "DOUBLE" | "VARCHAR" | "BOOLEAN";

/** Types by name of column, beside {@linkcode RUN_COLUMNS}. */
export type TableColumns = ReadonlyMap<string, SqlType>;

const SQL_TYPE: Readonly<Record<ColumnType, SqlType>> = {
  int: "BIGINT",
  float: "DOUBLE",
  text: "VARCHAR",
  bool: "BOOLEAN",
};

/** Kinds of row whose table has a plural name. */
const PLURAL: Readonly<Record<string, string>> = {
  run: "runs_log",
  runs: "runs_log",
  measure: "measures",
  theory: "theories",
  claim: "claims",
  criterion: "criteria",
  rival: "rivals",
};

/** Tables that are there even where no run has logged such a row, so that a question can be asked of no runs. */
const ALWAYS: ColumnTable = standardColumns;

/**
 * Table that rows of a kind go to.
 *
 * @param kind Kind of row, as in the log.
 * @returns Its name: the kind, but `measures`, `theories`, `claims`, `criteria`, `rivals`, and `runs_log` for a kind whose
 *   name the manifests' table has.
 */
export function tableOf(kind: string): string {
  const name = kind.toLowerCase();
  return Object.hasOwn(PLURAL, name) ? PLURAL[name] : kind;
}

/**
 * Name of a log's column in its table.
 *
 * @param column Name in the log.
 * @returns The same, with `log_` before a name that says which run a row belongs to.
 */
export function columnOf(column: string): string {
  return (RUN_COLUMNS as readonly string[]).includes(column.toLowerCase()) ? `log_${column}` : column;
}

/** Type of a column in DuckDB; a type that no log has is read as text. */
export function sqlType(type: string): SqlType {
  return Object.hasOwn(SQL_TYPE, type) ? SQL_TYPE[type as ColumnType] : "VARCHAR";
}

/**
 * Tables that hold the rows of all logs: a column of two types is `DOUBLE` where both are numbers and `VARCHAR`
 * otherwise; names are told apart without regard to case, as SQL does.
 *
 * @param logs Columns by kind of row, of every log.
 * @returns Columns by name of table.
 *
 * @example
 * ```ts
 * import { tablesOf } from "./tables.ts";
 * import { float, int } from "../../run/columns.ts";
 *
 * const tables = tablesOf([{ train: { x: int("", "") } }, { train: { x: float("", ""), y: int("", "") } }]);
 * const types = [...tables.get("train")!].join();
 * if (types !== "x,DOUBLE,y,BIGINT") throw new Error(types);
 * ```
 */
export function tablesOf(logs: readonly ColumnTable[]): ReadonlyMap<string, TableColumns> {
  const tables = new Map<string, Map<string, SqlType>>();
  const add = (kind: string, columns: Columns) => {
    const wanted = tableOf(kind);
    const name = sameName(tables, wanted) ?? wanted;
    const table = tables.get(name) ?? new Map<string, SqlType>();
    tables.set(name, table);
    for (const [column, { type }] of Object.entries(columns)) {
      const key = sameName(table, columnOf(column)) ?? columnOf(column);
      table.set(key, joined(table.get(key), sqlType(type)));
    }
  };
  for (const log of logs) Object.entries(log).forEach(([kind, columns]) => add(kind, columns));
  for (const [kind, columns] of Object.entries(ALWAYS)) {
    if (sameName(tables, tableOf(kind)) === undefined) add(kind, columns);
  }
  return tables;
}

function sameName(names: ReadonlyMap<string, unknown>, wanted: string): string | undefined {
  if (names.has(wanted)) return wanted;
  return [...names.keys()].find((name) => name.toLowerCase() === wanted.toLowerCase());
}

function joined(before: SqlType | undefined, type: SqlType): SqlType {
  if (before === undefined || before === type) return type;
  const numbers = [before, type].every((each) => each === "BIGINT" || each === "DOUBLE");
  return numbers ? "DOUBLE" : "VARCHAR";
}
