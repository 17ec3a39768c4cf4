/** Stretches of GPU memory, which one or more tensors view. */
import type { Gpu } from "./device.ts";
import { GpuError } from "./errors.ts";

/** A buffer and where in it something starts. */
export interface Home {
  /** The buffer. */
  readonly buffer: GPUBuffer;
  /** First byte. */
  readonly offset: number;
}

/**
 * A stretch of GPU memory. Planned memory has no buffer until the recording that made it ends: then it shares one with
 * other memory that is not in use at the same time.
 */
export class Memory {
  /** Stands in error messages. */
  readonly label: string;
  /** Length in bytes. */
  readonly bytes: number;
  /** Whether the buffer is chosen when a recording ends. */
  readonly planned: boolean;
  /** Whether the buffer serves other memory too, so that the host can neither read nor write it. */
  #shared = false;
  #home: Home | null;
  #destroyed = false;

  /**
   * Memory in a buffer, or planned memory without one.
   *
   * @param label Stands in error messages.
   * @param bytes Length in bytes.
   * @param buffer Buffer of that length; without it, the memory is planned.
   */
  constructor(label: string, bytes: number, buffer?: GPUBuffer) {
    this.label = label;
    this.bytes = bytes;
    this.planned = buffer === undefined;
    this.#home = buffer === undefined ? null : { buffer, offset: 0 };
  }

  /**
   * Allocates a buffer of zeros.
   *
   * @param gpu Device.
   * @param label Stands in error messages.
   * @param bytes Length in bytes.
   * @returns Memory of its own.
   */
  static allocate(gpu: Gpu, label: string, bytes: number): Memory {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = gpu.guard(label, () => gpu.device.createBuffer({ label, size: bytes, usage }));
    return new Memory(label, bytes, buffer);
  }

  /** Whether the memory was freed. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** Whether the memory has a buffer. */
  get placed(): boolean {
    return this.#home !== null;
  }

  /** Whether the buffer serves other memory at other times: nothing but kernels of the program may touch it. */
  get shared(): boolean {
    return this.#shared;
  }

  /**
   * The buffer that holds the memory.
   *
   * @param label Stands in the error message.
   * @returns Buffer and offset.
   * @throws {GpuError} If the buffer is not chosen yet.
   */
  home(label: string): Home {
    if (!this.#home) {
      const found =
        "one of a recording that is not finished, or one that it does not return, in arrays or plain objects";
      throw new GpuError("validation", label, `expected a tensor with a buffer, found ${found}`);
    }
    return this.#home;
  }

  /**
   * Gives planned memory its place.
   *
   * @param home Buffer and offset.
   * @param shared Whether other memory has the same place at other times.
   */
  place(home: Home, shared: boolean): void {
    this.#home = home;
    this.#shared = shared;
  }

  /** Notes that planned memory gets no place, because fused kernels pass its content on: it is as little to be read as if shared. */
  passOver(): void {
    this.#shared = true;
  }

  /** Frees the buffer; planned memory only forgets the buffer that it shares. */
  destroy(): void {
    this.#destroyed = true;
    if (!this.planned) this.#home?.buffer.destroy();
  }
}
