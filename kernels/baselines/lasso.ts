/** The Lasso on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import gram from "./gram.part.wgsl" with { type: "text" };
import code from "./lasso.wgsl" with { type: "text" };
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
} from "./prefixes.ts";

const forward = kernel({
  label: "lasso",
  code: {
    "kernels/baselines/gram.part.wgsl": gram,
    "kernels/baselines/lasso.wgsl": code,
  },
  inputs: { x: ["R", "B", "N", "D"], y: ["R", "B", "N"], lambda: ["L"] },
  outputs: { prediction: ["R", "B", "P"] },
  scalars: ["iterations"],
  groups: ({ R, B, P }) => Math.ceil(R * B * P / PROMPTS_PER_GROUP),
});

/**
 * Predicts `ŷ_n = x_n·w`, `w = argmin 1/(2n) Σ_{m<n} (x_m·w − y_m)² + λ |w|₁` (scikit-learn's scaling), for every n.
 *
 * Coordinate descent chooses the support, conjugate gradients find the weights on it; both stop when nothing moves any
 * more. The loss is within 2e-6 of its optimum, relative to that of w = 0. Predictions are within 1e-5 of the largest
 * for λ ≥ 0.1 (labels of order 1), and can be off by a percent for λ ≤ 0.01 around D pairs, where the optimum is flat.
 *
 * @param prompts Inputs (R, B, N, D), D ≤ 64, and labels (R, B, N).
 * @param lambda Penalty λ ≥ 0 (R or 1).
 * @param iterations Most iterations per position, ≥ 1, of which 500 are plenty; N + iterations ≤ 65 535 on a software
 *   adapter.
 * @param positions Every position or the last one alone.
 * @returns Predictions (R, B, N), or (R, B); 0 for the first position.
 * @throws {ShapeError} If shapes do not fit.
 */
export function lassoPrefixes(
  prompts: Prompts,
  lambda: Tensor,
  iterations: number,
  positions: Positions = "every",
): Tensor {
  const { x, y } = prompts;
  const sizes = prefixSizes("lasso", prompts, positions);
  checkShared("lasso", "lambda", lambda.shape[0], "R", x.shape[0]);
  checkLoopIterations("lasso", x.shape[2] + iterations);
  return shapePositions(forward({ x, y, lambda, iterations }, sizes).prediction, positions);
}

/**
 * {@linkcode lassoPrefixes} in float64, swept until nothing moves.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param lambda Penalty λ > 0 (R or 1).
 * @returns Predictions (R, B, N).
 */
export function lassoReference(x: Array64, y: Array64, lambda: Array64): Array64 {
  return prefixReference(x, y, (context, query, replica) => {
    const w = lassoWeights(context.x, context.y, lambda.data[Math.min(replica, lambda.shape[0] - 1)]);
    return dot64(w, query);
  });
}

/**
 * The Lasso's weights in float64.
 *
 * @param x Inputs, each (D).
 * @param y Labels.
 * @param lambda Penalty λ > 0.
 * @returns w (D), empty without a pair.
 */
function lassoWeights(x: readonly Float64Array[], y: readonly number[], lambda: number): Float64Array {
  const D = x[0]?.length ?? 0;
  const { gram, moment } = moments64(x, y, D);
  const w = new Float64Array(D);
  for (let sweep = 0, change = 1; sweep < 100_000 && change > 1e-15; sweep++) {
    change = 0;
    for (let i = 0; i < D; i++) {
      const a = gram[i * D + i];
      const slope = moment[i] - dot64(gram.subarray(i * D, (i + 1) * D), w) + a * w[i];
      const value = a > 0 ? Math.sign(slope) * Math.max(Math.abs(slope) - lambda * x.length, 0) / a : 0;
      change = Math.max(change, Math.abs(value - w[i]));
      w[i] = value;
    }
  }
  return w;
}
