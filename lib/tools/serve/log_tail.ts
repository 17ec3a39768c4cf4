/**
 * Follows a log while it is written: whole lines only, bounded memory, and from the start again where the file has
 * become another one.
 *
 * @module
 */

const CHUNK_BYTES = 1 << 20;
/** No row of a log is longer; a longer line is passed over without being held. */
const MAX_LINE_BYTES = 1 << 20;
/** This much of what was read last must still be there, or the file was rewritten. */
const FINGERPRINT_BYTES = 64;

/** Result of one look at the log. */
export interface Look {
  /** Whether the file was begun anew since the last look: everything read before is void. */
  readonly restarted: boolean;
  /** Whether there was more than the budget allowed. */
  readonly more: boolean;
}

/**
 * A reader that remembers how far it has come.
 *
 * A torn last line waits until it is whole. A file that shrank, was replaced, or was cut back and written again (a
 * resumed run) is read from its start; a file that is missing is read once it appears.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LogTail } from "./log_tail.ts";
 *
 * const path = Deno.makeTempFileSync();
 * const tail = new LogTail(path);
 * const lines: string[] = [];
 * Deno.writeTextFileSync(path, '{"a":1}\n{"a"');
 * await tail.read((line) => lines.push(line));
 * Deno.writeTextFileSync(path, ":2}\n", { append: true });
 * await tail.read((line) => lines.push(line));
 * assertEquals(lines, ['{"a":1}', '{"a":2}']);
 * Deno.removeSync(path);
 * ```
 */
export class LogTail {
  readonly #path: string;
  readonly #maxLine: number;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #decoder = new TextDecoder();
  #inode: number | null = null;
  #offset = 0;
  #size = 0;
  #rest: Uint8Array = new Uint8Array();
  #last: Uint8Array = new Uint8Array();
  #skipping = false;
  #skipped = 0;

  /**
   * @param path The log.
   * @param maxLine Bytes beyond which a line is passed over, > 0.
   */
  constructor(path: string, maxLine: number = MAX_LINE_BYTES) {
    this.#path = path;
    this.#maxLine = maxLine;
  }

  /** Lines that were too long. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Share of the file that has been read, in [0, 1]. */
  get share(): number {
    return this.#size === 0 ? 1 : Math.min(1, this.#offset / this.#size);
  }

  /**
   * Reads what is new.
   *
   * @param onLine Called with each whole line, without its newline, and the length of the log up to its end, in bytes.
   * @param budget Bytes after which to stop for now, > 0.
   * @returns Whether the log began anew, and whether there is more.
   */
  async read(onLine: (line: string, end: number) => void, budget = 4 << 20): Promise<Look> {
    using file = await this.#open();
    if (file === null) return { restarted: this.#restart(this.#offset > 0), more: false };
    const { size, ino } = await file.stat();
    const restarted = this.#restart(
      this.#offset > 0 && (ino !== this.#inode || size < this.#offset || !await this.#unchanged(file)),
    );
    this.#inode = ino;
    this.#size = size;
    await file.seek(this.#offset, Deno.SeekMode.Start);
    for (let done = 0; done < budget;) {
      const count = await file.read(this.#chunk);
      if (count === null) return { restarted, more: false };
      done += count;
      this.#take(this.#chunk.subarray(0, count), onLine);
    }
    return { restarted, more: this.#offset < size };
  }

  async #open(): Promise<Deno.FsFile | null> {
    try {
      // Opening a pipe would wait for its writer.
      if (!(await Deno.stat(this.#path)).isFile) return null;
      return await Deno.open(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }

  #restart(needed: boolean): boolean {
    if (needed) {
      [this.#offset, this.#skipping, this.#skipped] = [0, false, 0];
      this.#rest = new Uint8Array();
      this.#last = new Uint8Array();
    }
    return needed;
  }

  async #unchanged(file: Deno.FsFile): Promise<boolean> {
    const found = new Uint8Array(this.#last.length);
    await file.seek(this.#offset - found.length, Deno.SeekMode.Start);
    let done = 0;
    while (done < found.length) {
      const count = await file.read(found.subarray(done));
      if (count === null) return false;
      done += count;
    }
    return found.every((byte, index) => byte === this.#last[index]);
  }

  #take(bytes: Uint8Array, onLine: (line: string, end: number) => void): void {
    const start = this.#offset;
    this.#offset += bytes.length;
    this.#last = joined(this.#last, bytes.subarray(-FINGERPRINT_BYTES)).slice(-FINGERPRINT_BYTES);
    let from = 0;
    if (this.#skipping) {
      const end = bytes.indexOf(0x0a);
      if (end < 0) return;
      [from, this.#skipping] = [end + 1, false];
    }
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end > from) {
      const whole = joined(this.#rest, bytes.subarray(from, end));
      const before = start + end - whole.length;
      this.#rest = new Uint8Array();
      let at = 0;
      for (const line of this.#decoder.decode(whole).split("\n").slice(0, -1)) {
        at = whole.indexOf(0x0a, at) + 1;
        if (line.length <= this.#maxLine) onLine(line, before + at);
        else this.#skipped++;
      }
      from = end;
    }
    this.#rest = joined(this.#rest, bytes.subarray(from));
    if (this.#rest.length > this.#maxLine) {
      this.#rest = new Uint8Array();
      this.#skipping = true;
      this.#skipped++;
    }
  }
}

/** Always a copy: the chunk is written over by the next read. */
function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
