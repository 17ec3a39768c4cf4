/**
 * The folder of a run: made before any work, never on top of another, with an index of what is in it.
 *
 * @module
 */
import { dirname, isAbsolute, join } from "@std/path";
import { removeTemporaries, writeAtomically } from "../io/atomic.ts";
import { commas, describeError, isDiskFull, RunError, UserError } from "../io/errors.ts";
import type { FileWriter } from "../figures/write.ts";
import type { FileEntry } from "./manifest.ts";

/**
 * A run folder.
 *
 * @example
 * ```ts
 * import { RunFolder } from "./run_folder.ts";
 *
 * const root = Deno.makeTempDirSync();
 * const folder = RunFolder.create({ out: `${root}/first` });
 * await folder.write("figures/loss.svg", "<svg/>", "loss against step");
 * if (folder.files[0].bytes !== 6) throw new Error("not indexed");
 * Deno.removeSync(root, { recursive: true });
 * ```
 */
export class RunFolder {
  readonly #files = new Map<string, FileEntry>();

  private constructor(readonly path: string, readonly isNew: boolean) {}

  /**
   * Makes the folder of a run.
   *
   * @param at `out`: the folder itself, which must be new or empty. Otherwise `experiment` and `run` name
   *   `results/<experiment>/<run>`, with `-2`, `-3`, … behind it where that is taken.
   * @returns The folder, writable.
   * @throws {UserError} If the folder is occupied, unwritable or not permitted, naming it.
   */
  static create(at: { out: string } | { experiment: string; run: string }): RunFolder {
    const wanted = "out" in at ? at.out : join("results", at.experiment, at.run);
    try {
      for (let attempt = 1;; attempt++) {
        const path = attempt === 1 ? wanted : `${wanted}-${attempt}`;
        if (makeFolder(path)) return new RunFolder(path, true);
        if (!("out" in at)) continue;
        const entries = entriesOf(path);
        if (entries === 0) return new RunFolder(path, false);
        const found = entries === undefined ? "a file" : `one with ${entries} ${entries === 1 ? "entry" : "entries"}`;
        throw new UserError(
          `expected --out=${path} to be a new or empty folder, found ${found}; nothing was overwritten`,
        );
      }
    } catch (error) {
      throw explained(error, wanted, "out" in at ? wanted : "results");
    }
  }

  /**
   * The folder of a run that goes on, cleared of what its process was writing when it was killed.
   *
   * @param path The folder; no other process may be writing in it.
   * @param files Its index so far; files that are gone are left out.
   * @returns The folder, writable.
   */
  static reopen(path: string, files: readonly FileEntry[]): RunFolder {
    removeTemporaries(path);
    const folder = new RunFolder(path, false);
    for (const entry of files) if (isFile(join(path, entry.path))) folder.#files.set(entry.path, entry);
    return folder;
  }

  /** Writes a file whole or not at all, makes its folder if need be, and enters it in the index. */
  readonly write: FileWriter = (path, content, description) => {
    const target = join(this.path, path);
    if (isAbsolute(path) || path.split(/[\\/]/).includes("..")) {
      return Promise.reject(new Error(`expected a path inside the run folder, found ${path}`));
    }
    Deno.mkdirSync(dirname(target), { recursive: true });
    const bytes = writeAtomically(target, content);
    this.#files.set(path, { path, bytes, description });
    return Promise.resolve();
  };

  /** Enters a file that somebody else writes; a size not given is looked up by {@linkcode RunFolder.settle}. */
  enter(path: string, description: string, bytes: number | null = null): void {
    this.#files.set(path, { path, bytes, description });
  }

  /** Takes a file out of the index, and then away. */
  remove(path: string): void {
    this.#files.delete(path);
    Deno.removeSync(join(this.path, path));
  }

  /** Looks up the size of files that were still growing. */
  settle(): void {
    for (const entry of this.#files.values()) {
      if (entry.bytes !== null) continue;
      this.#files.set(entry.path, { ...entry, bytes: Deno.statSync(join(this.path, entry.path)).size });
    }
  }

  /** Takes back a folder in which nothing has happened yet. */
  discard(): void {
    for (const { name } of Deno.readDirSync(this.path)) Deno.removeSync(join(this.path, name));
    if (this.isNew) Deno.removeSync(this.path);
  }

  /** Index of the files, in the order they appeared. */
  get files(): readonly FileEntry[] {
    return [...this.#files.values()];
  }
}

/**
 * Name of a run: UTC start, preset and seed.
 *
 * @param start Time of the start.
 * @param preset Name of the preset.
 * @param seed Root seed.
 * @returns For example `2026-11-22T07-15-03Z-cpu-seed1`: no colons, which some file systems refuse.
 */
export function runName(start: Date, preset: string, seed: number): string {
  return `${start.toISOString().slice(0, 19).replaceAll(":", "-")}Z-${preset}-seed${seed}`;
}

function makeFolder(path: string): boolean {
  try {
    Deno.mkdirSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    Deno.mkdirSync(path, { recursive: true });
    return true;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function entriesOf(path: string): number | undefined {
  try {
    return [...Deno.readDirSync(path)].length;
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** `permission` is the path for `--allow-write` under which the folder falls. */
function explained(error: unknown, folder: string, permission: string): unknown {
  if (error instanceof UserError) return error;
  if (error instanceof Deno.errors.NotCapable && error.message.startsWith("Requires write")) {
    if (permission.includes(",")) return new UserError(commas(folder));
    return new UserError(
      `expected permission to write ${folder}, found none; run again with --allow-write=${permission}`,
    );
  }
  if (error instanceof Deno.errors.NotCapable) return error;
  if (isDiskFull(error)) return new RunError(`disk full: expected space for the run folder ${folder}, found none`);
  return new UserError(`expected a folder that can be written at ${folder}, found: ${describeError(error).line}`);
}
