/** A ring buffer: copies of a tensor stay on the GPU until the host reads them all at once. */
import { advance } from "../../kernels/shared/advance.ts";
import { append } from "../../kernels/shared/append.ts";
import { type Program, record } from "../gpu/program.ts";
import { Staging, Tensor } from "../gpu/tensor.ts";

const END = 0xffff_ffff;

/**
 * A ring buffer of copies. Pushing neither awaits nor allocates; draining waits once for all copies.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Ring } from "./ring.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2]);
 * using ring = await Ring.of(x, 8);
 * ring.push();
 * x.write([3, 4]);
 * ring.push();
 * assertEquals((await ring.drain()).map((row) => [...row]), [[1, 2], [3, 4]]);
 * ```
 */
export class Ring implements Disposable {
  readonly #rows: Tensor;
  readonly #cursor: Tensor<"u32">;
  readonly #program: Program;
  readonly #staging: Staging;
  readonly #width: number;
  #pushed = 0;
  #drained = 0;

  private constructor(readonly capacity: number, rows: Tensor, cursor: Tensor<"u32">, program: Program) {
    this.#rows = rows;
    this.#cursor = cursor;
    this.#program = program;
    this.#width = rows.size / capacity;
    this.#staging = new Staging(rows.size);
  }

  /**
   * Makes a ring for copies of `source`.
   *
   * @param source Tensor to copy at each push.
   * @param capacity Copies that fit between two drains.
   */
  static async of(source: Tensor, capacity: number): Promise<Ring> {
    const rows = new Tensor([capacity, source.size], "f32", `ring of ${source.label}`);
    const cursor = Tensor.from(Uint32Array.of(0, END, 1), [3], "cursor");
    const program = await record("ring", () => {
      append({ row: source.reshape([source.size]), cursor, ring: rows });
      advance({ clock: cursor });
    });
    return new Ring(capacity, rows, cursor, program);
  }

  /** Copies waiting to be drained. */
  get waiting(): number {
    return this.#pushed - this.#drained;
  }

  /**
   * Queues a copy of the source as it will be when earlier GPU work is done.
   *
   * @throws {Error} If the ring is full.
   */
  push(): void {
    if (this.waiting === this.capacity) {
      throw new Error(`ring: expected a drain after ${this.capacity} copies, found none`);
    }
    this.#program.replay();
    this.#pushed++;
  }

  /**
   * Waits for the queued copies.
   *
   * @returns Copies since the last drain, oldest first.
   * @throws {GpuError} If any GPU operation has failed.
   */
  async drain(): Promise<Float32Array[]> {
    const count = this.waiting;
    if (count === 0) return [];
    const all = await this.#staging.read(this.#rows, 0, this.#rows.size);
    const copies = Array.from({ length: count }, (_, index) => {
      const row = (this.#drained + index) % this.capacity;
      return all.slice(row * this.#width, (row + 1) * this.#width);
    });
    this.#drained += count;
    return copies;
  }

  /** Frees the GPU memory. */
  destroy(): void {
    for (const resource of [this.#program, this.#rows, this.#cursor, this.#staging]) resource.destroy();
  }

  /** Frees the GPU memory at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
