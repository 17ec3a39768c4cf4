/** Sample covariance of a context: summed token by token, or drawn from its Wishart law. */
import { kernel, type KernelOf, type Sizes } from "../../lib/gpu/kernel.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import tokens from "./sample_covariance.wgsl" with { type: "text" };
import wishart from "./wishart_covariance.wgsl" with { type: "text" };

/** Tokens that one loop iteration sums. */
const SPAN = 16;

const entries = ({ R, B, D }: Sizes): number => Math.ceil(R * B * D * D / 64);

/**
 * Computes the sample covariance of given tokens: `Σ̂[i,j] = sd_i sd_j / N · Σ_{n<N} x[n,i] x[n,j]` for every replica
 * and prompt.
 *
 * Constants: `STRIDE` ≥ D, the numbers that a token takes in `x`.
 *
 * @param x Independent N(0, 1) numbers (R, B, C): rows of `STRIDE` numbers per token, C = STRIDE · max N.
 * @param context Number of tokens N of each replica (R), 1 ≤ N ≤ C / STRIDE; at most 1 048 560 on a software adapter.
 * @param deviation Standard deviations (R, D) along the eigenvectors of the input covariance.
 * @returns `covariance` (R, B, D, D), symmetric.
 */
export const sampleCovariance: KernelOf<"x" | "context" | "deviation", "covariance"> = kernel({
  label: "sample_covariance",
  code: { "kernels/tasks/sample_covariance.wgsl": tokens },
  inputs: { x: ["R", "B", "C"], context: ["R"], deviation: ["R", "D"] },
  outputs: { covariance: ["R", "B", "D", "D"] },
  groups: (sizes) => {
    const { C, D, STRIDE } = sizes;
    // Written so that a missing one is refused too: the default in WGSL suits D ≤ 4 only.
    if (!(STRIDE >= D && C % STRIDE === 0)) {
      throw new ShapeError(`sample_covariance: expected STRIDE ≥ D = ${D} that divides C = ${C}, found ${STRIDE}`);
    }
    checkLoopIterations("sample_covariance", Math.ceil(C / STRIDE / SPAN));
    return entries(sizes);
  },
});

/**
 * Draws from the law of {@linkcode sampleCovariance} directly, at a cost that does not grow with N (Bartlett 1933).
 *
 * `Σ̂ = L A Aᵀ L / N` with `L = diag(sd)` and A lower triangular, `A_jj² ~ χ²(N − j)`, `A_ij ~ N(0, 1)` for i > j. With
 * fewer tokens than dimensions, A has only N columns and Σ̂ is singular, as it is when summed over tokens.
 *
 * @param z Independent N(0, 1) numbers (R, B, C): entries of the strict lower triangle row by row, C ≥ D (D − 1)/2.
 * @param chi χ² numbers (R, B, D) with N − j degrees of freedom, 0 where that is not positive.
 * @param context Number of tokens N of each replica (R), 1 ≤ N ≤ 2²⁴.
 * @param deviation Standard deviations (R, D) along the eigenvectors of the input covariance.
 * @returns `covariance` (R, B, D, D), symmetric, positive semi-definite.
 */
export const wishartCovariance: KernelOf<"z" | "chi" | "context" | "deviation", "covariance"> = kernel({
  label: "wishart_covariance",
  code: { "kernels/tasks/wishart_covariance.wgsl": wishart },
  inputs: { z: ["R", "B", "C"], chi: ["R", "B", "D"], context: ["R"], deviation: ["R", "D"] },
  outputs: { covariance: ["R", "B", "D", "D"] },
  groups: entries,
});
