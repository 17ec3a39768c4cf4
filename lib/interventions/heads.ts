/** Single heads of stacked weights, on the host in float64. */
import type { NamedArray } from "../models/parameter_spec.ts";

/**
 * Where a head lies in a weight: with columns of its own (R, C, H E) where it reads from the stream, as queries, keys and
 * values do, or with rows of its own (R, H E, C) where it writes into it, as the output does.
 */
export type HeadSide = "read" | "write";

/** One head of one replica. */
export interface HeadOfReplica {
  /** Replica, from 0. */
  readonly replica: number;
  /** Head, from 0. */
  readonly head: number;
  /** Heads H of the weight. */
  readonly heads: number;
  /** Whether the heads are columns that read, or rows that write. */
  readonly side: HeadSide;
}

/**
 * Copies one head out of a weight.
 *
 * @param weight Weight (R, C, H E) or (R, H E, C).
 * @param place Which head.
 * @returns Its columns (C, E) if it reads, its rows (E, C) if it writes; row-major.
 * @throws {RangeError} If there is no such head.
 *
 * @example
 * ```ts
 * import { headOf } from "./heads.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const query = { name: "query", shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, 4) };
 * assertEquals([...headOf(query, { replica: 0, head: 1, heads: 2, side: "read" })], [2, 4]);
 * assertEquals([...headOf(query, { replica: 0, head: 1, heads: 2, side: "write" })], [3, 4]);
 * ```
 */
export function headOf(weight: NamedArray, place: HeadOfReplica): Float64Array {
  const at = placeOf(weight, place);
  return Float64Array.from({ length: at.size }, (_, e) => weight.data[at.index(e)]);
}

/**
 * Writes one head into a weight, in place.
 *
 * @param weight Weight (R, C, H E) or (R, H E, C).
 * @param place Which head.
 * @param matrix Its columns (C, E) if it reads, its rows (E, C) if it writes; rounded to float32.
 * @throws {RangeError} If there is no such head, or the matrix has another size.
 */
export function writeHead(weight: NamedArray, place: HeadOfReplica, matrix: ArrayLike<number>): void {
  const at = placeOf(weight, place);
  if (matrix.length !== at.size) {
    throw new RangeError(`${weight.name}: expected a head of ${at.size} numbers, found ${matrix.length}`);
  }
  for (let e = 0; e < at.size; e++) weight.data[at.index(e)] = matrix[e];
}

function placeOf({ name, shape }: NamedArray, { replica, head, heads, side }: HeadOfReplica) {
  const [R, rows, columns] = shape;
  const inner = side === "read" ? columns : rows;
  if (shape.length !== 3 || inner % heads !== 0 || !(replica >= 0 && replica < R) || !(head >= 0 && head < heads)) {
    const expected = `replica ${replica} and head ${head} of ${heads} that ${side}`;
    throw new RangeError(`${name}: expected a weight with ${expected}, found one of shape (${shape.join(", ")})`);
  }
  const E = inner / heads;
  const size = rows * columns / heads;
  if (side === "write") return { size, index: (e: number) => (replica * heads + head) * size + e };
  return { size, index: (e: number) => (replica * rows + Math.floor(e / E)) * columns + head * E + e % E };
}
