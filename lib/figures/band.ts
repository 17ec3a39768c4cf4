/** From one value per replica to a mean and a band, with the band's definition carried along. */

import { type Interval, mean, meanInterval, quantile } from "../statistics/mod.ts";
import { FigureError, type FigureRow } from "./spec.ts";

/** A summary of one's own of R replicas at one position. */
export interface BandRule {
  /** Definition of its ends in words, as in `95 % interval of the mean`; the number of replicas is added. */
  readonly words: string;
  /** Centre and ends of the replicas' values (R). */
  readonly of: (values: readonly number[]) => Interval;
}

/**
 * How a band summarises R replicas at one position:
 * - `range`: mean, and smallest to largest;
 * - `central90`: mean, and quantiles 0.05 to 0.95, linear between order statistics (Hyndman & Fan, type 7);
 * - `interval95`: mean, and its 95 % interval (Student); a single replica has one of no width;
 * - a {@linkcode BandRule} of one's own.
 */
export type BandDefinition = "range" | "central90" | "interval95" | BandRule;

/** Summary of all replicas of one group at one position. */
export type BandRow = {
  readonly x: number;
  readonly group: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly replicas: number;
};

/** Which fields of a row mean what, and how the band is defined. */
export interface BandOptions {
  /** Field of the position: step, N, … (finite). */
  x: string;
  /** Field of the value (finite). */
  value: string;
  /** Field that names the replica; default `replica`. */
  replica?: string;
  /** Field that tells curves apart; without it there is one curve, named "". */
  group?: string;
  /** Default `range`. */
  definition?: BandDefinition;
}

/**
 * Mean and band over replicas for every group and position.
 *
 * @param rows One row per (position, replica, group); other fields are ignored.
 * @param options Field names and the band's definition.
 * @returns Groups in order of appearance, positions ascending; `low ≤ high`, and `low ≤ mean ≤ high` except that a
 *   central quantile band of a very skewed sample may leave its mean outside.
 * @throws {FigureError} If a field is missing or not finite, or a replica occurs twice at a position.
 *
 * @example
 * ```ts
 * import { bandOver } from "./band.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const rows = [{ step: 0, replica: 0, loss: 1 }, { step: 0, replica: 1, loss: 3 }];
 * assertEquals(bandOver(rows, { x: "step", value: "loss" }), [
 *   { x: 0, group: "", mean: 2, low: 1, high: 3, replicas: 2 },
 * ]);
 * ```
 */
export function bandOver(rows: readonly FigureRow[], options: BandOptions): BandRow[] {
  const { x, value, replica = "replica", group, definition = "range" } = options;
  const groups = new Map<string, Map<number, Map<unknown, number>>>();
  rows.forEach((row, index) => {
    const name = group === undefined ? "" : String(present(row, group, index));
    const position = finite(row, x, index);
    const positions = groups.get(name) ?? new Map<number, Map<unknown, number>>();
    groups.set(name, positions);
    const values = positions.get(position) ?? new Map<unknown, number>();
    positions.set(position, values);
    const id = present(row, replica, index);
    if (values.has(id)) {
      throw new FigureError(
        `expected one row per ${replica}, found a second with ${replica} ${id} at ${x} ${position}` +
          `${group === undefined ? "" : `, ${group} ${name}`}`,
      );
    }
    values.set(id, finite(row, value, index));
  });
  return [...groups].flatMap(([name, positions]) =>
    [...positions].sort(([a], [b]) => a - b).map(([position, values]) => ({
      x: position,
      group: name,
      ...summary([...values.values()], definition),
    }))
  );
}

/**
 * Says what a figure's band is, over how many replicas: a range is called a range, an interval an interval with its level.
 *
 * @param rows Summaries as {@link bandOver} returns them, at least one.
 * @param definition The definition they were made with; default `range`.
 * @param mark What the figure draws; default `band`.
 * @returns For example "band: range of 8 replicas".
 * @throws {FigureError} If there are no rows.
 *
 * @example
 * ```ts
 * import { describeBand } from "./band.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const row = { x: 0, group: "", mean: 2, low: 1, high: 3, replicas: 2 };
 * assertEquals(describeBand([row], "interval95"), "band: 95 % interval of the mean over 2 replicas");
 * ```
 */
export function describeBand(
  rows: readonly BandRow[],
  definition: BandDefinition = "range",
  mark: "band" | "bar" = "band",
): string {
  if (rows.length === 0) throw new FigureError("expected at least one row to describe a band, found none");
  const counts = rows.map((row) => row.replicas);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const replicas = least === most ? `${most} replica${most === 1 ? "" : "s"}` : `${least} to ${most} replicas`;
  const words = typeof definition === "object" ? `${definition.words} over` : {
    range: "range of",
    central90: "central 90 % of",
    interval95: "95 % interval of the mean over",
  }[definition];
  return `${mark}: ${words} ${replicas}`;
}

/** Centre and ends of the values of all replicas. */
export function summary(
  values: readonly number[],
  definition: BandDefinition,
): { mean: number; low: number; high: number; replicas: number } {
  const replicas = values.length;
  if (typeof definition === "object") {
    const { centre, low, high } = definition.of(values);
    return { mean: centre, low, high, replicas };
  }
  if (definition === "interval95") {
    const { centre, low, high } = replicas > 1
      ? meanInterval(values)
      : { centre: values[0], low: values[0], high: values[0] };
    return { mean: centre, low, high, replicas };
  }
  const sorted = values.toSorted((a, b) => a - b);
  const tail = definition === "central90" ? 0.05 : 0;
  return { mean: mean(values), low: quantile(sorted, tail), high: quantile(sorted, 1 - tail), replicas };
}

function present(row: FigureRow, field: string, index: number): string | number | boolean | null {
  if (field in row) return row[field];
  throw new FigureError(`expected field "${field}" in row ${index}, found ${Object.keys(row).join(", ")}`);
}

function finite(row: FigureRow, field: string, index: number): number {
  const value = present(row, field, index);
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new FigureError(`expected a finite number in field "${field}" of row ${index}, found ${value}`);
}
