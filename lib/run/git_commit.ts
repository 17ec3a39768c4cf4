/**
 * The commit a run was made from, without running git.
 *
 * @module
 */
import { dirname, join } from "@std/path";

/**
 * Commit of the repository around a folder, read from `.git` without running git.
 *
 * @param folder Where to start looking upwards.
 * @returns The commit's hash, or `null` outside a repository, before a first commit, or without permission to read.
 *
 * @example
 * ```ts
 * import { gitCommit } from "./git_commit.ts";
 *
 * const folder = Deno.makeTempDirSync();
 * Deno.mkdirSync(`${folder}/.git`);
 * Deno.writeTextFileSync(`${folder}/.git/HEAD`, "0123456789abcdef0123456789abcdef01234567\n");
 * if (!gitCommit(folder)?.startsWith("01234567")) throw new Error("not found");
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function gitCommit(folder: string): string | null {
  for (let at = folder;; at = dirname(at)) {
    const git = gitFolder(join(at, ".git"));
    if (git !== undefined) return headCommit(git);
    if (dirname(at) === at) return null;
  }
}

/** In a linked worktree `.git` is a file that names the real folder. */
function gitFolder(path: string): string | undefined {
  const text = readOrNothing(path);
  if (text !== undefined) {
    const named = text.match(/^gitdir: (.+)$/m)?.[1];
    return named === undefined ? undefined : named.startsWith("/") ? named : join(dirname(path), named);
  }
  return readOrNothing(join(path, "HEAD")) === undefined ? undefined : path;
}

function headCommit(git: string): string | null {
  const head = readOrNothing(join(git, "HEAD"))?.trim();
  const ref = head?.match(/^ref: (.+)$/)?.[1];
  if (ref === undefined) return head ?? null;
  const common = readOrNothing(join(git, "commondir"))?.trim();
  const shared = common === undefined ? git : join(git, common);
  const loose = readOrNothing(join(git, ref)) ?? readOrNothing(join(shared, ref));
  if (loose !== undefined) return loose.trim();
  const packed = readOrNothing(join(shared, "packed-refs"))?.split("\n").find((line) => line.endsWith(` ${ref}`));
  return packed?.split(" ")[0] ?? null;
}

function readOrNothing(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
