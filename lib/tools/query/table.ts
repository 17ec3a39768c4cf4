/**
 * An answer as an aligned table for a terminal.
 *
 * @module
 */
import { bold } from "@std/fmt/colors";
import { isNumeric, textOf } from "./cells.ts";
import type { AnswerColumn, Cell } from "./database.ts";

/** How a table is printed. */
export interface TableStyle {
  /** Columns of the terminal; without it nothing is cut. */
  readonly width?: number;
  /** Whether to paint the head. */
  readonly colour?: boolean;
}

const GAP = "  ";
/** A column is not cut below this many characters. */
const NARROWEST = 8;

/**
 * Rows under their columns' names: numbers to the right, with six significant digits; what does not fit the width is
 * cut, the widest column first. Where the narrowest columns do not fit either, each row is a block of lines, a name and its
 * value in each.
 *
 * @param columns Names and types.
 * @param rows One cell a column.
 * @param style Width and colour.
 * @returns Lines joined by newlines.
 *
 * @example
 * ```ts
 * import { tableOf } from "./table.ts";
 *
 * const columns = [{ name: "run", type: "VARCHAR" }, { name: "loss", type: "DOUBLE" }];
 * const table = tableOf(columns, [["a", 0.1234567], ["long", 2]]);
 * if (table !== "run       loss\na     0.123457\nlong         2") throw new Error(table);
 * ```
 */
export function tableOf(
  columns: readonly AnswerColumn[],
  rows: readonly (readonly Cell[])[],
  { width = Infinity, colour = false }: TableStyle = {},
): string {
  const cells = rows.map((row) => row.map((cell, index) => shown(cell, columns[index].type)));
  const names = columns.map(({ name }) => printable(name));
  const wanted = names.map((name, index) =>
    cells.reduce((most, row) => Math.max(most, lengthOf(row[index])), lengthOf(name))
  );
  const most = Math.max(0, width - GAP.length * (columns.length - 1));
  const widths = fitted(wanted, columns.map(({ type }) => isNumeric(type)), most);
  if (widths.reduce((sum, each) => sum + each, 0) > most) return blocksOf(names, cells, width, colour);
  const line = (row: readonly string[]) =>
    row.map((text, index) => aligned(text, widths[index], isNumeric(columns[index].type))).join(GAP).trimEnd();
  const head = line(names);
  return [colour ? bold(head) : head, ...cells.map(line)].join("\n");
}

/** Every row as lines of names and values, an empty line between rows. */
function blocksOf(
  names: readonly string[],
  cells: readonly (readonly string[])[],
  width: number,
  colour: boolean,
): string {
  const widest = names.reduce((most, name) => Math.max(most, lengthOf(name)), 0);
  const left = Math.min(widest, Math.max(1, Math.floor((width - GAP.length) / 2)));
  const right = Math.max(1, width - GAP.length - left);
  const line = (name: string, text: string) => {
    const head = aligned(name, left, false);
    return ((colour ? bold(head) : head) + GAP + aligned(text, right, false)).trimEnd();
  };
  if (cells.length === 0) return names.map((name) => line(name, "")).join("\n");
  return cells.map((row) => row.map((text, index) => line(names[index], text)).join("\n")).join("\n\n");
}

function shown(cell: Cell, type: string): string {
  if (typeof cell === "number" && !Number.isInteger(cell)) return String(Number(cell.toPrecision(6)));
  if (cell instanceof Date && type.startsWith("TIMESTAMP")) return textOf(cell, type).slice(0, 19).replace("T", " ");
  return printable(textOf(cell, type));
}

/** A log can hold what would move a terminal's cursor. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

/** Characters as a reader counts them. */
function lengthOf(text: string): number {
  return [...text].length;
}

function aligned(text: string, width: number, right: boolean): string {
  const letters = [...text];
  const cut = letters.length > width ? letters.slice(0, width - 1).join("") + "…" : text;
  const space = " ".repeat(Math.max(0, width - lengthOf(cut)));
  return right ? space + cut : cut + space;
}

/** Narrows the widest columns of text to one width, so that all fit; numbers are never cut. */
function fitted(wanted: readonly number[], fixed: readonly boolean[], width: number): number[] {
  let widths = [...wanted];
  const total = () => widths.reduce((sum, each) => sum + each, 0);
  for (let most = Math.max(...wanted) - 1; total() > width && most >= NARROWEST; most--) {
    widths = widths.map((each, index) => fixed[index] ? each : Math.min(each, most));
  }
  return widths;
}
