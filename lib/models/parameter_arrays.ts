/** Arrays (R, …) of the host by name: some replicas of them, and several copies. */
import type { NamedArray } from "./parameter_spec.ts";

/**
 * Picks replicas of arrays.
 *
 * @param arrays Arrays (R, …), such as parameters or the tensors of a training state.
 * @param indices Replicas in the order wanted, 0 … R − 1; one may be named several times.
 * @returns Copies (n, …), n the number of indices.
 * @throws {RangeError} If there is no such replica.
 *
 * @example
 * ```ts
 * import { selectReplicas } from "./parameter_arrays.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [{ shape, data }] = selectReplicas([{ name: "w", shape: [3, 1], data: Float32Array.of(5, 6, 7) }], [2, 0]);
 * assertEquals([shape, [...data]], [[2, 1], [7, 5]]);
 * ```
 */
export function selectReplicas(arrays: readonly NamedArray[], indices: readonly number[]): NamedArray[] {
  return arrays.map((array) => {
    const { name, shape: [R, ...rest], data } = array;
    const bad = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= R);
    if (bad !== undefined) throw new RangeError(`${name}: expected replicas below ${R}, found ${bad}`);
    const each = data.length / R;
    const some = new Float32Array(indices.length * each);
    indices.forEach((r, index) => some.set(data.subarray(r * each, (r + 1) * each), index * each));
    return { ...array, shape: [indices.length, ...rest], data: some };
  });
}

/**
 * Repeats the replicas of arrays: all of them, then all of them again.
 *
 * @param arrays Arrays (R, …).
 * @param times How often, ≥ 1.
 * @returns Copies (times · R, …); replica r of copy i is replica i R + r.
 *
 * @example
 * ```ts
 * import { repeatReplicas } from "./parameter_arrays.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [{ shape, data }] = repeatReplicas([{ name: "w", shape: [2, 1], data: Float32Array.of(1, 2) }], 2);
 * assertEquals([shape, [...data]], [[4, 1], [1, 2, 1, 2]]);
 * ```
 */
export function repeatReplicas(arrays: readonly NamedArray[], times: number): NamedArray[] {
  return arrays.map((array) => {
    const { shape: [R, ...rest], data } = array;
    const all = new Float32Array(times * data.length);
    for (let copy = 0; copy < times; copy++) all.set(data, copy * data.length);
    return { ...array, shape: [times * R, ...rest], data: all };
  });
}

/**
 * Sums the squares of all elements of each replica, in float64.
 *
 * @param arrays Arrays (R, …), at least one.
 * @returns Sums (R).
 *
 * @example
 * ```ts
 * import { squaredNorms } from "./parameter_arrays.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const arrays = [{ name: "w", shape: [2, 2], data: Float32Array.of(1, 2, 0, 3) }];
 * assertEquals(squaredNorms(arrays), [5, 9]);
 * ```
 */
export function squaredNorms(arrays: readonly NamedArray[]): number[] {
  const sums = new Array<number>(arrays[0].shape[0]).fill(0);
  for (const { shape: [R], data } of arrays) {
    const each = data.length / R;
    for (let index = 0; index < data.length; index++) sums[Math.floor(index / each)] += data[index] * data[index];
  }
  return sums;
}

/**
 * Finds an array by its name.
 *
 * @param arrays Arrays, such as parameters as checkpoints have them.
 * @param name Name, such as `blocks.0.attention.query`.
 * @returns The array.
 * @throws {RangeError} If there is none of this name.
 */
export function arrayNamed(arrays: readonly NamedArray[], name: string): NamedArray {
  const found = arrays.find((array) => array.name === name);
  if (found) return found;
  throw new RangeError(`expected an array "${name}", found ${arrays.map(({ name }) => name).join(", ") || "none"}`);
}
