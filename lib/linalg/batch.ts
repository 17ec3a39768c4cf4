/** Shapes of batched matrices: leading axes are taken together as one axis of replicas. */
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";

/** A tensor (…, M, N) as B matrices. */
export interface Batch {
  /** Leading axes. */
  readonly lead: readonly number[];
  /** Number of matrices, the product of the leading axes. */
  readonly B: number;
  /** Rows. */
  readonly M: number;
  /** Columns. */
  readonly N: number;
}

/**
 * Sizes of a batch of matrices.
 *
 * @param label Operation; stands in the error message.
 * @param name Argument; stands in the error message.
 * @param tensor Matrices (…, M, N).
 * @returns Sizes.
 * @throws {ShapeError} If the tensor has fewer than two axes.
 */
export function batchOf(label: string, name: string, { shape }: Tensor): Batch {
  if (shape.length < 2) {
    throw new ShapeError(`${label}: expected "${name}" of shape (…, M, N), found (${shape.join(", ")})`);
  }
  const lead = shape.slice(0, -2);
  const [M, N] = shape.slice(-2);
  return { lead, B: lead.reduce((product, extent) => product * extent, 1), M, N };
}

/**
 * Sizes of a batch of square matrices.
 *
 * @param label Operation; stands in the error message.
 * @param name Argument; stands in the error message.
 * @param tensor Matrices (…, N, N).
 * @returns Sizes.
 * @throws {ShapeError} If the matrices are not square.
 */
export function squareBatchOf(label: string, name: string, tensor: Tensor): Batch {
  const batch = batchOf(label, name, tensor);
  if (batch.M !== batch.N) {
    throw new ShapeError(`${label}: expected "${name}" of shape (…, N, N), found (${tensor.shape.join(", ")})`);
  }
  return batch;
}

/**
 * Refuses two batches whose leading axes or rows differ.
 *
 * @param label Operation; stands in the error message.
 * @param a First batch, called "a" in the error message.
 * @param b Second batch, called "b".
 * @throws {ShapeError} If they do not belong together.
 */
export function sameRows(label: string, a: Batch, b: Batch): void {
  if (a.lead.join() === b.lead.join() && a.M === b.M) return;
  const found = [b.lead, b.M, b.N].flat().join(", ");
  throw new ShapeError(`${label}: expected "b" of shape (${[a.lead, a.M].flat().join(", ")}, K), found (${found})`);
}

/** The next multiple. */
export function roundUp(size: number, multiple: number): number {
  return Math.ceil(size / multiple) * multiple;
}
