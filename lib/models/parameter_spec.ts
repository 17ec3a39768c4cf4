/** Specifications of parameters by a model, and the parts under which checkpoints have them. */
import { ShapeError } from "../gpu/errors.ts";
import type { Initializer } from "./initializers.ts";

/** Specification of one parameter. */
export interface ParameterSpec {
  /** Shape of one replica's parameter. */
  readonly shape: readonly number[];
  /** Law of the initial values. */
  readonly init: Initializer;
  /** Whether weight decay applies; by default to matrices and not to vectors (gains, biases). */
  readonly decay?: boolean;
  /**
   * Names that take the place of the last part of the parameter's name, for parts of its last axis with their widths:
   * so one matrix product serves several parameters of the field, such as query, key and value.
   */
  readonly parts?: Readonly<Record<string, number>>;
  /**
   * Attention heads that lie side by side along the last axis, or that of each part, of queries, keys and values.
   * Their number follows from no shape, so that checkpoints say it in their metadata.
   */
  readonly heads?: number;
}

/** A model's parameters by name, such as `blocks.0.attention.query`. */
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

/** A named array on the host. */
export interface NamedArray {
  /** Name, as in checkpoints. */
  readonly name: string;
  /** Shape (R, …). */
  readonly shape: readonly number[];
  /** Elements, row-major. */
  readonly data: Float32Array;
  /** Attention heads side by side along its last axis, where the model has said so. */
  readonly heads?: number;
}

/**
 * Refuses a shape that holds nothing, and parts that do not fill a parameter's last axis.
 *
 * @param name Name of the parameter.
 * @param spec Its shape and parts.
 * @throws {ShapeError} If an extent is no positive integer, or parts are wider or narrower together.
 */
export function checkSpec(name: string, { shape, parts }: ParameterSpec): void {
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 1)) {
    throw new ShapeError(`${name}: expected a shape of positive integers, found (${shape.join(", ")})`);
  }
  if (!parts) return;
  const total = Object.values(parts).reduce((sum, width) => sum + width, 0);
  if (total !== shape.at(-1)) {
    throw new ShapeError(`${name}: expected parts that fill its last axis of ${shape.at(-1)}, found ${total} columns`);
  }
}

/**
 * Splits a parameter into its parts, with their columns of `data` if there is any.
 *
 * @param name Name of the parameter.
 * @param spec Its parts.
 * @param shape Its shape, (R, …).
 * @param data Elements, row-major, or null.
 * @returns One array for each part, without elements where there were none; the parameter itself if it has no parts.
 */
export function splitParts(
  name: string,
  { parts, heads }: ParameterSpec,
  shape: readonly number[],
  data: Float32Array | null,
): NamedArray[] {
  const about = heads === undefined ? {} : { heads };
  if (!parts) return [{ name, shape, data: data ?? new Float32Array(0), ...about }];
  const columns = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  const prefix = name.slice(0, name.lastIndexOf(".") + 1);
  let first = 0;
  return Object.entries(parts).map(([part, width]) => {
    const mine = new Float32Array(data ? rows * width : 0);
    for (let row = 0; data && row < rows; row++) {
      mine.set(data.subarray(row * columns + first, row * columns + first + width), row * width);
    }
    first += width;
    return { name: prefix + part, shape: [...shape.slice(0, -1), width], data: mine, ...about };
  });
}

/**
 * Joins the parts of a parameter: the inverse of {@linkcode splitParts}.
 *
 * @param shape Shape of the parameter, (R, …).
 * @param parts Arrays of its parts, in order.
 * @returns Elements of the parameter, row-major.
 */
export function joinParts(shape: readonly number[], parts: readonly NamedArray[]): Float32Array {
  if (parts.length === 1) return parts[0].data;
  const columns = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  const all = new Float32Array(rows * columns);
  let first = 0;
  for (const { shape: mine, data } of parts) {
    const width = mine.at(-1)!;
    for (let row = 0; row < rows; row++) {
      all.set(data.subarray(row * width, (row + 1) * width), row * columns + first);
    }
    first += width;
  }
  return all;
}
