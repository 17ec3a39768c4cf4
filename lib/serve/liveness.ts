/**
 * Whether somebody is still writing a run.
 *
 * A writer holds a lock on its log, which the system takes away however the process ends; unlike a process id it is
 * never given to somebody else, and it holds across containers.
 *
 * @module
 */

/** A log that was written this recently is alive whatever its lock says: the writer may be just opening it. */
const FRESH_MS = 3000;
/** Where a file system knows no locks, only silence tells. */
const SILENT_MS = 10 * 60_000;

/**
 * Whether a log is being written.
 *
 * @param log Path of the log.
 * @param changed When the log or the manifest was last written, in ms since 1970.
 * @param now The time, in ms since 1970.
 * @returns `true` while its writer lives, as far as this machine can tell.
 */
export function beingWritten(log: string, changed: number, now: number = Date.now()): boolean {
  if (now - changed < FRESH_MS) return true;
  try {
    if (!Deno.statSync(log).isFile) return false;
    using file = Deno.openSync(log);
    return !file.tryLockSync(false);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    return now - changed < SILENT_MS;
  }
}
