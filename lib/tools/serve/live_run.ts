/**
 * The log of a run as everybody who looks at it shares it, and as events of a page that watches it.
 *
 * @module
 */
import { join } from "@std/path";
import type { ColumnTable } from "../../run/columns.ts";
import { CLOCK, clockEntries } from "../../run/clock.ts";
import { type Criterion, type CurvePatch, LogDigest, type Newest } from "./log_digest.ts";
import { LogTail } from "./log_tail.ts";
import type { RunRecord } from "./run_record.ts";

const MAX_CLOCK_BYTES = 1 << 20;

/** News of a log since a reader's last look. */
export interface News {
  /** Names this state, for {@linkcode LiveRun.news}; opaque. */
  readonly id: string;
  /** Whether everything the reader has is void. */
  readonly reset: boolean;
  /** Changes of curves. */
  readonly curves: readonly CurvePatch[];
  /** Newest values of what is measured. */
  readonly newest: readonly Newest[];
  /** Claims announced. */
  readonly criteria: readonly Criterion[];
  /** Rows read. */
  readonly rows: number;
  /** Lines passed over: no rows, too long, or of more curves than are kept. */
  readonly passedOver: number;
  /** Share of the log that has been read, in [0, 1]. */
  readonly share: number;
}

/** A log that is being read. */
export class LiveRun {
  readonly #tail: LogTail;
  readonly #clock: string;
  readonly #columns: ColumnTable;
  #digest: LogDigest;
  #epoch = crypto.randomUUID();
  #reading: Promise<boolean> | null = null;

  /**
   * @param folder Run folder.
   * @param columns Columns of its log.
   */
  constructor(folder: string, columns: ColumnTable) {
    this.#tail = new LogTail(join(folder, "log.ndjson"));
    this.#clock = join(folder, CLOCK);
    this.#columns = columns;
    this.#digest = new LogDigest(columns);
  }

  /**
   * Reads on; several callers share one read.
   *
   * @returns Whether there is more to read at once.
   */
  advance(): Promise<boolean> {
    return this.#reading ??= this.#read().finally(() => this.#reading = null);
  }

  async #read(): Promise<boolean> {
    const lines: [string, number][] = [];
    const { restarted, more } = await this.#tail.read((line, end) => lines.push([line, end]));
    if (restarted) {
      this.#epoch = crypto.randomUUID();
      this.#digest = new LogDigest(this.#columns);
    }
    const msAt = clockOf(await textOrNothing(this.#clock));
    for (const [line, end] of lines) this.#digest.add(line, msAt(end));
    return more;
  }

  /**
   * Collects the news that a reader does not have yet.
   *
   * @param id {@linkcode News.id} of its last look; anything else makes it begin anew.
   * @param ended Whether the run has ended, so that its last position is complete.
   * @returns The news; `null` where there are none.
   */
  news(id: string | null, ended: boolean): News | null {
    const now = `${this.#epoch}.${this.#digest.time}.${ended ? "ended" : "open"}`;
    if (id === now) return null;
    const [epoch, time] = (id ?? "").split(".");
    const reset = epoch !== this.#epoch || !/^\d+$/.test(time ?? "");
    return {
      id: now,
      reset,
      curves: this.#digest.since(reset ? -1 : Number(time)),
      newest: this.#digest.newest(ended),
      criteria: this.#digest.criteria,
      rows: this.#digest.rows,
      passedOver: this.#digest.unread + this.#tail.skipped,
      share: this.#tail.share,
    };
  }
}

/** The time at which a log had a length: that of the first entry with this length, as far as the clock goes. */
function clockOf(text: string): (bytes: number) => number | null {
  const entries = clockEntries(text);
  let next = 0;
  // Lengths are asked for in order.
  return (bytes) => {
    while (next < entries.length - 1 && entries[next].bytes < bytes) next++;
    return entries[next]?.ms ?? null;
  };
}

async function textOrNothing(path: string): Promise<string> {
  try {
    // Opening a pipe would wait for its writer, and nobody's clock is long.
    const { isFile, size } = await Deno.stat(path);
    return isFile && size <= MAX_CLOCK_BYTES ? await Deno.readTextFile(path) : "";
  } catch {
    return "";
  }
}

/** Logs held at most: whoever was not looked at for longest is forgotten, and read again when asked for. */
const HELD = 64;

/** The logs that somebody looks at. */
export class LiveRuns {
  readonly #held = new Map<string, LiveRun>();

  /**
   * The log of a run.
   *
   * @param folder Run folder.
   * @param run What it says.
   * @returns The shared reader.
   */
  of(folder: string, run: RunRecord): LiveRun {
    const key = JSON.stringify([folder, run.columns]);
    const live = this.#held.get(key) ?? new LiveRun(folder, run.columns);
    this.#held.delete(key);
    this.#held.set(key, live);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= HELD) break;
      this.#held.delete(oldest);
    }
    return live;
  }
}
