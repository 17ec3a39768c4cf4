/**
 * Answers as CSV, JSON and NDJSON, part by part.
 *
 * @module
 */
import { jsonOf, textOf } from "./cells.ts";
import type { Answer } from "./database.ts";

/** CSV as in RFC 4180, with a head; NULL is an empty field, an empty text `""`. */
export async function* csvOf({ columns, rows }: Answer): AsyncGenerator<string> {
  yield columns.map(({ name }) => field(name)).join(",") + "\n";
  for await (const part of rows) {
    yield part.map((row) =>
      row.map((cell, index) => cell === null ? "" : field(textOf(cell, columns[index].type))).join(",") + "\n"
    ).join("");
  }
}

/** One JSON object a line. */
export async function* ndjsonOf(answer: Answer): AsyncGenerator<string> {
  const names = distinct(answer.columns.map(({ name }) => name));
  for await (const part of answer.rows) {
    yield part.map((row) => {
      const entries = row.map((cell, index) => [names[index], jsonOf(cell, answer.columns[index].type)]);
      return JSON.stringify(Object.fromEntries(entries)) + "\n";
    }).join("");
  }
}

/** One JSON array of objects. */
export async function* jsonArrayOf(answer: Answer): AsyncGenerator<string> {
  let before = "[\n";
  for await (const lines of ndjsonOf(answer)) {
    if (lines === "") continue;
    yield before + lines.trimEnd().replaceAll("\n", ",\n");
    before = ",\n";
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

/** A spreadsheet takes a quoted field for text and an unquoted one for what it looks like. */
function field(text: string): string {
  return text === "" || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An object has a name once: `x`, `x_2`, … */
function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let number = 2; taken.has(own); number++) own = `${name}_${number}`;
    taken.add(own);
    return own;
  });
}
