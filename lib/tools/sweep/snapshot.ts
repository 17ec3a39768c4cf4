/**
 * The copy of the code that the tasks of a sweep run, made when it is submitted.
 *
 * @module
 */
import { basename, dirname, extname, fromFileUrl, join, relative, resolve } from "@std/path";
import { UserError } from "../../io/errors.ts";
import { gitCommit } from "../../run/git_commit.ts";
import { SNAPSHOT, type Snapshot, snapshotHere } from "../../run/snapshot.ts";

const COPIED = ["lab", "mod.ts", "deno.json", "deno.lock", "lib", "kernels", "experiments"];

/** Folder of this workspace. */
export const WORKSPACE = fromFileUrl(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/**
 * Copies the library, the kernels, the experiments, and a file elsewhere in the workspace with the folder that has its name.
 *
 * @param file File of the experiment, absolute.
 * @param to Folder of the copy, which is not there yet.
 * @param root Folder of the workspace.
 * @returns When and of what the copy was made.
 * @throws {UserError} If the file lies outside of the workspace, so that what it imports could not be copied with it.
 */
export function copyCode(file: string, to: string, root: string = WORKSPACE): Snapshot {
  const own = relative(root, resolve(file));
  if (own.startsWith("..")) {
    throw new UserError(
      `expected an experiment inside the workspace ${root}, found ${file}; move it there, as into experiments/`,
    );
  }
  const partial = `${to}.${Deno.pid}.tmp`;
  const copied = [...COPIED, own, own.slice(0, -extname(own).length)];
  const time = new Date().toISOString();
  const snapshot: Snapshot = { time, gitCommit: snapshotHere()?.gitCommit ?? gitCommit(root) };
  for (const name of copied) copyTree(join(root, name), join(partial, name));
  Deno.writeTextFileSync(join(partial, SNAPSHOT), JSON.stringify(snapshot, null, 2) + "\n");
  Deno.renameSync(partial, to);
  return snapshot;
}

function copyTree(from: string, to: string): void {
  let isFile: boolean;
  try {
    isFile = Deno.statSync(from).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (isFile) {
    Deno.mkdirSync(dirname(to), { recursive: true });
    Deno.copyFileSync(from, to);
    return;
  }
  for (const { name } of Deno.readDirSync(from)) {
    if (!name.startsWith(".") && basename(from) !== "node_modules") copyTree(join(from, name), join(to, name));
  }
}
