/** Transformers as plain data: decoders and encoders of tokens or vectors, with or without perceptrons. */
import { add } from "../../kernels/elementwise/binary.ts";
import { attention, type AttentionInputs, attentionPattern } from "../../kernels/attention/attention.ts";
import { activate } from "../../kernels/elementwise/bias_act.ts";
import { embedding } from "../../kernels/arrange/embedding.ts";
import { layerNorm, rmsNorm } from "../../kernels/norm/norm.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { slice } from "../../kernels/arrange/blocks.ts";
import { ShapeError } from "../gpu/errors.ts";
import { own } from "../gpu/program.ts";
import { type DType, Tensor } from "../gpu/tensor.ts";
import { expectWeights, linear, optionalWeight } from "./layers.ts";
import type { Weights } from "./parameters.ts";
import { sinusoidalPositions } from "./positions.ts";
import {
  completeOptions,
  type Transformer,
  type TransformerOptions,
  transformerParameters,
  type TransformerSizes,
  type TransformerTrace,
} from "./transformer_options.ts";

export type { InitialScale, Transformer, TransformerOptions, TransformerTrace } from "./transformer_options.ts";

/**
 * A transformer: residual stream, multi-head attention and perceptron in each block, pre-norm.
 *
 * `x ← x + W_O attention(norm(x))`, `x ← x + W_out φ(W_in norm(x))`, logits `W_U norm(x)`; matrices stand as (in, out), so that
 * the columns `h E … (h + 1) E − 1` of query, key and value belong to head h. Where only the last position is predicted, the
 * last block computes keys and values for all positions, and everything else for the last one.
 *
 * Names of weights: `embedding.token` (or `.input`), `embedding.position`, `blocks.0.norm1.gain`, `blocks.0.attention.qkv` with
 * query, key and value side by side in (C, 3 H E), `blocks.0.attention.output`, `blocks.0.mlp.in` and `.out`, `norm.gain`,
 * `unembedding`; biases are `blocks.0.attention.qkv_bias`, `blocks.0.mlp.in_bias` …. Where only the last position is predicted,
 * the last block has `attention.query` and `attention.key_value` in place of `qkv`. Checkpoints, `ParameterSet.read` and `load`
 * have query, key and value apart in all blocks: `blocks.0.attention.query` (`key`, `value`, `query_bias` …).
 *
 * @param options Sizes and switches.
 * @returns The model.
 * @throws {ShapeError} If sizes do not fit each other.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { ParameterSet } from "./parameters.ts";
 * import { transformer } from "./transformer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const model = transformer({ input: { vocabulary: 10 }, outputs: 10, length: 6, layers: 2, heads: 2, width: 16, mlp: 0 });
 * using parameters = ParameterSet.create(model.parameters, [1, 2, 3]);
 * using tokens = Tensor.from(new Uint32Array(3 * 4 * 6), [3, 4, 6]);
 * using logits = await evaluate(() => model.apply(parameters.weights, tokens));
 * assertEquals(logits.shape, [3, 4, 6, 10]);
 * ```
 */
export function transformer(options: TransformerOptions): Transformer {
  const sizes = completeOptions(options);
  const parameters = transformerParameters(sizes);
  const checked = (weights: Weights) => {
    expectWeights("transformer", parameters, weights);
    return weights;
  };
  return {
    parameters,
    apply: (weights, input) => unembed(sizes, weights, stream(sizes, checked(weights), input)),
    stream: (weights, input) => stream(sizes, checked(weights), input),
    trace: (weights, input) => trace(sizes, checked(weights), input),
    applyFrom: (weights, residual, layer) => applyFrom(sizes, checked(weights), residual, layer),
  };
}

function stream(sizes: TransformerSizes, weights: Weights, input: Tensor<DType>): Tensor {
  let x = embed(sizes, weights, input);
  for (let layer = 0; layer < sizes.layers; layer++) x = block(sizes, weights, layer, x).after;
  return ended(sizes, x);
}

function trace(sizes: TransformerSizes, weights: Weights, input: Tensor<DType>): TransformerTrace {
  const residual = [embed(sizes, weights, input)];
  const [normed, patterns]: Tensor[][] = [[], []];
  for (let layer = 0; layer < sizes.layers; layer++) {
    const at = block(sizes, weights, layer, residual[layer]);
    residual.push(at.after);
    normed.push(at.normed);
    patterns.push(attentionPattern(at.inputs, attentionOptions(sizes)));
  }
  return { residual, normed, patterns, output: unembed(sizes, weights, ended(sizes, residual[sizes.layers])) };
}

