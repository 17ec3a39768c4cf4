/**
 * Opening a log: for one writer at a time, and for a resumed run at the line where its checkpoint was taken.
 *
 * @module
 */
import { UserError } from "../io/errors.ts";

/**
 * Opens a log for appending and locks it against other writers until it is closed, however its process ends.
 *
 * @param path The log; created if need be.
 * @param keep Its length at a checkpoint: what lies behind is cut off, to be written a second time instead of twice.
 *   All of it is kept unless given.
 * @returns The file.
 * @throws {UserError} If another process is writing it, it is shorter than `keep`, or no line ends there: then it is not
 *   the log of that checkpoint. Nothing is cut off.
 */
export function openLog(path: string, keep?: number): Deno.FsFile {
  const file = Deno.openSync(path, { append: true, create: true, read: keep !== undefined });
  try {
    if (!isFree(file)) throw new UserError(`expected a run that has ended, found ${path} still being written`);
    if (keep !== undefined) rewind(file, keep, path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Who asks whether a run lives holds its lock for an instant: only what stays locked is being written. */
function isFree(file: Deno.FsFile): boolean {
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (file.tryLockSync(true)) return true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
    return false;
  } catch {
    return true; // Some network file systems know no locks.
  }
}

function rewind(file: Deno.FsFile, bytes: number, path: string): void {
  const { size } = file.statSync();
  if (size < bytes) {
    throw new UserError(`expected at least ${bytes} bytes in ${path}, as its checkpoint says, found ${size}`);
  }
  if (bytes > 0) {
    const last = new Uint8Array(1);
    file.seekSync(bytes - 1, Deno.SeekMode.Start);
    if (file.readSync(last) !== 1 || last[0] !== 0x0a) {
      throw new UserError(`expected a line of ${path} to end at byte ${bytes}, as its checkpoint says, found none`);
    }
  }
  file.truncateSync(bytes);
  file.syncSync();
}
