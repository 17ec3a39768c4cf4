/** Bayesian ridge regression with an unknown noise level, on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import code from "./bayes_ridge.wgsl" with { type: "text" };
import givens from "./givens.part.wgsl" with { type: "text" };
import { mixParts } from "../arrange/mix_parts.ts";
import {
  checkShared,
  dot64,
  moments64,
  type Positions,
  prefixReference,
  prefixSizes,
  type Prompts,
  PROMPTS_PER_GROUP,
  releaseScratch,
  shapePositions,
  solve64,
} from "./prefixes.ts";

const forward = kernel({
  label: "bayes_ridge",
  code: {
    "kernels/shared/accurate.part.wgsl": accurate,
    "kernels/baselines/givens.part.wgsl": givens,
    "kernels/baselines/bayes_ridge.wgsl": code,
  },
  inputs: { x: ["R", "B", "N", "D"], y: ["R", "B", "N"], sigma: ["L", "C"], tau: ["T"] },
  outputs: { part: ["R", "B", "C", "P", "3"] },
  groups: ({ R, B, C, N }) => {
    checkLoopIterations("bayes_ridge", N);
    return Math.ceil(R * B * C / PROMPTS_PER_GROUP);
  },
});

/**
 * Predicts by the posterior mean of `y_n` for `y = x·w + σ ε`, `w ~ N(0, τ² I)`, σ one of C equally likely levels:
 * ridge predictions with `λ_c = σ_c²/τ²`, weighted by `p_c ∝ Π_{m<n} p_c(y_m | earlier pairs)`.
 *
 * @param prompts Inputs (R, B, N, D), D ≤ 64, and labels (R, B, N); N ≤ 65 535 on a software adapter.
 * @param sigma Standard deviations σ > 0 of the noise (R or 1, C).
 * @param tau Standard deviation τ > 0 of a weight (R or 1).
 * @param positions Every position or the last one alone.
 * @returns Predictions (R, B, N), or (R, B); 0 for the first position.
 * @throws {ShapeError} If shapes do not fit.
 */
export function bayesRidgePrefixes(
  prompts: Prompts,
  sigma: Tensor,
  tau: Tensor,
  positions: Positions = "every",
): Tensor {
  const { x, y } = prompts;
  const { P } = prefixSizes("bayes_ridge", prompts, positions);
  const [R, B] = x.shape;
  checkShared("bayes_ridge", "sigma", sigma.shape[0], "R", R);
  checkShared("bayes_ridge", "tau", tau.shape[0], "R", R);
  const { part } = forward({ x, y, sigma, tau }, { P });
  const { prediction } = mixParts({ part: part.reshape([R * B, sigma.shape[1], P, 3]) });
  releaseScratch(part);
  return shapePositions(prediction.reshape([R, B, P]), positions);
}

/**
 * {@linkcode bayesRidgePrefixes} in float64, by the law `N(0, τ² X Xᵀ + σ² I)` of all labels of a prefix at once.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param sigma Standard deviations of the noise (R or 1, C).
 * @param tau Standard deviation of a weight (R or 1).
 * @returns Predictions (R, B, N).
 */
export function bayesRidgeReference(x: Array64, y: Array64, sigma: Array64, tau: Array64): Array64 {
  const D = x.shape[3];
  const [L, C] = sigma.shape;
  return prefixReference(x, y, (context, query, replica) => {
    const prior = tau.data[Math.min(replica, tau.shape[0] - 1)] ** 2;
    const levels = [...sigma.data.subarray(Math.min(replica, L - 1) * C).subarray(0, C)];
    const evidence = levels.map((level) => {
      const covariance = Float64Array.from(
        context.x.flatMap((a, i) => context.x.map((b, j) => prior * dot64(a, b) + (i === j ? level ** 2 : 0))),
      );
      return -0.5 * (dot64(context.y, solve64(covariance, context.y)) + logDeterminant(covariance, context.y.length));
    });
    const guesses = levels.map((level) => {
      const { gram, moment } = moments64(context.x, context.y, D);
      for (let i = 0; i < D; i++) gram[i * D + i] += level ** 2 / prior;
      return dot64(solve64(gram, moment), query);
    });
    const top = Math.max(...evidence);
    const weights = evidence.map((value) => Math.exp(value - top));
    return dot64(weights, guesses) / weights.reduce((sum, value) => sum + value, 0);
  });
}

/** ln det A of a symmetric positive definite A (n, n), by elimination. */
function logDeterminant(a: Float64Array, n: number): number {
  const u = Float64Array.from(a);
  let sum = 0;
  for (let k = 0; k < n; k++) {
    sum += Math.log(u[k * n + k]);
    for (let i = k + 1; i < n; i++) {
      const ratio = u[i * n + k] / u[k * n + k];
      for (let j = k; j < n; j++) u[i * n + j] -= ratio * u[k * n + j];
    }
  }
  return sum;
}
