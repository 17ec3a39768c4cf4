/** The steps of a matrix exponential besides products. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import addCode from "./add_identity.wgsl" with { type: "text" };
import scaleCode from "./expm_scale.wgsl" with { type: "text" };
import takeCode from "./take_square.wgsl" with { type: "text" };

/**
 * Counts how often to halve matrices until their norm is at most ½:
 * `squarings[b] = min(limit, max(0, ⌈log₂(2 ‖a[b]‖₁)⌉))`.
 *
 * @param a Matrices (B, N, N).
 * @param limit Most halvings, at most 126.
 * @returns `squarings` (B) of type u32, and `scale` (B), `2^−squarings`.
 */
export const expmScale: KernelOf<"a", "squarings" | "scale", "limit"> = kernel({
  label: "expmScale",
  code: { "kernels/linalg/expm_scale.wgsl": scaleCode },
  inputs: { a: ["B", "N", "N"] },
  outputs: { squarings: ["B"], scale: ["B"] },
  scalars: ["limit"],
  groups: ({ B, N }) => {
    checkLoopIterations("expmScale", Math.ceil(N / 64) * (Math.ceil(N / 8) + 2) + 140);
    return B;
  },
});

/**
 * Scales and adds the identity: `y[b,i,j] = factor x[b,i,j] + δ_ij`.
 *
 * @param x Matrices (B, N, N).
 * @param factor A number.
 * @returns `y` (B, N, N).
 */
export const addIdentity: KernelOf<"x", "y", "factor"> = kernel({
  label: "addIdentity",
  code: { "kernels/linalg/add_identity.wgsl": addCode },
  inputs: { x: ["B", "N", "N"] },
  outputs: { y: ["B", "N", "N"] },
  scalars: ["factor"],
  groups: ({ B, N }) => Math.ceil(B * N * N / 64),
});

/**
 * Takes squares that are still due: `y[b,i] ← square[b,i]` where `step < squarings[b]`.
 *
 * @param square Squares of the matrices in y (B, N).
 * @param squarings How often each one is to be squared (B), of type u32.
 * @param step Squarings done so far.
 * @param y Matrices (B, N); updated.
 */
export const takeSquare: KernelOf<"square" | "squarings" | "y", never, "step"> = kernel({
  label: "takeSquare",
  code: { "kernels/linalg/take_square.wgsl": takeCode },
  inputs: { square: ["B", "N"], squarings: ["B"], y: ["B", "N"] },
  outputs: {},
  scalars: ["step"],
  groups: ({ B, N }) => Math.ceil(B * N / 64),
});
