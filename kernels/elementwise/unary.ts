/** Functions of one tensor, element by element: one dispatch either way. */
import { map64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { divide, multiply } from "./binary.ts";
import { applyFunction, type ElementFunction, elementwise } from "./elementwise.ts";

const EXP: ElementFunction = { label: "exp", code: 1, of: Math.exp, slopeOf: "value" };
const LOG: ElementFunction = { label: "log", code: 2, of: Math.log, slopeOf: "argument" };
const SQRT: ElementFunction = { label: "sqrt", code: 3, of: Math.sqrt, slopeOf: "value" };
const SQUARE: ElementFunction = { label: "square", code: 4, of: (x) => x * x, slopeOf: "argument" };
const RECIPROCAL: ElementFunction = { label: "reciprocal", code: 5, of: (x) => 1 / x, slopeOf: "value" };
/** The hyperbolic tangent's kernel. */
export const TANH: ElementFunction = { label: "tanh", code: 6, of: Math.tanh, slopeOf: "value" };
/** The logistic function's kernel. */
export const SIGMOID: ElementFunction = {
  label: "sigmoid",
  code: 7,
  of: (x) => 1 / (1 + Math.exp(-x)),
  slopeOf: "value",
};
/** The soft rectifier's kernel. */
export const SOFTPLUS: ElementFunction = {
  label: "softplus",
  code: 8,
  of: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  slopeOf: "argument",
};

/**
 * The leaky rectifier's kernel.
 *
 * @param slope Slope of the negative side, finite.
 * @returns The function.
 */
export function leakyRectifier(slope: number): ElementFunction {
  return { label: "leaky_relu", code: 9, slope, of: (x) => x > 0 ? x : slope * x, slopeOf: "argument" };
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
    output: applyFunction({ label: "scale", code: 0, slope, shift, slopeOf: "argument" }, x),
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
  return elementwise(EXP, x, multiply);
}

/**
 * `y = ln x`.
 *
 * @param x Any shape; > 0.
 * @returns The shape of x.
 */
export function log(x: Tensor): Tensor {
  return elementwise(LOG, x, (dy) => divide(dy, x));
}

/**
 * `y = √x`.
 *
 * @param x Any shape; ≥ 0, and > 0 where a gradient is taken.
 * @returns The shape of x, ≥ 0.
 */
export function sqrt(x: Tensor): Tensor {
  return elementwise(SQRT, x, (dy, y) => scale(divide(dy, y), 0.5));
}

/**
 * `y = x²`.
 *
 * @param x Any shape.
 * @returns The shape of x, ≥ 0.
 */
export function square(x: Tensor): Tensor {
  return elementwise(SQUARE, x, (dy) => scale(multiply(dy, x), 2));
}

/**
 * `y = 1/x`.
 *
 * @param x Any shape; no element 0.
 * @returns The shape of x.
 */
export function reciprocal(x: Tensor): Tensor {
  return elementwise(RECIPROCAL, x, (dy, y) => negate(multiply(dy, multiply(y, y))));
}

/**
 * `y = tanh x`, to a few roundings at any size of x.
 *
 * @param x Any shape.
 * @returns The shape of x, in [−1, 1].
 */
export function tanh(x: Tensor): Tensor {
  return elementwise(TANH, x, (dy, y) => multiply(dy, scale(square(y), -1, 1)));
}

/**
 * `y = 1/(1 + e⁻ˣ)`.
 *
 * @param x Any shape.
 * @returns The shape of x, in [0, 1].
 */
export function sigmoid(x: Tensor): Tensor {
  return elementwise(SIGMOID, x, (dy, y) => multiply(dy, multiply(y, scale(y, -1, 1))));
}

/**
 * `y = ln(1 + eˣ)`.
 *
 * @param x Any shape.
 * @returns The shape of x, ≥ 0.
 */
export function softplus(x: Tensor): Tensor {
  return elementwise(SOFTPLUS, x, (dy) => multiply(dy, sigmoid(x)));
}

/**
 * Leaky rectifier: `y = x` where x > 0, `slope · x` elsewhere; the slope at 0 is `slope`.
 *
 * @param x Any shape.
 * @param slope Slope of the negative side, finite.
 * @returns The shape of x.
 */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  const stairs = () => applyFunction({ label: "leaky_relu", code: 10, slope, slopeOf: "argument" }, x).detached;
  return elementwise(leakyRectifier(slope), x, (dy) => multiply(dy, stairs()));
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
