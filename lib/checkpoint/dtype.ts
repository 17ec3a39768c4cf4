/**
 * Element types of safetensors, and the arrays that hold them here.
 *
 * Bytes are little-endian in the file, as on every machine that Deno runs on.
 *
 * @module
 */

/** Name of an element type, as the header of a file writes it. */
export type Dtype =
  | "BOOL"
  | "F4"
  | "F6_E2M3"
  | "F6_E3M2"
  | "U8"
  | "I8"
  | "F8_E5M2"
  | "F8_E4M3"
  | "F8_E8M0"
  | "F8_E4M3FNUZ"
  | "F8_E5M2FNUZ"
  | "I16"
  | "U16"
  | "F16"
  | "BF16"
  | "I32"
  | "U32"
  | "F32"
  | "C64"
  | "F64"
  | "I64"
  | "U64";

/** Bits of an element. The order is that of the format's own writer, which puts larger types first in a file. */
export const DTYPE_BITS: Readonly<Record<Dtype, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

/** Arrays that can be written, and that stored values are read back into. */
export type StoredArray =
  | Float64Array
  | Float32Array
  | Float16Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Types that numbers can be read from; those with 4, 6 and 8 bits of floating point, and complex ones, are not among them. */
export const READABLE: readonly Dtype[] = [
  "F64",
  "F32",
  "F16",
  "BF16",
  "I64",
  "U64",
  "I32",
  "U32",
  "I16",
  "U16",
  "I8",
  "U8",
  "BOOL",
];

/** Types that {@linkcode TensorSource.read} takes as weights. */
export const FLOATING: readonly Dtype[] = ["F64", "F32", "F16", "BF16"];

/**
 * Whether a text names an element type of the format.
 *
 * @param name Text out of a header.
 * @returns Whether it is one of {@linkcode DTYPE_BITS}.
 */
export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(DTYPE_BITS, name);
}

/**
 * The element type that an array is written as.
 *
 * @param array Values.
 * @returns Its type.
 * @throws {TypeError} If there is none, as for clamped bytes.
 */
export function dtypeOf(array: StoredArray): Dtype {
  if (array instanceof Float32Array) return "F32";
  if (array instanceof Float64Array) return "F64";
  if (array instanceof Float16Array) return "F16";
  if (array instanceof Uint32Array) return "U32";
  if (array instanceof Int32Array) return "I32";
  if (array instanceof BigUint64Array) return "U64";
  if (array instanceof BigInt64Array) return "I64";
  if (array instanceof Uint16Array) return "U16";
  if (array instanceof Int16Array) return "I16";
  if (array instanceof Uint8Array) return "U8";
  if (array instanceof Int8Array) return "I8";
  throw new TypeError(`expected a typed array of numbers, found ${Object.prototype.toString.call(array)}`);
}

/**
 * An array of the stored type, BF16 as its raw 16 bits.
 *
 * @param dtype One of {@linkcode READABLE}.
 * @param buffer Memory.
 * @param length Number of elements.
 * @returns A view of the memory from its start.
 */
export function viewAs(dtype: Dtype, buffer: ArrayBuffer, length: number): StoredArray {
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer, 0, length);
    case "F32":
      return new Float32Array(buffer, 0, length);
    case "F16":
      return new Float16Array(buffer, 0, length);
    case "I64":
      return new BigInt64Array(buffer, 0, length);
    case "U64":
      return new BigUint64Array(buffer, 0, length);
    case "I32":
      return new Int32Array(buffer, 0, length);
    case "U32":
      return new Uint32Array(buffer, 0, length);
    case "I16":
      return new Int16Array(buffer, 0, length);
    case "BF16":
    case "U16":
      return new Uint16Array(buffer, 0, length);
    case "I8":
      return new Int8Array(buffer, 0, length);
    default:
      return new Uint8Array(buffer, 0, length);
  }
}

/**
 * BF16 to float32: the upper half of its bits, so that nothing is rounded.
 *
 * @param bits Raw BF16.
 * @returns The same numbers.
 */
export function widenBf16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const wide = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) wide[index] = bits[index] << 16;
  return new Float32Array(wide.buffer);
}
