/**
 * Last values of runs for the list, from the end of each log alone, read again only where a log has changed.
 *
 * @module
 */
import { join } from "@std/path";
import type { ColumnTable } from "../../run/columns.ts";
import { LogDigest } from "./log_digest.ts";
import type { RunRecord } from "./run_record.ts";

/** Last values by the name of their quantity. */
export type LastByQuantity = Readonly<Record<string, number>>;

/** Ends of a log that are looked at, one after the other, until one holds something measured. */
const ENDS = [64 << 10, 1 << 20];
/** Quantities of a run at most. */
const MAX_QUANTITIES = 40;

/** Last values of many runs. */
export class LastValues {
  readonly #known = new Map<string, { stamp: string; values: LastByQuantity }>();

  /**
   * Last values of runs, as many as the time allows; those that are known cost nothing.
   *
   * @param runs The runs and their folders.
   * @param budgetMs Time after which no further log is read.
   * @returns Values by name of the run, and whether some runs were left for the next time.
   */
  async of(
    runs: readonly { readonly run: RunRecord; readonly folder: string }[],
    budgetMs: number,
  ): Promise<{ values: Record<string, LastByQuantity>; more: boolean }> {
    const startedAt = performance.now();
    const values: Record<string, LastByQuantity> = {};
    for (const { run, folder } of runs) {
      const stamp = `${folder}|${run.lastRow}|${run.status}`;
      const known = this.#known.get(run.id);
      if (known?.stamp === stamp) {
        values[run.id] = known.values;
        continue;
      }
      if (performance.now() - startedAt > budgetMs) return { values, more: true };
      values[run.id] = await lastValues(join(folder, "log.ndjson"), run.columns, run.status !== "running");
      this.#known.set(run.id, { stamp, values: values[run.id] });
    }
    return { values, more: false };
  }
}

/**
 * Last values of what a log measures, each the mean over the replicas of its main series.
 *
 * @param path The log.
 * @param columns Its columns.
 * @param ended Whether its run has ended.
 * @returns Values by quantity, without those that have a place (layer, head, index); none for a log that cannot be read.
 */
export async function lastValues(path: string, columns: ColumnTable, ended: boolean): Promise<LastByQuantity> {
  try {
    using file = await Deno.open(path);
    const { size, isFile } = await file.stat();
    if (!isFile) return {};
    for (const bytes of ENDS) {
      const from = Math.max(0, size - bytes);
      const newest = digestOf(await read(file, from, size), from > 0, columns).newest(ended);
      const whole = newest.filter(({ groups }) => Object.keys(groups).every((name) => name === "series"));
      if (whole.length > 0 || from === 0) {
        return Object.fromEntries(
          whole.slice(0, MAX_QUANTITIES).map(({ quantity, groups: { series }, value }) => [
            series === undefined || series === "main" ? quantity : `${quantity} (${series})`,
            value,
          ]),
        );
      }
    }
  } catch {
    // Gone in the meantime, or not for us to read.
  }
  return {};
}

function digestOf(bytes: Uint8Array, torn: boolean, columns: ColumnTable): LogDigest {
  const digest = new LogDigest(columns);
  const lines = new TextDecoder().decode(bytes).split("\n");
  // The first line of an end is a part of one, and the last is still being written.
  for (const line of lines.slice(torn ? 1 : 0, -1)) digest.add(line);
  return digest;
}

async function read(file: Deno.FsFile, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  await file.seek(from, Deno.SeekMode.Start);
  let done = 0;
  while (done < bytes.length) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) break;
    done += count;
  }
  return bytes.subarray(0, done);
}
