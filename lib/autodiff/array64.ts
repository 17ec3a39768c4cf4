/** Small float64 arrays, for references that kernels and gradients are compared with. */
import type { Array64 } from "../gpu/trace.ts";

export type { Array64 } from "../gpu/trace.ts";

/**
 * Number of elements of a shape.
 *
 * @param shape Extent of each axis.
 * @returns Their product; 1 for a scalar.
 */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * An array whose elements are a function of their index.
 *
 * @param shape Extent of each axis.
 * @param value Element at a row-major index.
 * @returns The array.
 */
export function array64(shape: readonly number[], value: (index: number) => number): Array64 {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, index) => value(index)) };
}

/**
 * Applies a function to every element.
 *
 * @param x Array.
 * @param change Function of an element.
 * @returns An array of the same shape.
 */
export function map64({ shape, data }: Array64, change: (value: number) => number): Array64 {
  return { shape, data: data.map((value) => change(value)) };
}

/**
 * Row-major strides of a shape; 0 along axes of extent 1, so that they broadcast.
 *
 * @param shape Extent of each axis.
 * @returns Elements from one index to the next along each axis.
 */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const extent of shape.toReversed()) {
    strides.unshift(extent === 1 ? 0 : stride);
    stride *= extent;
  }
  return strides;
}

/**
 * Elements of a strided array in row-major order of `shape`.
 *
 * @param x Array.
 * @param shape Shape of the result.
 * @param strides Elements of x from one index to the next along each axis of the result.
 * @param start Element of x at index 0.
 * @returns The array.
 */
export function strided64(
  { data }: Array64,
  shape: readonly number[],
  strides: readonly number[],
  start = 0,
): Array64 {
  return array64(shape, (index) => {
    let [rest, at] = [index, start];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return data[at];
  });
}

/**
 * Combines two arrays element by element; axes are aligned at the right, those of extent 1 are repeated.
 *
 * @param a Array.
 * @param b Array whose shape broadcasts with a's.
 * @param combine Function of two elements.
 * @returns An array of the common shape.
 */
export function zip64(a: Array64, b: Array64, combine: (a: number, b: number) => number): Array64 {
  const rank = Math.max(a.shape.length, b.shape.length);
  const full = (shape: readonly number[]) => [...new Array(rank - shape.length).fill(1), ...shape];
  const [left, right] = [full(a.shape), full(b.shape)];
  const shape = left.map((extent, axis) => Math.max(extent, right[axis]));
  const [x, y] = [strided64(a, shape, stridesOf(left)), strided64(b, shape, stridesOf(right))];
  return { shape, data: x.data.map((value, index) => combine(value, y.data[index])) };
}
