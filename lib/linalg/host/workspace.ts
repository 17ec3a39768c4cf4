/**
 * Memory for linear algebra on the CPU, in which matrices of one calculation lie one after the other.
 *
 * @module
 */
import { compileLoops, type Loops } from "./loops.ts";

/** Bytes of a number, and of a page of WebAssembly's memory. */
const [NUMBER, PAGE] = [8, 1 << 16];

/** A matrix in a workspace, row by row. */
export interface Stored {
  /** Address of its first entry in bytes. */
  readonly at: number;
  /** Number of rows. */
  readonly rows: number;
  /** Number of columns. */
  readonly columns: number;
  /** Distance of rows in bytes: columns up to it are zero. */
  readonly ld: number;
}

/** Memory with the loops that run over it. */
export class Workspace {
  readonly #memory = new WebAssembly.Memory({ initial: 16 });
  /** Inner loops. */
  readonly loops: Loops;
  #numbers = new Float64Array(this.#memory.buffer);
  #top = 0;

  /** @param fused As of `compileLoops`. */
  constructor(fused = true) {
    this.loops = compileLoops(this.#memory, fused);
  }

  /** All numbers; to be asked for again after an allocation. */
  get numbers(): Float64Array {
    return this.#numbers;
  }

  /**
   * Makes room for a matrix of zeros.
   *
   * @param rows Number of rows.
   * @param columns Number of columns.
   * @returns Where it lies, until the scope ends in which it was made.
   */
  zeros(rows: number, columns: number): Stored {
    // An odd number of cache lines, so that a column does not share a few of a cache's sets.
    const lines = Math.ceil(columns / 8) | 1;
    const [at, ld] = [this.#top, lines * 8 * NUMBER];
    this.#top += rows * ld;
    const missing = this.#top + PAGE - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#numbers = new Float64Array(this.#memory.buffer);
    }
    this.#numbers.fill(0, at / NUMBER, this.#top / NUMBER);
    return { at, rows, columns, ld };
  }

  /** Runs a calculation, and gives its room back. */
  scope<T>(calculation: () => T): T {
    const top = this.#top;
    try {
      return calculation();
    } finally {
      this.#top = top;
    }
  }
}

let shared: Workspace | undefined;

/** The workspace of this thread. */
export function workspace(): Workspace {
  return shared ??= new Workspace();
}
