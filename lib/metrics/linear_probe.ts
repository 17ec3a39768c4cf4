/** Linear probes: how well a linear map reads a target from a representation. */
import { columnMeans, subtractRows } from "../../kernels/linalg/centre.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { slice } from "../../kernels/arrange/blocks.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { batchOf, sameRows } from "../linalg/batch.ts";
import { solveLeastSquares, solveRidge } from "../linalg/least_squares.ts";
import { Scratch } from "../linalg/scratch.ts";
import { checkedOptions, linearFits, type ProbeOptions } from "./linear_fits.ts";

/** Sizes of a representation and its targets. */
export interface ProbeSizes {
  /** Samples S. */
  readonly S: number;
  /** Features F. */
  readonly F: number;
  /** Targets K. */
  readonly K: number;
}

/**
 * Linear-probe R² `1 − Σ‖y − ŷ‖² / Σ‖y − ȳ‖²` of held-out samples, with ŷ = W x + b fitted to the others by least
 * squares or ridge regression (Alain & Bengio 2016), and ȳ the mean of the held-out targets. In float64; {@linkcode linearFits}
 * gives the maps.
 *
 * @example
 * ```ts
 * import { linearProbe } from "./linear_probe.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = [1, 2, 3, 4, 5];
 * const exact = linearProbe(x, x.map((value) => 7 - 2 * value), { S: 5, F: 1, K: 1 }, { train: 3 });
 * assertAlmostEquals(exact, 1);
 * ```
 *
 * @param features Representation (S, F), row-major.
 * @param targets What is read from it (S, K).
 * @param sizes Samples, features and targets.
 * @param options How the probe is fitted.
 * @returns R² ≤ 1 over all targets; below 0 if the mean would be better, 0 where held-out targets are all alike.
 * @throws {RangeError} If sizes do not fit, too few samples are on either side, or the ridge is negative.
 */
export function linearProbe(
  features: ArrayLike<number>,
  targets: ArrayLike<number>,
  { S, F, K }: ProbeSizes,
  options: ProbeOptions,
): number {
  return linearFits(features, { target: { values: targets, K } }, { S, F }, options).target.r2;
}

/**
 * {@linkcode linearProbe} of many representations at once, fitted on the GPU.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { linearProbes } from "./linear_probe.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4, 5], [1, 5, 1]);
 * using y = Tensor.from([5, 3, 1, -1, -3], [1, 5, 1]);
 * assertAlmostEquals((await linearProbes(x, y, { train: 3 }))[0], 1, 1e-5);
 * ```
 *
 * @param features Representations (…, S, F), finite.
 * @param targets What is read from each (…, S, K), finite.
 * @param options How probes are fitted.
 * @returns One R² a representation, in the order of the leading axes.
 * @throws {ShapeError} If shapes do not belong together.
 * @throws {RangeError} If there are too few samples on either side, or the ridge is negative.
 */
export async function linearProbes(features: Tensor, targets: Tensor, options: ProbeOptions): Promise<Float64Array> {
  return rSquared(await heldPredictions("linearProbes", features, targets, options));
}

/** Predictions of held-out samples by probes, and their targets, both less the mean of the targets that were fitted. */
export interface HeldPredictions {
  /** Representations B. */
  readonly B: number;
  /** Held-out samples. */
  readonly held: number;
  /** Targets K. */
  readonly K: number;
  /** Predictions (B, held, K). */
  readonly found: Float32Array;
  /** Targets (B, held, K). */
  readonly wanted: Float32Array;
}

/**
 * Fits probes on the GPU and predicts held-out samples.
 *
 * @param label Operation; stands in error messages.
 * @param features Representations (…, S, F), finite.
 * @param targets What is read from each (…, S, K), finite.
 * @param options How probes are fitted.
 * @returns Predictions and targets.
 * @throws {ShapeError} If shapes do not belong together.
 * @throws {RangeError} If there are too few samples on either side, or the ridge is negative.
 */
export async function heldPredictions(
  label: string,
  features: Tensor,
  targets: Tensor,
  options: ProbeOptions,
): Promise<HeldPredictions> {
  const [left, right] = [batchOf(label, "features", features), batchOf(label, "targets", targets)];
  sameRows(label, left, right);
  const { B, M: S, N: F } = left;
  const K = right.N;
  const { train, ridge } = checkedOptions(label, S, options);
  using scratch = new Scratch();
  const split = (tensor: Tensor, width: number) => {
    const all = tensor.reshape([B, S, width]);
    const first = scratch.keep(slice(all, 1, 0, train));
    const mean = scratch.keep(columnMeans({ x: first }).mean);
    return [first, scratch.keep(slice(all, 1, train, S))].map((x) => scratch.keep(subtractRows({ x, mean }).y));
  };
  const [x, heldX] = split(features, F);
  const [y, heldY] = split(targets, K);
  const w = scratch.keep(ridge > 0 ? solveRidge(x, y, ridge) : solveLeastSquares(x, y));
  const found = await scratch.keep(matmul(heldX, w)).read();
  return { B, held: S - train, K, found, wanted: await heldY.read() };
}

/** R² of held-out predictions, one a representation, as of {@linkcode linearProbe}. */
export function rSquared({ B, held, K, found, wanted }: HeldPredictions): Float64Array {
  return Float64Array.from({ length: B }, (_, b) => {
    let rest = 0, total = 0;
    for (let k = 0; k < K; k++) {
      const at = (s: number) => (b * held + s) * K + k;
      let mean = 0;
      for (let s = 0; s < held; s++) mean += wanted[at(s)] / held;
      for (let s = 0; s < held; s++) {
        rest += (wanted[at(s)] - found[at(s)]) ** 2;
        total += (wanted[at(s)] - mean) ** 2;
      }
    }
    return total === 0 ? 0 : 1 - rest / total;
  });
}
