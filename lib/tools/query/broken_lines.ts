/**
 * Lines of a log that are no rows, by number.
 *
 * @module
 */

/** A line longer than this is no row of a log. */
const LONGEST = 16 * 1024 * 1024;

/**
 * Finds the lines that are no JSON objects with a `kind`. A last line without its newline is what a running or killed
 * process leaves, and no broken one.
 *
 * @param path File to read; no more than one line of it is held in memory.
 * @returns Line numbers, counted from 1.
 *
 * @example
 * ```ts
 * import { brokenLines } from "./broken_lines.ts";
 *
 * const path = Deno.makeTempFileSync();
 * Deno.writeTextFileSync(path, '{"kind":"train"}\n{"kin\n{"kind":"train"}\n{"kind":"tr');
 * const lines = await brokenLines(path);
 * Deno.removeSync(path);
 * if (lines.join() !== "2") throw new Error(lines.join());
 * ```
 */
export async function brokenLines(path: string): Promise<number[]> {
  const broken: number[] = [];
  let number = 1;
  let parts: string[] = [];
  let length = 0;
  using file = await Deno.open(path);
  for await (const chunk of textOf(file)) {
    const pieces = chunk.split("\n");
    for (const [index, piece] of pieces.entries()) {
      length += piece.length;
      if (length <= LONGEST) parts.push(piece);
      if (index === pieces.length - 1) break;
      if (length > LONGEST || !isRow(parts.join(""))) broken.push(number);
      number++;
      parts = [];
      length = 0;
    }
  }
  return broken;
}

async function* textOf(file: Deno.FsFile): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 20);
  for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
    yield decoder.decode(buffer.subarray(0, read), { stream: true });
  }
}

/** Empty lines count as rows: a reader of the log passes over them. */
function isRow(line: string): boolean {
  if (line.trim() === "") return true;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
  } catch {
    return false;
  }
}
