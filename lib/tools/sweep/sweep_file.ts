/**
 * The folder of a sweep and its `sweep.json`, the fixed list of its tasks.
 *
 * @module
 */
import { join, resolve } from "@std/path";
import { writeAtomically } from "../../io/atomic.ts";
import { describeError, UserError } from "../../io/errors.ts";
import { SWEEP } from "../../run/find_runs.ts";
import type { Snapshot } from "../../run/snapshot.ts";
import type { Plan, SweepTask } from "./plan.ts";

/** How tasks are started unless told otherwise: processes on this machine, or options of `sbatch`. */
export type Launch = { readonly local: number } | { readonly slurm: string; readonly parallel: number | null };

/** Content of `sweep.json`. */
export interface Sweep extends Plan {
  /** Its name. */
  readonly name: string;
  /** Name of the experiment. */
  readonly experiment: string;
  /** File of the experiment, inside the copy of the code. */
  readonly file: string;
  /** Name of the preset, `default` for none. */
  readonly preset: string;
  /** When it was submitted, UTC, ISO 8601. */
  readonly created: string;
  /** Folder of the workspace that it was submitted from, in which tasks look for files that options name. */
  readonly workspace: string;
  /** The copy of the code. */
  readonly snapshot: Snapshot;
  /** SHA-256 of the code. */
  readonly codeHash: string | null;
  /** The command that made it. */
  readonly commandLine: string;
  /** How tasks are started. */
  readonly launch: Launch;
}

/** Folder of sweeps, inside the workspace. */
export const SWEEPS = join("results", "sweeps");

/** Folder of the copy of the code, inside that of a sweep. */
export const CODE = "code";

/**
 * Folder of a sweep.
 *
 * @param nameOrFolder Its name, or the path of its folder.
 * @returns Its absolute path.
 */
export function sweepFolder(nameOrFolder: string): string {
  return resolve(nameOrFolder.includes("/") ? nameOrFolder : join(SWEEPS, nameOrFolder));
}

/**
 * Reads `sweep.json`.
 *
 * @param folder Folder of the sweep.
 * @returns The sweep.
 * @throws {UserError} If there is none, or one that cannot be read.
 */
export function readSweep(folder: string): Sweep {
  const path = join(folder, SWEEP);
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      throw new UserError(`expected the folder of a sweep, found no ${SWEEP} in ${folder}`);
    }
    throw new UserError(`cannot read ${path} because of: ${describeError(error).line}`);
  }
  let sweep: Partial<Sweep>;
  try {
    sweep = JSON.parse(text);
  } catch {
    throw new UserError(`expected JSON in ${path}, found other text`);
  }
  if (typeof sweep?.name !== "string" || !Array.isArray(sweep.tasks) || !Array.isArray(sweep.cells)) {
    throw new UserError(`expected ${path} to list tasks and cells, found other JSON`);
  }
  return sweep as Sweep;
}

/** Writes `sweep.json`, whole or not at all. */
export function writeSweep(folder: string, sweep: Sweep): void {
  writeAtomically(join(folder, SWEEP), JSON.stringify(sweep, null, 2) + "\n");
}

/** Run folder of a task. */
export function taskFolder(folder: string, { hash }: Pick<SweepTask, "hash">): string {
  return join(folder, "tasks", hash);
}

/** File that takes what a task prints. */
export function taskLog(folder: string, { hash }: Pick<SweepTask, "hash">): string {
  return join(folder, "logs", `${hash}.log`);
}

/** Folder of the locks of tasks, inside that of a sweep. */
export const LOCKS = "locks";

/** File that says, while a task runs, which other one has the same GPU. */
export function sharedGpu(folder: string, { hash }: Pick<SweepTask, "hash">): string {
  return join(folder, LOCKS, `${hash}.gpu`);
}

/**
 * A task by its number or its hash.
 *
 * @param sweep The sweep.
 * @param text Number from 0, or hash.
 * @returns The task.
 * @throws {UserError} If there is none.
 */
export function taskNamed({ tasks }: Sweep, text: string): SweepTask {
  const found = tasks.find(({ hash }) => hash === text) ?? (/^\d+$/.test(text) ? tasks[Number(text)] : undefined);
  if (found === undefined) {
    throw new UserError(`expected --task to be a number from 0 to ${tasks.length - 1}, found ${text}`);
  }
  return found;
}
