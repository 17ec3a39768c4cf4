/** Loss of the linear-attention in-context-learning model and the vectors whose outer products are its gradient. */
import { currentGpu } from "../../lib/gpu/device.ts";
import { kernel, type Sizes } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./linear_icl_backward.wgsl" with { type: "text" };

/**
 * Chooses the number of lanes that work on a prompt: few on a software driver, where barriers are dear, unless vectors
 * are long.
 *
 * @param D Task dimension.
 * @returns 8 or 64, for the constant `LANES`.
 *
 * @example
 * ```ts
 * import { backwardLanes } from "./linear_icl_backward.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * assertEquals(backwardLanes(200), 64);
 * ```
 */
export function backwardLanes(D: number): number {
  return currentGpu().adapter.software && D <= 64 ? 8 : 64;
}

/** Loop iterations of the first lane: its share of entries of each vector, times the length of each entry's sum. */
function iterationsOf({ D, LANES = 64 }: Sizes): number {
  const width = Math.ceil(2 * D / LANES);
  const half = Math.ceil(D / LANES);
  const matrices = 2 * width * (1 + 2 * D) + width * (1 + 3 * D);
  const moments = 2 * 3 * half * (1 + D);
  return matrices + moments + 2 * D + 2 * width;
}

/** Elements from one admissible start of a view to the next. */
const ALIGNMENT = 64;

const backward = kernel({
  label: "linear_icl_backward",
  code: { "kernels/linear_icl/linear_icl_backward.wgsl": code },
  inputs: {
    covariance: ["R", "B", "D", "D"],
    task: ["R", "B", "D", "D"],
    query: ["R", "B", "D"],
    context: ["R"],
    deviation: ["R", "D"],
    parameters: ["R", "C"],
  },
  outputs: { vectors: ["L"], loss: ["R", "B"] },
  groups: (sizes) => {
    checkLoopIterations("linear_icl_backward", iterationsOf(sizes));
    return sizes.R * sizes.B;
  },
});

/**
 * Computes `ŷ = lower half of z_q + W_P (Z Zᵀ / N) W_Q z_q`, `L = ½ |ŷ − W x_q|²` per prompt, and its backward pass.
 *
 * `dL/dW_P = δ hᵀ` and `dL/dW_Q = b z_qᵀ`, W = 2 D the width of a token (x; y). D ≤ 448 on a software adapter;
 * set the constants `D`, `WIDTH` and perhaps `LANES` through the sizes. The four vectors are views of one memory, which are
 * freed together.
 *
 * @param covariance Context covariance Σ̂ (R, B, D, D).
 * @param task Task matrices (R, B, D, D).
 * @param query Query before scaling (R, B, D), N(0, 1).
 * @param context Number of tokens N (R).
 * @param deviation Standard deviations of the query (R, D).
 * @param parameters W_P then W_Q of each replica, row-major (R, C), C = 2 (2D)².
 * @returns `delta` δ, `hidden` h, `back` b, `token` z_q, each (R, B, 2D), and `loss` (R, B).
 */
export function linearIclBackward(
  args: Readonly<Record<"covariance" | "task" | "query" | "context" | "deviation" | "parameters", Tensor>>,
  sizes: Sizes,
): Record<"delta" | "hidden" | "back" | "token" | "loss", Tensor> {
  const [R, B, D] = args.query.shape;
  const stride = Math.ceil(R * B * 2 * D / ALIGNMENT) * ALIGNMENT;
  const { vectors, loss } = backward(args, { ...sizes, L: 4 * stride });
  const part = (index: number, label: string) =>
    vectors.view(index * stride, [R, B, 2 * D], `linear_icl_backward.${label}`);
  return { delta: part(0, "delta"), hidden: part(1, "hidden"), back: part(2, "back"), token: part(3, "token"), loss };
}
