/** Element types of tensors and their host arrays. */

/** Element type of a tensor; each takes four bytes. */
export type DType = "f32" | "u32" | "i32";

/** Host array of each element type. */
export interface HostArrays {
  /** Single-precision numbers. */
  readonly f32: Float32Array<ArrayBuffer>;
  /** Unsigned integers. */
  readonly u32: Uint32Array<ArrayBuffer>;
  /** Signed integers. */
  readonly i32: Int32Array<ArrayBuffer>;
}

/** Constructor of the host array of each element type. */
export const HOST_ARRAYS: {
  readonly f32: Float32ArrayConstructor;
  readonly u32: Uint32ArrayConstructor;
  readonly i32: Int32ArrayConstructor;
} = { f32: Float32Array, u32: Uint32Array, i32: Int32Array };
