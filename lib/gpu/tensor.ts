/** Dense arrays in GPU memory, with an explicit lifetime. */
import { currentGpu, type Gpu } from "./device.ts";
import { type DType, HOST_ARRAYS, type HostArrays } from "./dtype.ts";
import { GpuError, ShapeError } from "./errors.ts";
import { Memory } from "./memory.ts";
import { Staging } from "./staging.ts";

export type { DType, HostArrays } from "./dtype.ts";
export { Staging } from "./staging.ts";

/** Elements from one admissible start of a view to the next: WebGPU binds buffers at multiples of 256 bytes. */
export const VIEW_ALIGNMENT = 64;

/** Where a tensor that does not allocate gets its memory from. */
export interface TensorPlace {
  /** Memory to view. */
  readonly memory: Memory;
  /** First element, a multiple of {@linkcode VIEW_ALIGNMENT}. */
  readonly start: number;
  /** Whether {@linkcode gradients} treats the tensor as a constant. */
  readonly constant?: boolean;
}

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
  /** Memory that the tensor views; views of one memory are freed together. */
  readonly memory: Memory;
  /** Index of the first element in {@linkcode Tensor.memory}. */
  readonly start: number;
  /** Whether gradients stop here. */
  readonly constant: boolean;
  readonly #gpu: Gpu = currentGpu();

  /**
   * Allocates zeros.
   *
   * @param shape Extent of each axis, all ≥ 1.
   * @param dtype Element type.
   * @param label Stands in error messages.
   * @param place Memory to view instead of allocating.
   * @throws {ShapeError} If an extent is not a positive integer, or the place has too little memory or starts between
   * two multiples of {@linkcode VIEW_ALIGNMENT}.
   * @throws {GpuError} If the adapter cannot bind a buffer of that size.
   */
  constructor(
    shape: readonly number[],
    dtype: T = "f32" as T,
    label: string = "tensor",
    place?: TensorPlace,
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
      const found = `shape (${shape.join(", ")}) of ${this.size * 4} bytes`;
      this.#gpu.refuse(new GpuError("out-of-memory", label, `expected at most ${limit} bytes, found ${found}`));
    }
    this.start = place?.start ?? 0;
    this.constant = place?.constant ?? false;
    this.memory = place?.memory ?? Memory.allocate(this.#gpu, label, this.size * 4);
    if (this.start % VIEW_ALIGNMENT !== 0 || (this.start + this.size) * 4 > this.memory.bytes) {
      throw new ShapeError(
        `${label}: expected a view that starts at a multiple of ${VIEW_ALIGNMENT} and ends within ${
          this.memory.bytes / 4
        } elements, found ${this.start} + ${this.size}`,
      );
    }
  }

  /**
   * A tensor whose buffer is chosen when the recording ends; kernels must write it before they read it.
   *
   * @param shape Extent of each axis, all ≥ 1.
   * @param dtype Element type.
   * @param label Stands in error messages.
   * @returns A tensor without a buffer.
   */
  static planned<T extends DType = "f32">(shape: readonly number[], dtype: T, label: string): Tensor<T> {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return new Tensor<T>(shape, dtype, label, { memory: new Memory(label, size * 4), start: 0 });
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
    return this.memory.destroyed;
  }

  /**
   * The buffer and the part of it that holds the elements.
   *
   * @throws {GpuError} If the tensor was destroyed, or its buffer is not planned yet.
   */
  get binding(): { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number } {
    if (this.destroyed) {
      throw new GpuError("validation", this.label, "expected a live tensor, found one that was destroyed");
    }
    const { buffer, offset } = this.memory.home(this.label);
    return { buffer, offset: offset + this.start * 4, size: this.size * 4 };
  }

  /**
   * As {@linkcode Tensor.binding}, for copies to and from the host.
   *
   * @throws {GpuError} If other tensors of a program use the same buffer at other times.
   */
  get hostBinding(): Tensor["binding"] {
    this.expectUnshared();
    return this.binding;
  }

  /**
   * Refuses a tensor of a recorded program whose buffer holds other tensors at other times.
   *
   * @throws {GpuError} If it does: between replays nobody knows what is in it.
   */
  expectUnshared(): void {
    if (!this.memory.shared) return;
    const found = "one whose buffer a program uses for others too: return it from the recorded step";
    throw new GpuError("validation", this.label, `expected a tensor with a buffer of its own, found ${found}`);
  }

  /**
   * The same memory under another shape; freeing either frees both.
   *
   * @param shape As many elements as this tensor has.
   * @returns A view.
   * @throws {ShapeError} If the number of elements differs.
   * @throws {GpuError} If the tensor was destroyed.
   */
  reshape(shape: readonly number[]): Tensor<T> {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (size !== this.size) {
      throw new ShapeError(`${this.label}: expected ${this.size} elements, found shape (${shape.join(", ")})`);
    }
    return this.#view(shape, this.start, this.constant);
  }

  /**
   * Part of the memory as a tensor of its own; freeing either frees both. Gradients do not pass through it.
   *
   * @param start Index of the first element, a multiple of {@linkcode VIEW_ALIGNMENT}.
   * @param shape Extent of each axis.
   * @param label Stands in error messages.
   * @returns A view.
   * @throws {ShapeError} If the part does not fit, or starts elsewhere.
   * @throws {GpuError} If the tensor was destroyed.
   */
  view(start: number, shape: readonly number[], label: string = this.label): Tensor<T> {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (!Number.isInteger(start) || start < 0 || start + size > this.size) {
      throw new ShapeError(`${label}: expected a range within ${this.size} elements, found ${start} + ${size}`);
    }
    return this.#view(shape, this.start + start, this.constant, label);
  }

  /** The same elements, which {@linkcode gradients} treats as constants. */
  get detached(): Tensor<T> {
    return this.#view(this.shape, this.start, true);
  }

  #view(shape: readonly number[], start: number, constant: boolean, label = this.label): Tensor<T> {
    if (this.destroyed) {
      throw new GpuError("validation", label, "expected a live tensor, found one that was destroyed");
    }
    return new Tensor<T>(shape, this.dtype, label, { memory: this.memory, start, constant });
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
    const { buffer, offset } = this.hostBinding;
    // Deno 2.9 panics on an empty write.
    if (count === 0) return;
    const host = HOST_ARRAYS[this.dtype].from(values) as HostArrays[DType];
    this.#gpu.device.queue.writeBuffer(buffer, offset + first * 4, host);
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
    this.memory.destroy();
  }

  /** Frees the GPU memory at the end of a `using` scope. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
