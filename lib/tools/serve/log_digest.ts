/**
 * A log as curves, in bounded memory however long it is.
 *
 * @module
 */
import type { ColumnTable } from "../../run/columns.ts";
import { type Roles, rolesOf } from "./column_roles.ts";
import { Curve, type CurveTail } from "./curve.ts";

/** Name of a curve. */
export interface CurveName {
  /** Kind of row. */
  readonly kind: string;
  /** Column of the positions. */
  readonly x: string;
  /** Unit of the positions. */
  readonly xUnit: string;
  /** Column of the values. */
  readonly y: string;
  /** Unit of the values. */
  readonly unit: string;
  /** Meaning of the values. */
  readonly meaning: string;
  /** Values of the columns that tell figures apart: study, quantity. */
  readonly facets: Readonly<Record<string, string>>;
  /** Values of the columns that tell curves of a figure apart, as far as the rows have them: series, layer, head, index. */
  readonly groups: Readonly<Record<string, string>>;
  /** Theory that predicts the values; empty where they were measured. */
  readonly theory: string;
}

/** A change of a curve, with its name where the reader does not know it yet. */
export interface CurvePatch extends CurveTail {
  /** Number of the curve, counted from 0. */
  readonly curve: number;
  /** Name of the curve; left out for curves sent before. */
  readonly name?: CurveName;
}

/** Newest value of a quantity: mean over the replicas of one series and place at the last position that is complete. */
export interface Newest {
  /** Kind of row. */
  readonly kind: string;
  /** Name of the quantity, or of the column. */
  readonly quantity: string;
  /** The series and place, as in {@linkcode CurveName.groups}: `main` where there is such a series, else the first. */
  readonly groups: Readonly<Record<string, string>>;
  /** Column of the position. */
  readonly x: string;
  /** The position. */
  readonly at: number;
  /** The mean. */
  readonly value: number;
}

/** A claim as it was announced before the run. */
export type Criterion = Readonly<Record<"id" | "statement" | "source" | "criterion", string>>;

interface Known {
  readonly name: CurveName;
  readonly curve: Curve;
  readonly since: number;
  /** Values at the newest position, and those of the one before it. */
  now: Position;
  before: Position | null;
}

interface Position {
  readonly at: number;
  sum: number;
  count: number;
}

/** Curves of a log at most; rows of others are counted. */
const MAX_CURVES = 400;
const MAX_CRITERIA = 500;
const NOT_DRAWN = ["criterion", "claim", "rival", "comparison"];
/** The series that an experiment is about; others are controls and sweeps. */
const MAIN = "main";

/** Quantity that the clock of a run adds to its log. */
const WALL_TIME = "wall time";

/** Curves of a log, in bounded memory. */
export class LogDigest {
  readonly #plans = new Map<string, Roles>();
  readonly #columns: ColumnTable;
  readonly #numbers = new Map<string, number>();
  readonly #curves: Known[] = [];
  /** The curves whose newest values count, by kind and quantity. */
  readonly #leading = new Map<string, Known>();
  readonly #criteria: Criterion[] = [];
  /** The last step of each series whose time is known. */
  readonly #timed = new Map<string, number>();
  #time = 0;
  #rows = 0;
  #unread = 0;

  /** @param columns Columns by kind of row, as the manifest has them. */
  constructor(columns: ColumnTable) {
    this.#columns = columns;
    for (const [kind, of] of Object.entries(columns)) {
      const plan = NOT_DRAWN.includes(kind) ? null : rolesOf(of);
      if (plan !== null) this.#plans.set(kind, plan);
    }
  }

  /** Number that grows with every row. */
  get time(): number {
    return this.#time;
  }

  /** Rows taken. */
  get rows(): number {
    return this.#rows;
  }

  /** Lines that are no rows, and rows of curves beyond those that are kept. */
  get unread(): number {
    return this.#unread;
  }

  /** Claims announced so far. */
  get criteria(): readonly Criterion[] {
    return this.#criteria;
  }

