/** The transformer of the experiment, computed by way of tables. */
import { attention } from "../../kernels/attention/attention.ts";
import { add } from "../../kernels/elementwise/binary.ts";
import { activate } from "../../kernels/elementwise/bias_act.ts";
import { embedding } from "../../kernels/arrange/embedding.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { concatenate, slice } from "../../kernels/arrange/blocks.ts";
import { expand } from "../../kernels/arrange/strided.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { linear } from "../../lib/models/layers.ts";
import type { ParameterSpecs, Weights } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";

/** Sizes of the model. */
export interface ModelSizes {
  /** Modulus p. */
  readonly modulus: number;
  /** Width C of the residual stream. */
  readonly width: number;
  /** Heads H. */
  readonly heads: number;
  /** Neurons of the perceptron. */
  readonly mlp: number;
}

/** Where the model is looked into, or changed. */
export interface ModelOptions {
  /** Matrices (R, H, C, C) that what each head writes is multiplied by, such as projections; none by default. */
  readonly project?: Tensor;
}

/** What the model computes for pairs. */
export interface ModelOutputs {
  /** Activations of the perceptron's neurons (R, n, mlp). */
  readonly neurons: Tensor;
  /** Logits (R, n, p). */
  readonly logits: Tensor;
}

/** One layer, no normalisation, rectified neurons, and biases of the perceptron alone, as Nanda et al. have it. */
export function modelOf({ modulus, width, heads, mlp }: ModelSizes) {
  return transformer({
    input: { vocabulary: modulus + 1 },
    outputs: modulus,
    length: 3,
    layers: 1,
    heads,
    width,
    mlp,
    activation: "relu",
    norm: "none",
    causal: false,
    biases: { attention: false, mlp: true, unembedding: false },
    predict: "last",
    init: "grokking",
  });
}

/**
 * Parameters of one replica.
 *
 * @param sizes Sizes of the model.
 * @returns The same as those of the transformer.
 */
export function modelParameters(sizes: ModelSizes): ParameterSpecs {
  return modelOf(sizes).parameters;
}

/**
 * The model on pairs (a, b), "=" appended.
 *
 * The same function as `transformer(…).apply` on tokens (a, b, "="). There are only p + p + 1 different inputs to a
 * position, so that keys and values are computed once for each of them and then looked up, and the query once for all.
 * That is why the experiment does not call `transformer(…).apply`: in turn on one core, a step of AdamW took 126 against
 * 163 ms for the cpu preset's ten replicas, and 348 against 551 ms for two of the paper's size.
 *
 * @param sizes Sizes of the model.
 * @param weights Parameters (R, …) by name.
 * @param tokens Pairs with "=" (R or 1, n, 3), the second and third entry raised by p: rows of the table of inputs.
 * @param options Where to change it.
 * @returns Neurons and logits.
 */
export function applyModel(
  { modulus: p, width: C, heads: H }: ModelSizes,
  weights: Weights,
  tokens: Tensor<"u32">,
  { project }: ModelOptions = {},
): ModelOutputs {
  const of = (name: string) => weights[`blocks.0.${name}`];
  const [table, positions] = [weights["embedding.token"], weights["embedding.position"]];
  const R = table.shape[0];
  const n = tokens.shape[1];
  const at = (t: number) => slice(positions, 1, t, t + 1);
  const numbers = slice(table, 1, 0, p);
  const equals = add(slice(table, 1, p, p + 1), at(2));
  const inputs = concatenate([add(numbers, at(0)), add(numbers, at(1)), equals], 1);
  const kv = embedding(tokens, linear(inputs, of("attention.key_value")));
  const q = linear(equals, of("attention.query"));
  const mixed = attention(
    { q: expand(q.reshape([R, 1, 1, C]), [R, n, 1, C]), kv },
    { heads: H, kind: "softmax", causal: false },
  ).reshape([R, n, C]);
  const output = project
    ? matmul(of("attention.output").reshape([R * H, C / H, C]), project.reshape([R * H, C, C])).reshape([R, C, C])
    : of("attention.output");
  // What is left of the residual stream before the perceptron is the same for all pairs: a bias.
  const after = linear(mixed, output, equals.reshape([R, C]));
  const neurons = activate(linear(after, of("mlp.in"), of("mlp.in_bias")), "relu");
  const logits = linear(add(after, linear(neurons, of("mlp.out"), of("mlp.out_bias"))), weights.unembedding);
  return { neurons, logits };
}

/**
 * Rows of the model's table of inputs for pairs.
 *
 * @param pairs Pairs (n) of numbers below p.
 * @param p Modulus.
 * @returns Rows (n, 3).
 */
export function inputRows(pairs: readonly (readonly [number, number])[], p: number): Uint32Array {
  return Uint32Array.from(pairs.flatMap(([a, b]) => [a, p + b, 2 * p]));
}
