/**
 * The list of a sweep, `sweep.json`, read without trust: every field has its type, whatever the file holds.
 *
 * @module
 */
import { join } from "@std/path";
import { SWEEP } from "../../run/find_runs.ts";
import type { Cell } from "../../run/manifest.ts";
import type { SweepCell, SweepTask } from "../sweep/plan.ts";
import { readJson } from "./run_record.ts";
import { record, text } from "./untrusted.ts";

/** A sweep as the page shows it. */
export interface SweepRecord {
  /** Path inside the results. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Name of the experiment. */
  readonly experiment: string;
  /** Name of the preset. */
  readonly preset: string;
  /** When it was submitted, UTC, ISO 8601; empty where unknown. */
  readonly created: string;
  /** The command that made it. */
  readonly commandLine: string;
  /** Names of the options that are swept, seeds apart. */
  readonly swept: readonly string[];
  /** Combinations of their values, each with its seeds. */
  readonly cells: readonly SweepCell[];
  /** Its tasks; their arguments are left out. */
  readonly tasks: readonly SweepTask[];
}

/** A sweep of 100 000 tasks is some 60 MB. */
const MAX_BYTES = 64 << 20;

/**
 * Reads the list of a sweep.
 *
 * @param folder Real path of its folder.
 * @param id Path inside the results.
 * @returns The sweep; tasks and cells that are none are left out of it.
 * @throws {Error} If the file is missing, too large or no JSON.
 */
export function readSweepRecord(folder: string, id: string): SweepRecord {
  const content = record(readJson(join(folder, SWEEP), MAX_BYTES));
  const cells = list(content.cells).map(record).map(({ values, seeds }) => ({
    values: texts(values),
    seeds: numbers(seeds),
  }));
  return {
    id,
    name: text(content.name) || id,
    experiment: text(content.experiment),
    preset: text(content.preset),
    created: Number.isFinite(Date.parse(text(content.created))) ? text(content.created) : "",
    commandLine: text(content.commandLine),
    swept: list(content.swept).map(text).filter((name) => name !== "").slice(0, 100),
    cells,
    tasks: list(content.tasks).map(record).flatMap(({ hash, parts, cells: own }): SweepTask[] => {
      // The hash becomes a part of a path.
      if (!/^\w{1,64}$/.test(text(hash))) return [];
      const known = list(parts).map(record).flatMap(({ cell, seeds }) =>
        typeof cell === "number" && cells[cell] !== undefined ? [{ cell, seeds: numbers(seeds) }] : []
      );
      return [{
        hash: text(hash),
        arguments: [],
        parts: known,
        ...(Array.isArray(own) && {
          cells: own.map(record).map(({ values, seeds }): Cell => ({ values: texts(values), seeds: numbers(seeds) })),
        }),
      }];
    }),
  };
}

const list = (value: unknown): unknown[] => Array.isArray(value) ? value.slice(0, 100_000) : [];

const numbers = (value: unknown): number[] => list(value).filter((item) => typeof item === "number");

const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(record(value)).slice(0, 100).map(([key, item]) => [key, text(item)]));
