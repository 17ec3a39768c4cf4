/** Bytes of files that a user names. */
import { UserError } from "./errors.ts";

/**
 * Reads the bytes of a text.
 *
 * @param path File.
 * @param least Fewest bytes that will do.
 * @returns Its bytes.
 * @throws {UserError} If the file cannot be read or is too short.
 * @throws {Deno.errors.NotCapable} If the process may not read it.
 */
export async function readText(path: string, least = 1): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Error
      ? error.message.split(" (os error")[0].replaceAll(/\s*\n\s*/g, " ")
      : `${error}`;
    throw new UserError(`text ${path}: expected a readable file, found: ${reason}`, { cause: error });
  }
  if (bytes.length < least) {
    throw new UserError(`text ${path}: expected at least ${least} bytes, found ${bytes.length}`);
  }
  return bytes;
}

/**
 * Says whether a path names a file that can be read.
 *
 * @param path Path.
 * @returns Whether it is one.
 * @throws {Deno.errors.NotCapable} If the process may not read it.
 */
export function isReadable(path: string): boolean {
  try {
    using file = Deno.openSync(path);
    return file.statSync().isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
