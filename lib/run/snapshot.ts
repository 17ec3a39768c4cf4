/**
 * Copies of the code, from which the tasks of a sweep run.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";

/** File beside `deno.json` that says that a folder is a copy of the code, and when and of what it was made. */
export const SNAPSHOT = "snapshot.json";

/** A copy of the code. */
export interface Snapshot {
  /** When it was made, UTC, ISO 8601. */
  readonly time: string;
  /** Commit of the checkout that was copied; null outside a repository. Edits that nobody had committed were copied too. */
  readonly gitCommit: string | null;
}

/**
 * The copy that this code is.
 *
 * @param root Folder of the workspace.
 * @returns When and of what it was made; null where the code is no copy.
 */
export function snapshotHere(root: URL = new URL("../../", import.meta.url)): Snapshot | null {
  if (root.protocol !== "file:") return null;
  try {
    return JSON.parse(Deno.readTextFileSync(join(fromFileUrl(root), SNAPSHOT)));
  } catch {
    return null; // There is none, or no permission to read it.
  }
}
