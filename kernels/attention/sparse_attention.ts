/** Softmax attention to tokens that are sparse vectors, keys and values at once. */
import { type Array64, array64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { currentTrace } from "../../lib/gpu/trace.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { slice } from "../arrange/blocks.ts";
import { oneHot } from "../arrange/one_hot.ts";
import { multiply } from "../elementwise/binary.ts";
import { softmax } from "../reduce/softmax.ts";
import { sum } from "../reduce/reduce.ts";
import backwardCode from "./sparse_attention_backward.wgsl" with { type: "text" };
import forwardCode from "./sparse_attention.wgsl" with { type: "text" };

const forward = kernel({
  label: "sparse_attention",
  code: { "kernels/attention/sparse_attention.wgsl": forwardCode },
  inputs: { u: ["N", "G"], index: ["N", "T", "K"], value: ["N", "T", "K"] },
  outputs: { weights: ["N", "T"], z: ["N", "G"] },
  scalars: ["keys"],
  groups: ({ N, T, K, G }) => {
    checkLoopIterations("sparse_attention", T * (3 + 2 * K) + G);
    return Math.ceil(N / 64);
  },
});

const backward = kernel({
  label: "sparse_attention_backward",
  code: { "kernels/attention/sparse_attention_backward.wgsl": backwardCode },
  inputs: { dz: ["N", "G"], index: ["N", "T", "K"], value: ["N", "T", "K"], weights: ["N", "T"] },
  outputs: { du: ["N", "G"] },
  scalars: ["keys"],
  groups: ({ N, T, K, G }) => {
    checkLoopIterations("sparse_attention_backward", T * (2 + 3 * K) + G);
    return Math.ceil(N / 64);
  },
});

/** Tokens of G numbers of which K differ from 0; constants to gradients. */
export interface SparseTokens {
  /** Places of these numbers (R, B, T, K), below G; a place may stand twice. */
  readonly index: Tensor<"u32">;
  /** The numbers (R, B, T, K), finite. */
  readonly value: Tensor;
}

/**
 * Attends to sparse tokens: `z = Σ_i w_i x_i` with `w_i = softmax_i(u·x_i)`, i over the first `keys` tokens of a prompt.
 *
 * A query reaches keys and values through matrices as `u = W_Kᵀ W_Q x_query` and `W_V z`, so that neither is made for each token. A token
 * costs as much as it has numbers that differ from 0.
 *
 * @param u What scores are taken with (R, B, G), finite.
 * @param tokens Tokens.
 * @param keys How many of the tokens are keys, the first ones, 1 … T; all by default.
 * @returns Mean of the keys under their weights (R, B, G).
 * @throws {ShapeError} If shapes do not fit one another, there are not as many tokens, or a software driver's loops would be too long.
 *
 * @example
 * ```ts
 * import { sparseAttention } from "./sparse_attention.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using u = Tensor.from([0, 0, 0], [1, 1, 3]);
 * using index = Tensor.from(Uint32Array.of(0, 1), [1, 1, 2, 1]);
 * using value = Tensor.from([4, 6], [1, 1, 2, 1]);
 * using pooled = sparseAttention(u, { index, value });
 * assertEquals([...await pooled.read()], [2, 3, 0]);
 * ```
 */
export function sparseAttention(u: Tensor, { index, value }: SparseTokens, keys?: number): Tensor {
  const [R, B, T, K] = index.shape;
  const G = u.shape[2];
  if (
    index.shape.length !== 4 || value.shape.join() !== index.shape.join() || u.shape.length !== 3 ||
    u.shape[0] !== R || u.shape[1] !== B
  ) {
    const found = [u, index, value].map(({ shape }) => `(${shape.join(", ")})`).join(", ");
    throw new ShapeError(
      `sparse_attention: expected u (R, B, G), index and value (R, B, T, K), found ${found}`,
    );
  }
  const read = keys ?? T;
  if (!(Number.isInteger(read) && read >= 1 && read <= T)) {
    throw new ShapeError(`sparse_attention: expected from 1 to ${T} keys, found ${read}`);
  }
  const sparse = { index: index.reshape([R * B, T, K]), value: value.reshape([R * B, T, K]) };
  if (composing()) return composed(u, { index, value }, read);
  const { weights, z } = forward({ u: u.reshape([R * B, G]), ...sparse, keys: read });
  // Only a gradient needs them.
  if (!currentTrace()) weights.destroy();
  return differentiable({
    label: "sparse_attention",
    inputs: [u, index, value],
    output: z.reshape([R, B, G]),
    gradient: (dz) => [
      backward({ dz: dz.reshape([R * B, G]), ...sparse, weights, keys: read }).du.reshape([R, B, G]),
      null,
      null,
    ],
    reference: (u, index, value) => sparseAttentionReference(u, index, value, read),
    fused: true,
  });
}

/** The same of dense tokens, by operations whose gradients can be differentiated again. */
function composed(u: Tensor, { index, value }: SparseTokens, keys: number): Tensor {
  const [R, B, , K] = index.shape;
  const G = u.shape[2];
  const numbers = multiply(
    oneHot(index, G).reshape([...index.shape, G]),
    value.reshape([...value.shape, 1]),
  );
  const tokens = slice(K === 1 ? numbers.reshape([R, B, index.shape[2], G]) : sum(numbers, [3]), 2, 0, keys);
  const weights = softmax(sum(multiply(tokens, u.reshape([R, B, 1, G])), [3]));
  return sum(multiply(tokens, weights.reshape([R, B, keys, 1])), [2]);
}

/** {@linkcode sparseAttention} in float64. */
export function sparseAttentionReference(u: Array64, index: Array64, value: Array64, keys: number): Array64 {
  const [R, B, T, K] = index.shape;
  const G = u.shape[2];
  const z = array64([R, B, G], () => 0);
  for (let n = 0; n < R * B; n++) {
    const tokens = Array.from({ length: keys }, (_, i) => {
      const token = new Float64Array(G);
      for (let k = 0; k < K; k++) {
        const at = (n * T + i) * K + k;
        token[Math.min(G - 1, index.data[at])] += value.data[at];
      }
      return token;
    });
    const scores = tokens.map((token) => token.reduce((sum, x, g) => sum + x * u.data[n * G + g], 0));
    const highest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - highest));
    const total = powers.reduce((sum, power) => sum + power);
    tokens.forEach((token, i) => token.forEach((x, g) => z.data[n * G + g] += powers[i] / total * x));
  }
  return z;
}
