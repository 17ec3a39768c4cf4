/**
 * Curves of a whole sweep: those of all runs of a group pooled into a mean and a band, in bounded memory however many runs there
 * are.
 *
 * @module
 */
import { cellName } from "../../run/cells.ts";
import { theoryOfCell } from "../../run/split_cells.ts";
import { isDivergence } from "../sweep/status.ts";
import type { CurveName } from "./log_digest.ts";
import { labelOf, pooled, thinned } from "./page/charts.js";
import { PartedLog } from "./parted_log.ts";
import { Refusal } from "./refusal.ts";
import type { ResultsFolder } from "./results_folder.ts";
import type { RunIndex } from "./run_index.ts";
import type { ShownSweep, ShownTask } from "./sweep_index.ts";

/** Points of a curve: position, mean, smallest, largest, deviation, number of replicas. */
type Points = readonly (readonly number[])[];

/** Question of a page. */
export interface CurvesAsked {
  /** Key of the quantity, as {@linkcode SweepCurves} names it; empty for the first. */
  readonly quantity: string;
  /** Which of its curves: series, layer, head, index; null for the first. */
  readonly label: string | null;
  /** Option whose values are groups, empty for each cell, `*` for all cells in one group. */
  readonly by: string;
  /** Values of options that cells must have. */
  readonly fixed: Readonly<Record<string, string>>;
}

/** Last value of a cell over all its replicas that are complete. */
export interface CellLast {
  /** Number of the cell. */
  readonly cell: number;
  /** Mean. */
  readonly mean: number;
  /** Standard deviation between replicas. */
  readonly deviation: number;
  /** Number of replicas. */
  readonly count: number;
}

/** Answer for the page. */
export interface ShownCurves {
  /** Tasks whose logs have been read. */
  readonly read: number;
  /** Tasks that have a log. */
  readonly of: number;
  /** Quantities that were logged, with the labels of their curves. */
  readonly quantities: readonly {
    readonly key: string;
    readonly name: CurveName;
    readonly labels: readonly string[];
  }[];
  /** The one that is shown, and its label; empty where nothing was logged. */
  readonly quantity: string;
  readonly label: string;
  /** Groups in their order, each with its curve and those of theories, over how many replicas, and how many it should have. */
  readonly groups: readonly {
    readonly name: string;
    readonly points: Points;
    readonly theories: readonly { readonly theory: string; readonly points: Points }[];
    readonly replicas: number;
    readonly planned: number;
    readonly running: boolean;
  }[];
  /** Replicas that are in no curve, by status of their task. */
  readonly left: Readonly<Record<string, number>>;
  /** Last values by cell, of all cells. */
  readonly last: readonly CellLast[];
}

/** Curve of a part, as packed numbers. */
interface Kept {
  readonly theory: string;
  /** Points, six numbers each. */
  readonly points: Float64Array;
}

/** Part of a task as far as it is known: last points of all its curves, and the curves that fit into memory. */
interface Part {
  readonly last: Map<number, readonly number[]>;
  readonly curves: Map<number, Kept[]>;
}

interface ReadTask {
  readonly stamp: string;
  readonly parts: readonly Part[];
  /** Whether all curves were kept, and not the one alone that was asked for. */
  readonly whole: boolean;
  readonly bytes: number;
}

/** Points of a curve at most. */
const POINTS = 200;
/** Curves of all quantities are kept as far as this; beyond, logs are read anew when another quantity is asked for. */
const MAX_BYTES = 96 << 20;
/** Quantities and labels of a sweep at most. */
const MAX_CURVES = 2000;
/** Groups in one figure at most. */
export const MAX_GROUPS = 60;
/** Logs of running tasks that are followed rather than read again. */
const FOLLOWED = 64;

/** Curves of one sweep. */
export class SweepCurves {
  readonly #folder: ResultsFolder;
  readonly #runs: RunIndex;
  readonly #read = new Map<string, ReadTask>();
  readonly #followed = new Map<string, PartedLog>();
  /** Numbers of curves by quantity and label. */
  readonly #numbers = new Map<string, Map<string, number>>();
  readonly #names = new Map<string, CurveName>();
  #turn: Promise<void> = Promise.resolve();
  #count = 0;
  #bytes = 0;

  /**
   * @param folder The results.
   * @param runs Their index.
   */
  constructor(folder: ResultsFolder, runs: RunIndex) {
    this.#folder = folder;
    this.#runs = runs;
  }

  /**
   * Reads on for a while, and answers with what is known then.
   *
   * @param sweep The sweep as it is now.
   * @param asked What to show.
   * @param budgetMs Time after which no further log is read.
   * @returns Curves and last values.
   * @throws {Refusal} If the groups are too many for one figure.
   */
  async of(sweep: ShownSweep, asked: CurvesAsked, budgetMs: number): Promise<ShownCurves> {
    // One reader at a time: two would read the same logs.
    const turn = this.#turn.then(() => this.#readOn(sweep, asked, budgetMs));
    this.#turn = turn.then(() => {}, () => {});
    return this.#shown(sweep, asked, await turn);
  }

