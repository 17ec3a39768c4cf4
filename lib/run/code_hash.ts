/**
 * A hash of the code that a run was made with, uncommitted edits included.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, extname, fromFileUrl, join, relative } from "@std/path";

/** Everything in these that is code shapes results. */
const LIBRARY = ["deno.json", "mod.ts", "lib", "kernels"];
const CODE = [".ts", ".js", ".mts", ".wgsl", ".json"];

/**
 * SHA-256 of the code of a run: `mod.ts`, `deno.json`, `lib/` and `kernels/` of this workspace, the experiment's file, and the
 * folder beside it that has its name. Equal hashes mean equal code; a commit says nothing of edits that nobody committed.
 *
 * @param program File of the experiment; `null` where there is none.
 * @param root Folder of the workspace.
 * @returns Hexadecimal; `null` where the code cannot be read, as when it is imported from a host.
 *
 * @example
 * ```ts
 * import { codeHash } from "./code_hash.ts";
 *
 * const root = Deno.makeTempDirSync();
 * Deno.mkdirSync(`${root}/lib`);
 * Deno.writeTextFileSync(`${root}/lib/a.ts`, "export const a = 1;");
 * const before = codeHash(null, root);
 * Deno.writeTextFileSync(`${root}/lib/a.ts`, "export const a = 2;");
 * if (before === null || before === codeHash(null, root)) throw new Error("went unnoticed");
 * Deno.removeSync(root, { recursive: true });
 * ```
 */
export function codeHash(program: string | null, root: string | null = workspace()): string | null {
  if (root === null) return null;
  try {
    const hash = createHash("sha256");
    const helpers = program === null ? [] : [program, program.slice(0, -extname(program).length)];
    const paths = [...LIBRARY.map((name) => join(root, name)), ...helpers].flatMap(filesOf);
    // A file of the experiment is the same one wherever it lies.
    for (const path of paths) {
      const content = Deno.readFileSync(path);
      const name = path.startsWith(`${root}/`) ? relative(root, path) : basename(path);
      hash.update(`${name}\0${content.length}\0`).update(content);
    }
    return paths.length === 0 ? null : hash.digest("hex");
  } catch {
    return null; // No permission to read it.
  }
}

function workspace(): string | null {
  const url = new URL("../../", import.meta.url);
  return url.protocol === "file:" ? fromFileUrl(url).replace(/\/$/, "") : null;
}

/** Lists the code in a file or folder, in an order that no file system decides. */
function filesOf(path: string): string[] {
  try {
    if (Deno.statSync(path).isFile) return CODE.includes(extname(path)) ? [path] : [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return [...Deno.readDirSync(path)].map(({ name }) => name).toSorted().flatMap((name) => filesOf(join(path, name)));
}
