/**
 * Stand-ins for modules that need files and processes, when code is bundled for a page: their names, so that whatever imports
 * them loads, and an error for whoever calls one.
 *
 * @module
 */

function refuse(): never {
  throw new Error("expected a process with files, found a web page: use MemoryRun instead");
}

/** Takes the place of the command line's `main`. */
export const main: () => Promise<never> = refuse;
/** Takes the place of the command line's `runExperiment`. */
export const runExperiment: () => Promise<never> = refuse;
/** Takes the place of the hash of files. */
export const createHash: () => never = refuse;
