/** Activations by name, alone and of a sum with a bias. */
import { sizeOf, zip64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel, type Sizes } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { checkParameters } from "../norm/norm.ts";
import { sum } from "../reduce/reduce.ts";
import { inBothForms } from "../shared/elements.ts";
import code from "./bias_act.wgsl" with { type: "text" };
import backwardCode from "./bias_act_backward.wgsl" with { type: "text" };
import { add } from "./binary.ts";
import { applyDerivative, type Elementwise, functionFiles, mapsOf, readsValue, slotsOf } from "./elementwise.ts";
import { exactGelu, type GeluOptions, tanhGelu } from "./gelu.ts";
import { leakyRectifier, sigmoid, softplus, tanh } from "./unary.ts";

/** An activation with its parameters. */
interface Chosen {
  readonly activation: Elementwise<string>;
  readonly parameters: Readonly<Record<string, number>>;
}

/** How the bias of a row is read, and everything else at its place. */
const reads = ({ R, M, C }: Sizes) => ({ bias: { extents: [R, M, C], steps: [C, 0, 1] } });

function kernelsOf({ spec }: Elementwise<string>) {
  const maps = mapsOf(spec);
  const forward = inBothForms((form) =>
    kernel({
      label: "bias_act",
      code: { ...functionFiles(spec, form), "kernels/elementwise/bias_act.wgsl": code },
      inputs: { x: ["R", "M", "C"], bias: ["R", "C"] },
      outputs: { y: ["R", "M", "C"] },
      map: { ...maps.biased, reads },
      scalars: ["p0", "p1", "p2", "p3"],
      groups: ({ R, M, C }) => Math.ceil(R * M * C / form.width / 64),
    })
  );
  const backward = inBothForms((form) =>
    kernel({
      label: "bias_act_backward",
      code: { ...functionFiles(spec, form), "kernels/elementwise/bias_act_backward.wgsl": backwardCode },
      inputs: { x: ["R", "M", "C"], bias: ["R", "C"], dy: ["R", "M", "C"] },
      outputs: { dx: ["R", "M", "C"] },
      map: { ...maps.biasedBackward, reads },
      scalars: ["p0", "p1", "p2", "p3"],
      groups: ({ R, M, C }) => Math.ceil(R * M * C / form.width / 64),
    })
  );
  return { forward, backward };
}

const kernels = new WeakMap<Elementwise<string>, ReturnType<typeof kernelsOf>>();

/** Finds the kernels of an activation, which are written when it is used for the first time. */
function kernelsFor(activation: Elementwise<string>): ReturnType<typeof kernelsOf> {
  const found = kernels.get(activation) ?? kernelsOf(activation);
  kernels.set(activation, found);
  return found;
}

/** Activations by name. */
export type Activation = "relu" | "leaky_relu" | "gelu" | "tanh" | "sigmoid" | "softplus";

/** Parameters of activations that have some. */
export interface ActivationOptions extends GeluOptions {
  /** Slope of the leaky rectifier's negative side, finite; by default 0.01. */
  readonly slope?: number;
}

const LEAK = 0.01;

function chosen(name: Activation, options: ActivationOptions): Chosen {
  const leaky = (slope: number): Chosen => ({ activation: leakyRectifier(slope), parameters: { slope } });
  if (name === "relu") return leaky(0);
  if (name === "leaky_relu") return leaky(options.slope ?? LEAK);
  const gelu = options.approximate === "tanh" ? tanhGelu : exactGelu;
  return { activation: { gelu, tanh, sigmoid, softplus }[name], parameters: {} };
}

/**
 * Applies an activation by its name.
 *
 * @param x Any shape.
 * @param name Which one.
 * @param options Its parameters.
 * @returns The shape of x.
 */
export function activate(x: Tensor, name: Activation, options: ActivationOptions = {}): Tensor {
  const { activation, parameters } = chosen(name, options);
  return activation(x, parameters);
}

/**
 * Applies an activation to a sum with a bias, `y[r,…,c] = f(x[r,…,c] + bias[r,c])`, in one dispatch; backwards in one
 * for dx, and the sums of dx for the bias.
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
  const { activation, parameters } = chosen(name, options);
  const { spec } = activation;
  const { forward, backward } = kernelsFor(activation);
  const rows = { x: x.reshape([R, sizeOf(x.shape) / (R * C), C]), bias, ...slotsOf(spec, parameters) };
  const { y } = forward(C)(rows);
  return differentiable({
    label: "bias_act",
    inputs: [x, bias],
    output: y.reshape(x.shape),
    gradient: (d) => {
      const dy = d.reshape(y.shape);
      const dx = readsValue(spec) ? applyDerivative(spec, y, dy, parameters) : backward(C)({ ...rows, dy }).dx;
      return [dx, sum(dx, [1])];
    },
    reference: (x, bias) => zip64(x, { ...bias, shape: parameter }, (a, b) => spec.reference(a + b, parameters)),
    fused: true,
  });
}
