/**
 * The log of a run: one JSON object a line, flat, each column of one type, finite numbers only.
 *
 * @module
 */
import type { ColumnTable, LogRow, RowOf } from "./columns.ts";
import { RunError } from "../io/errors.ts";
import { lineOf, parseRow } from "./log_line.ts";
import { openLog } from "./open_log.ts";

const BUFFER_BYTES = 64 * 1024;
const BUFFER_MS = 500;

/** A fatal signal can cut a write short, but only where one page of the file ends and the next begins. */
const PAGE_BYTES = 4096;

/** A page with less room than this is filled up with blanks, so that no line of up to this length crosses into the next. */
const ROOM_BYTES = 1024;

/**
 * Appends rows to a log file. Rows are held back for up to half a second (or 64 KiB) and then written in one call. No line
 * of up to 1 KiB crosses a page of the file: blanks before a newline (which JSON allows) fill a page up. A crash at any
 * moment, SIGKILL included, thus leaves whole lines; only a longer line can be torn, and {@linkcode readLog} leaves it out.
 *
 * @example
 * ```ts
 * import { float, int } from "./columns.ts";
 * import { LogWriter, readLog } from "./log.ts";
 *
 * const path = Deno.makeTempFileSync();
 * const log = new LogWriter(path, { train: { step: int("steps", "steps taken"), loss: float("", "mean loss") } });
 * log.write("train", { step: 1, loss: 2 });
 * log.close();
 * for await (const row of readLog(path)) if (row.loss !== 2) throw new Error("not read back");
 * Deno.removeSync(path);
 * ```
 */
export class LogWriter<C extends ColumnTable> {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #columns: C;
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #length = 0;
  #flushedAt = performance.now();
  #bytes = 0;
  #closed = false;
  readonly #written: (bytes: number) => void;

  /**
   * @param path File to append to; created if need be, and locked against other writers until it is closed.
   * @param columns Columns by kind of row; nothing else can be written.
   * @param keep Number of bytes to go on from, as {@linkcode openLog} takes it; the whole file unless given.
   * @param written Told the length of the file after every write, in bytes.
   */
  constructor(path: string, columns: C, keep?: number, written: (bytes: number) => void = () => {}) {
    this.#path = path;
    this.#written = written;
    this.#file = openLog(path, keep);
    this.#columns = columns;
    this.#bytes = this.#file.statSync().size;
  }

  /** Path of the file. */
  get path(): string {
    return this.#path;
  }

  /**
   * Appends a row.
   *
   * @param kind Kind of row, one of the declared ones.
   * @param row Every declared column of that kind.
   * @throws {RunError} If a number is not finite: the run has diverged, and nothing of the row is written.
   * @throws {TypeError} If a column is missing, unknown, nested, or of another type than declared.
   */
  write<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void {
    if (this.#closed) throw new Error(`expected an open log, found it closed before a ${kind} row`);
    const line = lineOf(kind, row, this.#columns);
    this.#lines.push(line);
    this.#length += line.length + 1;
    if (this.#length >= BUFFER_BYTES || performance.now() - this.#flushedAt >= BUFFER_MS) this.flush();
  }

  /**
   * Writes the rows that are held back. On a full disk the file is cut back to whole lines, and the error goes on.
   *
   * @throws {RunError} If the file is no longer where it was opened: what is written then would be lost.
   */
  flush(): void {
    this.#flushedAt = performance.now();
    if (this.#lines.length === 0) return;
    if (!this.#isInPlace()) {
      this.#lines = [];
      throw new RunError(
        `expected ${this.#path} to stay where it is, found it deleted or moved while the run wrote it`,
      );
    }
    const buffer = this.#encoder.encode(this.#paged());
    this.#lines = [];
    this.#length = 0;
    let done = 0;
    try {
      while (done < buffer.length) done += this.#file.writeSync(buffer.subarray(done));
    } catch (error) {
      this.#bytes += buffer.subarray(0, done).lastIndexOf(0x0a) + 1;
      this.#file.truncateSync(this.#bytes);
      throw error;
    }
    this.#bytes += buffer.length;
    this.#written(this.#bytes);
  }

  #isInPlace(): boolean {
    try {
      const { dev, ino } = Deno.statSync(this.#path);
      const own = this.#file.statSync();
      return dev === own.dev && ino === own.ino;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  }

  /** The lines that are held back, as text in which a page's end is a line's end. */
  #paged(): string {
    let end = this.#bytes;
    let text = "";
    for (const line of this.#lines) {
      end += this.#encoder.encode(line).length + 1;
      const room = PAGE_BYTES - end % PAGE_BYTES;
      const blanks = room < ROOM_BYTES ? room : 0;
      text += line + " ".repeat(blanks) + "\n";
      end += blanks;
    }
    return text;
  }

  /**
   * Reads back all rows of a kind, those that were there before included.
   *
   * @param kind Kind of row, one of the declared ones.
   * @returns Rows in the order written.
   */
  async rows<K extends keyof C & string>(kind: K): Promise<RowOf<C[K]>[]> {
    this.flush();
    const rows: RowOf<C[K]>[] = [];
    for await (const row of readLog(this.#path)) if (row.kind === kind) rows.push(row as unknown as RowOf<C[K]>);
    return rows;
  }

  /**
   * Writes what is held back, and waits until all of the file is on the disk.
   *
   * @returns Length of the file, in bytes.
   */
  sync(): number {
    this.flush();
    this.#file.syncDataSync();
    return this.#bytes;
  }

  /** Writes what is held back and closes the file. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.flush();
    } finally {
      this.#file.close();
    }
  }
}

/**
 * Reads a log row by row. A last line that a crash has torn is left out; a broken line before it is an error.
 *
 * @param path File to read; not held in memory.
 * @returns Rows in the order written.
 * @throws {SyntaxError} If a line other than a torn last one is not a JSON object, naming the line.
 */
export async function* readLog(path: string): AsyncGenerator<LogRow> {
  const file = await Deno.open(path);
  let rest = "";
  let number = 0;
  for await (const chunk of file.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      number++;
      const row = parseRow(line);
      if (row === undefined) {
        throw new SyntaxError(`expected a JSON object in line ${number} of ${path}, found ${line}`);
      }
      yield row;
    }
  }
  const last = parseRow(rest);
  if (last !== undefined) yield last;
}
