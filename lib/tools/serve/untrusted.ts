/**
 * Values of unknown origin, read as what they should be.
 *
 * @module
 */
import { type Column, type Columns, type ColumnTable, type ColumnType, standardColumns } from "../../run/columns.ts";

const TYPES: readonly string[] = ["int", "float", "text", "bool"];

/** The value where it is an object, else an empty one. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Readonly<Record<string, unknown>>
    : {};
}

/** The value where it is text, cut to what a page can show, else nothing. */
export function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 4000) : "";
}

/** The value where it is a finite number. */
export function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The value as the columns of a log, those that every log has declared or not; what is no type is text. */
export function columnTable(value: unknown): ColumnTable {
  const columns = (kind: unknown): Columns =>
    Object.fromEntries(
      Object.entries(record(kind)).map(([name, column]): [string, Column] => {
        const { type, unit, meaning } = record(column);
        return [name, {
          type: TYPES.includes(text(type)) ? type as ColumnType : "text",
          unit: text(unit),
          meaning: text(meaning),
        }];
      }),
    );
  const declared = Object.entries(record(value)).slice(0, 100).map(([kind, of]) => [kind, columns(of)]);
  return { ...standardColumns, ...Object.fromEntries(declared) };
}
