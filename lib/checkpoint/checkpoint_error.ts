/**
 * Errors of files that should hold tensors.
 *
 * @module
 */
import { isDiskFull, UserError } from "../io/errors.ts";

/** A file, folder or checkpoint that cannot be used; one line that says which, what was expected, and what was found. */
export class CheckpointError extends UserError {
  /** Name of the class, for messages. */
  override readonly name = "CheckpointError";

  /**
   * An error of the form `PATH: expected EXPECTED, found FOUND`.
   *
   * @param path File or folder it is about.
   * @param expected What a good one has.
   * @param found What this one has; texts out of the file belong into {@linkcode quoted}.
   */
  constructor(readonly path: string, expected: string, found: string) {
    super(`${path}: expected ${expected}, found ${found}`);
  }
}

/**
 * Text out of a file nobody has vouched for, fit for an error line: in quotes, control characters escaped, and short.
 *
 * @param text Any text.
 * @returns At most some 50 characters on one line.
 */
export function quoted(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return JSON.stringify(short).replaceAll(/[\u007f-\u009f\u2028\u2029\u202a-\u202e]/g, "\ufffd");
}

/**
 * An error of the file system, said about the file.
 *
 * @param path File or folder.
 * @param expected What was wanted of it.
 * @param error What the system threw.
 * @returns A {@linkcode CheckpointError}; a missing permission, a full disk and what is no error of the system stay
 *   as they are.
 */
export function explained(path: string, expected: string, error: unknown): unknown {
  if (error instanceof CheckpointError || error instanceof Deno.errors.NotCapable || isDiskFull(error)) return error;
  if (error instanceof Deno.errors.NotFound) return new CheckpointError(path, expected, "none");
  // A buffer that cannot be had is a RangeError; every error of the system names its number.
  if (error instanceof RangeError) {
    return new CheckpointError(path, `memory for ${expected}`, `none (${error.message})`);
  }
  if (error instanceof Error && /\(os error \d+\)/.test(error.message)) {
    return new CheckpointError(path, expected, error.message);
  }
  return error;
}
