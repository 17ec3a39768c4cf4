/**
 * Errors of a run, and the one line that a user reads of each.
 *
 * Every error that reaches the top ends as `error: …` on stderr and a non-zero exit code:
 * 2 for what the user can mend by asking differently, 1 for everything else. Stacks are shown with `--debug` only.
 *
 * @module
 */
import { fromFileUrl, relative } from "@std/path";

/** Request that cannot be met (a misspelt option, an occupied folder, a missing permission): exit code 2. */
export class UserError extends Error {
  /** Name of the class, for messages. */
  override readonly name: string = "UserError";
}

/** The run itself failed (a diverged replica, a full disk): exit code 1. */
export class RunError extends Error {
  /** Name of the class, for messages. */
  override readonly name: string = "RunError";
}

/** The line a user reads, without the leading `error: `, and the exit code of the process. */
export interface Failure {
  /** Text without a newline. */
  readonly line: string;
  /** Exit code of the process. */
  readonly exitCode: 1 | 2;
}

/**
 * Whether an error says that a disk is full. The runtime has no error class of its own for it.
 *
 * @param error Anything thrown.
 * @returns `true` for ENOSPC and EDQUOT (a quota used up).
 */
export function isDiskFull(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return code === "ENOSPC" || code === "EDQUOT";
}

/**
 * The one line and the exit code that an error ends in.
 *
 * @param error Anything thrown.
 * @param located Whether an error that is neither the user's nor the run's nor the system's says where it came up: the
 *   line of the experiment, or of other code outside this library.
 * @returns The line (no newline in it, without `error: `) and the exit code.
 *
 * @example
 * ```ts
 * import { describeError, UserError } from "./errors.ts";
 *
 * const { line, exitCode } = describeError(new UserError("expected --context to be an integer, found x"));
 * if (exitCode !== 2 || !line.startsWith("expected --context")) throw new Error(line);
 * ```
 */
export function describeError(error: unknown, located = false): Failure {
  if (error instanceof UserError) return { line: oneLine(error.message), exitCode: 2 };
  if (error instanceof Deno.errors.NotCapable) return { line: missingPermission(error.message), exitCode: 2 };
  if (isDiskFull(error)) {
    return { line: `disk full: expected space to write, found none (${oneLine(messageOf(error))})`, exitCode: 1 };
  }
  const place = located ? placeOf(error) : null;
  return { line: oneLine(messageOf(error)) + (place === null ? "" : ` (at ${place})`), exitCode: 1 };
}

/**
 * Prints `error: …` as one line on stderr, and under `debug` the stack below it.
 *
 * @param error Anything thrown.
 * @param debug Whether to show the stack.
 * @returns The exit code the process should end with.
 */
export function reportError(error: unknown, debug = false): 1 | 2 {
  const { line, exitCode } = describeError(error, true);
  console.error(`error: ${line}`);
  if (debug && error instanceof Error) console.error(error.stack);
  return exitCode;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === "" ? error.name : error.message;
}

/** Where the library's own code lies. */
// Made where it is asked for: in a page, code has an address that no other can be relative to.
const own = () => ["lib/", "kernels/"].map((folder) => new URL(`../../${folder}`, import.meta.url).href);

/** The innermost place outside of the library that an unexpected error came through. */
function placeOf(error: unknown): string | null {
  if (!(error instanceof Error) || error instanceof RunError || error.name === "DivergenceError") return null;
  if (Object.values(Deno.errors).some((kind) => error instanceof kind)) return null;
  for (const [, url, line, column] of (error.stack ?? "").matchAll(/(file:\/\/[^\s()]+):(\d+):(\d+)\)?$/gm)) {
    if (!own().some((folder) => url.startsWith(folder))) return `${fromHere(fromFileUrl(url))}:${line}:${column}`;
  }
  return null;
}

function oneLine(text: string): string {
  return text.split(/\s*\n\s*/).filter((line) => line !== "").join("; ");
}

/** The runtime's text names the resource but only half of the flag: `--allow-write` needs the path with it. */
function missingPermission(message: string): string {
  const found = /^Requires (\w+) access(?: to "?([^"]*?)"?)?, run again with the (--[\w-]+) flag/.exec(message);
  if (found === null) return oneLine(message);
  const [, access, resource, flag] = found;
  const target = resource === undefined ? "" : fromHere(resource);
  // What Deno guards by every permission at once, such as /proc, nothing here is meant for.
  if (access === "all") return `expected a path outside of the system's own folders, found ${target}`;
  if (access === "write" && target.includes(",")) return commas(target);
  return `expected permission to ${access}${target === "" ? "" : ` ${target}`}, found none; ` +
    `run again with ${flag}${access === "read" || target === "" || target.startsWith("<") ? "" : `=${target}`}`;
}

/**
 * Says that no permission can name a path.
 *
 * @param path The path.
 * @returns Text without a newline.
 */
export function commas(path: string): string {
  return `expected a path without commas, which no --allow-write can name, found ${path}`;
}

function fromHere(path: string): string {
  try {
    const short = relative(Deno.cwd(), path);
    return !path.startsWith("/") || short === "" || short.startsWith("..") ? path : short;
  } catch {
    return path; // The working folder is hidden where reading is not permitted.
  }
}
