/** Rows of independent numbers given a covariance. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import code from "./factor_rows.wgsl" with { type: "text" };

/**
 * Gives rows a covariance: `y[r,m] = L[r] z[r,m]`: rows with independent entries of unit variance get the covariance
 * `L Lᵀ`.
 *
 * @param z Rows (R, M, D); D ≤ 65 535 on a software adapter.
 * @param factor Matrices L (R, D, D), of any shape of entries: a Cholesky factor, or `U √S`.
 * @returns `y` (R, M, D).
 */
export const factorRows: KernelOf<"z" | "factor", "y"> = kernel({
  label: "factor_rows",
  code: { "kernels/tasks/factor_rows.wgsl": code },
  inputs: { z: ["R", "M", "D"], factor: ["R", "D", "D"] },
  outputs: { y: ["R", "M", "D"] },
  groups: ({ R, M, D }) => {
    checkLoopIterations("factor_rows", D);
    return Math.ceil(R * M * D / 64);
  },
});

/**
 * {@linkcode factorRows} of one replica in double precision.
 *
 * @param z Rows (M, D).
 * @param factor Matrix L (D, D).
 * @param D Length of a row.
 * @returns Rows (M, D).
 */
export function factorRowsReference(z: ArrayLike<number>, factor: ArrayLike<number>, D: number): Float64Array {
  return Float64Array.from({ length: z.length }, (_, entry) => {
    const [first, i] = [entry - entry % D, entry % D];
    let sum = 0;
    for (let j = 0; j < D; j++) sum += factor[i * D + j] * z[first + j];
    return sum;
  });
}
