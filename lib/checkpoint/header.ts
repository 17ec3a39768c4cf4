/**
 * The header of a safetensors file: what tensors there are and where their bytes lie. Nothing in it is taken on trust.
 *
 * ```txt
 * 8 bytes   length of the header, little-endian
 * header    {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
 * data      the tensors, row-major, without holes
 * ```
 *
 * Source: https://github.com/huggingface/safetensors (format section of its README).
 *
 * @module
 */
import { CheckpointError, quoted } from "./checkpoint_error.ts";
import { type Dtype, DTYPE_BITS, dtypeOf, isDtype, type StoredArray } from "./dtype.ts";
import { type Fail, JsonScanner } from "./json_scanner.ts";

/** Largest header that the format allows, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;
/** More axes than PyTorch or NumPy can hold are a mistake of the file. */
const MAX_AXES = 64;
/** Any number of bits up to this many elements is a safe integer. */
const MAX_ELEMENTS = 2 ** 47 - 1;
const METADATA = "__metadata__";

/** Description of one tensor in a file. */
export interface TensorEntry {
  /** Type of its elements. */
  readonly dtype: Dtype;
  /** Sizes of its axes; `[]` for a single number. */
  readonly shape: readonly number[];
  /** Number of bytes it takes. */
  readonly bytes: number;
  /** Where its bytes begin, counted from the end of the header. */
  readonly offset: number;
}

/** A header that has been checked. */
export interface Header {
  /** Texts by key. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Tensors by name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** A tensor on the host, to be written or as it was read back. */
export interface NamedTensor<T extends StoredArray = StoredArray> {
  /** Name, as `blocks.0.attention.query`. */
  readonly name: string;
  /** Sizes of its axes. */
  readonly shape: readonly number[];
  /** Its values, row-major. */
  readonly data: T;
  /** Attention heads side by side along its last axis, where a model has said so; a file has it in its metadata alone. */
  readonly heads?: number;
}

/**
 * Reads a header.
 *
 * @param text The header without its length.
 * @param dataBytes Number of bytes behind the header.
 * @param path The file, for errors.
 * @returns Tensors whose bytes lie in the file one after the other, from its first byte of data to its last.
 * @throws {CheckpointError} If anything is off the format.
 */
export function parseHeader(text: string, dataBytes: number, path: string): Header {
  const fail: Fail = (expected, found) => {
    throw new CheckpointError(path, expected, found);
  };
  const metadata = new Map<string, string>();
  const tensors = new Map<string, TensorEntry>();
  const scanner = new JsonScanner(text, fail);
  scanner.object("the header", (name) => {
    if (name === METADATA) scanner.object(METADATA, (key) => void metadata.set(key, scanner.text(quoted(key))));
    else tensors.set(name, readEntry(scanner, `tensor ${quoted(name)}`, fail));
  });
  scanner.end();
  checkLayout(tensors, dataBytes, fail);
  return { metadata, tensors };
}

function readEntry(scanner: JsonScanner, what: string, fail: Fail): TensorEntry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  scanner.object(what, (key) => {
    if (key === "dtype") dtype = scanner.text(`dtype of ${what}`);
    else if (key === "shape") shape = scanner.naturals(`shape of ${what}`, MAX_AXES);
    else if (key === "data_offsets") offsets = scanner.naturals(`data_offsets of ${what}`, 2);
    else fail(`dtype, shape and data_offsets of ${what}`, quoted(key));
  });
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    const missing = dtype === undefined ? "dtype" : shape === undefined ? "shape" : "data_offsets";
    return fail(`dtype, shape and data_offsets of ${what}`, `no ${missing}`);
  }
  if (!isDtype(dtype)) return fail(`dtype of ${what} to be one of ${Object.keys(DTYPE_BITS).join("|")}`, quoted(dtype));
  if (offsets.length !== 2) return fail(`two data_offsets of ${what}`, `${offsets.length}`);
  const [begin, end] = offsets;
  if (begin > end) fail(`data_offsets of ${what} to ascend`, `[${begin},${end}]`);
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (elements > MAX_ELEMENTS) fail(`a shape of ${what} with fewer than 2^47 elements`, `[${shape}]`);
  }
  const bits = elements * DTYPE_BITS[dtype];
  if (bits !== 8 * (end - begin)) {
    fail(`${bits / 8} bytes of ${what} (${dtype}, shape [${shape}])`, `${end - begin} in data_offsets`);
  }
  return { dtype, shape, bytes: end - begin, offset: begin };
}

function checkLayout(tensors: ReadonlyMap<string, TensorEntry>, dataBytes: number, fail: Fail): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  let end = 0;
  for (const [name, { offset, bytes }] of ordered) {
    if (offset !== end) {
      fail(`tensor ${quoted(name)} to begin at byte ${end} of the data, where the one before ends`, `${offset}`);
    }
    end = offset + bytes;
  }
  if (end !== dataBytes) fail(`${end} bytes of data behind the header, as it says`, `${dataBytes}`);
}

/** A header to be written, and the tensors in the order of their bytes. */
export interface Layout {
  /** Length and header. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** Tensors in the order in which they follow. */
  readonly tensors: readonly NamedTensor[];
}

/**
 * The header of tensors, laid out as the format's own writer does: larger element types first, then by name, so that
 * every tensor lies at a multiple of its element size, and the same tensors give the same bytes in whatever order.
 *
 * @param tensors Tensors, names distinct.
 * @param metadata Texts by key; sorted by key.
 * @returns What is to be written.
 * @throws {RangeError} If a name comes twice or is none, a shape is not that of its data, or the header grows too long.
 */
export function layOut(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): Layout {
  const order = Object.keys(DTYPE_BITS);
  const rank = ({ data }: NamedTensor) => order.indexOf(dtypeOf(data));
  const ordered = [...tensors].sort((a, b) => rank(b) - rank(a) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const keys = Object.keys(metadata).sort();
  const parts = keys.length === 0
    ? []
    : [`"${METADATA}":{${keys.map((key) => `${written(key)}:${written(metadata[key])}`).join(",")}}`];
  let offset = 0;
  const taken = new Set([METADATA]);
  for (const { name, shape, data } of ordered) {
    if (taken.has(name)) throw new RangeError(`expected tensors with names of their own, found ${written(name)} taken`);
    taken.add(name);
    if (
      shape.some((size) => !Number.isSafeInteger(size) || size < 0) || shape.reduce((a, b) => a * b, 1) !== data.length
    ) {
      throw new RangeError(`expected a shape of ${data.length} elements for ${name}, found (${shape.join(", ")})`);
    }
    const entry = { dtype: dtypeOf(data), shape, data_offsets: [offset, offset += data.byteLength] };
    parts.push(`${written(name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new RangeError(`expected a header of at most ${MAX_HEADER_BYTES} bytes, found ${length}`);
  }
  const head = new Uint8Array(8 + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return { head, tensors: ordered };
}

function written(text: string): string {
  if (!text.isWellFormed()) throw new RangeError(`expected whole Unicode characters, found ${JSON.stringify(text)}`);
  return JSON.stringify(text);
}
