/** Jacobi rotations, shared by singular values and eigenvalues: columns made orthogonal, then sorted values. */
import { jacobiSweeps } from "../../kernels/linalg/jacobi.ts";
import { completeBasis, gatherColumns, jacobiValues, sortValues } from "../../kernels/linalg/jacobi_result.ts";
import { zeroWords } from "../../kernels/linalg/packing.ts";
import type { DType, Tensor } from "../gpu/tensor.ts";
import type { Scratch } from "./scratch.ts";

/** Sweeps that are made at most; the hardest matrices tried (150 in two clusters, 512 prefixes of ones) needed 14, each further one returns at once. */
const SWEEPS = 18;

/** Columns after their rotations, with their values in order. */
export interface Rotated {
  /** Columns (B, P, H), each `[w | v]`. */
  readonly x: Tensor;
  /** Numbers of w. */
  readonly height: number;
  /** Values in order (B, N); the caller owns them. */
  readonly values: Tensor;
  /** `1 / |w|` and `1 / |v|` of each column (B, N, 2). */
  readonly factors: Tensor;
  /** Column of each value (B, N). */
  readonly order: Tensor<DType>;
}

/** Matrix to rotate, and which results are wanted. */
export interface Rotation {
  /** Columns (B, P, H), each `[w | v]`; rotated in place. */
  readonly x: Tensor;
  /** Scale of each matrix (B). */
  readonly scale: Tensor;
  /** Numbers of w in a column. */
  readonly height: number;
  /** Columns that are not padding. */
  readonly N: number;
  /** Eigenvalues from the smallest, instead of singular values from the largest. */
  readonly symmetric: boolean;
}

/**
 * Rotates columns until they are orthogonal, and sorts their values.
 *
 * @param rotation Columns and what they are.
 * @param scratch Frees everything but the values.
 * @returns Columns and values.
 */
export function rotate({ x, scale, height, N, symmetric }: Rotation, scratch: Scratch): Rotated {
  const [B] = x.shape;
  const words = scratch.keep(zeroWords({}, { N: B * SWEEPS * 2 }).y as Tensor<DType>);
  jacobiSweeps(x, words.reshape([B, SWEEPS, 2]), height, symmetric);
  const constants = { SYMMETRIC: Number(symmetric) };
  const { value, factors } = jacobiValues({ x, scale, height }, { N, ...constants });
  const { sorted, order } = sortValues({ value }, { ASCENDING: Number(symmetric) });
  for (const tensor of [value, factors, order]) scratch.keep(tensor);
  return { x, height, values: sorted, factors, order };
}

/**
 * The vectors v, in order and of length one.
 *
 * @param rotated Rotated columns.
 * @param M Length of the vectors.
 * @param width Makes them rows of this width, filled up with zeros.
 * @returns Vectors as columns (B, M, N) or as rows (B, N, width), which the caller owns.
 */
export function rotatedVectors({ x, height, factors, order }: Rotated, M: number, width?: number): Tensor {
  const [, N] = order.shape;
  const sizes = width === undefined ? { I: M, J: N, ROWS: 0 } : { I: N, J: width, ROWS: 1 };
  return gatherColumns({ x, factors, order, M, offset: height, part: 1 }, sizes).y;
}

/**
 * The directions of w, in order; those that vanish are chosen so that all are orthonormal.
 *
 * @param rotated Rotated columns.
 * @param M Length of the vectors, at least their number.
 * @param scratch Frees intermediates.
 * @returns Vectors as columns (B, M, N), which the caller owns.
 */
export function rotatedDirections({ x, factors, order }: Rotated, M: number, scratch: Scratch): Tensor {
  const { y } = gatherColumns({ x, factors, order, M, offset: 0, part: 0 }, { I: M, J: order.shape[1] });
  scratch.keep(completeBasis(factors, order, y));
  return y;
}
