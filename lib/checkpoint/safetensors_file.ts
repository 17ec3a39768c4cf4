/**
 * One safetensors file, open for reading tensor by tensor.
 *
 * @module
 */
import { CheckpointError, explained, quoted } from "./checkpoint_error.ts";
import { type Dtype, DTYPE_BITS, FLOATING, READABLE, type StoredArray, viewAs, widenBf16 } from "./dtype.ts";
import { formatOf } from "./foreign_format.ts";
import { MAX_HEADER_BYTES, parseHeader, type TensorEntry } from "./header.ts";

/** Tensors by name, each read from disk when it is asked for. Close it, or declare it with `using`. */
export interface TensorSource extends Disposable {
  /** File or folder they come from. */
  readonly path: string;
  /** Texts that came with them. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Tensors by name. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /**
   * Weights: a tensor of F64, F32, F16 or BF16 as float32, row-major. F64 is rounded to nearest and is ±Infinity beyond
   * the range of float32; NaN and infinities of the file stay what they are.
   *
   * @throws {CheckpointError} If there is no such tensor, or it holds no floating-point numbers.
   */
  read(name: string): Float32Array<ArrayBuffer>;
  /**
   * Numbers: a tensor of any readable type, integers and truth values (0 or 1) too, without rounding.
   *
   * @throws {CheckpointError} If there is no such tensor, or it holds an integer beyond ±2⁵³.
   */
  readNumbers(name: string): Float64Array<ArrayBuffer>;
  /**
   * Values in the type they are stored in, bit for bit; BF16, for which there is no array, as the same numbers in
   * float32, truth values as bytes.
   *
   * @throws {CheckpointError} If there is no such tensor, or its type has no array.
   */
  readStored(name: string): StoredArray;
  /** File that holds a tensor. */
  fileOf(name: string): string;
}

const CHUNK_BYTES = 1 << 20;

/** A safetensors file; only its header is in memory. */
export class SafetensorsFile implements TensorSource {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #file: Deno.FsFile;
  readonly #dataStart: number;

