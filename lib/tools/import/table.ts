/**
 * A table that another program wrote, read by DuckDB: CSV, NDJSON or Parquet.
 *
 * @module
 */
import { DuckDBInstance } from "@duckdb/node-api";
import { extname } from "@std/path";
import { UserError } from "../../io/errors.ts";
import { isNumeric } from "../query/cells.ts";

/** A column of a table. */
export interface TableColumn {
  /** Its name. */
  readonly name: string;
  /** Kind of its cells; `other` is for those that no log can have: times, lists, truth values. */
  readonly kind: "number" | "text" | "other";
}

/** A cell: numbers of any width as JavaScript has them. */
export type TableCell = number | string | null;

/** A table with its rows in memory. */
export interface Table {
  /** Columns in their order. */
  readonly columns: readonly TableColumn[];
  /** Rows in the order of the file; one cell a column. */
  readonly rows: readonly (readonly TableCell[])[];
}

const READERS: Readonly<Record<string, string>> = {
  ".csv": "read_csv($1, sample_size = -1)",
  ".tsv": "read_csv($1, sample_size = -1)",
  ".ndjson": "read_ndjson($1, sample_size = -1)",
  ".jsonl": "read_ndjson($1, sample_size = -1)",
  ".parquet": "read_parquet($1)",
};

/**
 * Reads a table.
 *
 * @param path File whose name ends in .csv, .tsv, .ndjson, .jsonl or .parquet.
 * @returns Its columns and rows.
 * @throws {UserError} If it is not there, has another ending, or DuckDB cannot read it.
 */
export async function readTable(path: string): Promise<Table> {
  const reader = READERS[extname(path).toLowerCase()];
  if (reader === undefined) {
    throw new UserError(`expected a file ending in ${Object.keys(READERS).join(", ")}, found ${path}`);
  }
  if (!isFile(path)) throw new UserError(`expected a file, found none at ${path}`);
  if (/[*?[\]]/.test(path)) throw new UserError(`expected a path without * ? [ ], found ${path}`);
  const instance = await DuckDBInstance.create(":memory:", { autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  try {
    const found = await connection.runAndReadAll(`select * from ${reader}`, [path]);
    const types = found.columnTypes().map((type) => type.alias ?? `${type}`);
    const columns = found.columnNames().map((name, index): TableColumn => ({
      name,
      kind: isNumeric(types[index]) ? "number" : types[index] === "VARCHAR" ? "text" : "other",
    }));
    const rows = found.getRowsJS().map((row) =>
      row.map((cell, index): TableCell => {
        if (cell === null || columns[index].kind === "other") return null;
        return columns[index].kind === "number" ? Number(cell) : String(cell);
      })
    );
    return { columns, rows };
  } catch (error) {
    const [head] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new UserError(`cannot read ${path}: DuckDB says: ${head}`, { cause: error });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
