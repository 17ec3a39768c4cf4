/**
 * Remarks on a run, in files of its folder: `notes.md`, `tags.txt`, and `archived`, which hides it from the list.
 *
 * @module
 */
import { join } from "@std/path";

/** People's remarks on a run. */
export interface Annotations {
  /** Text of `notes.md`; empty where there is none. */
  readonly notes: string;
  /** Words of `tags.txt`, separated by commas or white space. */
  readonly tags: readonly string[];
  /** Whether a file `archived` is there, whatever is in it. */
  readonly archived: boolean;
}

/** Names of the files. */
export const ANNOTATIONS = ["notes.md", "tags.txt", "archived"] as const;

const MAX_BYTES = 64 << 10;
const MAX_TAGS = 50;

/**
 * Reads what people say about a run.
 *
 * @param folder Real path of its folder; links in it are not followed.
 * @returns Notes, tags, and whether it is archived.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readAnnotations } from "./annotations.ts";
 *
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/tags.txt`, "figure-2, rerun\n");
 * assertEquals(readAnnotations(folder), { notes: "", tags: ["figure-2", "rerun"], archived: false });
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function readAnnotations(folder: string): Annotations {
  const [notes, tags, archived] = ANNOTATIONS.map((name) => textOf(join(folder, name)));
  const words = (tags ?? "").split(/[\s,]+/).filter((word) => word !== "");
  return {
    notes: (notes ?? "").trim(),
    tags: [...new Set(words)].slice(0, MAX_TAGS).map((word) => word.slice(0, 60)),
    archived: archived !== null,
  };
}

/** Text of a plain file, null where there is none. */
function textOf(path: string): string | null {
  try {
    const { isFile, size } = Deno.lstatSync(path);
    if (!isFile) return null;
    return size > MAX_BYTES ? "" : Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
