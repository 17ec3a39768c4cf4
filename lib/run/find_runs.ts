/**
 * The runs below a folder, for whoever looks at results.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { describeError } from "../io/errors.ts";
import type { Manifest } from "./manifest.ts";

/** Folder of the cells inside the folder of a run of several. */
export const CELLS = "cells";

/** File of a sweep that lists its tasks; beside it lie their run folders in `tasks`, and a copy of the code. */
export const SWEEP = "sweep.json";

/** A run folder and what its manifest says. */
export interface FoundRun {
  /** Path of its folder. */
  readonly folder: string;
  /** Its manifest. */
  readonly manifest: Manifest;
}

/** Runs, and why a folder that looks like one is left out. */
export interface FoundRuns {
  /** Runs in the order of their paths. */
  readonly runs: readonly FoundRun[];
  /** One line for each folder whose manifest cannot be used. */
  readonly warnings: readonly string[];
}

/**
 * Looks for run folders: those that hold a `manifest.json`, at any depth. Links are not followed, and a run folder is
 * not looked into; a run of several cells of a sweep that has ended is given as its cells, each a run.
 *
 * @param root Folder to look in, or a run folder itself.
 * @returns Runs and warnings; neither for a folder that is not there.
 *
 * @example
 * ```ts
 * import { findRuns } from "./find_runs.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(findRuns("/nowhere"), { runs: [], warnings: [] });
 * ```
 */
export function findRuns(root: string): FoundRuns {
  const runs: FoundRun[] = [];
  const warnings: string[] = [];
  const visit = (folder: string) => {
    const entries = entriesOf(folder);
    if (entries.some(({ name, isFile }) => name === SWEEP && isFile)) return visit(join(folder, "tasks"));
    if (!entries.some(({ name, isFile }) => name === "manifest.json" && isFile)) {
      entries.filter(({ isDirectory }) => isDirectory).forEach(({ name }) => visit(join(folder, name)));
      return;
    }
    try {
      const manifest: unknown = JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json")));
      if (isManifest(manifest)) {
        const cells = manifest.cells === undefined || !["complete", "failed"].includes(manifest.status)
          ? []
          : entriesOf(join(folder, CELLS));
        if (cells.length === 0) runs.push({ folder, manifest });
        for (const { name } of cells) visit(join(folder, CELLS, name));
      } else warnings.push(`expected ${join(folder, "manifest.json")} to be a run's, found none of its fields`);
    } catch (error) {
      warnings.push(`expected ${join(folder, "manifest.json")} to be JSON, found: ${describeError(error).line}`);
    }
  };
  visit(root);
  return { runs, warnings };
}

/**
 * Short names of runs: the name of the folder, or its path where two runs share a name.
 *
 * @param runs Runs of any folders.
 * @returns Names in the same order, distinct.
 */
export function runNames(runs: readonly FoundRun[]): string[] {
  const uses = new Map<string, number>();
  const names = runs.map(({ folder }) => basename(folder));
  names.forEach((name, index) => {
    const key = `${runs[index].manifest.experiment}/${name}`;
    uses.set(key, (uses.get(key) ?? 0) + 1);
  });
  return names.map((name, index) => {
    const { folder, manifest } = runs[index];
    return uses.get(`${manifest.experiment}/${name}`) === 1 ? name : join(dirname(folder), name);
  });
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)].toSorted((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

function isManifest(value: unknown): value is Manifest {
  const { experiment, preset, status, columns, configuration, seeds, start } = (value ?? {}) as Partial<Manifest>;
  const texts = [experiment, preset, status, start];
  return texts.every((text) => typeof text === "string") && Array.isArray(seeds) &&
    [columns, configuration].every((part) => typeof part === "object" && part !== null && !Array.isArray(part));
}
