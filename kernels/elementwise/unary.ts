/** Functions of one tensor, element by element: one dispatch either way. */
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { divide, multiply } from "./binary.ts";
import { type Elementwise, elementwise, type ElementwiseSpec } from "./elementwise.ts";
import trigonometry from "./trigonometry.part.wgsl" with { type: "text" };

const line = elementwise({
  label: "scale",
  parameters: ["slope", "shift"],
  wgsl: "slope * x + shift",
  gradient: ({ dy, slope }) => scale(dy, slope),
  reference: (x, { slope, shift }) => slope * x + shift,
});

/**
 * Scales and shifts: `y = slope · x + shift`.
 *
 * @param x Any shape.
 * @param slope Finite.
 * @param shift Finite.
 * @returns The shape of x.
 */
export function scale(x: Tensor, slope: number, shift = 0): Tensor {
  return line(x, { slope, shift });
}

/**
 * Changes the sign: `y = −x`.
 *
 * @param x Any shape.
 * @returns The shape of x.
 */
export function negate(x: Tensor): Tensor {
  return scale(x, -1);
}

/** Exponential function: `y = eˣ`, for x below 88. */
export const exp: Elementwise = elementwise({
  label: "exp",
  wgsl: "unless_nan(exp(x), x)",
  derivative: "y",
  gradient: ({ dy, y }) => multiply(dy, y),
  reference: Math.exp,
});

/** Natural logarithm: `y = ln x`, for x > 0. */
export const log: Elementwise = elementwise({
  label: "log",
  wgsl: "unless_nan(log_accurate(x), x)",
  derivative: "1.0 / x",
  gradient: ({ dy, x }) => divide(dy, x),
  reference: Math.log,
});

/** Square root: `y = √x`, for x ≥ 0, and x > 0 where a gradient is taken. */
export const sqrt: Elementwise = elementwise({
  label: "sqrt",
  wgsl: "sqrt(x)",
  derivative: "0.5 / y",
  gradient: ({ dy, y }) => scale(divide(dy, y), 0.5),
  reference: Math.sqrt,
});

/** Square: `y = x²`. */
export const square: Elementwise = elementwise({
  label: "square",
  wgsl: "x * x",
  derivative: "2.0 * x",
  gradient: ({ dy, x }) => scale(multiply(dy, x), 2),
  reference: (x) => x * x,
});

/** Reciprocal: `y = 1/x`, for x ≠ 0. */
export const reciprocal: Elementwise = elementwise({
  label: "reciprocal",
  wgsl: "1.0 / x",
  derivative: "-y * y",
  gradient: ({ dy, y }) => negate(multiply(dy, multiply(y, y))),
  reference: (x) => 1 / x,
});

/** Absolute value: `y = |x|`; the slope at 0 is 0. */
export const abs: Elementwise = elementwise({
  label: "abs",
  wgsl: "abs(x)",
  derivative: "sign(x)",
  gradient: ({ dy, x }) => multiply(dy, sign(x)),
  reference: Math.abs,
});

/** Sign: `y = −1`, 0 or 1; its gradient is zero. */
export const sign: Elementwise = elementwise({
  label: "sign",
  wgsl: "unless_nan(sign(x), x)",
  gradient: null,
  reference: Math.sign,
});

/** Sine: `y = sin x`, to 2e-7 for |x| ≤ 5000. */
export const sin: Elementwise = elementwise({
  label: "sin",
  files: { "kernels/elementwise/trigonometry.part.wgsl": trigonometry },
  wgsl: "sin_accurate(x)",
  derivative: "cos_accurate(x)",
  gradient: ({ dy, x }) => multiply(dy, cos(x)),
  reference: Math.sin,
});

/** Cosine: `y = cos x`, to 2e-7 for |x| ≤ 5000. */
export const cos: Elementwise = elementwise({
  label: "cos",
  files: { "kernels/elementwise/trigonometry.part.wgsl": trigonometry },
  wgsl: "cos_accurate(x)",
  derivative: "-sin_accurate(x)",
  gradient: ({ dy, x }) => negate(multiply(dy, sin(x))),
  reference: Math.cos,
});

