/** Rows about their mean. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import meansCode from "./column_means.wgsl" with { type: "text" };
import squaresCode from "./scaled_squares.wgsl" with { type: "text" };
import subtractCode from "./subtract_rows.wgsl" with { type: "text" };

/**
 * Averages columns: `mean[b,f] = x[b,0,f] + (1/S) Σ_s (x[b,s,f] − x[b,0,f])`.
 *
 * @param x Rows (B, S, F).
 * @returns `mean` (B, F).
 */
export const columnMeans: KernelOf<"x", "mean"> = kernel({
  label: "columnMeans",
  code: { "kernels/linalg/column_means.wgsl": meansCode },
  inputs: { x: ["B", "S", "F"] },
  outputs: { mean: ["B", "F"] },
  groups: ({ B, S, F }) => {
    checkLoopIterations("columnMeans", Math.ceil(S / 16) + 1);
    return Math.ceil(B * F / 64);
  },
});

/**
 * Subtracts a row from all rows: `y[b,s,f] = x[b,s,f] − mean[b,f]`.
 *
 * @param x Rows (B, S, F).
 * @param mean Row that is subtracted from each (B, F).
 * @returns `y` (B, S, F).
 */
export const subtractRows: KernelOf<"x" | "mean", "y"> = kernel({
  label: "subtractRows",
  code: { "kernels/linalg/subtract_rows.wgsl": subtractCode },
  inputs: { x: ["B", "S", "F"], mean: ["B", "F"] },
  outputs: { y: ["B", "S", "F"] },
  groups: ({ B, S, F }) => Math.ceil(B * S * F / 64),
});

/**
 * Squares and scales: `y[i] = factor x[i]²`.
 *
 * @param x Numbers (N).
 * @param factor A number.
 * @returns `y` (N).
 */
export const scaledSquares: KernelOf<"x", "y", "factor"> = kernel({
  label: "scaledSquares",
  code: { "kernels/linalg/scaled_squares.wgsl": squaresCode },
  inputs: { x: ["N"] },
  outputs: { y: ["N"] },
  scalars: ["factor"],
  groups: ({ N }) => Math.ceil(N / 64),
});
