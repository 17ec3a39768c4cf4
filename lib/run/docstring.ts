/**
 * The docstring that opens an experiment's file, as text for `--help` and the manifest.
 *
 * @module
 */

/**
 * Text of an experiment's description: given as it is, or read from the first docstring of its file, so that question
 * and claims are written once.
 *
 * @param doc The text, or the file's address: `new URL(import.meta.url)`.
 * @returns Plain text without comment signs.
 * @throws {Error} If the file does not open with a docstring.
 *
 * @example
 * ```ts
 * import { docText } from "./docstring.ts";
 *
 * const text = docText(new URL(import.meta.resolve("./docstring.ts")));
 * if (!text.startsWith("The docstring that opens")) throw new Error(text);
 * ```
 */
export function docText(doc: string | URL): string {
  if (typeof doc === "string") return doc.trim();
  const block = /^(?:#![^\n]*\n)?\s*\/\*\*([\s\S]*?)\*\//.exec(Deno.readTextFileSync(doc));
  if (block === null) throw new Error(`expected ${doc.pathname} to open with a docstring, found none`);
  return block[1].split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .filter((line) => !line.startsWith("@module")).join("\n").trim();
}

/** First paragraph of a text, on one line. */
export function firstParagraph(text: string): string {
  return text.split(/\n\s*\n/)[0].split("\n").map((line) => line.trim()).join(" ");
}
