/** Single heads of stacked weights, on the host in float64. */
import type { NamedArray } from "../../lib/models/parameters.ts";

/** `F Fᵀ` of a frame (C, k). */
export function projectionOn(frame: Float64Array, C: number, k: number): Float32Array {
  return Float32Array.from({ length: C * C }, (_, e) => {
    const [i, j] = [Math.floor(e / C), e % C];
    let dot = 0;
    for (let n = 0; n < k; n++) dot += frame[i * k + n] * frame[j * k + n];
    return dot;
  });
}

/** `W − F Fᵀ W + G Fᵀ W`: what W (C, D) reads from F is read from G instead. */
export function turned(
  matrix: Float64Array,
  from: Float64Array,
  to: Float64Array,
  [C, D, k]: readonly [number, number, number],
): Float64Array {
  const result = matrix.slice();
  for (let n = 0; n < k; n++) {
    for (let d = 0; d < D; d++) {
      let read = 0;
      for (let c = 0; c < C; c++) read += from[c * k + n] * matrix[c * D + d];
      for (let c = 0; c < C; c++) result[c * D + d] += (to[c * k + n] - from[c * k + n]) * read;
    }
  }
  return result;
}

/** One head's columns (C, D) of a weight (R, C, H D). */
export function headOf(
  { data }: NamedArray,
  r: number,
  h: number,
  [C, H, D]: readonly [number, number, number],
): Float64Array {
  return Float64Array.from({ length: C * D }, (_, e) => data[(r * C + Math.floor(e / D)) * H * D + h * D + e % D]);
}

/** Writes one head's columns (C, D) into a weight (R, C, H D). */
export function writeHead(
  { data }: NamedArray,
  r: number,
  h: number,
  matrix: Float64Array,
  [C, H, D]: readonly [number, number, number],
): void {
  matrix.forEach((value, e) => data[(r * C + Math.floor(e / D)) * H * D + h * D + e % D] = value);
}

/** The replicas of an array several times over. */
export function repeated({ name, shape, data }: NamedArray, times: number): NamedArray {
  const all = new Float32Array(times * data.length);
  for (let copy = 0; copy < times; copy++) all.set(data, copy * data.length);
  return { name, shape: [times * shape[0], ...shape.slice(1)], data: all };
}

/** Square root of the sum of squares. */
export function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}