  /**
   * Newest values of what is measured, quantities without a place first.
   *
   * @param ended Whether nothing more will come: then the last position is complete, however few values it has.
   */
  newest(ended: boolean): Newest[] {
    const found = [...this.#leading.values()].map(({ name, now, before }): Newest => {
      const { at, sum, count } = ended || before === null || now.count >= before.count ? now : before;
      const { kind, x, y, facets, groups } = name;
      return { kind, quantity: facets.quantity ?? y, groups, x, at, value: sum / count };
    });
    const places = ({ groups }: Newest) => Object.keys(groups).length;
    return found.sort((a, b) => Number(b.kind === "train") - Number(a.kind === "train") || places(a) - places(b));
  }

  /**
   * Takes a line of the log.
   *
   * @param line A JSON object; anything else is counted and passed over.
   * @param ms Time at which it was written, where that is known: of each series it becomes the quantity `wall time`.
   */
  add(line: string, ms: number | null = null): void {
    const row = parsed(line);
    const kind = row?.kind;
    if (row === null || typeof kind !== "string") {
      if (line.trim() !== "") this.#unread++;
      return;
    }
    this.#rows++;
    this.#time++;
    if (kind === "criterion") this.#announce(row);
    const plan = this.#plans.get(kind);
    const x = plan === undefined ? undefined : row[plan.x];
    if (plan === undefined || typeof x !== "number" || !Number.isFinite(x)) return;
    for (const column of plan.values) {
      const y = row[column];
      if (typeof y !== "number" || !Number.isFinite(y)) continue;
      const known = this.#curve(kind, plan, column, row);
      if (known === null) {
        this.#unread++;
        continue;
      }
      known.curve.add(x, y, this.#time);
      note(known, x, y);
    }
    if (kind === "measure" && ms !== null && typeof row.series === "string") {
      this.#clock(plan, row.series, x, ms / 1000);
    }
  }

  /** A series has one time at a step: that of its first row there. */
  #clock(plan: Roles, series: string, x: number, seconds: number): void {
    if (this.#timed.get(series) === x) return;
    this.#timed.set(series, x);
    this.#curve("measure", plan, plan.values[0], { series, quantity: WALL_TIME })?.curve.add(x, seconds, this.#time);
  }

  /**
   * Collects the changes after a time.
   *
   * @param time {@linkcode LogDigest.time} of the last look; −1 for everything.
   * @returns Changes of curves.
   */
  since(time: number): CurvePatch[] {
    return this.#curves.flatMap(({ name, curve, since }, index) => {
      const tail = curve.since(time);
      return tail === null ? [] : [{ curve: index, ...tail, ...(since > time ? { name } : {}) }];
    });
  }

  #announce(row: Readonly<Record<string, unknown>>): void {
    if (this.#criteria.length >= MAX_CRITERIA) return;
    const text = (key: string) => String(row[key] ?? "").slice(0, 4000);
    this.#criteria.push({
      id: text("id"),
      statement: text("statement"),
      source: text("source"),
      criterion: text("criterion"),
    });
  }

  #curve(kind: string, plan: Roles, column: string, row: Readonly<Record<string, unknown>>): Known | null {
    const pick = (names: readonly string[]) =>
      Object.fromEntries(
        names.filter((name) => row[name] !== undefined && row[name] !== null)
          .map((name) => [name, String(row[name]).slice(0, 120)]),
      );
    const [facets, groups] = [pick(plan.facets), pick(plan.groups)];
    const theory = plan.theory === null ? "" : String(row[plan.theory] ?? "").slice(0, 120);
    const key = JSON.stringify([kind, column, theory, facets, groups]);
    const number = this.#numbers.get(key);
    if (number !== undefined) return this.#curves[number];
    if (this.#curves.length >= MAX_CURVES) return null;
    const timed = facets.quantity === WALL_TIME;
    const { unit = "", meaning = "" } = timed
      ? { unit: "s", meaning: "time since the start" }
      : this.#columns[kind][column];
    const xUnit = this.#columns[kind][plan.x].unit;
    // A theory's curve stands in the figure of what it predicts.
    const shown = theory === "" ? kind : "measure";
    const name = { kind: shown, x: plan.x, xUnit, y: column, unit, meaning, facets, groups, theory };
    const known = { name, curve: new Curve(), since: this.#time, now: { at: NaN, sum: 0, count: 0 }, before: null };
    this.#numbers.set(key, this.#curves.length);
    this.#curves.push(known);
    if (theory === "" && !timed) this.#lead(known);
    return known;
  }

  /** Of a quantity the first series counts, until there is one that is called main. */
  #lead(known: Known): void {
    const { kind, y, facets, groups } = known.name;
    const key = JSON.stringify([kind, y, facets]);
    const before = this.#leading.get(key);
    if (before === undefined || groups.series === MAIN && before.name.groups.series !== MAIN) {
      this.#leading.set(key, known);
    }
  }
}

function note(known: Known, x: number, y: number): void {
  if (known.now.at !== x) {
    known.before = known.now.count === 0 ? null : known.now;
    known.now = { at: x, sum: 0, count: 0 };
  }
  known.now.sum += y;
  known.now.count++;
}

function parsed(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Readonly<Record<string, unknown>>
      : null;
  } catch {
    return null;
  }
}
