/** Reports of an ensemble as they come, and the series that they make. */
import { type CircuitName, columnsOf, frobenius, type HostSpaces, marginalRank, spacesIn } from "./circuits.ts";
import type { Decoder } from "./decoder.ts";
import { earlyAndLate, type Series } from "./series.ts";
import { MOST_MARGINAL } from "./setting.ts";

/** Collects reports into the arrays of a series. */
export class Recorder {
  readonly #losses: number[] = [];
  readonly #whole: Record<string, number[]> = {};
  readonly #perHead: Record<string, number[]> = {};
  /** Row spaces of each circuit at each report. */
  readonly spaces: Readonly<Record<CircuitName, HostSpaces[]>> = { QK: [], OV: [] };

  constructor(private readonly replicas: number, private readonly count: number) {}

  /** Batch losses (R) of the steps since the last report. */
  losses(rows: readonly Float32Array[]): void {
    for (const row of rows) this.#losses.push(...row);
  }

  /** Losses by position (R, T) of a report. */
  positions(values: Float32Array, T: number): void {
    const each = earlyAndLate(values, T);
    this.whole("early loss", each.map(({ early }) => early));
    this.whole("late loss", each.map(({ late }) => late));
  }

  /** A quantity of each model (R). */
  whole(quantity: string, values: ArrayLike<number>): void {
    (this.#whole[quantity] ??= []).push(...Array.from(values));
  }

  /** A quantity of each head, computed from its columns of (R, H, columns). */
  heads(quantity: string, values: Float32Array, columns: number, of: (row: Float32Array) => number): void {
    const rows = Array.from(
      { length: this.replicas * this.count },
      (_, row) => of(values.subarray(row * columns, (row + 1) * columns)),
    );
    this.rows(quantity, rows);
  }

  /** Values (R, H) of one report, or of all of them one after the other. */
  rows(quantity: string, values: ArrayLike<number>): void {
    (this.#perHead[quantity] ??= []).push(...Array.from(values));
  }

  /** Spectral measures and row spaces of all heads at a report, as `circuitRows` gives them. */
  circuit(name: CircuitName, rows: Float32Array, sizes: Decoder): void {
    const columns = columnsOf(sizes, MOST_MARGINAL);
    this.heads(`${name} norm`, rows, columns, frobenius);
    for (let k = 0; k <= MOST_MARGINAL; k++) {
      this.heads(`${name} rank without ${k}`, rows, columns, (row) => marginalRank(row, k));
    }
    this.spaces[name].push(spacesIn(rows, sizes, MOST_MARGINAL));
  }

  /** The series of all reports. */
  series(head: Omit<Series, "losses" | "whole" | "perHead">): Series {
    const arrays = (table: Record<string, number[]>) =>
      Object.fromEntries(Object.entries(table).map(([name, values]) => [name, Float32Array.from(values)]));
    return {
      ...head,
      losses: Float32Array.from(this.#losses),
      whole: arrays(this.#whole),
      perHead: arrays(this.#perHead),
    };
  }
}
