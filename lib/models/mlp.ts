/** Multi-layer perceptrons as plain data. */
import { batchNorm } from "../../kernels/norm/batch_norm.ts";
import { activate, type Activation, type ActivationOptions } from "../../kernels/elementwise/bias_act.ts";
import { layerNorm } from "../../kernels/norm/norm.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { biasSpec, expectWeights, linear, optionalWeight, weightSpec } from "./layers.ts";
import type { ParameterSpec, ParameterSpecs, Weights } from "./parameters.ts";

/** Scale of the initial weights of a perceptron. */
export type MlpInit =
  /** Weights N(0, 1/fan-in), biases 0. */
  | "fan-in"
  /** Weights N(0, 2/fan-in), which keeps the mean square through rectifiers, biases 0 (He et al. 2015). */
  | "he"
  /** Weights and biases U(−1/√fan-in, 1/√fan-in), the default of PyTorch's `Linear`. */
  | "pytorch"
  /** Weights N(0, deviation²), biases 0. */
  | { readonly deviation: number };

/** Widths and switches of a perceptron. */
export interface MlpOptions extends ActivationOptions {
  /** Widths of the input, of the hidden layers, and of the output: at least two numbers ≥ 1. */
  readonly widths: readonly number[];
  /** Nonlinearity of the hidden layers, `linear` for none; by default `relu`. `slope` and `approximate` are its parameters. */
  readonly activation?: Activation | "linear";
  /** Normalisation of the hidden layers, before the nonlinearity; by default `none`. */
  readonly norm?: "none" | "batch" | "layer";
  /** Whether linear maps have biases; true by default. */
  readonly biases?: boolean;
  /** Scale of the initial weights; by default `fan-in`. */
  readonly init?: MlpInit;
}

/** Mode of batch normalisation; without effect in other perceptrons. */
export interface MlpMode {
  /** Running averages (R, C), as {@linkcode Mlp.buffers} names them: moved in training, needed outside of it. */
  readonly buffers?: Weights;
  /** By default true: the batch's own moments normalise. Otherwise the running averages do. */
  readonly training?: boolean;
}

/** A perceptron as plain data. */
export interface Mlp {
  /** Parameters of one replica. */
  readonly parameters: ParameterSpecs;
  /** Running averages of batch normalisation; empty for other perceptrons. Make a `ParameterSet` of them to evaluate. */
  readonly buffers: ParameterSpecs;
  /**
   * Runs the model.
   *
   * @param weights Parameters (R, …) by name.
   * @param input Vectors (R, …, D), D the first width.
   * @param mode Buffers, and whether this is training.
   * @returns Vectors (R, …, N), N the last width.
   * @throws {ShapeError} If the input has another width.
   * @throws {Error} If batch normalisation outside of training finds no buffers.
   */
  apply(weights: Weights, input: Tensor, mode?: MlpMode): Tensor;
}

/**
 * A multi-layer perceptron: `x ← φ(norm(x W + b))` for each hidden layer, `x W + b` for the last; matrices stand as (in, out).
 *
 * Names: `layers.0.weight`, `layers.0.bias`, `layers.0.norm.gain`, `layers.0.norm.bias`, …; buffers of batch normalisation:
 * `layers.0.norm.mean`, `layers.0.norm.variance`.
 *
 * @param options Widths and switches.
 * @returns The model.
 * @throws {ShapeError} If there are fewer than two widths, or one is no positive integer.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { mlp } from "./mlp.ts";
 * import { ParameterSet } from "./parameters.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const model = mlp({ widths: [3, 16, 2], activation: "tanh", norm: "batch" });
 * using parameters = ParameterSet.create(model.parameters, [1, 2]);
 * using averages = ParameterSet.create(model.buffers, [1, 2]);
 * using input = new Tensor([2, 8, 3]);
 * const buffers = averages.weights;
 * using trained = await evaluate(() => model.apply(parameters.weights, input, { buffers }));
 * using output = await evaluate(() => model.apply(parameters.weights, input, { buffers, training: false }));
 * assertEquals([trained.shape, output.shape], [[2, 8, 2], [2, 8, 2]]);
 * ```
 */
