/** Linear maps of activations, the part that all models share. */
import { matmul } from "../../kernels/matmul/matmul.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { ParameterSpec, ParameterSpecs } from "./parameter_spec.ts";
import type { Weights } from "./parameters.ts";

/**
 * `y = x W + b` along the last axis, each replica with its own weights.
 *
 * @param x Activations (R, …, C).
 * @param weight Weights (R, C, N).
 * @param bias Biases (R, N), if there are any.
 * @returns Activations (R, …, N).
 * @throws {ShapeError} If numbers of replicas or widths disagree.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [R] = x.shape;
  const [replicas, C, N] = weight.shape;
  if (weight.shape.length !== 3 || replicas !== R || x.shape.at(-1) !== C || x.shape.length < 2) {
    const found = `(${x.shape.join(", ")}) and (${weight.shape.join(", ")})`;
    throw new ShapeError(`linear: expected activations (R, …, C) and weights (R, C, N), found ${found}`);
  }
  const rows = x.size / (R * C);
  return matmul(x.reshape([R, rows, C]), weight, { bias }).reshape([...x.shape.slice(0, -1), N]);
}

/**
 * Specifies a weight of deviation `gain / √fanIn`.
 *
 * @param fanIn Width C that it maps from.
 * @param fanOut Width N that it maps to.
 * @param gain Deviation of an output for inputs of unit variance.
 * @returns Its specification (C, N).
 */
export function weightSpec(fanIn: number, fanOut: number, gain = 1): ParameterSpec {
  return { shape: [fanIn, fanOut], init: { law: "normal", deviation: gain / Math.sqrt(fanIn) } };
}

/**
 * Finds a weight that a model may lack, such as a bias: asking the weights of a `ParameterSet` for it by a plain index is refused.
 *
 * @param weights Weights by name.
 * @param name The name.
 * @returns The weight, or undefined.
 */
export function optionalWeight(weights: Weights, name: string): Tensor | undefined {
  return name in weights ? weights[name] : undefined;
}

/**
 * Specifies biases that start at zero.
 *
 * @param width Number of biases N.
 * @returns Their specification (N).
 */
export function biasSpec(width: number): ParameterSpec {
  return { shape: [width], init: { law: "constant", value: 0 } };
}

/**
 * Refuses weights of another model.
 *
 * @param label Model; stands in the error message.
 * @param specs Its parameters.
 * @param weights Weights that it was given.
 * @throws {ShapeError} If one is missing or of another shape than (R, …).
 */
export function expectWeights(label: string, specs: ParameterSpecs, weights: Weights): void {
  for (const [name, { shape }] of Object.entries(specs)) {
    const found = optionalWeight(weights, name)?.shape;
    if (found?.slice(1).join() === shape.join()) continue;
    const expected = `a weight "${name}" of shape (${["R", ...shape].join(", ")})`;
    throw new ShapeError(`${label}: expected ${expected}, found ${found ? `(${found.join(", ")})` : "none"}`);
  }
}
