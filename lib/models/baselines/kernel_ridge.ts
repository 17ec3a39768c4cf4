/** Kernel ridge regression. */
import { kernelRidgePrefixes } from "../../../kernels/baselines/kernel_ridge.ts";
import { concatenate } from "../../../kernels/arrange/blocks.ts";
import { add } from "../../../kernels/elementwise/binary.ts";
import { matmul } from "../../../kernels/matmul/matmul.ts";
import { scale } from "../../../kernels/elementwise/unary.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { type Baseline, BaselineConstants, type BaselineOptions, type PerReplica, positive } from "./baseline.ts";

/** Options of {@linkcode kernelRidge}. */
export interface KernelRidgeOptions extends BaselineOptions {
  /** Penalty λ > 0: the variance of the noise, if the kernel is the covariance of the function. */
  readonly lambda: PerReplica;
  /** Kernel of the inputs of every prompt with each other: of x (R, B, N, D), K (R, B, N, N). */
  readonly kernel: (x: Tensor) => Tensor;
}

/**
 * Kernel ridge regression: `ŷ_n = Σ_m k(x_n, x_m) a_m`, `a = (K + λ I)⁻¹ y` over the n earlier pairs; 0 without any.
 *
 * It is the posterior mean of a Gaussian process of covariance k. Its kernel is composed of operations: outside of a recording,
 * call it by `evaluate`.
 *
 * @param options Penalty λ, kernel, and which positions.
 * @returns The baseline.
 * @throws {RangeError} If λ is not positive.
 *
 * @example The linear kernel is ridge regression.
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { evaluate } from "../../gpu/program.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { featureKernel, kernelRidge } from "./kernel_ridge.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2], [1, 1, 2, 1]);
 * using y = Tensor.from([3, 0], [1, 1, 2]);
 * const kernel = (x: Tensor) => featureKernel([x]);
 * using prediction = await evaluate(() => kernelRidge({ lambda: 0.5, kernel, positions: "last" }).apply({ x, y }));
 * assertAlmostEquals((await prediction.read())[0], 2 * 3 / 1.5, 1e-6);
 * ```
 */
export function kernelRidge({ lambda, kernel, positions }: KernelRidgeOptions): Baseline {
  const constants = new BaselineConstants("kernel ridge");
  const penalty = constants.perReplica("lambda", lambda, positive);
  return constants.baseline(({ x, y }) => kernelRidgePrefixes(kernel(x), y, penalty, positions));
}

/** Features that are multiplied at once: with more, many representations would need one very large tensor. */
const MOST_FEATURES = 256;

/**
 * Makes the mean kernel of features: `K_nm = 1/M Σ_i φ_i(x_n) · φ_i(x_m)`.
 *
 * With random φ_i of one law it tends to the kernel of that law: the covariance of a linear function of a representation that
 * is not known.
 *
 * @param features M ≥ 1 representations of the same inputs, each (R, B, N, D). Of an iterator that makes them one by one, as
 *   `maps.values().map((phi) => phi.apply(x))`, no more are in memory than are multiplied at once: 256 features.
 * @returns Kernel (R, B, N, N).
 * @throws {RangeError} If there are none.
 */
export function featureKernel(features: Iterable<Tensor>): Tensor {
  let [group, count]: [Tensor[], number] = [[], 0];
  let total: Tensor | undefined;
  const multiply = () => {
    const [R, B, N] = group[0].shape;
    const all = group.length === 1 ? group[0] : concatenate(group, 3);
    const rows = all.reshape([R * B, N, all.shape[3]]);
    const product = matmul(rows, rows, { transposeB: true }).reshape([R, B, N, N]);
    total = total ? add(total, product) : product;
    group = [];
  };
  for (const one of features) {
    const width = group.reduce((sum, { shape }) => sum + shape[3], one.shape[3]);
    if (group.length > 0 && width > MOST_FEATURES) multiply();
    group.push(one);
    count++;
  }
  if (count === 0) throw new RangeError("featureKernel: expected at least one representation, found none");
  multiply();
  return scale(total!, 1 / count);
}