  /** Tasks that have a log, and how many of these have been read. */
  async #readOn(
    sweep: ShownSweep,
    asked: CurvesAsked,
    budgetMs: number,
  ): Promise<{ read: number; of: number }> {
    const began = performance.now();
    // Hashes come in no order, so that a part of the logs is a fair one of all cells.
    const logged = sweep.tasks.filter(({ runs }) => runs.length > 0)
      .toSorted((a, b) => a.task.hash < b.task.hash ? -1 : 1);
    let read = 0;
    for (const task of logged) {
      const stamp = task.stamp + task.status + task.runs.length;
      const known = this.#read.get(task.task.hash);
      const wanted = this.#numberOf(asked);
      if (known?.stamp === stamp && (known.whole || wanted === null || this.#has(known, wanted))) {
        read++;
        continue;
      }
      if (performance.now() - began > budgetMs && read > 0) continue;
      await this.#digest(task, stamp, asked);
      read++;
    }
    return { read, of: logged.length };
  }

  #has({ parts }: ReadTask, number: number): boolean {
    return parts.every(({ curves, last }) => curves.has(number) || !last.has(number));
  }

  /** Number of the curve that is asked for; null while nothing has a name. */
  #numberOf({ quantity, label }: Pick<CurvesAsked, "quantity" | "label">): number | null {
    const labels = this.#numbers.get(this.#quantityOf(quantity));
    return labels?.get(this.#labelOf(labels, label)) ?? null;
  }

  /** Training is first where there is some, as on the page of a run. */
  #quantityOf(asked: string): string {
    if (this.#numbers.has(asked)) return asked;
    const keys = [...this.#names];
    return (keys.find(([, { kind }]) => kind === "train") ?? keys[0])?.[0] ?? "";
  }

  #labelOf(labels: ReadonlyMap<string, number>, asked: string | null): string {
    if (asked !== null && labels.has(asked)) return asked;
    return labels.has("main") ? "main" : labels.keys().next().value ?? "";
  }

  /** How a part of a task stands: where one cell has diverged, the others have gone on alone. */
  #statusOf({ status, runs }: ShownTask, part: number): string {
    if (runs.length < 2 || status === "complete") return status;
    try {
      const own = this.#runs.run(runs[part]);
      return own.status === "failed" && isDivergence(own.reason) ? "diverged" : own.status;
    } catch {
      return status;
    }
  }

  async #digest(task: ShownTask, stamp: string, asked: CurvesAsked): Promise<void> {
    const { hash, parts } = task.task;
    const before = this.#read.get(hash);
    this.#bytes -= before?.bytes ?? 0;
    const found: Part[] = [];
    try {
      for (const curves of await this.#curvesOf(task)) {
        const part: Part = { last: new Map(), curves: new Map() };
        for (const { name, points } of curves) {
          const number = name === undefined ? null : this.#number(name);
          if (number === null || points.length === 0) continue;
          const { theory } = name!;
          if (theory === "") part.last.set(number, points.at(-1)!);
          const kept = Float64Array.from(thinned(points as unknown as number[][], POINTS).flat());
          part.curves.set(number, [...part.curves.get(number) ?? [], { theory, points: kept }]);
        }
        found.push(part);
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Gone in the meantime, or begun anew.
    }
    while (found.length < parts.length) found.push({ last: new Map(), curves: new Map() });
    const wanted = this.#numberOf(asked);
    const sizeOf = (kept: readonly Kept[]) => kept.reduce((sum, { points }) => sum + points.byteLength, 0);
    const all = found.reduce(
      (sum, { curves }) => [...curves.values()].reduce((sum, kept) => sum + sizeOf(kept), sum),
      0,
    );
    const whole = this.#bytes + all <= MAX_BYTES;
    if (!whole) {
      for (const { curves } of found) for (const number of curves.keys()) if (number !== wanted) curves.delete(number);
    }
    const bytes = whole ? all : found.reduce((sum, { curves }) => sum + sizeOf(curves.get(wanted ?? -1) ?? []), 0);
    this.#bytes += bytes;
    this.#read.set(hash, { stamp, parts: found, whole, bytes });
  }

  /** Curves of every part of a task: from the log of the task while it runs, from those of its cells once these are there. */
  async #curvesOf({ task, runs, status }: ShownTask) {
    const all = runs.length > 1 || task.parts.length === 1 ? runs : [runs[0]];
    const found = [];
    for (const run of all) {
      const { columns } = this.#runs.run(run);
      const parts = all.length === 1
        ? task.parts.map(({ seeds }, part) => ({
          replicas: seeds.length,
          ending: task.cells === undefined ? "\0" : theoryOfCell("", task.cells[part] ?? { values: {} }),
        }))
        : [{ replicas: 0, ending: "\0" }];
      const key = JSON.stringify([run, columns]);
      const log = this.#followed.get(key) ?? new PartedLog(this.#folder.locate(run, ""), columns, parts);
      this.#followed.delete(key);
      if (status === "running") this.#followed.set(key, log);
      for (const oldest of this.#followed.keys()) {
        if (this.#followed.size <= FOLLOWED) break;
        this.#followed.delete(oldest);
      }
      await log.read();
      found.push(...log.curves());
    }
    return found;
  }

  #number(name: CurveName): number | null {
    const { kind, y, facets, groups } = name;
    const key = JSON.stringify([kind, y, Object.values(facets)]);
    const labels = this.#numbers.get(key) ?? new Map<string, number>();
    const label: string = labelOf(groups);
    const known = labels.get(label);
    if (known !== undefined) return known;
    if (this.#count >= MAX_CURVES) return null;
    labels.set(label, this.#count);
    if (!this.#numbers.has(key)) this.#names.set(key, name);
    this.#numbers.set(key, labels);
    return this.#count++;
  }

  #shown({ record, tasks }: ShownSweep, asked: CurvesAsked, { read, of }: { read: number; of: number }): ShownCurves {
    const quantity = this.#quantityOf(asked.quantity);
    const labels = this.#numbers.get(quantity) ?? new Map<string, number>();
    const label = this.#labelOf(labels, asked.label);
    const number = labels.get(label) ?? -1;
    const chosen = new Set(
      [...record.cells.keys()].filter((cell) =>
        Object.entries(asked.fixed).every(([key, value]) => record.cells[cell].values[key] === value)
      ),
    );
    const nameOf = (cell: number) =>
      asked.by === "*"
        ? "all"
        : asked.by === ""
        ? cellName(record.cells[cell])
        : record.cells[cell].values[asked.by] ?? "–";
    const names = [...new Set([...chosen].map(nameOf))];
    if (names.length > MAX_GROUPS) {
      throw new Refusal(
        400,
        `expected at most ${MAX_GROUPS} bands in one figure, found ${names.length}; group by an option`,
      );
    }
    const found = tasks.flatMap((shown) => {
      const { task } = shown;
      const known = this.#read.get(task.hash);
      return task.parts.map(({ cell, seeds }, part) => ({
        cell,
        status: this.#statusOf(shown, part),
        replicas: seeds.length,
        last: known?.parts[part]?.last.get(number),
        curves: known?.parts[part]?.curves.get(number) ?? [],
      }));
    });
    const left: Record<string, number> = {};
    const byName = Map.groupBy(found.filter(({ cell }) => chosen.has(cell)), ({ cell }) => nameOf(cell));
    const groups = names.map((name) => {
      const own = byName.get(name) ?? [];
      const there = own.filter(({ curves }) => curves.some(({ theory }) => theory === ""));
      const complete = there.filter(({ status }) => status === "complete");
      // What has come to its end is not cut short by what has not.
      const used = complete.length > 0 ? complete : there.filter(({ status }) => status === "running");
      for (const part of own) {
        if (!used.includes(part)) left[part.status] = (left[part.status] ?? 0) + part.replicas;
      }
      const curves = used.flatMap(({ curves }) => curves);
      const theories = [...Map.groupBy(curves.filter(({ theory }) => theory !== ""), ({ theory }) => theory)];
      return {
        name,
        points: pooled(curves.filter(({ theory }) => theory === "").map(unpacked)) as Points,
        theories: theories.map(([theory, [first]]) => ({ theory, points: unpacked(first) })),
        replicas: used.reduce((sum, { replicas }) => sum + replicas, 0),
        planned: own.reduce((sum, { replicas }) => sum + replicas, 0),
        running: complete.length === 0,
      };
    });
    const complete = found.filter(({ status, last }) => status === "complete" && last !== undefined);
    const last = [...Map.groupBy(complete, ({ cell }) => cell)].map(([cell, parts]): CellLast => {
      const [[, mean, , , deviation, count]] = pooled(
        parts.map(({ last }) => [[0, ...last!.slice(1)]]),
      ) as number[][];
      return { cell, mean, deviation, count };
    });
    return {
      read,
      of,
      quantities: [...this.#numbers].map(([key, labels]) => ({
        key,
        name: this.#names.get(key)!,
        labels: [...labels.keys()],
      })),
      quantity,
      label,
      groups,
      left,
      last,
    };
  }
}

function unpacked({ points }: Kept): number[][] {
  return Array.from({ length: points.length / 6 }, (_, at) => [...points.subarray(6 * at, 6 * at + 6)]);
}

/** Curves of the sweeps that somebody looks at; those of the others are forgotten. */
export class ManySweepCurves {
  readonly #held = new Map<string, SweepCurves>();

  /**
   * @param make Makes those of a sweep.
   * @param most How many are held.
   */
  constructor(private readonly make: () => SweepCurves, private readonly most: number = 2) {}

  /**
   * The curves of a sweep.
   *
   * @param id Name of the sweep.
   * @returns The shared reader.
   */
  of(id: string): SweepCurves {
    const curves = this.#held.get(id) ?? this.make();
    this.#held.delete(id);
    this.#held.set(id, curves);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= this.most) break;
      this.#held.delete(oldest);
    }
    return curves;
  }
}
