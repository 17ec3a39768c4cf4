/**
 * Files that are either the old version or the new one, whatever happens in between.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { isDiskFull } from "./errors.ts";

/** Ending that {@linkcode writeAtomically} gives its files until they are whole. */
const TEMPORARY = /\.\d+\.tmp$/;

/**
 * Writes a file by way of a temporary one in the same folder, synced before it takes the name. The folder is synced
 * too, where the system and the permissions let a folder be opened, so that the name outlives a power cut.
 *
 * @param path File to create or replace.
 * @param content Text (as UTF-8), bytes, or bytes in parts.
 * @returns Number of bytes written.
 * @throws Whatever the system says; the temporary file is gone by then and `path` is as it was.
 *
 * @example
 * ```ts
 * import { writeAtomically } from "./atomic.ts";
 *
 * const folder = Deno.makeTempDirSync();
 * if (writeAtomically(`${folder}/a.txt`, "é") !== 2) throw new Error("two bytes expected");
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function writeAtomically(path: string, content: string | Uint8Array | Iterable<Uint8Array>): number {
  const parts = typeof content === "string"
    ? [new TextEncoder().encode(content)]
    : content instanceof Uint8Array
    ? [content]
    : content;
  const temporary = `${path}.${Deno.pid}.tmp`;
  let bytes = 0;
  try {
    bytes = writeSynced(temporary, parts);
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
  syncFolder(dirname(path));
  return bytes;
}

/**
 * Removes what {@linkcode writeAtomically} leaves where its process is killed before the file is whole.
 *
 * @param folder Folder in which no other process is writing; its subfolders are looked through too.
 */
export function removeTemporaries(folder: string): void {
  for (const { name, isDirectory, isFile } of [...Deno.readDirSync(folder)]) {
    if (isDirectory) removeTemporaries(join(folder, name));
    else if (isFile && TEMPORARY.test(name)) Deno.removeSync(join(folder, name));
  }
}

/**
 * Replaces a file like {@linkcode writeAtomically}; on a full disk, where a second copy cannot exist, it writes over
 * the space the file already has. What goes beyond that space is written first, so that the old content survives
 * if there is no room for it.
 *
 * @param path An existing file, or one to create.
 * @param text New content.
 * @throws If there is no room even so; `path` is as it was.
 */
export function replaceEvenWhenFull(path: string, text: string): void {
  try {
    writeAtomically(path, text);
  } catch (error) {
    if (!isDiskFull(error) || !isThere(path)) throw error;
    overwrite(path, new TextEncoder().encode(text));
  }
}

function overwrite(path: string, bytes: Uint8Array): void {
  using file = Deno.openSync(path, { write: true });
  const before = file.statSync().size;
  try {
    file.seekSync(before, Deno.SeekMode.Start);
    writeAll(file, bytes.subarray(before));
  } catch (error) {
    file.truncateSync(before);
    throw error;
  }
  file.seekSync(0, Deno.SeekMode.Start);
  writeAll(file, bytes.subarray(0, before));
  file.truncateSync(bytes.length);
  file.syncSync();
}

function writeSynced(path: string, parts: Iterable<Uint8Array>): number {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  let bytes = 0;
  for (const part of parts) {
    writeAll(file, part);
    bytes += part.length;
  }
  file.syncSync();
  return bytes;
}

function syncFolder(path: string): void {
  try {
    using folder = Deno.openSync(path);
    folder.syncSync();
  } catch {
    // The file has its name by now. Windows opens no folders, some file systems sync none, and a run may be without
    // permission to read: what is lost is only that the name might not outlive a power cut.
  }
}

/** A single write may take less than it is given. */
function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
