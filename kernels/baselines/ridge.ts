/** Ridge regression on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import givens from "./givens.part.wgsl" with { type: "text" };
import {
  checkShared,
  dot64,
  moments64,
  type Positions,
  prefixReference,
  prefixSizes,
  type Prompts,
  PROMPTS_PER_GROUP,
  shapePositions,
  solve64,
} from "./prefixes.ts";
import code from "./ridge.wgsl" with { type: "text" };

const forward = kernel({
  label: "ridge",
  code: {
    "kernels/baselines/givens.part.wgsl": givens,
    "kernels/baselines/ridge.wgsl": code,
  },
  inputs: { x: ["R", "B", "N", "D"], y: ["R", "B", "N"], penalty: ["L", "Q"] },
  outputs: { prediction: ["R", "B", "P"] },
  groups: ({ R, B, N }) => {
    checkLoopIterations("ridge", N);
    return Math.ceil(R * B / PROMPTS_PER_GROUP);
  },
});

/**
 * Predicts `ŷ_n = x_n·w`, `w = argmin Σ_{m<n} (x_m·w − y_m)² + Σ_i penalty_i w_i²`, for every n: 0 for the first.
 *
 * Each pair updates a triangular factor by plane rotations, so that errors grow with the condition number of the
 * penalised inputs and not with its square.
 *
 * @param prompts Inputs (R, B, N, D), D ≤ 64, and labels (R, B, N); N ≤ 65 535 on a software adapter.
 * @param penalty Positive numbers (R or 1, D or 1).
 * @param positions Every position or the last one alone.
 * @returns Predictions (R, B, N), or (R, B).
 * @throws {ShapeError} If shapes do not fit.
 */
export function ridgePrefixes(prompts: Prompts, penalty: Tensor, positions: Positions = "every"): Tensor {
  const { x, y } = prompts;
  const sizes = prefixSizes("ridge", prompts, positions);
  checkShared("ridge", "penalty", penalty.shape[0], "R", x.shape[0]);
  checkShared("ridge", "penalty", penalty.shape[1], "D", x.shape[3]);
  const { prediction } = forward({ x, y, penalty }, sizes);
  return shapePositions(prediction, positions);
}

/**
 * {@linkcode ridgePrefixes} in float64, by the normal equations.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param penalty Positive numbers (R or 1, D or 1).
 * @returns Predictions (R, B, N).
 */
export function ridgeReference(x: Array64, y: Array64, penalty: Array64): Array64 {
  const D = x.shape[3];
  const [L, Q] = penalty.shape;
  return prefixReference(x, y, (context, query, replica) => {
    const { gram, moment } = moments64(context.x, context.y, D);
    for (let i = 0; i < D; i++) gram[i * D + i] += penalty.data[Math.min(replica, L - 1) * Q + Math.min(i, Q - 1)];
    return dot64(solve64(gram, moment), query);
  });
}
