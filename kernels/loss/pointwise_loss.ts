/** Losses of real predictions, element by element. */
import { type Array64, map64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import { greater, multiply, subtract } from "../elementwise/binary.ts";
import code from "./pointwise_loss.wgsl" with { type: "text" };
import { fill } from "../shared/fill.ts";
import { sumTo } from "../reduce/reduce.ts";
import { negate, relu, scale, sigmoid, softplus, square } from "../elementwise/unary.ts";

const run = kernel({
  label: "pointwise_loss",
  code: {
    "kernels/shared/accurate.part.wgsl": accurate,
    "kernels/loss/pointwise_loss.wgsl": code,
  },
  inputs: { f: ["N"], y: ["M"], dloss: ["N"] },
  outputs: { result: ["N"] },
  groups: ({ N }) => Math.ceil(N / 64),
});

/** 1 where x > 0, else 0. */
function positive(x: Tensor): Tensor {
  return greater(x, fill([1], 0));
}

/** Name of a loss of a prediction f and a target y. */
export type PointwiseLoss = "square" | "halfSquare" | "hinge" | "logistic";

/** A loss as pointwise_loss.wgsl numbers it, in float64, and composed of other operations. */
interface Definition {
  readonly code: number;
  readonly of: (f: number, y: number) => number;
  readonly composed: (f: Tensor, y: Tensor) => Tensor;
  /** ∂ℓ/∂y; that of a difference is −∂ℓ/∂f. */
  readonly labelSlope?: (f: Tensor, y: Tensor) => Tensor;
}

const LOSSES: Readonly<Record<PointwiseLoss, Definition>> = {
  square: {
    code: 0,
    of: (f: number, y: number) => (f - y) ** 2,
    composed: (f: Tensor, y: Tensor) => square(subtract(f, y)),
  },
  halfSquare: {
    code: 1,
    of: (f: number, y: number) => (f - y) ** 2 / 2,
    composed: (f: Tensor, y: Tensor) => scale(square(subtract(f, y)), 0.5),
  },
  hinge: {
    code: 2,
    of: (f: number, y: number) => Math.max(0, 1 - y * f),
    composed: (f: Tensor, y: Tensor) => relu(scale(multiply(f, y), -1, 1)),
    labelSlope: (f: Tensor, y: Tensor) => multiply(negate(f), positive(scale(multiply(f, y), -1, 1))),
  },
  logistic: {
    code: 3,
    of: (f: number, y: number) => Math.max(0, -y * f) + Math.log1p(Math.exp(-Math.abs(y * f))),
    composed: (f: Tensor, y: Tensor) => softplus(negate(multiply(f, y))),
    labelSlope: (f: Tensor, y: Tensor) => multiply(negate(f), sigmoid(negate(multiply(f, y)))),
  },
};

/**
 * Computes `loss[i] = ℓ(f[i], y[i])` with ℓ one of `square` (f − y)², `halfSquare` ½ (f − y)², `hinge` max(0, 1 − y f),
 * whose slope at y f = 1 is 0, and `logistic` ln(1 + e^(−y f)).
 *
 * @param loss Which ℓ.
 * @param prediction Predictions f, any shape.
 * @param target Targets y, of that shape, or of the same for all replicas: without the first axis.
 * @returns Losses of the prediction's shape, ≥ 0.
 * @throws {ShapeError} If the target has another shape.
 */
export function pointwiseLoss(loss: PointwiseLoss, prediction: Tensor, target: Tensor): Tensor {
  const { code: LOSS, of, composed, labelSlope } = LOSSES[loss];
  const [shape, shared] = [prediction.shape, prediction.shape.slice(1)];
  if (![shape, shared].some((expected) => expected.join() === target.shape.join())) {
    const expected = `(${shape.join(", ")}) or (${shared.join(", ")})`;
    throw new ShapeError(`pointwiseLoss: expected a target of shape ${expected}, found (${target.shape.join(", ")})`);
  }
  if (composing()) return composed(prediction, target);
  const f = prediction.reshape([prediction.size]);
  const y = target.reshape([target.size]);
  return differentiable({
    label: loss,
    inputs: [prediction, target],
    // Forward, the slot of the gradient is bound to what is read anyway.
    output: run({ f, y, dloss: f }, { LOSS, BACKWARD: 0 }).result.reshape(shape),
    gradient: (dloss) => {
      const slope = run({ f, y, dloss: dloss.reshape(f.shape) }, { LOSS, BACKWARD: 1 }).result.reshape(shape);
      const own = labelSlope ? multiply(dloss, labelSlope(prediction, target)) : negate(slope);
      return [slope, sumTo(own, target.shape)];
    },
    reference: (f, y) => pointwiseReference(f, y, of),
    fused: true,
  });
}

function pointwiseReference(f: Array64, y: Array64, of: (f: number, y: number) => number): Array64 {
  let at = 0;
  return map64(f, (value) => of(value, y.data[at++ % y.data.length]));
}
