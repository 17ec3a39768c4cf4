/** Activations by name, alone and of a sum with a bias. */
import { sizeOf, zip64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./bias_act.wgsl" with { type: "text" };
import backwardCode from "./bias_act_backward.wgsl" with { type: "text" };
import { add } from "./binary.ts";
import { applySlope, type ElementFunction, functionFiles } from "./elementwise.ts";
import { inBothForms } from "../shared/elements.ts";
import { gelu, geluFunction, type GeluOptions } from "./gelu.ts";
import { checkParameters } from "../norm/norm.ts";
import { sum } from "../reduce/reduce.ts";
import { leakyRectifier, leakyRelu, relu, SIGMOID, sigmoid, SOFTPLUS, softplus, TANH, tanh } from "./unary.ts";

const forward = inBothForms((form) =>
  kernel({
    label: "bias_act",
    code: { ...functionFiles(form), "kernels/elementwise/bias_act.wgsl": code },
    inputs: { x: ["R", "M", "C"], bias: ["R", "C"] },
    outputs: { y: ["R", "M", "C"] },
    scalars: ["slope", "shift"],
    groups: ({ R, M, C }) => Math.ceil(R * M * C / form.width / 64),
  })
);

const backward = inBothForms((form) =>
  kernel({
    label: "bias_act_backward",
    code: { ...functionFiles(form), "kernels/elementwise/bias_act_backward.wgsl": backwardCode },
    inputs: { x: ["R", "M", "C"], bias: ["R", "C"], dy: ["R", "M", "C"] },
    outputs: { dx: ["R", "M", "C"] },
    scalars: ["slope", "shift"],
    groups: ({ R, M, C }) => Math.ceil(R * M * C / form.width / 64),
  })
);

/** Activations by name. */
export type Activation = "relu" | "leaky_relu" | "gelu" | "tanh" | "sigmoid" | "softplus";

/** Parameters of activations that have some. */
export interface ActivationOptions extends GeluOptions {
  /** Slope of the leaky rectifier's negative side, finite; by default 0.01. */
  readonly slope?: number;
}

const LEAK = 0.01;

function functionOf(name: Activation, options: ActivationOptions): ElementFunction {
  switch (name) {
    case "relu":
      return leakyRectifier(0);
    case "leaky_relu":
      return leakyRectifier(options.slope ?? LEAK);
    case "gelu":
      return geluFunction(options);
    case "tanh":
      return TANH;
    case "sigmoid":
      return SIGMOID;
    case "softplus":
      return SOFTPLUS;
  }
}

/**
 * An activation by its name.
 *
 * @param x Any shape.
 * @param name Which one.
 * @param options Its parameters.
 * @returns The shape of x.
 */
export function activate(x: Tensor, name: Activation, options: ActivationOptions = {}): Tensor {
  if (name === "gelu") return gelu(x, options);
  if (name === "leaky_relu") return leakyRelu(x, options.slope ?? LEAK);
  return { relu, tanh, sigmoid, softplus }[name](x);
}

/**
 * An activation of a sum with a bias, `y[r,…,c] = f(x[r,…,c] + bias[r,c])`, in one dispatch; backwards in one for dx, and
 * the sums of dx for the bias.
 *
 * @param x Rows (R, …, C).
 * @param bias Biases (R, C).
 * @param name Which activation f.
 * @param options Its parameters.
 * @returns Rows (R, …, C).
 * @throws {ShapeError} If the bias has another shape.
 *
 * @example
 * ```ts
 * import { biasAct } from "./bias_act.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4], [1, 2, 2]);
 * using bias = Tensor.from([-2, -3], [1, 2]);
 * using y = biasAct(x, bias, "relu");
 * assertEquals([...await y.read()], [0, 0, 1, 1]);
 * ```
 */
export function biasAct(x: Tensor, bias: Tensor, name: Activation, options: ActivationOptions = {}): Tensor {
  checkParameters("bias_act", x, { bias });
  const [R, C] = bias.shape;
  const parameter = [R, ...x.shape.slice(1, -1).map(() => 1), C];
  if (composing()) return activate(add(x, bias.reshape(parameter)), name, options);
  const fn = functionOf(name, options);
  const { slope = 0, shift = 0 } = fn;
  const rows = { x: x.reshape([R, sizeOf(x.shape) / (R * C), C]), bias, slope, shift };
  const { y } = forward(C)(rows, { OP: fn.code });
  return differentiable({
    label: "bias_act",
    inputs: [x, bias],
    output: y.reshape(x.shape),
    gradient: (d) => {
      const dy = d.reshape(y.shape);
      const dx = fn.slopeOf === "value" ? applySlope(fn, y, dy) : backward(C)({ ...rows, dy }, { OP: fn.code }).dx;
      return [dx, sum(dx, [1])];
    },
    reference: (x, bias) => zip64(x, { ...bias, shape: parameter }, (a, b) => fn.of(a + b)),
    fused: true,
  });
}
