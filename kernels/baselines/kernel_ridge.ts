/** Kernel ridge regression on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import {
  checkShared,
  dot64,
  type Positions,
  prefixReference,
  PROMPTS_PER_GROUP,
  releaseScratch,
  shapePositions,
  solve64,
} from "./prefixes.ts";
import code from "./kernel_ridge.wgsl" with { type: "text" };

const forward = kernel({
  label: "kernel_ridge",
  code: { "kernels/baselines/kernel_ridge.wgsl": code },
  inputs: { gram: ["R", "B", "N", "N"], y: ["R", "B", "N"], lambda: ["L"] },
  outputs: { part: ["R", "B", "N", "W"], prediction: ["R", "B", "P"] },
  groups: ({ R, B, N }) => {
    checkLoopIterations("kernel_ridge", Math.ceil(N * (N + 1) * (N + 2) / 6));
    return Math.ceil(R * B / PROMPTS_PER_GROUP);
  },
});

/**
 * Predicts `ŷ_n = Σ_{m<n} k(x_n, x_m) a_m`, `(K + λ I) a = y` over the n earlier pairs, for every n: 0 for the first.
 *
 * With k(x, x′) = φ(x) · φ(x′) this is ridge regression on φ, whose number of features is free here.
 *
 * @param gram Kernel of all inputs of a prompt with each other, K (R, B, N, N), positive semidefinite; N ≤ 72 on a software
 *   adapter.
 * @param y Labels (R, B, N).
 * @param lambda Penalties λ > 0 (R or 1).
 * @param positions Every position or the last one alone.
 * @returns Predictions (R, B, N), or (R, B).
 * @throws {ShapeError} If shapes do not fit.
 */
export function kernelRidgePrefixes(gram: Tensor, y: Tensor, lambda: Tensor, positions: Positions = "every"): Tensor {
  const [R, , N, M] = gram.shape;
  if (gram.shape.length !== 4 || M !== N) {
    throw new ShapeError(`kernel_ridge: expected "gram" of shape (R, B, N, N), found (${gram.shape.join(", ")})`);
  }
  checkShared("kernel_ridge", "lambda", lambda.shape[0], "R", R);
  const { part, prediction } = forward({ gram, y, lambda }, { P: positions === "last" ? 1 : N, W: N + 1 });
  releaseScratch(part);
  return shapePositions(prediction, positions);
}

/**
 * {@linkcode kernelRidgePrefixes} in float64, by a system for every prefix.
 *
 * @param gram K (R, B, N, N).
 * @param y Labels (R, B, N).
 * @param lambda Penalties (R or 1).
 * @returns Predictions (R, B, N).
 */
export function kernelRidgeReference(gram: Array64, y: Array64, lambda: Array64): Array64 {
  // A row of the kernel stands for an input: entry m is its kernel with input m.
  return prefixReference(gram, y, (context, query, replica) => {
    const n = context.x.length;
    if (n === 0) return 0;
    const penalty = lambda.data[Math.min(replica, lambda.data.length - 1)];
    const system = Float64Array.from({ length: n * n }, (_, index) => {
      const [i, j] = [Math.floor(index / n), index % n];
      return context.x[i][j] + (i === j ? penalty : 0);
    });
    return dot64(solve64(system, context.y), query);
  });
}
