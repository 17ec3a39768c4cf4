/** Block Jacobi rotations: the heart of singular values and eigenvalues. */
import { currentGpu } from "../../lib/gpu/device.ts";
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations, MAX_LOOP_ITERATIONS } from "../../lib/gpu/loops.ts";
import type { DType, Tensor } from "../../lib/gpu/tensor.ts";
import code from "./jacobi.wgsl" with { type: "text" };

/**
 * Makes rounds of block rotations: `x[b,p,:] ← Σ_k x[b,k,:] J[k,p]`; {@linkcode jacobiSweeps} makes all that are
 * needed.
 *
 * @param x Columns (B, P, H), each `[w | v]` with w of `height` numbers; P a multiple of 8, H and `height` of 4.
 *   Updated.
 * @param stats What each sweep met (B, S, 2) of type u32, zero at first. Updated.
 * @param sweep, sweepEnd, round, roundEnd Ranges of sweeps (0 … S) and of rounds (0 … P / 4 − 1).
 */
export const jacobi: KernelOf<"x" | "stats", never, "height" | "sweep" | "sweepEnd" | "round" | "roundEnd"> = kernel({
  label: "jacobi",
  code: { "kernels/linalg/jacobi.wgsl": code },
  inputs: { x: ["B", "P", "H"], stats: ["B", "S", "2"] },
  outputs: {},
  scalars: ["height", "sweep", "sweepEnd", "round", "roundEnd"],
  groups: ({ B, P, LANES, SPLIT }) => Math.ceil(B * P / 8 / (LANES / SPLIT)),
});

/** Spread of a matrix over lanes: the kernel's constants, and whether one workgroup holds all of its pairs. */
export interface JacobiLayout {
  /** Lanes of a workgroup. */
  readonly LANES: number;
  /** Lanes that share a pair of blocks. */
  readonly SPLIT: number;
  /** Whether a matrix lies in one workgroup, which then makes whole sweeps. */
  readonly within: boolean;
}

/** Columns up to which a matrix lies in one workgroup. */
const WITHIN = 128;

/**
 * Chooses a layout: on a software driver one lane to a pair of blocks, on a GPU as many as there are rows to share.
 *
 * @param P Columns, a multiple of 8.
 * @param software Whether the driver runs on the CPU.
 * @returns Layout; independent of the number of matrices, so that each has the same bits alone and in a batch.
 */
export function jacobiLayout(P: number, software: boolean): JacobiLayout {
  const pairs = P / 8;
  if (P > WITHIN) return software ? { LANES: 8, SPLIT: 1, within: false } : { LANES: 32, SPLIT: 32, within: false };
  if (software) return { LANES: pairs * Math.max(1, Math.floor(8 / pairs)), SPLIT: 1, within: true };
  const SPLIT = 8;
  return { LANES: pairs * SPLIT * Math.max(1, Math.floor(4 / pairs)), SPLIT, within: true };
}

/**
 * Sweeps until the columns w are orthogonal (`symmetric`: until vᵀ w is diagonal), or all of them: `S` of stats at
 * most.
 *
 * When to stop is decided on the GPU: sweeps after the last one needed return at once.
 *
 * @param x Columns (B, P, H) as in {@linkcode jacobi}; updated.
 * @param stats Zeros (B, S, 2) of type u32; updated.
 * @param height Numbers of w in a column.
 * @param symmetric Whether w are columns of A V for a symmetric A.
 * @param layout By default {@linkcode jacobiLayout}'s choice.
 */
export function jacobiSweeps(
  x: Tensor,
  stats: Tensor<DType>,
  height: number,
  symmetric: boolean,
  layout: JacobiLayout = jacobiLayout(x.shape[1], currentGpu().adapter.software),
): void {
  const [, P, H] = x.shape;
  const S = stats.shape[1];
  const { within, ...lanes } = layout;
  const constants = { ...lanes, SYMMETRIC: Number(symmetric) };
  const rounds = Math.max(1, P / 4 - 1);
  const perRound = Math.ceil(height / 4 / lanes.SPLIT) + Math.ceil(H / 4 / lanes.SPLIT) + 40;
  if (within && rounds * perRound <= MAX_LOOP_ITERATIONS - 40) {
    const sweeps = Math.min(S, Math.floor((MAX_LOOP_ITERATIONS - 40) / (rounds * perRound)));
    for (let sweep = 0; sweep < S; sweep += sweeps) {
      const sweepEnd = Math.min(S, sweep + sweeps);
      jacobi({ x, stats, height, sweep, sweepEnd, round: 0, roundEnd: rounds }, constants);
    }
    return;
  }
  checkLoopIterations("jacobi", perRound);
  for (let sweep = 0; sweep < S; sweep++) {
    for (let round = 0; round < rounds; round++) {
      jacobi({ x, stats, height, sweep, sweepEnd: sweep + 1, round, roundEnd: round + 1 }, constants);
    }
  }
}
