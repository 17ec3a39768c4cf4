/** Means within a replica, with a weight for each example. */
import { type Array64, array64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable, expectRank } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { divide, multiply, subtract } from "../elementwise/binary.ts";
import { fill } from "../shared/fill.ts";
import { mean, sum, sumTo } from "./reduce.ts";
import code from "./weighted_mean.wgsl" with { type: "text" };
import backwardCode from "./weighted_mean_backward.wgsl" with { type: "text" };

const forward = kernel({
  label: "weighted_mean",
  code: { "kernels/reduce/weighted_mean.wgsl": code },
  inputs: { x: ["R", "N", "T"], weights: ["M"] },
  outputs: { y: ["R", "T"], total: ["R", "T"] },
  groups: ({ R, N, T }) => {
    // Strides over the examples, then folds of 64 lanes.
    checkLoopIterations("weighted_mean", Math.ceil(N / 64) + 6);
    return R * T;
  },
});

const backward = kernel({
  label: "weighted_mean_backward",
  code: { "kernels/reduce/weighted_mean_backward.wgsl": backwardCode },
  inputs: { dy: ["R", "T"], weights: ["M"], total: ["R", "T"] },
  outputs: { dx: ["R", "N", "T"] },
  groups: ({ R, N, T }) => Math.ceil(R * N * T / 64),
});

/**
 * Averages with weights: `y[r,t] = Σ_n w[r,n,t] x[r,n,t] / Σ_n w[r,n,t]`.
 *
 * Weights of 0 leave padded examples out; every mean needs one that is not.
 *
 * @param x Values (R, N, T), N ≤ 4 193 856 on a software adapter.
 * @param weights Weights (R, N, T), or (N, T) for all replicas, ≥ 0; all 1 without them.
 * @returns Means (R, T).
 * @throws {ShapeError} If x has not three axes, or the weights are of another size.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { weightedMean } from "./weighted_mean.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 3, 100], [1, 3, 1]);
 * using weights = Tensor.from([1, 1, 0], [3, 1]);
 * using y = weightedMean(x, weights);
 * assertEquals([...await y.read()], [2]);
 * ```
 */
export function weightedMean(x: Tensor, weights?: Tensor): Tensor {
  expectRank("weightedMean", "x", x, 3);
  const [R, N, T] = x.shape;
  if (weights && weights.size !== x.size && weights.size !== N * T) {
    const [expected, found] = [`(${R}, ${N}, ${T}) or (${N}, ${T})`, weights.shape.join(", ")];
    throw new ShapeError(`weightedMean: expected weights of shape ${expected}, found (${found})`);
  }
  if (composing()) return composed(x, weights);
  const WEIGHTED = weights ? 1 : 0;
  // Without weights the slot is bound to what is read anyway.
  const { y, total } = forward({ x, weights: weights?.reshape([weights.size]) ?? x.reshape([x.size]) }, { WEIGHTED });
  return differentiable({
    label: "weighted_mean",
    inputs: weights ? [x, weights] : [x],
    output: y,
    gradient: (dy) => {
      const shared = weights?.reshape([weights.size]) ?? total.reshape([total.size]);
      const { dx } = backward({ dy, weights: shared, total }, { N, WEIGHTED });
      if (!weights) return [dx];
      const row = [R, 1, T];
      const dw = multiply(divide(dy, total).reshape(row), subtract(x, y.reshape(row)));
      return [dx, sumTo(dw, weights.size === x.size ? x.shape : [1, N, T]).reshape(weights.shape)];
    },
    reference: weightedMeanReference,
    fused: true,
  });
}

/** The same of elementary operations. */
function composed(x: Tensor, weights?: Tensor): Tensor {
  if (!weights) return mean(x, [1]);
  const [, N, T] = x.shape;
  const w = weights.reshape(weights.size === x.size ? x.shape : [1, N, T]);
  const everyone = w.size === x.size ? w : multiply(fill(x.shape, 1), w);
  return divide(sum(multiply(x, w), [1]), sum(everyone, [1]));
}

/** {@linkcode weightedMean} in float64. */
export function weightedMeanReference(x: Array64, weights?: Array64): Array64 {
  const [R, N, T] = x.shape;
  return array64([R, T], (mean) => {
    const [r, t] = [Math.floor(mean / T), mean % T];
    let [sum, total] = [0, 0];
    for (let n = 0; n < N; n++) {
      const at = (r * N + n) * T + t;
      const w = weights ? weights.data[at % weights.data.length] : 1;
      sum += w * x.data[at];
      total += w;
    }
    return sum / total;
  });
}
