/**
 * All runs of a folder, the newest first, read again only where something has changed.
 *
 * @module
 */
import { join } from "@std/path";
import { ANNOTATIONS } from "./annotations.ts";
import { Refusal } from "./refusal.ts";
import type { ResultsFolder } from "./results_folder.ts";
import { readRun, type RunRecord } from "./run_record.ts";

/** Summary of a run for the list. */
export type RunSummary = Omit<RunRecord, "files" | "columns" | "seeds" | "versions" | "commandLine" | "resumedBy"> & {
  /** Number of replicas. */
  readonly replicas: number;
};

/** A folder is looked through at most this often. */
const KEEP_MS = 1500;

/** Index of the runs of a folder. */
export class RunIndex {
  readonly #folder: ResultsFolder;
  readonly #known = new Map<string, { stamp: string; record: RunRecord }>();
  #list: readonly RunSummary[] = [];
  #sweeps: readonly string[] = [];
  #listedAt = -Infinity;

  /** @param folder The results. */
  constructor(folder: ResultsFolder) {
    this.#folder = folder;
  }

  /**
   * One run as it is now.
   *
   * @param id Name of the run.
   * @returns What its folder says.
   * @throws {Refusal} If there is no such run.
   */
  run(id: string): RunRecord {
    const folder = this.#folder.locate(id, "");
    // A link in the folder may lead anywhere: what lies outside of the results is not read.
    for (const name of READ) this.#folder.refuseOutside(id, name);
    const stamp = stampOf(folder);
    if (stamp === "") throw new Refusal(404, "expected the folder of a run, found no manifest");
    const known = this.#known.get(id);
    // A run that says it is running may have ended without a word: only looking again tells.
    if (known?.stamp === stamp && known.record.status !== "running") return known.record;
    const record = readRun(folder, id);
    // Whether a fresh log is still written is not settled yet.
    this.#known.set(id, { stamp, record });
    return record;
  }

  /**
   * All runs.
   *
   * @returns Summaries, the newest first; those without a time last.
   */
  list(): readonly RunSummary[] {
    if (performance.now() - this.#listedAt < KEEP_MS) return this.#list;
    const { runs: ids, sweeps } = this.#folder.look();
    this.#sweeps = sweeps;
    const there = new Set(ids);
    for (const id of this.#known.keys()) if (!there.has(id)) this.#known.delete(id);
    this.#list = ids.flatMap((id) => {
      try {
        return [summaryOf(this.run(id))];
      } catch (error) {
        if (error instanceof Refusal) return []; // Removed while we were looking.
        throw error;
      }
    }).sort((a, b) => a.start < b.start ? 1 : a.start > b.start ? -1 : a.id < b.id ? -1 : 1);
    this.#listedAt = performance.now();
    return this.#list;
  }

  /** Names of the sweeps that were there when the runs were listed. */
  get sweeps(): readonly string[] {
    return this.#sweeps;
  }
}

/**
 * Summarises a run for the list.
 *
 * @param run The run.
 * @returns Its summary.
 */
export function summaryOf(
  { files: _files, columns: _columns, seeds, versions: _versions, commandLine: _line, resumedBy: _by, ...rest }:
    RunRecord,
): RunSummary {
  return { ...rest, notes: rest.notes.slice(0, 300), replicas: seeds.length };
}

/** Files that the index reads. */
const READ = ["manifest.json", "run.json", "log.ndjson", "claims.json"];

/** Changes whenever the manifest, the log or what people say does; empty where there is no manifest. */
function stampOf(folder: string): string {
  const stamps = ["manifest.json", "run.json", "log.ndjson", ...ANNOTATIONS].map((name) => {
    try {
      const { mtime, size, ino } = Deno.statSync(join(folder, name));
      return `${mtime?.getTime()}:${size}:${ino}`;
    } catch {
      return "";
    }
  });
  return stamps[0] === "" && stamps[1] === "" ? "" : stamps.join("|");
}
