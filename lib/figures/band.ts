/** From one value per replica to a mean and a band, with the band's definition carried along. */

import { quantile } from "../statistics/mod.ts";
import { FigureError, type FigureRow } from "./spec.ts";

/**
 * How a band summarises R replicas at one position:
 * - `range`: smallest to largest;
 * - `central90`: quantiles 0.05 to 0.95, linear between order statistics (Hyndman & Fan, type 7);
 * - `twoStandardErrors`: mean ± 2 s/√R with the sample deviation s (divisor R − 1).
 */
export type BandDefinition = "range" | "central90" | "twoStandardErrors";

/** Summary of all replicas of one group at one position. */
export type BandRow = {
  readonly x: number;
  readonly group: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly replicas: number;
  /** What `low` and `high` are, where it is not `range`. */
  readonly definition?: BandDefinition;
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
 * @throws {FigureError} If a field is missing or not finite, a replica occurs twice at a position, or standard errors
 *   are asked of a single replica.
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
      ...(definition === "range" ? {} : { definition }),
    }))
  );
}

/**
 * The sentence that a figure's subtitle owes its reader: what the band is, over how many replicas.
 *
 * @param rows Summaries as {@link bandOver} returns them, at least one.
 * @param definition The definition they were made with; what the rows say unless given.
 * @returns For example "band: min–max of 8 replicas".
 * @throws {FigureError} If there are no rows.
 *
 * @example
 * ```ts
 * import { describeBand } from "./band.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const row = { x: 0, group: "", mean: 2, low: 1, high: 3, replicas: 2, definition: "central90" } as const;
 * assertEquals(describeBand([row]), "band: central 90 % of 2 replicas");
 * ```
 */
export function describeBand(rows: readonly BandRow[], definition?: BandDefinition): string {
  if (rows.length === 0) throw new FigureError("expected at least one row to describe a band, found none");
  const counts = rows.map((row) => row.replicas);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const replicas = least === most ? `${most} replica${most === 1 ? "" : "s"}` : `${least} to ${most} replicas`;
  return {
    range: `band: min–max of ${replicas}`,
    central90: `band: central 90 % of ${replicas}`,
    twoStandardErrors: `band: mean ± 2 standard errors over ${replicas}`,
  }[definition ?? rows[0].definition ?? "range"];
}

function summary(values: number[], definition: BandDefinition): Omit<BandRow, "x" | "group" | "definition"> {
  const replicas = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / replicas;
  if (definition === "twoStandardErrors") {
    if (replicas < 2) throw new FigureError("expected at least 2 replicas for a standard error, found 1");
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const reach = 2 * Math.sqrt(squares / (replicas - 1) / replicas);
    return { mean, low: mean - reach, high: mean + reach, replicas };
  }
  const sorted = values.toSorted((a, b) => a - b);
  const tail = definition === "central90" ? 0.05 : 0;
  return { mean, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail), replicas };
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
