/** Logistic regression on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import givens from "./givens.part.wgsl" with { type: "text" };
import code from "./logistic_regression.wgsl" with { type: "text" };
import {
  checkShared,
  dot64,
  type Positions,
  prefixReference,
  prefixSizes,
  type Prompts,
  PROMPTS_PER_GROUP,
  shapePositions,
  solve64,
} from "./prefixes.ts";

const forward = kernel({
  label: "logistic_regression",
  code: {
    "kernels/shared/accurate.part.wgsl": accurate,
    "kernels/baselines/givens.part.wgsl": givens,
    "kernels/baselines/logistic_regression.wgsl": code,
  },
  inputs: { x: ["R", "B", "N", "D"], y: ["R", "B", "N"], lambda: ["L"] },
  outputs: { prediction: ["R", "B", "P"] },
  scalars: ["iterations"],
  groups: ({ R, B, P }) => Math.ceil(R * B * P / PROMPTS_PER_GROUP),
});

/**
 * Predicts `ŷ_n = x_n·w`, `w = argmin Σ_{m<n} ln(1 + exp(−s_m x_m·w)) + λ/2 |w|²` with s = 1 for y > 0, else −1, for
 * every n.
 *
 * The prediction is the log-odds of a positive label: `sigmoid(ŷ)` is its probability. Newton's method, damped so that
 * it descends from anywhere (Sun & Tran-Dinh 2019).
 *
 * @param prompts Inputs (R, B, N, D), D ≤ 64, and labels (R, B, N), of which only the sign is read.
 * @param lambda Penalty λ > 0 (R or 1).
 * @param iterations Newton steps, ≥ 1; 10 reach rounding unless λ is below 1e-3 of the pairs. `iterations` (1 + 2 N) ≤
 * 65 535 on a software adapter.
 * @param positions Every position or the last one alone.
 * @returns Log-odds (R, B, N), or (R, B); 0 for the first position.
 * @throws {ShapeError} If shapes do not fit.
 */
export function logisticRegressionPrefixes(
  prompts: Prompts,
  lambda: Tensor,
  iterations: number,
  positions: Positions = "every",
): Tensor {
  const { x, y } = prompts;
  const sizes = prefixSizes("logistic_regression", prompts, positions);
  checkShared("logistic_regression", "lambda", lambda.shape[0], "R", x.shape[0]);
  checkLoopIterations("logistic_regression", iterations * (1 + 2 * x.shape[2]));
  return shapePositions(forward({ x, y, lambda, iterations }, sizes).prediction, positions);
}

/**
 * {@linkcode logisticRegressionPrefixes} in float64: Newton's method with halved steps, until nothing moves.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param lambda Penalty λ > 0 (R or 1).
 * @returns Log-odds (R, B, N).
 */
export function logisticRegressionReference(x: Array64, y: Array64, lambda: Array64): Array64 {
  const D = x.shape[3];
  return prefixReference(x, y, (context, query, replica) => {
    const penalty = lambda.data[Math.min(replica, lambda.shape[0] - 1)];
    const signs = context.y.map((label) => label > 0 ? 1 : -1);
    const loss = (w: Float64Array) =>
      context.x.reduce(
        (sum, row, m) => {
          const margin = signs[m] * dot64(row, w);
          return sum + Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(-margin, 0);
        },
        penalty / 2 * dot64(w, w),
      );
    let w = new Float64Array(D);
    for (let step = 0; step < 200; step++) {
      const gradient = w.map((value) => -penalty * value);
      const hessian = new Float64Array(D * D);
      for (let i = 0; i < D; i++) hessian[i * D + i] = penalty;
      context.x.forEach((row, m) => {
        const wrong = 1 / (1 + Math.exp(signs[m] * dot64(row, w)));
        for (let i = 0; i < D; i++) {
          gradient[i] += signs[m] * wrong * row[i];
          for (let j = 0; j < D; j++) hessian[i * D + j] += wrong * (1 - wrong) * row[i] * row[j];
        }
      });
      const direction = solve64(hessian, gradient);
      const moved = (size: number) => w.map((value, i) => value + size * direction[i]);
      let size = 1;
      while (size > 1e-3 && loss(moved(size)) > loss(w)) size /= 2;
      w = moved(size);
      if (dot64(direction, direction) < 1e-28 * dot64(w, w)) break;
    }
    return dot64(w, query);
  });
}
