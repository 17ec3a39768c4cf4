/**
 * The log of a task of a sweep as the curves of its cells, which train side by side in it.
 *
 * @module
 */
import { join } from "@std/path";
import type { ColumnTable } from "../../run/columns.ts";
import { type CurvePatch, LogDigest } from "./log_digest.ts";
import { LogTail } from "./log_tail.ts";

/** A log whose replicas belong to several cells, in their order. */
export class PartedLog {
  readonly #tail: LogTail;
  readonly #columns: ColumnTable;
  readonly #owner: readonly number[];
  readonly #names: readonly string[];
  #digests: LogDigest[];

  /**
   * @param folder Run folder.
   * @param columns Columns of its log.
   * @param parts The cells: how many replicas each has, and the ending of the names of theories that hold for it alone.
   */
  constructor(
    folder: string,
    columns: ColumnTable,
    parts: readonly { readonly replicas: number; readonly ending: string }[],
  ) {
    this.#tail = new LogTail(join(folder, "log.ndjson"));
    this.#columns = columns;
    this.#owner = parts.flatMap(({ replicas }, part) => Array.from({ length: replicas }, () => part));
    this.#names = parts.map(({ ending }) => ending);
    this.#digests = parts.map(() => new LogDigest(columns));
  }

  /**
   * Reads on to the end.
   *
   * @returns Whether there is anything new.
   */
  async read(): Promise<boolean> {
    const before = this.#digests.map(({ time }) => time);
    for (let more = true; more;) {
      const lines: string[] = [];
      const look = await this.#tail.read((line) => lines.push(line));
      more = look.more;
      if (look.restarted) this.#digests = this.#digests.map(() => new LogDigest(this.#columns));
      for (const line of lines) this.#add(line);
    }
    return this.#digests.some(({ time }, part) => time !== before[part]);
  }

  /** Curves of every cell. */
  curves(): CurvePatch[][] {
    return this.#digests.map((digest) => digest.since(-1));
  }

  #add(line: string): void {
    if (this.#digests.length === 1) return this.#digests[0].add(line);
    const replica = /"replica":(\d+)/.exec(line)?.[1];
    if (replica !== undefined) {
      this.#digests[this.#owner[Number(replica)]]?.add(line);
      return;
    }
    const theory = /"theory":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
    const part = theory === undefined ? -1 : this.#names.findIndex((ending) => theory.endsWith(ending));
    if (part < 0) { for (const digest of this.#digests) digest.add(line); }
    else this.#digests[part].add(line.replace(`${this.#names[part]}"`, '"'));
  }
}
