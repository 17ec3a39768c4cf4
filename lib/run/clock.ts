/**
 * When the rows of a log were written: wall-clock time against the length of the log. It has a file of its own, so that the
 * log of a run is the same whenever and on whatever it is made.
 *
 * @module
 */
/** Name of the file beside the log. */
export const CLOCK = "clock.ndjson";
/** Its description in the manifest. */
export const CLOCK_IS = "wall-clock time (ms) at which the log had reached a length (bytes)";

/** Time at which a log had a length. */
export interface ClockEntry {
  /** Length of the log. */
  readonly bytes: number;
  /** Time since the run began, without the time between an end and a resumption, ms. */
  readonly ms: number;
}

/**
 * Entries of a clock's text; a torn last line is left out.
 *
 * @param text Content of the file.
 * @returns Entries in order, of which both numbers ascend.
 *
 * @example
 * ```ts
 * import { clockEntries } from "./clock.ts";
 *
 * const entries = clockEntries('{"bytes":100,"ms":7}\n{"bytes":200,"ms":9}\n{"by');
 * if (entries.length !== 2 || entries[1].ms !== 9) throw new Error("not read");
 * ```
 */
export function clockEntries(text: string): ClockEntry[] {
  const entries: ClockEntry[] = [];
  for (const line of text.split("\n")) {
    const { bytes, ms } = parsed(line);
    if (typeof bytes !== "number" || typeof ms !== "number") continue;
    const last = entries.at(-1);
    if (last === undefined || (bytes > last.bytes && ms >= last.ms)) entries.push({ bytes, ms });
  }
  return entries;
}

function parsed(line: string): Partial<Record<keyof ClockEntry, unknown>> {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}

/** Shares of the elapsed time, and ms, that lie between two entries: some thousands of entries at most, however long a run. */
const [SHARE, MS] = [1 / 500, 500];

/** Writer of a run's clock. A disk that takes no more ends the clock, not the run. */
export class RunClock {
  readonly #path: string;
  readonly #startedAt: number;
  #due = 0;
  #stopped = false;

  /**
   * @param path File of the clock.
   * @param length Length of the log from which the run goes on; 0 begins anew.
   */
  constructor(path: string, length = 0) {
    this.#path = path;
    let kept: ClockEntry[] = [];
    try {
      kept = clockEntries(Deno.readTextFileSync(path)).filter(({ bytes }) => bytes <= length);
    } catch {
      // There is none yet.
    }
    this.#startedAt = performance.now() - (kept.at(-1)?.ms ?? 0);
    this.#write(kept, false);
  }

  /**
   * Notes the time.
   *
   * @param bytes Length of the log.
   */
  note(bytes: number): void {
    const ms = Math.round(performance.now() - this.#startedAt);
    if (ms < this.#due) return;
    this.#due = ms * (1 + SHARE) + MS;
    this.#write([{ bytes, ms }], true);
  }

  #write(entries: readonly ClockEntry[], append: boolean): void {
    if (this.#stopped) return;
    try {
      Deno.writeTextFileSync(this.#path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { append });
    } catch {
      this.#stopped = true;
    }
  }
}
