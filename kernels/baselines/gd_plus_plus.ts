/** GD++: gradient descent that also whitens its inputs step by step, on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { currentGpu } from "../../lib/gpu/device.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./gd_plus_plus.wgsl" with { type: "text" };
import {
  checkShared,
  dot64,
  type Positions,
  prefixReference,
  prefixSizes,
  type Prompts,
  shapePositions,
} from "./prefixes.ts";

/** Largest dimension whose five matrices fit the workgroup memory of common adapters, 32 KiB. */
const MAX_DIMENSION = 39;

const forward = kernel({
  label: "gd_plus_plus",
  code: { "kernels/baselines/gd_plus_plus.wgsl": code },
  inputs: { x: ["R", "B", "N", "D"], y: ["R", "B", "N"], rate: ["L", "K"], gamma: ["G", "K"] },
  outputs: { prediction: ["R", "B", "P"] },
  groups: ({ R, B, N, D, P, K, LANES }) => {
    const strips = Math.ceil(D / 4);
    const [cells, lines] = [Math.ceil(D * strips / LANES), Math.ceil(D / LANES)];
    const perStep = 1 + cells * (4 + 3 * strips) + lines * (3 + 3 * D);
    checkLoopIterations("gd_plus_plus", (cells + lines) * (N + 1) + K * perStep);
    return R * B * P;
  },
});

/**
 * Predicts by GD++ (von Oswald et al., 2212.07677) on every prefix: the prediction for x_n is `x_n·w` after K steps of
 * `w ← w + η_k S b_k`, `S ← (I − γ_k Σ_k) S` from `w = 0`, `S = I`, where the step sees inputs `S x_m` of covariance
 * `Σ_k = 1/n Σ_{m<n} S x_m (S x_m)ᵀ`, and `b_k = 1/n Σ_{m<n} (y_m − x_m·w) S x_m`. γ = 0 is gradient descent.
 *
 * @param prompts Inputs (R, B, N, D), D ≤ 39, and labels (R, B, N); on a software adapter
 * D² (N + 3 + D K) ≤ 800 000, or N + 20 K ≤ 20 000 for D ≤ 8.
 * @param rate Learning rate η of each step (R or 1, K).
 * @param gamma Shrinkage γ of each step (R or 1, K).
 * @param positions Every position or the last one alone.
 * @returns Predictions (R, B, N), or (R, B); 0 for the first position.
 * @throws {ShapeError} If shapes do not fit.
 */
export function gdPlusPlusPrefixes(
  prompts: Prompts,
  rate: Tensor,
  gamma: Tensor,
  positions: Positions = "every",
): Tensor {
  const { x, y } = prompts;
  const { P } = prefixSizes("gd_plus_plus", prompts, positions, MAX_DIMENSION);
  checkShared("gd_plus_plus", "rate", rate.shape[0], "R", x.shape[0]);
  checkShared("gd_plus_plus", "gamma", gamma.shape[0], "R", x.shape[0]);
  const LANES = currentGpu().adapter.software ? 8 : 64;
  return shapePositions(forward({ x, y, rate, gamma }, { P, LANES }).prediction, positions);
}

/**
 * {@linkcode gdPlusPlusPrefixes} in float64, token by token as the paper writes it: every step moves labels and inputs.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param rate Learning rate η of each step (R or 1, K).
 * @param gamma Shrinkage γ of each step (R or 1, K).
 * @returns Predictions (R, B, N).
 */
export function gdPlusPlusReference(x: Array64, y: Array64, rate: Array64, gamma: Array64): Array64 {
  const K = rate.shape[1];
  const at = ({ shape, data }: Array64, replica: number, k: number) => data[Math.min(replica, shape[0] - 1) * K + k];
  return prefixReference(x, y, (context, query, replica) => {
    const n = context.x.length;
    let inputs = [...context.x, query];
    let labels = [...context.y, 0];
    for (let k = 0; k < K; k++) {
      const [eta, shrinkage] = [at(rate, replica, k), at(gamma, replica, k)];
      const seen = inputs.slice(0, n);
      const overlaps = inputs.map((token) => seen.map((row) => dot64(row, token) / n));
      const moved = labels.map((label, token) => label - eta * dot64(overlaps[token], labels.slice(0, n)));
      inputs = inputs.map((token, j) =>
        token.map((value, i) => value - shrinkage * dot64(overlaps[j], seen.map((row) => row[i])))
      );
      labels = moved;
    }
    return -labels[n];
  });
}
