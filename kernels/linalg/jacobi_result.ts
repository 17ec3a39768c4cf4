/** From rotated columns to sorted values and orthonormal vectors. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations, MAX_LOOP_ITERATIONS } from "../../lib/gpu/loops.ts";
import { currentGpu } from "../../lib/gpu/device.ts";
import type { DType, Tensor } from "../../lib/gpu/tensor.ts";
import completeCode from "./complete_basis.wgsl" with { type: "text" };
import gatherCode from "./gather_columns.wgsl" with { type: "text" };
import valuesCode from "./jacobi_values.wgsl" with { type: "text" };
import sortCode from "./sort_values.wgsl" with { type: "text" };

/**
 * Finds the values of rotated columns `[w | v]`: `|w| / |v| / scale[b]`, or with the constant `SYMMETRIC = 1`
 * `<v,w> / <v,v> / scale[b]`.
 *
 * @param x Columns (B, P, H), w of `height` numbers.
 * @param scale Scale of each matrix (B).
 * @returns `value` (B, N) and `factors` (B, N, 2), `1 / |w|` (0 if w vanishes) and `1 / |v|`; N is given as a size.
 */
export const jacobiValues: KernelOf<"x" | "scale", "value" | "factors", "height"> = kernel({
  label: "jacobiValues",
  code: { "kernels/linalg/jacobi_values.wgsl": valuesCode },
  inputs: { x: ["B", "P", "H"], scale: ["B"] },
  outputs: { value: ["B", "N"], factors: ["B", "N", "2"] },
  scalars: ["height"],
  groups: ({ B, N }) => Math.ceil(B * N / 64),
});

/**
 * Sorts each row, from the largest or with the constant `ASCENDING = 1` from the smallest.
 *
 * @param value Values (B, N).
 * @returns `sorted` (B, N) and `order` (B, N) of type u32: where each one stood.
 */
export const sortValues: KernelOf<"value", "sorted" | "order"> = kernel({
  label: "sortValues",
  code: { "kernels/linalg/sort_values.wgsl": sortCode },
  inputs: { value: ["B", "N"] },
  outputs: { sorted: ["B", "N"], order: ["B", "N"] },
  groups: ({ B, N }) => {
    checkLoopIterations("sortValues", N);
    return Math.ceil(B * N / 64);
  },
});

/**
 * Puts columns in order and scales them to length one:
 * `y[b,m,k] = x[b,order[b,k],offset+m] factors[b,order[b,k],part]`, zero from m = M on.
 *
 * The constant `ROWS = 1` makes them rows, `y[b,k,m]`.
 *
 * @param x Columns (B, P, H).
 * @param factors Factors (B, N, 2).
 * @param order Order (B, N) of type u32.
 * @param M Length of the columns.
 * @param offset First row.
 * @param part Which factor, 0 or 1.
 * @returns `y` (B, I, J), given as sizes.
 */
export const gatherColumns: KernelOf<"x" | "factors" | "order", "y", "M" | "offset" | "part"> = kernel({
  label: "gatherColumns",
  code: { "kernels/linalg/gather_columns.wgsl": gatherCode },
  inputs: { x: ["B", "P", "H"], factors: ["B", "N", "2"], order: ["B", "N"] },
  outputs: { y: ["B", "I", "J"] },
  scalars: ["M", "offset", "part"],
  groups: ({ B, I, J }) => Math.ceil(B * I * J / 64),
});

const complete: KernelOf<"factors" | "order" | "u", "coefficients", "start" | "end"> = kernel({
  label: "completeBasis",
  code: { "kernels/linalg/complete_basis.wgsl": completeCode },
  inputs: { factors: ["B", "N", "2"], order: ["B", "N"], u: ["B", "M", "N"] },
  outputs: { coefficients: ["B", "N"] },
  scalars: ["start", "end"],
  groups: ({ B }) => B,
});

/**
 * Replaces columns without a direction (of factor 0) by unit vectors orthogonal to those before, which must be
 * orthonormal.
 *
 * @param factors Factors (B, N, 2), of which the first ones count.
 * @param order Order of the columns (B, N) of type u32.
 * @param u Columns (B, M, N), M ≥ N; updated.
 * @returns Scratch (B, N), which the caller frees.
 */
export function completeBasis(factors: Tensor, order: Tensor<DType>, u: Tensor): Tensor {
  const [, M, N] = u.shape;
  const eighths = (count: number) => Math.ceil(count / 8) + 1;
  const perLane = (count: number) => Math.ceil(count / 64);
  const iterations = 3 * perLane(M) * eighths(N) + perLane(N) * (eighths(M) + 1) + perLane(M) + 140;
  checkLoopIterations("completeBasis", iterations + N);
  const software = currentGpu().adapter.software;
  const columns = software ? Math.floor((MAX_LOOP_ITERATIONS - N) / iterations) : N;
  let { coefficients } = complete({ factors, order, u, start: 0, end: Math.min(N, columns) });
  for (let start = columns; start < N; start += columns) {
    ({ coefficients } = complete({ factors, order, u, coefficients, start, end: Math.min(N, start + columns) }));
  }
  return coefficients;
}
