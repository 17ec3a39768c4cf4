/**
 * Markdown as `deno fmt` leaves it: paragraphs and list items broken at 120 columns.
 *
 * @module
 */
const WIDTH = 120;

/**
 * A paragraph.
 *
 * @param text Text in which code and links are not broken.
 * @returns Lines of at most 120 columns, where words allow it.
 */
export function paragraph(text: string): string {
  return wrapped(text, "");
}

/**
 * An item of a list.
 *
 * @param text Text in which code and links are not broken.
 * @returns Lines of at most 120 columns, where words allow it, the first behind a dash.
 *
 * @example
 * ```ts
 * import { listItem } from "./markdown.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(listItem("`sum`: adds"), "- `sum`: adds");
 * ```
 */
export function listItem(text: string): string {
  return `- ${wrapped(text, "  ")}`;
}

function wrapped(text: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+/g) ?? []) {
    if (line !== "" && indent.length + line.length + 1 + [...word].length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}
