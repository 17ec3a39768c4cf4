/** Columns of mean 0 and variance 1 over a batch. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { batchMoments, type RunningMoments, updateRunning } from "./batch_moments.ts";
import code from "./batch_norm.wgsl" with { type: "text" };
import backwardCode from "./batch_norm_backward.wgsl" with { type: "text" };
import { add, multiply, subtract } from "../elementwise/binary.ts";
import { inBothForms } from "../shared/elements.ts";
import { checkParameters } from "./norm.ts";
import { normColumns } from "./norm_columns.ts";
import { mean } from "../reduce/reduce.ts";
import { reciprocal, scale, sqrt, square } from "../elementwise/unary.ts";

/** Rows of an invocation, as in the WGSL files. */
const ROWS = 16;

const forward = inBothForms(({ files, width }) =>
  kernel({
    label: "batch_norm",
    code: { ...files, "kernels/norm/batch_norm.wgsl": code },
    inputs: { x: ["R", "M", "C"], mu: ["R", "C"], factor: ["R", "C"], gain: ["G"], bias: ["B"] },
    outputs: { y: ["R", "M", "C"] },
    epilogue: { output: "y" },
    groups: ({ R, M, C }) => Math.ceil(R * Math.ceil(M / ROWS) * C / width / 64),
  })
);

const backward = inBothForms(({ files, width }) =>
  kernel({
    label: "batch_norm_backward",
    code: { ...files, "kernels/norm/batch_norm_backward.wgsl": backwardCode },
    inputs: {
      x: ["R", "M", "C"],
      mu: ["R", "C"],
      factor: ["R", "C"],
      gain: ["G"],
      dgain: ["R", "C"],
      dbias: ["R", "C"],
      dy: ["R", "M", "C"],
    },
    outputs: { dx: ["R", "M", "C"] },
    epilogue: { output: "dx" },
    groups: ({ R, M, C }) => Math.ceil(R * Math.ceil(M / ROWS) * C / width / 64),
  })
);

/** Options of batch normalisation, named as in PyTorch. */
export interface BatchNormOptions {
  /** Added to the variance, > 0; by default 1e-5. */
  readonly epsilon?: number;
  /** Running averages: updated in training, needed outside of it. */
  readonly running?: RunningMoments;
  /** Weight of a batch in the running averages, in [0, 1]; by default 0.1. */
  readonly momentum?: number;
  /**
   * By default true: the batch's own moments normalise. Otherwise the running averages do, which are constants then.
   */
  readonly training?: boolean;
}

/**
 * Normalises over a batch: `y[r,…,c] = (x[r,…,c] − μ[r,c]) / √(v[r,c] + ε) · gain[r,c] + bias[r,c]` with mean μ and
 * variance v over all axes but R and C (Ioffe & Szegedy 2015).
 *
 * In training three dispatches either way, and one that updates the running averages at every replay.
 *
 * @param x Rows (R, …, C), finite; in training at least two per replica.
 * @param gain Gains (R, C), or null for none.
 * @param bias Biases (R, C), or null for none.
 * @param options Moments.
 * @returns Rows (R, …, C).
 * @throws {ShapeError} If gain, bias or running averages have another shape.
 * @throws {Error} If there are no running averages outside of training.
 *
 * @example
 * ```ts
 * import { batchNorm } from "./batch_norm.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 3], [1, 2, 1]);
 * const running = { mean: Tensor.from([0], [1, 1]), variance: Tensor.from([1], [1, 1]) };
 * using y = batchNorm(x, null, null, { running, momentum: 0.5 });
 * assertEquals([...await y.read()].map((value) => value.toFixed(3)), ["-1.000", "1.000"]);
 * assertEquals([...await running.mean.read(), ...await running.variance.read()], [1, 1.5]);
 * ```
 */