  /**
   * Opens a file and checks its header.
   *
   * @param path The file.
   * @throws {CheckpointError} If there is none, it cannot be read, or it is off the format in any way.
   */
  constructor(path: string) {
    const expected = "a safetensors file";
    this.path = path;
    // Opening a pipe would wait for its other end.
    const kind = attempt(path, expected, () => Deno.statSync(path));
    if (!kind.isFile) throw new CheckpointError(path, expected, kind.isDirectory ? "a folder" : "no regular file");
    this.#file = attempt(path, expected, () => Deno.openSync(path));
    try {
      const { size } = attempt(path, expected, () => this.#file.statSync());
      const headerBytes = this.#headerBytes(size);
      this.#dataStart = 8 + headerBytes;
      const { metadata, tensors } = parseHeader(this.#headerText(headerBytes), size - this.#dataStart, path);
      this.metadata = metadata;
      this.tensors = tensors;
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  /** Weights as float32. */
  read(name: string): Float32Array<ArrayBuffer> {
    const entry = this.#entry(name, FLOATING);
    const values = this.#allocate(name, () => new Float32Array(elementsOf(entry)));
    if (entry.dtype === "F32") this.#fill(new Uint8Array(values.buffer), entry.offset);
    else this.#convert(name, entry, values);
    return values;
  }

  /** Numbers without rounding. */
  readNumbers(name: string): Float64Array<ArrayBuffer> {
    const entry = this.#entry(name, READABLE);
    const values = this.#allocate(name, () => new Float64Array(elementsOf(entry)));
    if (entry.dtype === "F64") this.#fill(new Uint8Array(values.buffer), entry.offset);
    else this.#convert(name, entry, values);
    return values;
  }

  /** Values in the type they are stored in. */
  readStored(name: string): StoredArray {
    const entry = this.#entry(name, READABLE);
    if (entry.dtype === "BF16") return this.read(name);
    const bytes = this.#allocate(name, () => new Uint8Array(entry.bytes));
    this.#fill(bytes, entry.offset);
    return viewAs(entry.dtype, bytes.buffer, elementsOf(entry));
  }

  /** This file. */
  fileOf(): string {
    return this.path;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  #headerBytes(size: number): number {
    const start = new Uint8Array(Math.min(size, 32));
    this.#fillFrom(start, 0);
    const refuse = (found: string) => {
      throw new CheckpointError(this.path, "a safetensors file", formatOf(start) ?? found);
    };
    if (size < 8) refuse(`a file of ${size} bytes`);
    const length = new DataView(start.buffer).getBigUint64(0, true);
    if (length > MAX_HEADER_BYTES) refuse(`one whose header claims ${length} bytes (at most ${MAX_HEADER_BYTES})`);
    if (length > size - 8) refuse(`one that ends before its header of ${length} bytes (cut off, or another format)`);
    if (start[8] !== 0x7b) refuse("one whose header does not begin with {");
    return Number(length);
  }

  #headerText(length: number): string {
    const bytes = new Uint8Array(length);
    this.#fillFrom(bytes, 8);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new CheckpointError(this.path, "a header in UTF-8", "other bytes");
    }
  }

  #entry(name: string, dtypes: readonly Dtype[]): TensorEntry {
    const entry = this.tensors.get(name);
    if (entry === undefined) throw new CheckpointError(this.path, `a tensor ${quoted(name)}`, "none of that name");
    if (!dtypes.includes(entry.dtype)) {
      throw new CheckpointError(this.path, `tensor ${quoted(name)} to be of ${dtypes.join("|")}`, entry.dtype);
    }
    return entry;
  }

  #convert(name: string, entry: TensorEntry, values: Float32Array | Float64Array): void {
    const size = DTYPE_BITS[entry.dtype] / 8;
    const chunk = new Uint8Array(Math.min(entry.bytes, CHUNK_BYTES));
    for (let done = 0; done < entry.bytes; done += chunk.length) {
      const bytes = chunk.subarray(0, Math.min(chunk.length, entry.bytes - done));
      this.#fill(bytes, entry.offset + done);
      const stored = viewAs(entry.dtype, chunk.buffer, bytes.length / size);
      const numbers = entry.dtype === "BF16" ? widenBf16(stored as Uint16Array) : this.#numbers(name, stored);
      values.set(numbers, done / size);
    }
  }

  #numbers(name: string, stored: StoredArray): ArrayLike<number> {
    if (!(stored instanceof BigInt64Array || stored instanceof BigUint64Array)) return stored;
    return Array.from(stored, (value) => {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) {
        throw new CheckpointError(this.path, `integers within ±2^53 in tensor ${quoted(name)}`, `${value}`);
      }
      return number;
    });
  }

  #allocate<T>(name: string, make: () => T): T {
    return attempt(this.path, `tensor ${quoted(name)}`, make);
  }

  #fill(bytes: Uint8Array, offset: number): void {
    this.#fillFrom(bytes, this.#dataStart + offset);
  }

  #fillFrom(bytes: Uint8Array, position: number): void {
    attempt(this.path, "a file that can be read", () => this.#file.seekSync(position, Deno.SeekMode.Start));
    for (let done = 0; done < bytes.length;) {
      const read = attempt(this.path, "a file that can be read", () => this.#file.readSync(bytes.subarray(done)));
      if (read === null || read === 0) {
        throw new CheckpointError(this.path, "the file to stay as it was opened", `its end at byte ${position + done}`);
      }
      done += read;
    }
  }
}

function elementsOf({ dtype, bytes }: TensorEntry): number {
  return (8 * bytes) / DTYPE_BITS[dtype];
}

function attempt<T>(path: string, expected: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explained(path, expected, error);
  }
}
