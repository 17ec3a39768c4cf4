/** Least squares on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import givens from "./givens.part.wgsl" with { type: "text" };
import code from "./least_squares.wgsl" with { type: "text" };
import {
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
  label: "least_squares",
  code: {
    "kernels/baselines/givens.part.wgsl": givens,
    "kernels/baselines/least_squares.wgsl": code,
  },
  inputs: { x: ["R", "B", "N", "D"], y: ["R", "B", "N"] },
  outputs: { prediction: ["R", "B", "P"], basis: ["R", "B", "ROWS", "D"] },
  groups: ({ R, B, N, D }) => {
    checkLoopIterations("least_squares", N * (3 + 2 * D));
    return Math.ceil(R * B / PROMPTS_PER_GROUP);
  },
});

/**
 * Predicts `ŷ_n = x_n·w`, w the shortest minimiser of `Σ_{m<n} (x_m·w − y_m)²`: the limit of ridge regression for λ →
 * 0.
 *
 * Inputs may be fewer than D or dependent: an x whose part outside the span of the earlier ones is below 1e-5 |x|
 * counts as inside. Nearly dependent inputs magnify rounding by their condition number, not by its square.
 *
 * @param prompts Inputs (R, B, N, D), D ≤ 64, and labels (R, B, N); N (3 + 2 D) ≤ 65 535 on a software adapter.
 * @param positions Every position or the last one alone.
 * @returns Predictions (R, B, N), or (R, B).
 * @throws {ShapeError} If shapes do not fit.
 */
export function leastSquaresPrefixes(prompts: Prompts, positions: Positions = "every"): Tensor {
  const { x, y } = prompts;
  const sizes = { ...prefixSizes("least_squares", prompts, positions), ROWS: x.shape[3] + 1 };
  const { prediction, basis } = forward({ x, y }, sizes);
  releaseScratch(basis);
  return shapePositions(prediction, positions);
}

/**
 * {@linkcode leastSquaresPrefixes} in float64, by the normal equations of the pairs or, below D pairs, of their duals.
 *
 * @param x Inputs (R, B, N, D), any D of a prompt independent.
 * @param y Labels (R, B, N).
 * @returns Predictions (R, B, N).
 */
export function leastSquaresReference(x: Array64, y: Array64): Array64 {
  const D = x.shape[3];
  return prefixReference(x, y, (context, query) => {
    if (context.x.length >= D) {
      const { gram, moment } = moments64(context.x, context.y, D);
      return dot64(solve64(gram, moment), query);
    }
    const kernel = context.x.flatMap((a) => context.x.map((b) => dot64(a, b)));
    const dual = solve64(kernel, context.y);
    return dot64(dual, context.x.map((a) => dot64(a, query)));
  });
}