export function mlp(options: MlpOptions): Mlp {
  const { widths, activation = "relu", norm = "none", biases = true, init = "fan-in", slope, approximate } = options;
  const wrong = widths.find((width) => !Number.isInteger(width) || width < 1);
  if (wrong !== undefined) throw new ShapeError(`mlp: expected positive integers for widths, found ${wrong}`);
  if (widths.length < 2) {
    throw new ShapeError(`mlp: expected widths of input and output at least, found [${widths.join(", ")}]`);
  }
  const parameters: Record<string, ParameterSpec> = {};
  const buffers: Record<string, ParameterSpec> = {};
  const last = widths.length - 2;
  for (let layer = 0; layer <= last; layer++) {
    const [fanIn, fanOut] = [widths[layer], widths[layer + 1]];
    const prefix = `layers.${layer}`;
    parameters[`${prefix}.weight`] = matrix(init, fanIn, fanOut);
    if (biases) {
      parameters[`${prefix}.bias`] = init === "pytorch"
        ? { shape: [fanOut], init: { law: "uniform", bound: 1 / Math.sqrt(fanIn) } }
        : biasSpec(fanOut);
    }
    if (norm === "none" || layer === last) continue;
    parameters[`${prefix}.norm.gain`] = constant(fanOut, 1);
    parameters[`${prefix}.norm.bias`] = biasSpec(fanOut);
    if (norm === "layer") continue;
    buffers[`${prefix}.norm.mean`] = biasSpec(fanOut);
    buffers[`${prefix}.norm.variance`] = constant(fanOut, 1);
  }
  return {
    parameters,
    buffers,
    apply(weights, input, mode = {}) {
      expectWeights("mlp", parameters, weights);
      if (input.shape.length < 2 || input.shape.at(-1) !== widths[0]) {
        const expected = `vectors (R, …, ${widths[0]})`;
        throw new ShapeError(`mlp: expected ${expected}, found shape (${input.shape.join(", ")})`);
      }
      let x = input;
      for (let layer = 0; layer <= last; layer++) {
        const prefix = `layers.${layer}`;
        x = linear(x, weights[`${prefix}.weight`], optionalWeight(weights, `${prefix}.bias`));
        if (layer === last) return x;
        const of = (name: string) => weights[`${prefix}.norm.${name}`];
        if (norm === "layer") x = layerNorm(x, of("gain"), of("bias"));
        if (norm === "batch") x = batchNorm(x, of("gain"), of("bias"), batchOptions(`${prefix}.norm`, mode));
        if (activation !== "linear") x = activate(x, activation, { slope, approximate });
      }
      return x;
    },
  };
}

function batchOptions(prefix: string, { buffers, training = true }: MlpMode) {
  if (!buffers) return { training };
  const [mean, variance] = ["mean", "variance"].map((name) => {
    const tensor = buffers[`${prefix}.${name}`];
    if (!tensor) throw new ShapeError(`mlp: expected a buffer "${prefix}.${name}", found none`);
    return tensor;
  });
  return { training, running: { mean, variance } };
}

function matrix(init: MlpInit, fanIn: number, fanOut: number): ParameterSpec {
  const shape = [fanIn, fanOut];
  if (init === "pytorch") return { shape, init: { law: "uniform", bound: 1 / Math.sqrt(fanIn) } };
  if (typeof init === "object") return { shape, init: { law: "normal", deviation: init.deviation } };
  return weightSpec(fanIn, fanOut, init === "he" ? Math.SQRT2 : 1);
}

function constant(width: number, value: number): ParameterSpec {
  return { shape: [width], init: { law: "constant", value } };
}