const clipped = elementwise({
  label: "clip",
  parameters: ["low", "high"],
  wgsl: "unless_nan(clamp(x, low, high), x)",
  derivative: "select(0.0, 1.0, low <= x && x <= high)",
  gradient: ({ dy, x, low, high }) => multiply(dy, inside(x, { low, high })),
  reference: (x, { low, high }) => Math.min(Math.max(x, low), high),
});

/** 1 from low to high, 0 elsewhere. */
const inside = elementwise({
  label: "inside",
  parameters: ["low", "high"],
  wgsl: "select(0.0, 1.0, low <= x && x <= high)",
  gradient: null,
  reference: (x, { low, high }) => low <= x && x <= high ? 1 : 0,
});

/**
 * Limits: `y = min(max(x, low), high)`; the slope at both bounds is 1.
 *
 * @param x Any shape.
 * @param low Finite, at most `high`.
 * @param high Finite.
 * @returns The shape of x, in [low, high].
 * @throws {RangeError} If low is above high.
 */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (low > high) throw new RangeError(`clip: expected "low" of at most "high", found ${low} and ${high}`);
  return clipped(x, { low, high });
}

/** Hyperbolic tangent: `y = tanh x` in [−1, 1], to a few roundings at any size of x. */
export const tanh: Elementwise = elementwise({
  label: "tanh",
  wgsl: "tanh_accurate(x)",
  derivative: "(1.0 - y) * (1.0 + y)",
  gradient: ({ dy, y }) => multiply(dy, scale(square(y), -1, 1)),
  reference: Math.tanh,
});

/** Logistic function: `y = 1/(1 + e⁻ˣ)` in [0, 1]. */
export const sigmoid: Elementwise = elementwise({
  label: "sigmoid",
  wgsl: "sigmoid(x)",
  derivative: "y * (1.0 - y)",
  gradient: ({ dy, y }) => multiply(dy, multiply(y, scale(y, -1, 1))),
  reference: (x) => 1 / (1 + Math.exp(-x)),
});

/** Soft rectifier: `y = ln(1 + eˣ)`, ≥ 0. */
export const softplus: Elementwise = elementwise({
  label: "softplus",
  wgsl: "softplus(x)",
  derivative: "sigmoid(x)",
  gradient: ({ dy, x }) => multiply(dy, sigmoid(x)),
  reference: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
});

const leaky = {
  label: "leaky_relu",
  parameters: ["slope"],
  wgsl: "select(slope * x, x, x > 0.0)",
  gradient: ({ dy, x, slope }) => multiply(dy, stairs(x, { slope })),
  reference: (x, { slope }) => x > 0 ? x : slope * x,
} as const satisfies ElementwiseSpec<"slope">;

/** Leaky rectifiers whose gradient is taken from their value, which has the sign of x: x need not be kept. */
const rising = elementwise({ ...leaky, derivative: "select(slope, 1.0, y > 0.0)" });

/** Those of a negative slope, whose value does not tell the sign of x. */
const folding = elementwise({ ...leaky, derivative: "select(slope, 1.0, x > 0.0)" });

/**
 * The leaky rectifier of a slope, with the slope as a parameter, see {@linkcode leakyRelu}.
 *
 * @param slope Slope of the negative side.
 * @returns The function, to be called with this slope.
 */
export function leakyRectifier(slope: number): Elementwise<"slope"> {
  return slope >= 0 ? rising : folding;
}

/** 1 where x > 0, the slope elsewhere. */
const stairs = elementwise({
  label: "leaky_relu_slope",
  parameters: ["slope"],
  wgsl: "select(slope, 1.0, x > 0.0)",
  gradient: null,
  reference: (x, { slope }) => x > 0 ? 1 : slope,
});

/**
 * Applies the leaky rectifier: `y = x` where x > 0, `slope · x` elsewhere; the slope at 0 is `slope`.
 *
 * @param x Any shape.
 * @param slope Slope of the negative side, finite.
 * @returns The shape of x.
 */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  return leakyRectifier(slope)(x, { slope });
}

/**
 * Applies the rectifier: `y = max(x, 0)`; the slope at 0 is 0.
 *
 * @param x Any shape.
 * @returns The shape of x, ≥ 0.
 */
export function relu(x: Tensor): Tensor {
  return leakyRelu(x, 0);
}
