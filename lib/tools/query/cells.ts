/**
 * Cells of an answer as values that JSON has, and as text.
 *
 * @module
 */
import type { Cell } from "./database.ts";

/** Value that JSON can hold. */
export type Json = null | string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/**
 * A cell as JSON: whole numbers that a double cannot hold are text, and so are times (ISO 8601, UTC) and bytes (hexadecimal);
 * what is not finite is null; a column of type JSON is its value.
 *
 * @param cell The cell.
 * @param type Type of its column.
 * @returns A value that `JSON.stringify` writes as it is.
 *
 * @example
 * ```ts
 * import { jsonOf } from "./cells.ts";
 *
 * if (jsonOf(2n ** 60n, "BIGINT") !== "1152921504606846976") throw new Error("digits are lost");
 * ```
 */
export function jsonOf(cell: Cell, type = ""): Json {
  if (typeof cell === "string") return type === "JSON" ? parsed(cell) : cell;
  if (typeof cell === "bigint") return isSafe(cell) ? Number(cell) : String(cell);
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : null;
  if (typeof cell !== "object" || cell === null) return cell ?? null;
  if (cell instanceof Date) return timeOf(cell, type);
  if (cell instanceof Uint8Array) return cell.toHex();
  if (Array.isArray(cell)) return cell.map((each) => jsonOf(each));
  return Object.fromEntries(Object.entries(cell).map(([key, value]) => [key, jsonOf(value)]));
}

/**
 * A cell as text for tables and CSV; nested values as JSON.
 *
 * @param cell The cell.
 * @param type Type of its column.
 * @returns Text, empty for NULL.
 */
export function textOf(cell: Cell, type = ""): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "object" && !(cell instanceof Date) && !(cell instanceof Uint8Array)) {
    return JSON.stringify(jsonOf(cell, type));
  }
  if (typeof cell === "object") return String(jsonOf(cell, type));
  return String(cell);
}

/** Whether a column of this type holds numbers. */
export function isNumeric(type: string): boolean {
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL)\b/.test(type);
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

function timeOf(time: Date, type: string): string {
  const text = time.toISOString();
  return type === "DATE" ? text.slice(0, 10) : text;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
