/** Principal-component regression. */
import { leastSquaresPrefixes } from "../../../kernels/baselines/least_squares.ts";
import { matmul } from "../../../kernels/matmul/matmul.ts";
import { type Baseline, BaselineConstants, type BaselineOptions } from "./baseline.ts";

/** Options of {@linkcode principalComponentRegression}. */
export interface PrincipalComponentOptions extends BaselineOptions {
  /** Directions (m, D) that inputs are projected to, in rows: the leading eigenvectors of their covariance; m ≥ 1. */
  readonly components: readonly (readonly number[])[];
}

/**
 * Principal-component regression: least squares on the inputs' parts along some directions, `ŷ_n = (E x_n)·w` with w the
 * shortest minimiser of `Σ_{k<n} ((E x_k)·w − y_k)²`.
 *
 * @param options Directions E, and which positions.
 * @returns The baseline. At most 64 directions.
 * @throws {RangeError} If there is no direction, they have different lengths, or an entry is not finite.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { principalComponentRegression } from "./principal_components.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * // Along the first direction alone: (2 · 6) / 2² = 3 a unit.
 * using x = Tensor.from([2, 5, 1, 7], [1, 1, 2, 2]);
 * using y = Tensor.from([6, 0], [1, 1, 2]);
 * using model = principalComponentRegression({ components: [[1, 0]], positions: "last" });
 * using prediction = model.apply({ x, y });
 * assertAlmostEquals((await prediction.read())[0], 3, 1e-6);
 * ```
 */
export function principalComponentRegression({ components, positions }: PrincipalComponentOptions): Baseline {
  const constants = new BaselineConstants("principal components");
  const [m, D] = [components.length, components[0]?.length ?? 0];
  if (components.some(({ length }) => length !== D)) {
    const lengths = components.map(({ length }) => length).join(", ");
    throw new RangeError(`principal components: expected directions of one length, found ${lengths}`);
  }
  const finite = { name: "to be finite", holds: (value: number) => Number.isFinite(Math.fround(value)) };
  const directions = constants.tensor("direction", components.flat(), [m, D], finite);
  return constants.baseline(({ x, y }) => {
    const [R, B, N] = x.shape;
    const along = matmul(x.reshape([R, B * N, D]), directions, { transposeB: true }).reshape([R, B, N, m]);
    return leastSquaresPrefixes({ x: along, y }, positions);
  });
}
