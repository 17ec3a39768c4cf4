/** One line of a log: a row as JSON, checked against its declared columns. */
import { closestString } from "@std/text/closest-string";
import type { Column, Columns, ColumnTable, LogRow } from "./columns.ts";
import { RunError } from "../io/errors.ts";

/**
 * Reads a line.
 *
 * @param line Text of the line.
 * @returns The row; undefined if the line is no JSON object with a kind.
 */
export function parseRow(line: string): LogRow | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "kind" in value ? value as LogRow : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes a row as a line, its columns in the order in which they are declared.
 *
 * @param kind Kind of row, one of the declared ones.
 * @param row Every declared column of that kind.
 * @param table Columns by kind of row.
 * @returns JSON without a newline.
 * @throws {RunError} If a number is not finite.
 * @throws {TypeError} If a column is missing, unknown, nested, or of another type than declared.
 */
export function lineOf(kind: string, row: Readonly<Record<string, unknown>>, table: ColumnTable): string {
  if (!Object.hasOwn(table, kind)) {
    throw new TypeError(
      `expected a declared kind of row, found ${kind}; nearest is ${closestString(kind, Object.keys(table))}`,
    );
  }
  const columns: Columns = table[kind];
  const stray = Object.keys(row).find((name) => !Object.hasOwn(columns, name));
  if (stray !== undefined) {
    const nearest = closestString(stray, Object.keys(columns));
    throw new TypeError(`expected declared columns in ${kind} rows, found ${stray}; nearest is ${nearest}`);
  }
  let line = `{"kind":${JSON.stringify(kind)}`;
  for (const name in columns) {
    if (columns[name].optional && (row[name] ?? null) === null) continue;
    line += `,${JSON.stringify(name)}:${cell(kind, name, columns[name], row)}`;
  }
  return line + "}";
}

function cell(kind: string, name: string, column: Column, row: Readonly<Record<string, unknown>>): string {
  const value = row[name];
  switch (column.type) {
    case "text":
      if (typeof value === "string") return JSON.stringify(value);
      break;
    case "bool":
      if (typeof value === "boolean") return String(value);
      break;
    default:
      if (typeof value !== "number") break;
      if (!Number.isFinite(value)) {
        throw new RunError(
          `expected a finite ${name} in ${kind} rows, found ${value}${position(row)}; the run diverged`,
        );
      }
      if (column.type === "float") return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : `${value}`;
      if (Number.isSafeInteger(value)) return String(value);
  }
  const found = value === undefined ? "nothing" : typeof value === "object" ? "a nested value" : JSON.stringify(value);
  throw new TypeError(`expected column ${name} of ${kind} rows to be ${column.type}, found ${found}`);
}

function position(row: Readonly<Record<string, unknown>>): string {
  const parts = ["step", "replica"].filter((name) => name in row).map((name) => `${name} ${row[name]}`);
  return parts.length === 0 ? "" : ` at ${parts.join(", ")}`;
}
