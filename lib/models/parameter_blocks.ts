/** Layout of parameters in a flat buffer, and arrays of the host packed into one and taken out of it. */
import { ShapeError } from "../gpu/errors.ts";
import { VIEW_ALIGNMENT } from "../gpu/tensor.ts";
import {
  checkSpec,
  joinParts,
  type NamedArray,
  type ParameterSpec,
  type ParameterSpecs,
  splitParts,
} from "./parameter_spec.ts";

/** Place of a parameter in the flat buffer. */
export interface ParameterBlock {
  /** Name, as in the model's specification. */
  readonly name: string;
  /** Specification by the model. */
  readonly spec: ParameterSpec;
  /** First element, a multiple of {@linkcode VIEW_ALIGNMENT}. */
  readonly start: number;
  /** Elements of one replica. */
  readonly perReplica: number;
}

/** Blocks in order, of R replicas each, and the length P of the buffer. */
export interface BlockLayout {
  /** Parameters in order. */
  readonly blocks: readonly ParameterBlock[];
  /** Number of replicas R. */
  readonly replicas: number;
  /** Elements P, padding included. */
  readonly length: number;
}

const padded = (size: number) => Math.ceil(size / VIEW_ALIGNMENT) * VIEW_ALIGNMENT;

/**
 * Lays parameters out one after the other, each from a multiple of 64 elements on.
 *
 * @param specs Parameters of one replica.
 * @param replicas Number of replicas R.
 * @returns Their blocks.
 * @throws {ShapeError} If there is no parameter, or a specification is none.
 */
export function layOut(specs: ParameterSpecs, replicas: number): BlockLayout {
  let length = 0;
  const blocks = Object.entries(specs).map(([name, spec]): ParameterBlock => {
    checkSpec(name, spec);
    const perReplica = spec.shape.reduce((product, extent) => product * extent, 1);
    const block = { name, spec, start: length, perReplica };
    length += padded(replicas * perReplica);
    return block;
  });
  if (length === 0) throw new ShapeError("parameters: expected at least one parameter, found none");
  return { blocks, replicas, length };
}

/**
 * Makes the table by which an optimiser's kernel finds the parameter of an element.
 *
 * @param layout Blocks.
 * @returns Rows (P/64, 4): first element of the block, its elements per replica, its elements, and 1 if it decays plus twice
 *   the parameter's number.
 */
export function chunkTable({ blocks, replicas, length }: BlockLayout): Uint32Array {
  const table = new Uint32Array(4 * length / VIEW_ALIGNMENT);
  // Rows of no block have no elements, and no number that a kernel divides by is 0.
  for (let row = 0; row < table.length; row += 4) table[row + 1] = 1;
  blocks.forEach(({ spec, start, perReplica }, number) => {
    const decays = Number(spec.decay ?? spec.shape.length > 1);
    const size = replicas * perReplica;
    const row = [start, perReplica, size, decays + 2 * number];
    for (let at = start; at < start + padded(size); at += VIEW_ALIGNMENT) table.set(row, 4 * at / VIEW_ALIGNMENT);
  });
  return table;
}

/**
 * Takes a flat array apart.
 *
 * @param layout Blocks.
 * @param flat Elements (P), or null for names and shapes only.
 * @returns Arrays (R, …) in order, under the names of checkpoints.
 */
export function unpackBlocks({ blocks, replicas }: BlockLayout, flat: Float32Array | null): NamedArray[] {
  return blocks.flatMap(({ name, spec, start, perReplica }) => {
    const data = flat && flat.slice(start, start + replicas * perReplica);
    return splitParts(name, spec, [replicas, ...spec.shape], data);
  });
}

/**
 * Joins arrays into a flat one: the inverse of {@linkcode unpackBlocks}.
 *
 * @param layout Blocks.
 * @param arrays Every parameter once, (R, …), under the names of checkpoints, in any order.
 * @returns Elements (P), zero in the padding.
 * @throws {ShapeError} If a parameter is missing, unknown or of another shape.
 */
export function packBlocks({ blocks, replicas, length }: BlockLayout, arrays: readonly NamedArray[]): Float32Array {
  const left = new Map(arrays.map((array) => [array.name, array]));
  const flat = new Float32Array(length);
  for (const { name, spec, start } of blocks) {
    const shape = [replicas, ...spec.shape];
    const parts = splitParts(name, spec, shape, null).map((wanted) => {
      const array = left.get(wanted.name);
      left.delete(wanted.name);
      if (array && isOfShape(array, wanted.shape)) return array;
      const found = array ? describe(array, wanted.shape) : "none";
      const expected = `a parameter "${wanted.name}" of shape (${wanted.shape.join(", ")})`;
      throw new ShapeError(`parameters: expected ${expected}, found ${found}`);
    });
    flat.set(joinParts(shape, parts), start);
  }
  const [extra] = left.keys();
  if (extra === undefined) return flat;
  throw new ShapeError(`parameters: expected parameters of the model only, found "${extra}"`);
}

function isOfShape({ shape, data }: NamedArray, wanted: readonly number[]): boolean {
  return shape.join() === wanted.join() && data.length === wanted.reduce((size, extent) => size * extent, 1);
}

/** Says what is wrong with an array: its shape, or else its number of elements. */
function describe({ shape, data }: NamedArray, wanted: readonly number[]): string {
  return shape.join() === wanted.join() ? `${data.length} elements` : `(${shape.join(", ")})`;
}
