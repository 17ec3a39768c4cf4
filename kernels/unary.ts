/** Functions of one tensor, element by element. */
import { map64 } from "../lib/autodiff/array64.ts";
import { differentiable } from "../lib/autodiff/differentiable.ts";
import { kernel } from "../lib/gpu/kernel.ts";
import type { Tensor } from "../lib/gpu/tensor.ts";
import accurate from "./accurate.wgsl" with { type: "text" };
import { divide, multiply } from "./binary.ts";
import index from "./index.wgsl" with { type: "text" };
import code from "./unary.wgsl" with { type: "text" };

const forward = kernel({
  label: "unary",
  code: { "kernels/index.wgsl": index, "kernels/accurate.wgsl": accurate, "kernels/unary.wgsl": code },
  inputs: { x: ["N"] },
  outputs: { y: ["N"] },
  scalars: ["slope", "shift"],
  groups: ({ N }) => Math.ceil(N / 64),
});

function apply(OP: number, x: Tensor, slope = 0, shift = 0): Tensor {
  return forward({ x: x.reshape([x.size]), slope, shift }, { OP }).y.reshape(x.shape);
}

/**
 * `y = slope · x + shift`.
 *
 * @param x Any shape.
 * @param slope Finite.
 * @param shift Finite.
 * @returns The shape of x.
 */
export function scale(x: Tensor, slope: number, shift = 0): Tensor {
  return differentiable({
    label: "scale",
    inputs: [x],
    output: apply(0, x, slope, shift),
    gradient: (dy) => [scale(dy, slope)],
    reference: (x) => map64(x, (value) => slope * value + shift),
  });
}

/**
 * `y = −x`.
 *
 * @param x Any shape.
 * @returns The shape of x.
 */
export function negate(x: Tensor): Tensor {
  return scale(x, -1);
}

/**
 * `y = eˣ`.
 *
 * @param x Any shape; below 88.
 * @returns The shape of x, > 0.
 */
export function exp(x: Tensor): Tensor {
  const y = apply(1, x);
  const gradient = (dy: Tensor) => [multiply(dy, y)];
  return differentiable({ label: "exp", inputs: [x], output: y, gradient, reference: (x) => map64(x, Math.exp) });
}

/**
 * `y = ln x`.
 *
 * @param x Any shape; > 0.
 * @returns The shape of x.
 */
export function log(x: Tensor): Tensor {
  const gradient = (dy: Tensor) => [divide(dy, x)];
  const output = apply(2, x);
  return differentiable({ label: "log", inputs: [x], output, gradient, reference: (x) => map64(x, Math.log) });
}

/**
 * `y = √x`.
 *
 * @param x Any shape; ≥ 0, and > 0 where a gradient is taken.
 * @returns The shape of x, ≥ 0.
 */
export function sqrt(x: Tensor): Tensor {
  const y = apply(3, x);
  const gradient = (dy: Tensor) => [scale(divide(dy, y), 0.5)];
  return differentiable({ label: "sqrt", inputs: [x], output: y, gradient, reference: (x) => map64(x, Math.sqrt) });
}

/**
 * `y = x²`.
 *
 * @param x Any shape.
 * @returns The shape of x, ≥ 0.
 */
export function square(x: Tensor): Tensor {
  const gradient = (dy: Tensor) => [scale(multiply(dy, x), 2)];
  const reference = (x: Parameters<typeof map64>[0]) => map64(x, (value) => value * value);
  return differentiable({ label: "square", inputs: [x], output: apply(4, x), gradient, reference });
}

/**
 * `y = 1/x`.
 *
 * @param x Any shape; no element 0.
 * @returns The shape of x.
 */
export function reciprocal(x: Tensor): Tensor {
  const y = apply(5, x);
  const gradient = (dy: Tensor) => [negate(multiply(dy, multiply(y, y)))];
  const reference = (x: Parameters<typeof map64>[0]) => map64(x, (value) => 1 / value);
  return differentiable({ label: "reciprocal", inputs: [x], output: y, gradient, reference });
}

/**
 * `y = tanh x`, to a few roundings at any size of x.
 *
 * @param x Any shape.
 * @returns The shape of x, in [−1, 1].
 */
export function tanh(x: Tensor): Tensor {
  const y = apply(6, x);
  const gradient = (dy: Tensor) => [multiply(dy, scale(square(y), -1, 1))];
  return differentiable({ label: "tanh", inputs: [x], output: y, gradient, reference: (x) => map64(x, Math.tanh) });
}

/**
 * `y = 1/(1 + e⁻ˣ)`.
 *
 * @param x Any shape.
 * @returns The shape of x, in [0, 1].
 */
export function sigmoid(x: Tensor): Tensor {
  const y = apply(7, x);
  const gradient = (dy: Tensor) => [multiply(dy, multiply(y, scale(y, -1, 1)))];
  const reference = (x: Parameters<typeof map64>[0]) => map64(x, (value) => 1 / (1 + Math.exp(-value)));
  return differentiable({ label: "sigmoid", inputs: [x], output: y, gradient, reference });
}

/**
 * `y = ln(1 + eˣ)`.
 *
 * @param x Any shape.
 * @returns The shape of x, ≥ 0.
 */
export function softplus(x: Tensor): Tensor {
  const gradient = (dy: Tensor) => [multiply(dy, sigmoid(x))];
  const of = (value: number) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
  const output = apply(8, x);
  return differentiable({ label: "softplus", inputs: [x], output, gradient, reference: (x) => map64(x, of) });
}

/**
 * Leaky rectifier: `y = x` where x > 0, `slope · x` elsewhere; the slope at 0 is `slope`.
 *
 * @param x Any shape.
 * @param slope Slope of the negative side, finite.
 * @returns The shape of x.
 */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  return differentiable({
    label: "leaky_relu",
    inputs: [x],
    output: apply(9, x, slope),
    gradient: (dy) => [multiply(dy, apply(10, x, slope).detached)],
    reference: (x) => map64(x, (value) => value > 0 ? value : slope * value),
  });
}

/**
 * Rectifier: `y = max(x, 0)`; the slope at 0 is 0.
 *
 * @param x Any shape.
 * @returns The shape of x, ≥ 0.
 */
export function relu(x: Tensor): Tensor {
  return leakyRelu(x, 0);
}
