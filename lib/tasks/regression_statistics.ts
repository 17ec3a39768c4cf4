/** Linear regression prompts as linear attention sees them: one vector, the query and its label. */
import { chiSquareFill, normalFill } from "../../kernels/random/random_fill.ts";
import { promptStatistics } from "../../kernels/tasks/regression_statistics.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type TaskSampler } from "./sampler.ts";

/** Sizes and law of the prompts. */
export interface RegressionStatisticsOptions {
  /** Eigenvalues λ of the input covariance, which is diagonal (D). */
  readonly spectrum: readonly number[];
  /** Pairs N of a prompt, beside the query. */
  readonly context: number;
  /** Prompts B per replica and step. */
  readonly batch: number;
}

/** A batch of prompts. */
export interface RegressionStatisticsBatch {
  /** `β = (1/N) Σ y_n x_n` (R, B, D). */
  readonly beta: Tensor;
  /** Query x_q (R, B, D). */
  readonly query: Tensor;
  /** Its label w·x_q (R, B). */
  readonly label: Tensor;
}

/**
 * Prompts of y = w·x with w ~ N(0, I), new for every prompt, and x ~ N(0, diag λ), reduced to β, the query and its label. They
 * have the law that {@linkcode linearRegression} gives them, without its N·D random numbers a prompt: 3D + 1 do.
 *
 * @param options Sizes and law.
 * @returns A sampler; its batch depends on seeds, key and step only, and prompt b on b but not on B.
 * @throws {RangeError} If a size is no positive integer, or an eigenvalue not positive and finite.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { regressionStatistics } from "./regression_statistics.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 2));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const prompts = regressionStatistics({ spectrum: [0.4, 0.1], context: 31, batch: 8 });
 * const { beta, label } = prompts({ seeds, clock, key: "train" });
 * assertEquals([beta.shape, label.shape], [[2, 8, 2], [2, 8]]);
 * ```
 */
export function regressionStatistics(
  { spectrum, context: N, batch: B }: RegressionStatisticsOptions,
): TaskSampler<RegressionStatisticsBatch> {
  const D = spectrum.length;
  checkCounts("regression_statistics", { dimension: D, context: N, batch: B });
  const wrong = spectrum.find((value) => !(value > 0 && Number.isFinite(value)));
  if (wrong !== undefined) {
    throw new RangeError(`regression_statistics: expected eigenvalues > 0, found ${wrong}`);
  }
  return ({ seeds, clock, key }) => {
    const [R] = seeds.shape;
    const filled = (name: string, values: readonly number[], shape: readonly number[]) =>
      own(Tensor.from(Array.from({ length: R }, () => values).flat(), shape, name));
    const normals = normalFill({ seeds, clock, key: `${key}: numbers` }, { I: B, C: 3 * D });
    const dof = filled("degrees of freedom", [N], [R, 1]);
    const chi = chiSquareFill({ seeds, clock, key: `${key}: chi` }, dof, B).reshape([R, B]);
    const deviation = filled("deviations", spectrum.map(Math.sqrt), [R, D]);
    return promptStatistics({ normals, chi, deviation, context: filled("context", [N], [R]) });
  };
}