function applyFrom(sizes: TransformerSizes, weights: Weights, residual: Tensor, layer: number): Tensor {
  const { layers, width, length, predict } = sizes;
  if (!Number.isInteger(layer) || layer < 0 || layer > layers) {
    throw new ShapeError(`transformer: expected a layer from 0 to ${layers} to go on from, found ${layer}`);
  }
  const { shape } = residual;
  if (shape.length !== 4 || shape[3] !== width || shape[2] > length) {
    const expected = `a residual stream (R, B, T, ${width}) with T ≤ ${length}`;
    throw new ShapeError(`transformer: expected ${expected}, found (${shape.join(", ")})`);
  }
  let x = residual;
  for (let next = layer; next < layers; next++) x = block(sizes, weights, next, x).after;
  return unembed(sizes, weights, layer === layers && predict === "last" ? lastOf(x) : x);
}

/** The stream that is unembedded: without layers, nothing else has cut out the last position. */
function ended({ layers, predict }: TransformerSizes, x: Tensor): Tensor {
  return layers === 0 && predict === "last" ? lastOf(x) : x;
}

function embed(sizes: TransformerSizes, weights: Weights, input: Tensor<DType>): Tensor {
  const { width, length, positions } = sizes;
  const T = input.shape[2];
  const ofTokens = "vocabulary" in sizes.input;
  const rank = ofTokens ? 3 : 4;
  if (input.shape.length !== rank || T > length || (input.dtype === "u32") !== ofTokens) {
    const expected = `${ofTokens ? "tokens (R, B, T) of u32" : "vectors (R, B, T, D)"} with T ≤ ${length}`;
    throw new ShapeError(`transformer: expected ${expected}, found ${input.dtype} (${input.shape.join(", ")})`);
  }
  const x = ofTokens
    ? embedding(input as Tensor<"u32">, weights["embedding.token"])
    : linear(input as Tensor, weights["embedding.input"], weights["embedding.input_bias"]);
  if (positions === "none") return x;
  if (positions === "sinusoidal") {
    return add(x, own(Tensor.from(sinusoidalPositions(T, width), [1, 1, T, width], "positions")));
  }
  const table = weights["embedding.position"];
  const used = slice(table, 1, 0, T);
  return add(x, used.reshape([table.shape[0], 1, T, width]));
}

function attentionOptions({ heads, attention: kind, causal }: TransformerSizes) {
  return { heads, kind, causal, average: kind !== "softmax" } as const;
}

/** Output of a block, and the input of its attention. */
interface Block {
  readonly after: Tensor;
  readonly normed: Tensor;
  readonly inputs: AttentionInputs;
}

function block(sizes: TransformerSizes, weights: Weights, layer: number, x: Tensor): Block {
  const prefix = `blocks.${layer}`;
  const of = (name: string) => weights[`${prefix}.${name}`];
  const bias = (name: string) => optionalWeight(weights, `${prefix}.${name}`);
  const { layers, predict, mlp, activation } = sizes;
  const last = predict === "last" && layer === layers - 1;
  const normed = normalise(sizes, weights, `${prefix}.norm1`, x);
  // One copy of the last position, and one gradient of it, where nothing normalises in between.
  const end = last ? lastOf(x) : x;
  const inputs: AttentionInputs = last
    ? {
      q: linear(normed === x ? end : lastOf(normed), of("attention.query"), bias("attention.query_bias")),
      kv: linear(normed, of("attention.key_value"), bias("attention.key_value_bias")),
    }
    : { qkv: linear(normed, of("attention.qkv"), bias("attention.qkv_bias")) };
  const mixed = attention(inputs, attentionOptions(sizes));
  const between = add(end, linear(mixed, of("attention.output"), bias("attention.output_bias")));
  if (mlp === 0) return { after: between, normed, inputs };
  const hidden = linear(normalise(sizes, weights, `${prefix}.norm2`, between), of("mlp.in"), bias("mlp.in_bias"));
  const active = activation === "gelu-tanh"
    ? activate(hidden, "gelu", { approximate: "tanh" })
    : activate(hidden, activation);
  return { after: add(between, linear(active, of("mlp.out"), bias("mlp.out_bias"))), normed, inputs };
}

function normalise({ norm }: TransformerSizes, weights: Weights, prefix: string, x: Tensor): Tensor {
  if (norm === "none") return x;
  const gain = weights[`${prefix}.gain`];
  return norm === "layer" ? layerNorm(x, gain, weights[`${prefix}.bias`]) : rmsNorm(x, gain);
}

function unembed(sizes: TransformerSizes, weights: Weights, x: Tensor): Tensor {
  const { tied, outputs, predict } = sizes;
  const normed = normalise(sizes, weights, "norm", x);
  const [R, B, T, C] = normed.shape;
  const bias = optionalWeight(weights, "unembedding_bias");
  const logits = tied
    ? matmul(normed.reshape([R, B * T, C]), weights["embedding.token"], { transposeB: true })
    : linear(normed, weights.unembedding, bias);
  return logits.reshape(predict === "last" ? [R, B, outputs] : [R, B, T, outputs]);
}

function lastOf(x: Tensor): Tensor {
  const T = x.shape[2];
  return slice(x, 2, T - 1, T);
}
