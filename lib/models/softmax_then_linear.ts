/** Two layers of attention on separate tokens: softmax first, which can copy, then linear, which can descend. */
import { add } from "../../kernels/elementwise/binary.ts";
import { attention, attentionPattern } from "../../kernels/attention/attention.ts";
import { concatenate } from "../../kernels/arrange/blocks.ts";
import { expand } from "../../kernels/arrange/strided.ts";
import { mean } from "../../kernels/reduce/reduce.ts";
import { ShapeError } from "../gpu/errors.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { linear } from "./layers.ts";
import { linearTransformer, type VectorModel } from "./linear_transformer.ts";
import type { Weights } from "./parameters.ts";
import { sinusoidalPositions } from "./positions.ts";

/** Sizes of the model. */
export interface SoftmaxThenLinearOptions {
  /** Width of a token without its position. */
  readonly width: number;
  /** Coordinates of a position, even and ≥ 2, which stand beside the token's. */
  readonly positions: number;
  /** Standard deviation of the initial weights. */
  readonly deviation: number;
}

/** Model of two layers, and what its first one makes of tokens. */
export interface SoftmaxThenLinear extends VectorModel {
  /**
   * Runs the first layer.
   *
   * @param weights Parameters (R, …) by name.
   * @param tokens Tokens (R, B, T, width).
   * @returns Tokens with positions after the first layer (R, B, T, width + positions).
   */
  first(weights: Weights, tokens: Tensor): Tensor;
  /** Attention of the first layer, query by key, mean over prompts (R, T, T). */
  pattern(weights: Weights, tokens: Tensor): Tensor;
}

/**
 * Softmax attention of one head on all tokens, then linear self-attention whose keys and values are all tokens but the last, read at
 * the last one: `s = e + softmax(e W_Q W_Kᵀ eᵀ/√C) e W_V W_P`, and `s_q + Σ_i …` as `linearTransformer` has it, with
 * `e = (token; position)` (von Oswald et al., arXiv 2212.07677, section on separate tokens).
 *
 * @param options Sizes.
 * @returns The model. Parameters: `first.qkv`, `first.output`, and those of the linear layer behind `second.`. `apply` returns the
 *   last token (R, B, 1, C), its position behind it.
 * @throws {ShapeError} If the number of positional coordinates is odd or below 2.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { ParameterSet } from "./parameters.ts";
 * import { softmaxThenLinear } from "./softmax_then_linear.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const model = softmaxThenLinear({ width: 3, positions: 4, deviation: 0.1 });
 * using parameters = ParameterSet.create(model.parameters, [1, 2]);
 * using tokens = new Tensor([2, 8, 5, 3]);
 * using output = await evaluate(() => model.apply(parameters.weights, tokens));
 * assertEquals(output.shape, [2, 8, 1, 7]);
 * ```
 */
export function softmaxThenLinear({ width, positions, deviation }: SoftmaxThenLinearOptions): SoftmaxThenLinear {
  if (!(Number.isInteger(positions / 2) && positions >= 2)) {
    throw new ShapeError(`softmaxThenLinear: expected an even number of positions ≥ 2, found ${positions}`);
  }
  const C = width + positions;
  const second = linearTransformer({
    width: C,
    matrices: "factorised",
    queryIsKey: false,
    average: false,
    readout: "query",
    deviation,
  });
  const init = { law: "normal", deviation } as const;
  const parameters = {
    "first.qkv": { shape: [C, 3 * C], init },
    "first.output": { shape: [C, C], init },
    ...Object.fromEntries(Object.entries(second.parameters).map(([name, spec]) => [`second.${name}`, spec])),
  };
  const placed = (tokens: Tensor) => {
    const [R, B, T, found] = tokens.shape;
    if (tokens.shape.length !== 4 || found !== width) {
      throw new ShapeError(
        `softmaxThenLinear: expected tokens (R, B, T, ${width}), found shape (${tokens.shape.join(", ")})`,
      );
    }
    const table = own(Tensor.from(sinusoidalPositions(T, positions), [1, 1, T, positions], "positions"));
    return concatenate([tokens, expand(table, [R, B, T, positions])], 3);
  };
  const first: SoftmaxThenLinear["first"] = (weights, tokens) => {
    const stream = placed(tokens);
    const mixed = attention({ qkv: linear(stream, weights["first.qkv"]) }, { heads: 1 });
    return add(stream, linear(mixed, weights["first.output"]));
  };
  return {
    parameters,
    first,
    apply(weights, tokens) {
      const mine = Object.keys(second.parameters).map((name) => [name, weights[`second.${name}`]]);
      return second.apply(Object.fromEntries(mine), first(weights, tokens));
    },
    pattern(weights, tokens) {
      const found = attentionPattern({ qkv: linear(placed(tokens), weights["first.qkv"]) }, { heads: 1 });
      const [R, , , T] = found.shape;
      return mean(found, [1, 2]).reshape([R, T, T]);
    },
  };
}