export function batchNorm(
  x: Tensor,
  gain: Tensor | null = null,
  bias: Tensor | null = null,
  options: BatchNormOptions = {},
): Tensor {
  const { epsilon = 1e-5, running, momentum = 0.1, training = true } = options;
  checkParameters("batch_norm", x, {
    gain,
    bias,
    "running.mean": running?.mean ?? null,
    "running.variance": running?.variance ?? null,
  });
  const [R, C] = [x.shape[0], x.shape.at(-1)!];
  const rows = x.reshape([R, x.size / (R * C), C]);
  if (!training) {
    if (!running) throw new Error("batch_norm: expected running averages outside of training, found none");
    return byRunning(rows, gain, bias, running, epsilon).reshape(x.shape);
  }
  const [, M] = rows.shape;
  const moments = batchMoments(rows, epsilon);
  if (running) updateRunning(running, moments, M, momentum);
  if (composing()) return composed(rows, gain, bias, epsilon).reshape(x.shape);
  const { mu, factor } = moments;
  const flat = (tensor: Tensor) => tensor.reshape([tensor.size]);
  const inputs = { x: rows, mu, factor, gain: flat(gain ?? x) };
  const GAIN = gain ? 1 : 0;
  const { y } = forward(C)({ ...inputs, bias: flat(bias ?? x) }, { GAIN, BIAS: bias ? 1 : 0 });
  return differentiable({
    label: "batch_norm",
    inputs: [x, gain, bias].filter((tensor) => tensor !== null),
    output: y.reshape(x.shape),
    gradient: (d) => {
      const dy = d.reshape(rows.shape);
      const sums = normColumns({ x: rows, mu, factor, dy }, "columns");
      const { dx } = backward(C)({ ...inputs, ...sums, dy }, { GAIN });
      return [dx, ...(gain ? [sums.dgain] : []), ...(bias ? [sums.dbias] : [])];
    },
    reference: (x, ...others) => batchNormReference(x, gain && others[0], bias && others[gain ? 1 : 0], { epsilon }),
    fused: true,
  });
}

/** The same of elementary operations, which can be differentiated twice. */
function composed(x: Tensor, gain: Tensor | null, bias: Tensor | null, epsilon: number): Tensor {
  const parameter = [x.shape[0], 1, x.shape[2]];
  const centred = subtract(x, mean(x, [1]).reshape(parameter));
  const variance = mean(square(centred), [1]).reshape(parameter);
  let y = multiply(centred, reciprocal(sqrt(scale(variance, 1, epsilon))));
  if (gain) y = multiply(y, gain.reshape(parameter));
  return bias ? add(y, bias.reshape(parameter)) : y;
}

/** With fixed moments: one factor and one shift for each column. */
function byRunning(
  x: Tensor,
  gain: Tensor | null,
  bias: Tensor | null,
  running: RunningMoments,
  epsilon: number,
): Tensor {
  const parameter = [x.shape[0], 1, x.shape[2]];
  const deviation = reciprocal(sqrt(scale(running.variance.detached, 1, epsilon)));
  const factor = gain ? multiply(deviation, gain) : deviation;
  const y = multiply(subtract(x, running.mean.detached.reshape(parameter)), factor.reshape(parameter));
  return bias ? add(y, bias.reshape(parameter)) : y;
}

/** {@linkcode batchNorm} in training, in float64. */
export function batchNormReference(
  x: Array64,
  gain: Array64 | null,
  bias: Array64 | null,
  { epsilon = 1e-5 }: { readonly epsilon?: number } = {},
): Array64 {
  const [R, C] = [x.shape[0], x.shape.at(-1)!];
  const M = x.data.length / (R * C);
  const data = new Float64Array(x.data.length);
  for (let column = 0; column < R * C; column++) {
    const at = (m: number) => (Math.floor(column / C) * M + m) * C + column % C;
    const values = Float64Array.from({ length: M }, (_, m) => x.data[at(m)]);
    const average = values.reduce((sum, value) => sum + value, 0) / M;
    const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / M;
    values.forEach((value, m) => {
      const normal = (value - average) / Math.sqrt(variance + epsilon);
      data[at(m)] = normal * (gain?.data[column] ?? 1) + (bias?.data[column] ?? 0);
    });
  }
  return { shape: x.shape, data };
}
