/** Batch mean of outer products: the gradient of a linear map. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import code from "./outer_mean.wgsl" with { type: "text" };

/** Rows that one loop iteration sums. */
const SPAN = 16;

/**
 * Averages outer products: `y[r,slot,i,j] = 1/B Σ_b a[r,b,i] c[r,b,j]`: one slot of a stack of matrices.
 *
 * @param a Left vectors (R, B, I); B ≤ 1 048 560 on a software adapter.
 * @param c Right vectors (R, B, J).
 * @param y Stack of matrices (R, S, I, J); `slot` is overwritten.
 * @param slot Which matrix of the stack.
 */
export const outerMean: KernelOf<"a" | "c" | "y", never, "slot"> = kernel({
  label: "outer_mean",
  code: { "kernels/linear_icl/outer_mean.wgsl": code },
  inputs: { a: ["R", "B", "I"], c: ["R", "B", "J"], y: ["R", "S", "I", "J"] },
  outputs: {},
  scalars: ["slot"],
  groups: ({ R, B, I, J }) => {
    checkLoopIterations("outer_mean", Math.ceil(B / SPAN));
    return Math.ceil(R * I * J / 64);
  },
});
