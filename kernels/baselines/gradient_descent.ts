/** Gradient descent for a few steps on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./gradient_descent.wgsl" with { type: "text" };
import gram from "./gram.part.wgsl" with { type: "text" };
import {
  checkShared,
  dot64,
  type Positions,
  prefixReference,
  prefixSizes,
  type Prompts,
  PROMPTS_PER_GROUP,
  shapePositions,
} from "./prefixes.ts";

const forward = kernel({
  label: "gradient_descent",
  code: {
    "kernels/baselines/gram.part.wgsl": gram,
    "kernels/baselines/gradient_descent.wgsl": code,
  },
  inputs: { x: ["R", "B", "N", "D"], y: ["R", "B", "N"], rate: ["L", "K"] },
  outputs: { prediction: ["R", "B", "P"] },
  groups: ({ R, B, N, P, K }) => {
    checkLoopIterations("gradient_descent", N + K);
    return Math.ceil(R * B * P / PROMPTS_PER_GROUP);
  },
});

/**
 * Predicts `ŷ_n = x_n·w_K` after K steps of gradient descent from `w_0 = 0` on `1/(2n) Σ_{m<n} (y_m − x_m·w)²`, for
 * every n.
 *
 * @param prompts Inputs (R, B, N, D), D ≤ 64, and labels (R, B, N); N + K ≤ 65 535 on a software adapter.
 * @param rate Learning rate of each step (R or 1, K).
 * @param positions Every position or the last one alone.
 * @returns Predictions (R, B, N), or (R, B); 0 for the first position.
 * @throws {ShapeError} If shapes do not fit.
 */
export function gradientDescentPrefixes(prompts: Prompts, rate: Tensor, positions: Positions = "every"): Tensor {
  const { x, y } = prompts;
  const sizes = prefixSizes("gradient_descent", prompts, positions);
  checkShared("gradient_descent", "rate", rate.shape[0], "R", x.shape[0]);
  return shapePositions(forward({ x, y, rate }, sizes).prediction, positions);
}

/**
 * {@linkcode gradientDescentPrefixes} in float64, pair by pair.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param rate Learning rate of each step (R or 1, K).
 * @returns Predictions (R, B, N).
 */
export function gradientDescentReference(x: Array64, y: Array64, rate: Array64): Array64 {
  const [L, K] = rate.shape;
  return prefixReference(x, y, (context, query, replica) => {
    const n = context.x.length;
    const w = new Float64Array(query.length);
    for (let k = 0; k < K; k++) {
      const step = rate.data[Math.min(replica, L - 1) * K + k] / Math.max(n, 1);
      const errors = context.x.map((row, m) => context.y[m] - dot64(row, w));
      context.x.forEach((row, m) => row.forEach((value, i) => w[i] += step * errors[m] * value));
    }
    return dot64(w, query);
  });
}
