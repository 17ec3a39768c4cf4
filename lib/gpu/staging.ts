/** Reading tensors back. */
import { currentGpu, type Gpu } from "./device.ts";
import { type DType, HOST_ARRAYS, type HostArrays } from "./dtype.ts";
import { GpuError, ShapeError } from "./errors.ts";
import type { Tensor } from "./tensor.ts";

/**
 * A reusable buffer for reading tensors back without allocating GPU memory each time.
 *
 * Every read waits for the queue, 11 ms or more: collect results on the GPU and read rarely.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { Staging, Tensor } from "./tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4, 5, 6], [3, 2]);
 * using staging = new Staging(2);
 * assertEquals([...await staging.read(x, 2, 2)], [3, 4]);
 * ```
 */
export class Staging implements Disposable {
  /** Elements that fit. */
  readonly capacity: number;
  readonly #buffer: GPUBuffer;
  readonly #gpu: Gpu = currentGpu();
  #busy = false;
  #destroyed = false;

  /**
   * Allocates the buffer.
   *
   * @param capacity Elements that fit, ≥ 1.
   * @throws {ShapeError} If the capacity is no positive integer.
   * @throws {GpuError} If the adapter has no buffers of that size.
   */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new ShapeError(`staging: expected a capacity of at least 1, found ${capacity}`);
    }
    const limit = this.#gpu.device.limits.maxBufferSize;
    if (capacity * 4 > limit) {
      const detail = `expected at most ${limit} bytes, found ${capacity * 4}`;
      this.#gpu.refuse(new GpuError("out-of-memory", "staging", detail));
    }
    this.capacity = capacity;
    this.#buffer = this.#gpu.guard("staging", () =>
      this.#gpu.device.createBuffer({
        label: "staging",
        size: capacity * 4,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      }));
  }

  /**
   * Waits for earlier GPU work and copies elements `start … start + count − 1` of a tensor to the host.
   *
   * @param tensor Tensor to read.
   * @param start Index of the first element.
   * @param count Number of elements, ≥ 1.
   * @returns A host array of its own (count).
   * @throws {ShapeError} If the range does not fit the tensor or the buffer.
   * @throws {GpuError} If any GPU operation has failed, or the tensor was destroyed.
   * @throws {Error} If another read is under way: await it first.
   */
  async read<T extends DType>(tensor: Tensor<T>, start: number, count: number): Promise<HostArrays[T]> {
    const { label, size } = tensor;
    const whole = Number.isInteger(start) && Number.isInteger(count);
    if (!whole || start < 0 || count < 1 || count > this.capacity || start + count > size) {
      throw new ShapeError(
        `${label}: expected a range within ${size} elements and ${this.capacity} staged ones, found ${start} + ${count}`,
      );
    }
    if (this.#destroyed) throw new GpuError("validation", label, "expected live staging, found it destroyed");
    if (this.#busy) throw new Error(`${label}: expected one read at a time from a staging buffer, found two`);
    this.#busy = true;
    try {
      return await this.#copy(tensor, start, count);
    } finally {
      this.#busy = false;
    }
  }

  async #copy<T extends DType>(tensor: Tensor<T>, start: number, count: number): Promise<HostArrays[T]> {
    const label = `read ${tensor.label}`;
    // A faulty kernel would leave stale bytes here: its error comes first.
    await this.#gpu.settle();
    this.#gpu.guard(label, () => {
      const encoder = this.#gpu.device.createCommandEncoder({ label });
      const { buffer, offset } = tensor.hostBinding;
      encoder.copyBufferToBuffer(buffer, offset + start * 4, this.#buffer, 0, count * 4);
      this.#gpu.device.queue.submit([encoder.finish()]);
    });
    try {
      await this.#buffer.mapAsync(GPUMapMode.READ, 0, count * 4);
    } catch (error) {
      await this.#gpu.settle();
      const found = error instanceof Error ? error.message : String(error);
      throw new GpuError("internal", tensor.label, `reading back failed: ${found}`);
    }
    const host = new HOST_ARRAYS[tensor.dtype](this.#buffer.getMappedRange(0, count * 4).slice(0));
    this.#buffer.unmap();
    await this.#gpu.settle();
    return host as HostArrays[T];
  }

  /** Frees the GPU memory. */
  destroy(): void {
    this.#destroyed = true;
    this.#buffer.destroy();
  }

  /** Frees the GPU memory at the end of a `using` scope. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
