/**
 * All sweeps of a folder and how their tasks stand, read again only where something has changed.
 *
 * @module
 */
import { join } from "@std/path";
import { CELLS, SWEEP } from "../../run/find_runs.ts";
import { cellFolder } from "../../run/split_cells.ts";
import type { SweepTask } from "../sweep/plan.ts";
import { taskStanding, type TaskStatus } from "../sweep/status.ts";
import { Refusal } from "./refusal.ts";
import type { ResultsFolder } from "./results_folder.ts";
import { readSweepRecord, type SweepRecord } from "./sweep_record.ts";
import { text } from "./untrusted.ts";

/** How a task stands, and the run folders of its parts. */
export interface ShownTask {
  /** The task. */
  readonly task: SweepTask;
  /** How it stands. */
  readonly status: TaskStatus;
  /** Why, where there is something to say. */
  readonly reason: string;
  /** Changes whenever its manifest or, while it runs, its log does. */
  readonly stamp: string;
  /** Names of the runs that hold its parts, in their order; one for all while they train side by side, none before it starts. */
  readonly runs: readonly string[];
}

/** A sweep and how its tasks stand. */
export interface ShownSweep {
  /** The list that was submitted. */
  readonly record: SweepRecord;
  /** Its tasks, in their order. */
  readonly tasks: readonly ShownTask[];
}

/** Summary of a sweep for the list. */
export interface SweepSummary extends Pick<SweepRecord, "id" | "name" | "experiment" | "preset" | "created" | "swept"> {
  /** Number of cells. */
  readonly cells: number;
  /** Number of replicas of all cells together. */
  readonly replicas: number;
  /** Number of tasks by status. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A folder is looked through at most this often. */
const KEEP_MS = 1500;
/** Statuses that only starting a task anew changes, which writes its manifest anew. */
const SETTLED: readonly TaskStatus[] = ["complete", "interrupted", "failed", "diverged"];

/** Index of the sweeps of a folder. */
export class SweepIndex {
  readonly #folder: ResultsFolder;
  readonly #records = new Map<string, { stamp: string; record: SweepRecord }>();
  readonly #tasks = new Map<string, { stamp: string; shown: ShownTask }>();
  readonly #shown = new Map<string, { at: number; sweep: ShownSweep }>();
  #list: readonly SweepSummary[] = [];
  #listedAt = -Infinity;

  /** @param folder The results. */
  constructor(folder: ResultsFolder) {
    this.#folder = folder;
  }

  /**
   * One sweep as it is now, or was a moment ago.
   *
   * @param id Name of the sweep.
   * @returns What it lists and how its tasks stand.
   * @throws {Refusal} If there is no such sweep.
   */
  sweep(id: string): ShownSweep {
    const known = this.#shown.get(id);
    if (known !== undefined && performance.now() - known.at < KEEP_MS) return known.sweep;
    const record = this.#record(id);
    const there = this.#started(id);
    const tasks = record.tasks.map((task): ShownTask =>
      there.has(task.hash) ? this.#task(id, task) : { task, status: "waiting", reason: "", stamp: "", runs: [] }
    );
    const sweep = { record, tasks };
    this.#shown.set(id, { at: performance.now(), sweep });
    return sweep;
  }

  /**
   * All sweeps.
   *
   * @param ids Their names.
   * @returns Summaries, the newest first.
   */
  list(ids: readonly string[]): readonly SweepSummary[] {
    if (performance.now() - this.#listedAt < KEEP_MS) return this.#list;
    for (const known of [this.#records, this.#shown]) {
      for (const id of known.keys()) if (!ids.includes(id)) known.delete(id);
    }
    this.#list = ids.flatMap((id) => {
      try {
        return [summaryOf(this.sweep(id))];
      } catch {
        return []; // Removed while we were looking, or no list of a sweep.
      }
    }).sort((a, b) => a.created < b.created ? 1 : a.created > b.created ? -1 : a.id < b.id ? -1 : 1);
    this.#listedAt = performance.now();
    return this.#list;
  }

  #record(id: string): SweepRecord {
    const path = this.#folder.locate(id, SWEEP);
    const stamp = stampOf(path);
    const known = this.#records.get(id);
    if (known?.stamp === stamp) return known.record;
    let record: SweepRecord;
    try {
      record = readSweepRecord(this.#folder.locate(id, ""), id);
    } catch {
      throw new Refusal(404, "expected the list of a sweep, found none that can be read");
    }
    this.#records.set(id, { stamp, record });
    return record;
  }

  /** Folders of tasks that are there. */
  #started(sweep: string): ReadonlySet<string> {
    try {
      const folder = this.#folder.locate(sweep, "tasks");
      return new Set([...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name));
    } catch {
      return new Set();
    }
  }

  #task(sweep: string, task: SweepTask): ShownTask {
    const id = `${sweep === "." ? "" : `${sweep}/`}tasks/${task.hash}`;
    const waiting: ShownTask = { task, status: "waiting", reason: "", stamp: "", runs: [] };
    const path = join(this.#folder.root, id, "manifest.json");
    const stamp = stampOf(path);
    if (stamp === "") return waiting;
    const known = this.#tasks.get(id);
    if (known?.stamp === stamp && known.shown.task === task) return known.shown;
    let own: string;
    try {
      own = this.#folder.locate(id, "");
      this.#folder.refuseOutside(id, "manifest.json");
    } catch {
      return waiting;
    }
    const standing = this.#standing(sweep, own, task);
    const log = standing.status === "running" ? stampOf(join(own, "log.ndjson")) : "";
    const shown = { task, ...standing, stamp: `${stamp}|${log}`, runs: this.#runs(id, own, task) };
    // Cells that go on alone have manifests of their own.
    if (SETTLED.includes(shown.status) && !(shown.status === "diverged" && shown.runs.length > 1)) {
      this.#tasks.set(id, { stamp, shown });
    } else this.#tasks.delete(id);
    return shown;
  }

  #standing(sweep: string, own: string, task: SweepTask): { status: TaskStatus; reason: string } {
    try {
      // The folder of a sweep is two levels above that of a task.
      const { status, reason } = taskStanding(this.#folder.locate(sweep, ""), task);
      return { status, reason: text(reason) };
    } catch {
      return { status: "crashed", reason: `expected a manifest in ${own.split("/").at(-1)}, found other JSON` };
    }
  }

  #runs(id: string, own: string, { cells }: SweepTask): string[] {
    if (cells === undefined) return [id];
    const parts = cells.map((_, index) => cellFolder(cells, index));
    const there = parts.filter((part) => stampOf(join(own, part, "manifest.json")) !== "");
    return stampOf(join(own, CELLS)) === "" || there.length < parts.length
      ? [id]
      : parts.map((part) => `${id}/${part}`);
  }
}

function summaryOf({ record, tasks }: ShownSweep): SweepSummary {
  const { id, name, experiment, preset, created, swept, cells } = record;
  const counts: Record<string, number> = {};
  for (const { status } of tasks) counts[status] = (counts[status] ?? 0) + 1;
  const replicas = cells.reduce((sum, { seeds }) => sum + seeds.length, 0);
  return { id, name, experiment, preset, created, swept, cells: cells.length, replicas, counts };
}

/** Changes whenever a file does; empty where there is none. */
function stampOf(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()}:${size}:${ino}`;
  } catch {
    return "";
  }
}
