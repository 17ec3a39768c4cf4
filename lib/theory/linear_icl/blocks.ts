/** Measures of a trained model of arXiv 2504.12916: its blocks, its modes, and the conserved quantities of its flow. */
import { mean } from "../../statistics/mod.ts";
import type { Blocks } from "./flow.ts";
import type { FullBlocks } from "./full_flow.ts";

/**
 * Cuts the four blocks that reach the prediction out of the parameters of one replica.
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

/**
 * Cuts the two blocks that learn out of the parameters of one replica, for theories in which p1 = q2 = 0.
 *
 * @param parameters W_P then W_Q of every replica, (R, 2, 2D, 2D).
 * @param replica Which one, from 0.
 * @param D Dimension of the inputs.
 * @returns p = p2 and q = q1 (D, D), row-major, copied.
 */
export function learningBlocks(
  parameters: ArrayLike<number>,
  replica: number,
  D: number,
): { p: Float64Array; q: Float64Array } {
  const { p2, q1 } = replicaBlocks(parameters, replica, D);
  return { p: p2, q: q1 };
}

function onDiagonal(block: ArrayLike<number>): number[] {
  const D = Math.sqrt(block.length);
  return Array.from({ length: D }, (_, mode) => block[mode * D + mode]);
}

/**
 * Computes the products of modes, a_α = p_αα q_αα.
 *
 * @param blocks p and q (D, D).
 * @returns a (D).
 */
export function blockProducts({ p, q }: Blocks): number[] {
  const other = onDiagonal(q);
  return onDiagonal(p).map((value, mode) => value * other[mode]);
}

/**
 * Computes the imbalances of modes, p_αα² − q_αα².
 *
 * @param blocks p and q (D, D).
 * @returns Differences (D).
 */
export function blockImbalances({ p, q }: Blocks): number[] {
  const other = onDiagonal(q);
  return onDiagonal(p).map((value, mode) => value * value - other[mode] * other[mode]);
}

/**
 * Computes the squared Frobenius norm, Σ x².
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
 * Computes the imbalance of the model, ‖p1‖² + ‖p2‖² − ‖q1‖² − ‖q2‖², which the flow of the full model conserves.
 *
 * @param blocks All four.
 * @returns The difference.
 */
export function fullImbalance({ p1, p2, q1, q2 }: FullBlocks): number {
  return squaredNorm(p1) + squaredNorm(p2) - squaredNorm(q1) - squaredNorm(q2);
}

/**
 * Computes the root mean square of entries.
 *
 * @param block Entries.
 * @returns √(Σ x² / n); 0 if there are none.
 */
export function rootMeanSquare(block: ArrayLike<number>): number {
  return Math.sqrt(squaredNorm(block) / Math.max(1, block.length));
}

/**
 * Computes the root mean square of the entries off the diagonal, which measures how far a model is from the eigenbasis of its
 * inputs.
 *
 * @param block Square block (D, D).
 * @returns The root mean square; 0 for D = 1.
 */
export function offDiagonalRms(block: ArrayLike<number>): number {
  const D = Math.sqrt(block.length);
  return rootMeanSquare(Array.from(block).filter((_, entry) => entry % (D + 1) !== 0));
}

/**
 * Measures an ensemble: products and imbalances of modes (p2 and q1), the conserved imbalance, the squared norm of all blocks,
 * and the sizes of the null blocks and of what lies off the diagonal.
 *
 * @param parameters W_P then W_Q of every replica, (R, 2, 2D, 2D).
 * @param D Dimension of the inputs.
 * @returns Numbers by quantity: one a replica (R), or one a mode of each (R, D).
 */
export function blockMeasures(parameters: ArrayLike<number>, D: number): Record<string, number[] | number[][]> {
  const blocks = Array.from({ length: parameters.length / (8 * D * D) }, (_, r) => replicaBlocks(parameters, r, D));
  return {
    "product": blocks.map(({ p2, q1 }) => blockProducts({ p: p2, q: q1 })),
    "mode imbalance": blocks.map(({ p2, q1 }) => blockImbalances({ p: p2, q: q1 })),
    "imbalance": blocks.map(fullImbalance),
    "squared norm": blocks.map(({ p1, p2, q1, q2 }) =>
      squaredNorm(p1) + squaredNorm(p2) + squaredNorm(q1) + squaredNorm(q2)
    ),
    "rms p1": blocks.map(({ p1 }) => rootMeanSquare(p1)),
    "rms q2": blocks.map(({ q2 }) => rootMeanSquare(q2)),
    "rms p1 and q2": blocks.map(({ p1, q2 }) => Math.sqrt((rootMeanSquare(p1) ** 2 + rootMeanSquare(q2) ** 2) / 2)),
    "sum of mean entries of p1 and q2": blocks.map(({ p1, q2 }) => mean(p1) + mean(q2)),
    "off-diagonal rms p2": blocks.map(({ p2 }) => offDiagonalRms(p2)),
    "off-diagonal rms q1": blocks.map(({ q1 }) => offDiagonalRms(q1)),
  };
}

/**
 * Computes the share of the mirrored solution, p1 q2 / (p1 q2 + p2 q1), in what each mode has learned.
 *
 * @param parameters W_P then W_Q of every replica, (R, 2, 2D, 2D).
 * @param least Products p1 q2 + p2 q1 (D) below which a mode has not learned enough for a share.
 * @returns Shares of each replica (R, D), null where too little is learned.
 */
export function mirrorShares(parameters: ArrayLike<number>, least: ArrayLike<number>): (number | null)[][] {
  const D = least.length;
  return Array.from({ length: parameters.length / (8 * D * D) }, (_, replica) => {
    const { p1, p2, q1, q2 } = replicaBlocks(parameters, replica, D);
    const [mirrored, direct] = [blockProducts({ p: p1, q: q2 }), blockProducts({ p: p2, q: q1 })];
    return mirrored.map((product, mode) => {
      const learned = product + direct[mode];
      return learned < least[mode] ? null : product / learned;
    });
  });
}
