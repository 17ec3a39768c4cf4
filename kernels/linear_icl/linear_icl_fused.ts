/** Whole SGD steps of the linear-attention in-context-learning model in one dispatch: two kernels. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import lane from "./linear_icl_fused.wgsl" with { type: "text" };
import wide from "./linear_icl_wide.wgsl" with { type: "text" };
import { randomFiles } from "../random/random_fill.ts";

/** A kernel that makes whole steps. */
type FusedSteps = KernelOf<
  "seeds" | "clock" | "context" | "lr" | "deviation" | "pools" | "parameters" | "losses",
  never,
  "B" | "tokens" | "wishart" | "chi" | "query" | "task" | "pool"
>;

const fusedSteps = (label: string, code: WgslFiles): FusedSteps =>
  kernel({
    label,
    code: { ...randomFiles, ...code },
    inputs: {
      seeds: ["R"],
      clock: ["3"],
      context: ["R"],
      lr: ["R"],
      deviation: ["R", "D"],
      pools: ["R", "P", "TASK"],
      parameters: ["R", "C"],
      losses: ["K", "R"],
    },
    outputs: {},
    scalars: ["B", "tokens", "wishart", "chi", "query", "task", "pool"],
    groups: ({ R }) => R,
  });

/**
 * Samples fresh prompts and takes `min(stride, stop − step)` steps of SGD on the loss of `linearIclBackward`.
 *
 * One workgroup trains one replica; all state of a step is in registers, so D is small (up to 8 in training) and
 * a step costs no memory traffic. It draws the same numbers as the separate kernels and agrees with them up to the
 * order of summation. Constants: `D`, `TASK` (D or D²), `DENSE`, `POOLED`, `TOKENS`, `LANES`.
 *
 * @param seeds One seed per replica (R).
 * @param clock Clock `(step, stop, stride)` (3); advance it afterwards.
 * @param context Number of tokens N of each replica (R).
 * @param lr Learning rate of each replica (R).
 * @param deviation Standard deviations (R, D) along the eigenvectors of the input covariance.
 * @param pools Entries of pooled tasks (R, P, TASK); not read for fresh tasks.
 * @param parameters W_P then W_Q, row-major (R, C), C = 2 (2D)²; updated in place.
 * @param losses Ring buffer (K, R): mean loss of the batch of each step, before its update.
 */
export const linearIclFused: FusedSteps = fusedSteps("linear_icl_fused", {
  "kernels/linear_icl/linear_icl_fused.wgsl": lane,
});

/**
 * The steps of {@linkcode linearIclFused} for more dimensions: a prompt's vectors are spread over ⌈D/4⌉ lanes of a subgroup.
 *
 * Entries of dense tasks that are drawn freshly come in rows of 4 ⌈D/4⌉ numbers. Without tokens, only what Σ̂ does to
 * the two vectors that it is applied to is drawn, from its law: 2 D + 2 numbers a prompt instead of a whole Wishart matrix.
 * Constants: those of `linearIclFused`, with `LANES` the size of a subgroup, at least ⌈D/4⌉.
 *
 * @param seeds One seed per replica (R).
 * @param clock Clock `(step, stop, stride)` (3); advance it afterwards.
 * @param context Number of tokens N of each replica (R).
 * @param lr Learning rate of each replica (R).
 * @param deviation Standard deviations (R, D) along the eigenvectors of the input covariance.
 * @param pools Entries of pooled tasks (R, P, TASK); not read for fresh tasks.
 * @param parameters W_P then W_Q, row-major (R, C), C = 2 (2D)²; updated in place.
 * @param losses Ring buffer (K, R): mean loss of the batch of each step, before its update.
 */
export const linearIclWide: FusedSteps = fusedSteps("linear_icl_wide", {
  "kernels/linear_icl/linear_icl_wide.wgsl": wide,
});
