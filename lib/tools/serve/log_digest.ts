/**
 * A log as curves, in bounded memory however long it is.
 *
 * @module
 */
import type { ColumnTable } from "../../run/columns.ts";
import { type Roles, rolesOf } from "./column_roles.ts";
import { Curve, type CurveTail } from "./curve.ts";

/** What a curve shows. */
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
  /** What the values mean. */
  readonly meaning: string;
  /** Values of the columns that tell figures apart: study, quantity. */
  readonly facets: Readonly<Record<string, string>>;
  /** Values of the columns that tell curves of a figure apart: mode, series. */
  readonly groups: Readonly<Record<string, string>>;
}

/** A change of a curve, with its name where the reader does not know it yet. */
export interface CurvePatch extends CurveTail {
  /** Number of the curve, counted from 0. */
  readonly curve: number;
  /** What it shows; left out for curves sent before. */
  readonly name?: CurveName;
}

/**
 * Newest values of a kind of row: mean over its replicas at the last position that is complete. Of measured numbers these are
 * the values of the first series by quantity, those of a layer, head or index left out.
 */
export interface Newest {
  /** Column of the position. */
  readonly x: string;
  /** The position. */
  readonly at: number;
  /** Means by column, or by quantity. */
  readonly values: Readonly<Record<string, number>>;
}

/** A claim as it was announced before the run. */
export type Criterion = Readonly<Record<"id" | "statement" | "source" | "criterion", string>>;

interface Known {
  readonly name: CurveName;
  readonly curve: Curve;
  readonly since: number;
}

/** Curves of a log at most; rows of others are counted. */
const MAX_CURVES = 400;
const MAX_CRITERIA = 500;
const NOT_DRAWN = ["criterion", "claim", "rival"];
/** Quantities of which the newest value is told at most. */
const MAX_NEWEST = 20;

/** Sums over replicas at a position, and at the one before it. */
interface Sums {
  at: number;
  sums: number[];
  count: number;
  before: Sums | null;
}

/** What a log holds, in bounded memory. */
export class LogDigest {
  readonly #plans = new Map<string, Roles>();
  readonly #columns: ColumnTable;
  readonly #numbers = new Map<string, number>();
  readonly #curves: Known[] = [];
  readonly #newest = new Map<string, { readonly plan: Roles; readonly sums: Sums }>();
  readonly #measured = new Map<string, Sums>();
  #series: unknown;
  readonly #criteria: Criterion[] = [];
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

  /** Newest values by kind of row. */
  newest(): Record<string, Newest> {
    const kinds = [...this.#newest].map(([kind, { plan, sums }]): [string, Newest] => {
      const { at, means } = complete(sums);
      return [kind, { x: plan.x, at, values: Object.fromEntries(plan.values.map((name, i) => [name, means[i]])) }];
    });
    if (this.#measured.size === 0) return Object.fromEntries(kinds);
    const quantities = [...this.#measured].map(([name, sums]) => [name, complete(sums)] as const);
    const at = Math.max(...quantities.map(([, { at }]) => at));
    const values = Object.fromEntries(quantities.map(([name, { means: [mean] }]) => [name, mean]));
    return { ...Object.fromEntries(kinds), measure: { x: "step", at, values } };
  }

  /**
   * Takes a line of the log.
   *
   * @param line A JSON object; anything else is counted and passed over.
   */
  add(line: string): void {
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
    this.#note(kind, plan, x, row);
    for (const column of plan.values) {
      const y = row[column];
      if (typeof y !== "number" || !Number.isFinite(y)) continue;
      const known = this.#curve(kind, plan, column, row);
      if (known === null) this.#unread++;
      else known.curve.add(x, y, this.#time);
    }
  }

  /**
   * What changed after a time.
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

  #note(kind: string, plan: Roles, x: number, row: Readonly<Record<string, unknown>>): void {
    if (kind !== "measure") {
      const sums = added(this.#newest.get(kind)?.sums, x, plan.values.map((name) => Number(row[name])));
      this.#newest.set(kind, { plan, sums });
      return;
    }
    this.#series ??= row.series;
    if (row.series !== this.#series || ["layer", "head", "index"].some((name) => row[name] !== undefined)) return;
    const quantity = String(row.quantity).slice(0, 120);
    const before = this.#measured.get(quantity);
    if (before === undefined && this.#measured.size >= MAX_NEWEST) return;
    this.#measured.set(quantity, added(before, x, [Number(row.value)]));
  }

  #curve(kind: string, plan: Roles, column: string, row: Readonly<Record<string, unknown>>): Known | null {
    const pick = (names: readonly string[]) =>
      Object.fromEntries(
        names.filter((name) => (row[name] ?? null) !== null).map((name) => [name, String(row[name]).slice(0, 120)]),
      );
    const [facets, groups] = [pick(plan.facets), pick(plan.groups)];
    const key = JSON.stringify([kind, column, facets, groups]);
    const number = this.#numbers.get(key);
    if (number !== undefined) return this.#curves[number];
    if (this.#curves.length >= MAX_CURVES) return null;
    const { unit = "", meaning = "" } = this.#columns[kind][column];
    const xUnit = this.#columns[kind][plan.x].unit;
    const name = { kind, x: plan.x, xUnit, y: column, unit, meaning, facets, groups };
    const known = { name, curve: new Curve(), since: this.#time };
    this.#numbers.set(key, this.#curves.length);
    this.#curves.push(known);
    return known;
  }
}

function added(known: Sums | undefined, at: number, values: readonly number[]): Sums {
  const sums = known?.at === at
    ? known
    : { at, sums: values.map(() => 0), count: 0, before: known ? { ...known, before: null } : null };
  values.forEach((value, i) => sums.sums[i] += value);
  sums.count++;
  return sums;
}

/** Means at the newest position that has as many rows as the one before it. */
function complete(newest: Sums): { at: number; means: number[] } {
  const { before } = newest;
  const { at, sums, count } = before !== null && newest.count < before.count ? before : newest;
  return { at, means: sums.map((sum) => sum / count) };
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
