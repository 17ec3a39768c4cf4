/** What is measured of a trained model of arXiv 2504.12916: its blocks, its modes, and what its flow conserves. */
import type { Blocks } from "./flow.ts";
import type { FullBlocks } from "./full_flow.ts";

/**
 * The four blocks of one replica that reach the prediction.
 *
 * @example
 * ```ts
 * import { alignedInit } from "../../models/linear_icl.ts";
 * import { replicaBlocks } from "./blocks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...replicaBlocks(alignedInit(2, 0.5), 0, 2).p2], [0.5, 0, 0, 0.5]);
 * ```
 *
 * @param parameters W_P then W_Q of every replica, (R, 2, 2D, 2D).
 * @param replica Which one, from 0.
 * @param D Dimension of the inputs.
 * @returns Blocks (D, D), row-major, copied.
 */
export function replicaBlocks(parameters: ArrayLike<number>, replica: number, D: number): FullBlocks {
  const W = 2 * D;
  const start = replica * 2 * W * W;
  const block = (matrix: number, row: number, column: number) =>
    Float64Array.from(
      { length: D * D },
      (_, e) => parameters[start + matrix * W * W + (row + Math.floor(e / D)) * W + column + e % D],
    );
  return { p1: block(0, D, 0), p2: block(0, D, D), q1: block(1, 0, 0), q2: block(1, D, 0) };
}

function onDiagonal(block: ArrayLike<number>): number[] {
  const D = Math.sqrt(block.length);
  return Array.from({ length: D }, (_, mode) => block[mode * D + mode]);
}

/**
 * Products of modes, a_α = p_αα q_αα.
 *
 * @param blocks p and q (D, D).
 * @returns a (D).
 */
export function blockProducts({ p, q }: Blocks): number[] {
  const other = onDiagonal(q);
  return onDiagonal(p).map((value, mode) => value * other[mode]);
}

/**
 * Imbalances of modes, p_αα² − q_αα².
 *
 * @param blocks p and q (D, D).
 * @returns Differences (D).
 */
export function blockImbalances({ p, q }: Blocks): number[] {
  const other = onDiagonal(q);
  return onDiagonal(p).map((value, mode) => value * value - other[mode] * other[mode]);
}

/**
 * Frobenius norm squared, Σ x².
 *
 * @param block Entries.
 * @returns The sum of their squares.
 */
export function squaredNorm(block: ArrayLike<number>): number {
  let sum = 0;
  for (let e = 0; e < block.length; e++) sum += block[e] * block[e];
  return sum;
}

/**
 * Imbalance of the model, ‖p1‖² + ‖p2‖² − ‖q1‖² − ‖q2‖², which the flow of the full model conserves.
 *
 * @param blocks All four.
 * @returns The difference.
 */
export function fullImbalance({ p1, p2, q1, q2 }: FullBlocks): number {
  return squaredNorm(p1) + squaredNorm(p2) - squaredNorm(q1) - squaredNorm(q2);
}

/**
 * Root mean square of entries.
 *
 * @param block Entries.
 * @returns √(Σ x² / n); 0 if there are none.
 */
export function rootMeanSquare(block: ArrayLike<number>): number {
  return Math.sqrt(squaredNorm(block) / Math.max(1, block.length));
}

/**
 * Root mean square of the entries off the diagonal, which measure how far a model is from the eigenbasis of its inputs.
 *
 * @param block Square block (D, D).
 * @returns The root mean square; 0 for D = 1.
 */
export function offDiagonalRms(block: ArrayLike<number>): number {
  const D = Math.sqrt(block.length);
  return rootMeanSquare(Array.from(block).filter((_, entry) => entry % (D + 1) !== 0));
}
