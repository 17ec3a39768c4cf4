/** The transformer of the experiment, computed by way of tables, and the pairs that it is given. */
import * as lab from "../../mod.ts";
import type { Replica, Setting } from "./setting.ts";

/** Sizes of the model: modulus p, width C of the residual stream, heads H, and neurons of the perceptron. */
export type ModelSizes = Pick<Setting, "modulus" | "width" | "heads" | "mlp">;

/** One layer, no normalisation, rectified neurons, and biases of the perceptron alone, as Nanda et al. have it. */
export function modelOf({ modulus, width, heads, mlp }: ModelSizes): lab.Transformer {
  return lab.transformer({
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
 * Applies the model to pairs (a, b), "=" appended.
 *
 * The same function as `modelOf(…).apply` on tokens (a, b, "="). There are only p + p + 1 different inputs to a position, so
 * that keys and values are computed once for each of them and then looked up, and the query once for all. That is why the
 * experiment does not call the transformer: in turn on one core, a step of AdamW took 126 against 163 ms for the cpu
 * preset's ten replicas, and 348 against 551 ms for two of the paper's size.
 *
 * @param sizes Sizes of the model.
 * @param weights Parameters (R, …) by name.
 * @param rows Rows (R or 1, n, 3) of the table of inputs, as {@linkcode inputRows} makes them.
 * @param project Matrices (R, H, C, C) that what each head writes is multiplied by, such as projections; none by default.
 * @returns Activations of the perceptron's neurons (R, n, mlp), and logits (R, n, p).
 */
export function applyModel(
  { modulus: p, width: C, heads: H }: ModelSizes,
  weights: lab.Weights,
  rows: lab.Tensor<"u32">,
  project?: lab.Tensor,
): { readonly neurons: lab.Tensor; readonly logits: lab.Tensor } {
  const { add, attention, concatenate, linear, slice } = lab;
  const of = (name: string) => weights[`blocks.0.${name}`];
  const [table, positions] = [weights["embedding.token"], weights["embedding.position"]];
  const R = table.shape[0];
  const n = rows.shape[1];
  const at = (t: number) => slice(positions, 1, t, t + 1);
  const numbers = slice(table, 1, 0, p);
  const equals = add(slice(table, 1, p, p + 1), at(2));
  const inputs = concatenate([add(numbers, at(0)), add(numbers, at(1)), equals], 1);
  const kv = lab.embedding(rows, linear(inputs, of("attention.key_value")));
  const q = linear(equals, of("attention.query"));
  const mixed = attention(
    { q: lab.expand(q.reshape([R, 1, 1, C]), [R, n, 1, C]), kv },
    { heads: H, kind: "softmax", causal: false },
  ).reshape([R, n, C]);
  const output = project
    ? lab.matmul(of("attention.output").reshape([R * H, C / H, C]), project.reshape([R * H, C, C])).reshape([R, C, C])
    : of("attention.output");
  // What is left of the residual stream before the perceptron is the same for all pairs: a bias.
  const after = linear(mixed, output, equals.reshape([R, C]));
  const neurons = lab.activate(linear(after, of("mlp.in"), of("mlp.in_bias")), "relu");
  const logits = linear(add(after, linear(neurons, of("mlp.out"), of("mlp.out_bias"))), weights.unembedding);
  return { neurons, logits };
}

/**
 * Turns tokens into rows of the model's table of inputs: a number has one row at each of the first two positions.
 *
 * @param tokens a, b and "=" (…, 3).
 * @param p Modulus.
 * @returns Rows (…, 3).
 */
export function inputRows(tokens: Uint32Array, p: number): Uint32Array {
  return tokens.map((token, index) => index % 3 === 0 ? token : p + token);
}

/** One part of the table on the GPU, the same batch at every step; `pairs` are each replica's own, as places in the table. */
export type Batch = ReturnType<typeof batchOf>;

/** Draws the split of every replica, and copies one part of it to the GPU: rows (R, n, 3), labels and weights (R, n). */
export function batchOf({ modulus, operation }: Setting, replicas: readonly Replica[], part: "train" | "test") {
  const { shape: [R, n], tokens, labels, weights, pairs } = lab.modularPart({
    modulus,
    operation,
    part,
    seeds: replicas.map(({ seed }) => seed),
    fraction: replicas.map(({ fraction }) => fraction),
    labels: replicas.map(({ labels }) => labels),
  });
  const tensors = {
    rows: lab.Tensor.from(inputRows(tokens, modulus), [R, n, 3], "rows"),
    labels: lab.Tensor.from(labels, [R, n], "labels"),
    weights: lab.Tensor.from(weights, [R, n], "weights"),
  };
  return { ...tensors, pairs, [Symbol.dispose]: () => Object.values(tensors).forEach((tensor) => tensor.destroy()) };
}
