/**
 * Whether somebody is still writing a run.
 *
 * A writer holds a lock on its log, which the system takes away however the process ends; unlike a process id it is
 * never given to somebody else, and it holds across containers.
 *
 * @module
 */
import { join } from "@std/path";
import type { Manifest, RunStatus } from "./manifest.ts";

/** A run whose log is not there, or empty, is alive for this long: its writer may be just opening it. */
const OPENING_MS = 3000;
/** Where a file system knows no locks, only silence tells. */
const SILENT_MS = 10 * 60_000;

/**
 * Whether a log is being written: whether its lock is held. Times count only where there is no lock to ask; those in the
 * future, of a clock that was set back or a folder that was copied, say nothing.
 *
 * @param log Path of the log.
 * @param changed When the log or the manifest was last written, in ms since 1970.
 * @param now The time, in ms since 1970.
 * @returns `true` while its writer lives, as far as this machine can tell.
 */
export function beingWritten(log: string, changed: number, now: number = Date.now()): boolean {
  const within = (ms: number) => now - changed >= 0 && now - changed < ms;
  try {
    const { isFile, size } = Deno.statSync(log);
    if (!isFile) return false;
    if (size === 0 && within(OPENING_MS)) return true;
    using file = Deno.openSync(log);
    return !file.tryLockSync(false);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return within(OPENING_MS);
    return within(SILENT_MS);
  }
}

/** How a run stands, and why: `crashed` where the manifest says `running`, but nobody is writing. */
export interface Standing {
  /** Status. */
  readonly status: RunStatus | "crashed";
  /** Why a run was interrupted, has failed or has crashed; null otherwise. */
  readonly reason: string | null;
}

/**
 * How a run stands, whatever its process managed to say before it ended.
 *
 * @param folder Folder of the run.
 * @param manifest What its manifest says.
 * @returns Its standing.
 */
export function standing(folder: string, { status, reason }: Pick<Manifest, "status" | "reason">): Standing {
  const log = join(folder, "log.ndjson");
  const changed = Math.max(modified(log), modified(join(folder, "manifest.json")));
  if (status !== "running" || beingWritten(log, changed)) return { status, reason };
  return { status: "crashed", reason: "its process ended without saying so" };
}

/**
 * When a file was last written.
 *
 * @param path Its path.
 * @returns Milliseconds since 1970; 0 if it is not there.
 */
export function modified(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}
