/** Statistics of a regression prompt that linear attention sees, drawn from their law. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import code from "./regression_statistics.wgsl" with { type: "text" };

/**
 * Statistic `β = (1/N) Σ_n y_n x_n` of N pairs with y = w·x, and a query with its label, without drawing the pairs:
 * `x = σ ∘ z`, and with u = σ ∘ w, û = u/|u|, of each pair only û·z, whose squares sum to χ ~ χ²_N, and the rest of z across
 * it enter, hence `β = σ ∘ (|u|/N) (χ û + √χ (ξ − û (û·ξ)))` with ξ ~ N(0, 1)^D, exactly, for every N.
 *
 * @param normals N(0, 1) numbers w, z of the query, and ξ (R, B, 3D); D ≤ 30 000 on a software adapter.
 * @param chi Numbers of the law χ²_N (R, B).
 * @param deviation Standard deviations σ of the inputs (R, D).
 * @param context Pairs N (R).
 * @returns `beta` (R, B, D), `query` (R, B, D) and its `label` (R, B).
 */
export const promptStatistics: KernelOf<
  "normals" | "chi" | "deviation" | "context",
  "beta" | "query" | "label"
> = kernel({
  label: "regression_statistics",
  code: { "kernels/tasks/regression_statistics.wgsl": code },
  inputs: { normals: ["R", "B", "D3"], chi: ["R", "B"], deviation: ["R", "D"], context: ["R"] },
  outputs: { beta: ["R", "B", "D"], query: ["R", "B", "D"], label: ["R", "B"] },
  groups: ({ R, B, D }) => {
    checkLoopIterations("regression_statistics", 2 * D);
    return Math.ceil(R * B / 64);
  },
});

/**
 * {@linkcode promptStatistics} of one prompt in double precision.
 *
 * @param normals Numbers w, z, ξ (3D).
 * @param chi Number of the law χ²_N.
 * @param deviation Standard deviations σ (D).
 * @param context Pairs N.
 * @returns β (D), the query (D) and its label.
 */
export function promptStatisticsReference(
  normals: ArrayLike<number>,
  chi: number,
  deviation: ArrayLike<number>,
  context: number,
): { readonly beta: Float64Array; readonly query: Float64Array; readonly label: number } {
  const D = deviation.length;
  const sigma = Float64Array.from(deviation);
  const u = sigma.map((value, i) => value * normals[i]);
  const square = u.reduce((sum, value) => sum + value * value, 0);
  const along = u.reduce((sum, value, i) => sum + value * normals[2 * D + i], 0);
  const query = sigma.map((value, i) => value * normals[D + i]);
  const beta = sigma.map((value, i) =>
    square === 0
      ? 0
      : value / context * (chi * u[i] + Math.sqrt(chi * square) * (normals[2 * D + i] - u[i] * along / square))
  );
  return { beta, query, label: query.reduce((sum, value, i) => sum + value * normals[i], 0) };
}
