/**
 * A dry run: everything is recorded, so that every size is tried, and nothing is computed or written.
 *
 * @module
 */
import type { DryMemory } from "../gpu/dry_device.ts";
import { Measurements } from "../study/measurements.ts";
import { Snapshots } from "../study/snapshots.ts";
import type { ColumnTable, RowOf } from "./columns.ts";
import { noCheckpoints } from "./run_checkpoints.ts";
import { RunPhases } from "./run_phases.ts";
import type { RunRecord } from "./run_record.ts";

/** Members of a run's record that a running experiment uses. */
type Used =
  | "folder"
  | "checkpoints"
  | "recall"
  | "logMeasured"
  | "logTheory"
  | "log"
  | "logged"
  | "write";

/** The record of a run that leaves nothing behind. */
export class DryRecord<C extends ColumnTable> implements Pick<RunRecord<C>, Used> {
  readonly folder = "(dry run)";
  readonly checkpoints = noCheckpoints;
  readonly #rows = new Map<string, unknown[]>();

  /** Nothing was measured before. */
  recall(): ReturnType<RunRecord<C>["recall"]> {
    const snapshots = Snapshots.restore([]);
    const phases = new RunPhases(this.checkpoints, snapshots, null);
    return Promise.resolve({ measured: new Measurements(), snapshots, phases });
  }

  /** Drops a number that was measured. */
  logMeasured(): void {}

  /** Drops a number of a theory. */
  logTheory(): void {}

  /** Keeps a row, for {@linkcode DryRecord.logged} alone. */
  log<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void {
    this.#rows.set(kind, [...this.#rows.get(kind) ?? [], row]);
  }

  /** Rows of a kind. */
  logged<K extends keyof C & string>(kind: K): Promise<readonly RowOf<C[K]>[]> {
    return Promise.resolve((this.#rows.get(kind) ?? []) as RowOf<C[K]>[]);
  }

  /** Drops a file. */
  readonly write = (): Promise<void> => Promise.resolve();
}

/** Bytes as people say them. */
function inUnits(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`;
}

/**
 * The line that a dry run ends with.
 *
 * @param memory Account of its device.
 * @returns Text.
 *
 * @example
 * ```ts
 * import { dryMemoryText } from "./dry_run.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const largest = { bytes: 2 ** 20, label: "losses" };
 * const text = dryMemoryText({ now: 0, peak: 3 * 2 ** 20, holders: [{ label: "train", bytes: 2 ** 21 }], largest, refused: [] });
 * assertEquals(text, "dry run: at most 3 MiB of GPU memory at once (train 2 MiB), no buffer above 1 MiB (losses)");
 * ```
 */
export function dryMemoryText({ peak, holders, largest, refused }: DryMemory): string {
  const most = holders.slice(0, 3).map(({ label, bytes }) => `${label} ${inUnits(bytes)}`).join(", ");
  const buffer = `no buffer above ${inUnits(largest.bytes)} (${largest.label})`;
  const labels = [...new Set(refused.map(({ label }) => label))];
  const over = labels.length === 0 ? "" : `\nover this adapter's limit: ${labels.join(", ")}`;
  return `dry run: at most ${inUnits(peak)} of GPU memory at once (${most}), ${buffer}${over}`;
}
