/** The posterior mean over a pool of tasks (dMMSE) on every prefix of a prompt. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations, MAX_LOOP_ITERATIONS } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { mixParts } from "../arrange/mix_parts.ts";
import code from "./dmmse.wgsl" with { type: "text" };
import {
  checkShared,
  dot64,
  type Positions,
  prefixReference,
  prefixSizes,
  type Prompts,
  PROMPTS_PER_GROUP,
  releaseScratch,
  shapePositions,
} from "./prefixes.ts";

/** Tasks that one invocation takes, unless prompts are so long that a software driver would stop it. */
const MAX_CHUNK = 512;

const forward = kernel({
  label: "dmmse",
  code: { "kernels/baselines/dmmse.wgsl": code },
  inputs: { x: ["R", "B", "N", "D"], y: ["R", "B", "N"], pool: ["U", "M", "D"], tasks: ["Z"], sigma: ["L"] },
  outputs: { part: ["R", "B", "C", "P", "3"] },
  groups: ({ R, B, C, N, P, CHUNK, TILE }) => {
    checkLoopIterations("dmmse", P + CHUNK / TILE * (N + 1));
    return Math.ceil(R * B * C / PROMPTS_PER_GROUP);
  },
});

/** Pool of tasks and noise level that a posterior is computed from. */
export interface PoolPosterior {
  /** Tasks t (R or 1, M, D); replicas may share one pool. */
  readonly pool: Tensor;
  /** Number of tasks that count, the first ones of the pool (R or 1), from 1 to M. */
  readonly tasks: Tensor<"u32">;
  /** Standard deviation σ > 0 of the labels' noise (R or 1). */
  readonly sigma: Tensor;
}

/**
 * Predicts `ŷ_n = Σ_m p_m t_m·x_n`, `p = softmax_m(−Σ_{j<n} (y_j − t_m·x_j)² / 2σ²)`: the posterior mean if the task is
 * one of a pool, all equally likely (dMMSE, Raventós et al. 2023).
 *
 * Costs N M D per prompt, for all positions together. Log-likelihoods ℓ are sums in single precision, so that weights
 * carry relative errors of some 1e-7 |ℓ|.
 *
 * @param prompts Inputs (R, B, N, D), D ≤ 64, and labels (R, B, N); N ≤ 32 000 on a software adapter.
 * @param posterior Pool, number of tasks, noise.
 * @param positions Every position or the last one alone.
 * @returns Predictions (R, B, N), or (R, B).
 * @throws {ShapeError} If shapes do not fit.
 */
export function dmmsePrefixes(prompts: Prompts, posterior: PoolPosterior, positions: Positions = "every"): Tensor {
  const { x, y } = prompts;
  const { pool, tasks, sigma } = posterior;
  const { P } = prefixSizes("dmmse", prompts, positions);
  const [R, B, N, D] = x.shape;
  for (const [name, { shape }] of Object.entries({ pool, tasks, sigma })) {
    checkShared("dmmse", name, shape[0], "R", R);
  }
  const TILE = D <= 16 ? 8 : 4;
  // Depends on the length of the prompts alone: a replica's sums must not depend on how many there are.
  const CHUNK = Math.min(MAX_CHUNK, TILE * Math.max(1, Math.floor((MAX_LOOP_ITERATIONS - N) / (N + 1))));
  const C = Math.ceil(pool.shape[1] / CHUNK);
  const { part } = forward({ x, y, pool, tasks, sigma }, { P, C, CHUNK, TILE });
  const { prediction } = mixParts({ part: part.reshape([R * B, C, P, 3]) });
  releaseScratch(part);
  return shapePositions(prediction.reshape([R, B, P]), positions);
}

/**
 * {@linkcode dmmsePrefixes} in float64.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param pool Tasks (R or 1, M, D).
 * @param tasks How many of them count (R or 1).
 * @param sigma Standard deviation of the noise (R or 1).
 * @returns Predictions (R, B, N).
 */
export function dmmseReference(x: Array64, y: Array64, pool: Array64, tasks: Array64, sigma: Array64): Array64 {
  const [U, M, D] = pool.shape;
  return prefixReference(x, y, (context, query, replica) => {
    const own = ({ shape, data }: Array64) => data[Math.min(replica, shape[0] - 1)];
    const start = Math.min(replica, U - 1) * M;
    const candidates = Array.from(
      { length: own(tasks) },
      (_, m) => pool.data.subarray((start + m) * D, (start + m + 1) * D),
    );
    const likelihoods = candidates.map((task) =>
      -context.x.reduce((sum, row, m) => sum + (context.y[m] - dot64(task, row)) ** 2, 0) / (2 * own(sigma) ** 2)
    );
    const top = likelihoods.reduce((most, value) => Math.max(most, value), -Infinity);
    const weights = likelihoods.map((value) => Math.exp(value - top));
    const guesses = candidates.map((task) => dot64(task, query));
    return dot64(weights, guesses) / weights.reduce((sum, value) => sum + value, 0);
  });
}
