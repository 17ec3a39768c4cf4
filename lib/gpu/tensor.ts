/** Dense arrays in GPU memory, with an explicit lifetime. */
import { currentGpu, type Gpu } from "./device.ts";
import { type DType, HOST_ARRAYS, type HostArrays } from "./dtype.ts";
import { GpuError, ShapeError } from "./errors.ts";
import { Staging } from "./staging.ts";

export type { DType, HostArrays } from "./dtype.ts";
export { Staging } from "./staging.ts";

/** Buffers that were destroyed: views share a buffer, so the tensor cannot hold the flag. */
const destroyed = new WeakSet<GPUBuffer>();

/**
 * A dense row-major array in GPU memory. Free it with {@linkcode Tensor.destroy} or `using`.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { Tensor } from "./tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
 * assertEquals([...await x.read()], [1, 2, 3, 4, 5, 6]);
 * ```
 */
export class Tensor<T extends DType = "f32"> implements Disposable {
  /** Extent of each axis; empty for a scalar. */
  readonly shape: readonly number[];
  /** Element type. */
  readonly dtype: T;
  /** Stands in error messages. */
  readonly label: string;
  /** Number of elements. */
  readonly size: number;
  readonly #buffer: GPUBuffer;
  readonly #gpu: Gpu = currentGpu();

  /**
   * Allocates zeros.
   *
   * @param shape Extent of each axis, all ≥ 1.
   * @param dtype Element type.
   * @param label Stands in error messages.
   * @param shared Buffer of another tensor to view instead of allocating one.
   * @throws {ShapeError} If an extent is not a positive integer.
   * @throws {GpuError} If the adapter cannot bind a buffer of that size.
   */
  constructor(
    shape: readonly number[],
    dtype: T = "f32" as T,
    label: string = "tensor",
    shared?: GPUBuffer,
  ) {
    if (!shape.every((extent) => Number.isInteger(extent) && extent >= 1)) {
      throw new ShapeError(`${label}: expected a shape of positive integers, found (${shape.join(", ")})`);
    }
    this.shape = shape;
    this.dtype = dtype;
    this.label = label;
    this.size = shape.reduce((product, extent) => product * extent, 1);
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#gpu.device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (this.size * 4 > limit) {
      throw new GpuError(
        "out-of-memory",
        label,
        `expected at most ${limit} bytes, found shape (${shape.join(", ")}) of ${this.size * 4} bytes`,
      );
    }
    this.#buffer = shared ?? this.#gpu.guard(label, () =>
      this.#gpu.device.createBuffer({
        label,
        size: this.size * 4,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      }));
  }

  /**
   * Copies host values into a new tensor.
   *
   * @param values As many elements as the shape holds. A `Uint32Array` or `Int32Array` sets the element type.
   * @param shape Extent of each axis; a vector by default.
   * @param label Stands in error messages.
   * @returns A tensor that the caller owns.
   * @throws {ShapeError} If the shape holds another number of elements.
   * @throws {GpuError} If the adapter cannot bind a buffer of that size.
   */
  static from(values: Uint32Array, shape?: readonly number[], label?: string): Tensor<"u32">;
  /** Copies signed integers into a new tensor. */
  static from(values: Int32Array, shape?: readonly number[], label?: string): Tensor<"i32">;
  /** Copies numbers, rounded to single precision, into a new tensor. */
  static from(values: ArrayLike<number>, shape?: readonly number[], label?: string): Tensor;
  static from(values: ArrayLike<number>, shape = [values.length], label = "tensor"): Tensor<DType> {
    const dtype = values instanceof Uint32Array ? "u32" : values instanceof Int32Array ? "i32" : "f32";
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (size !== values.length) {
      throw new ShapeError(
        `${label}: expected ${size} elements for shape (${shape.join(", ")}), found ${values.length}`,
      );
    }
    const tensor = new Tensor<DType>(shape, dtype, label);
    tensor.write(values);
    return tensor;
  }

  /** Whether the memory was freed, through this tensor or a view of it. */
  get destroyed(): boolean {
    return destroyed.has(this.#buffer);
  }

  /**
   * Underlying buffer, of at least `4 · size` bytes.
   *
   * @throws {GpuError} If the tensor was destroyed.
   */
  get buffer(): GPUBuffer {
    if (this.destroyed) {
      throw new GpuError("validation", this.label, "expected a live tensor, found one that was destroyed");
    }
    return this.#buffer;
  }

  /**
   * The same memory under another shape; freeing either frees both.
   *
   * @param shape As many elements as this tensor has.
   * @returns A view.
   * @throws {ShapeError} If the number of elements differs.
   */
  reshape(shape: readonly number[]): Tensor<T> {
    const view = new Tensor<T>(shape, this.dtype, this.label, this.buffer);
    if (view.size !== this.size) {
      throw new ShapeError(`${this.label}: expected ${this.size} elements, found shape (${shape.join(", ")})`);
    }
    return view;
  }

  /**
   * Overwrites elements; ordered with earlier and later GPU work.
   *
   * @param values New elements.
   * @param start Index of the first one. Without it, all elements must be given.
   * @throws {ShapeError} If the elements do not fit.
   * @throws {GpuError} If the tensor was destroyed.
   */
  write(values: ArrayLike<number>, start?: number): void {
    const count = values.length;
    if (start === undefined && count !== this.size) {
      throw new ShapeError(`${this.label}: expected ${this.size} elements, found ${count}`);
    }
    const first = start ?? 0;
    if (!Number.isInteger(first) || first < 0 || first + count > this.size) {
      throw new ShapeError(`${this.label}: expected a range within ${this.size} elements, found ${first} + ${count}`);
    }
    const { buffer } = this;
    // Deno 2.9 panics on an empty write.
    if (count === 0) return;
    const host = HOST_ARRAYS[this.dtype].from(values) as HostArrays[DType];
    this.#gpu.device.queue.writeBuffer(buffer, first * 4, host);
  }

  /**
   * Waits for earlier GPU work and copies the contents to the host.
   *
   * @returns All elements, row-major.
   * @throws {GpuError} If any GPU operation has failed, or the tensor was destroyed.
   */
  async read(): Promise<HostArrays[T]> {
    using staging = new Staging(this.size);
    return await staging.read(this, 0, this.size);
  }

  /** Frees the GPU memory. The tensor must not be used afterwards. */
  destroy(): void {
    destroyed.add(this.#buffer);
    this.#buffer.destroy();
  }

  /** Frees the GPU memory at the end of a `using` scope. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
