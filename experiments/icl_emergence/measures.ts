/** What is measured of a decoder at every report, on the GPU. */
import { attentionPattern } from "../../kernels/attention/attention.ts";
import { multiply } from "../../kernels/elementwise/binary.ts";
import { concatenate } from "../../kernels/arrange/blocks.ts";
import { layerNorm, rmsNorm } from "../../kernels/norm/norm.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { sqrt, square } from "../../kernels/elementwise/unary.ts";
import { own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { linear } from "../../lib/models/layers.ts";
import type { Weights } from "../../lib/models/parameters.ts";
import { uniforms } from "../../lib/random/random.ts";
import { repeatedSequences } from "../../lib/tasks/mod.ts";
import type { Computation } from "../../lib/train/training.ts";
import { circuitRows } from "./circuits.ts";
import { type Decoder, decoder } from "./decoder.ts";
import type { NextTokenTask } from "./tasks.ts";

/** Names of what {@linkcode evaluations} measures. */
export type Measured = "positions" | "scores" | "norm" | "QK" | "OV";

/**
 * Mean attention of each head along one diagonal: from every position t ≥ `from` to position t − `back`.
 *
 * @param pattern Attention (R, B, H, T, T).
 * @param back How far back.
 * @param from First position that counts.
 * @returns Scores (R, H), 0 … 1.
 */
function diagonalScore(pattern: Tensor, back: number, from: number): Tensor {
  const [R, B, H, T] = pattern.shape;
  const mask = new Float32Array(T * T);
  for (let t = from; t < T; t++) mask[t * T + t - back] = 1 / (B * (T - from));
  const weights = own(Tensor.from(mask, [1, 1, 1, T, T], "mask"));
  return sum(multiply(pattern, weights), [1, 3, 4]).reshape([R, H]);
}

/**
 * Random tokens that repeat once, on which heads are told apart. Where there are fewer tokens than positions, each block
 * is of different ones, the same for every seed: else a token would have been followed by several.
 */
function probeOf({ length, vocabulary }: Decoder, batch: number) {
  const half = Math.floor(length / 2);
  if (vocabulary >= length) {
    return { block: half, probe: repeatedSequences({ vocabulary, length: 2 * half, batch, block: half }) };
  }
  const block = Math.min(half, vocabulary);
  const rows = Array.from({ length: batch }, (_, row) => {
    const order = uniforms({ seed: row, key: "order of a probe", step: 0 }, vocabulary);
    const tokens = Array.from(order.keys()).sort((a, b) => order[a] - order[b]).slice(0, block);
    return [...tokens, ...tokens];
  });
  const probe = ({ seeds: { shape: [R] } }: { readonly seeds: Tensor<"u32"> }) => {
    const tokens = Uint32Array.from(Array.from({ length: R }, () => rows).flat(2));
    return { tokens: own(Tensor.from(tokens, [R, batch, 2 * block], "probe")) };
  };
  return { block, probe };
}

/** Attention of one layer (R, B, H, T, T): the layers below give its input. */
function patternOf(sizes: Decoder, weights: Weights, tokens: Tensor<"u32">, layer: number): Tensor {
  const x = decoder({ ...sizes, layers: layer }).stream(weights, tokens);
  const prefix = `blocks.${layer}`;
  const gain = weights[`${prefix}.norm1.gain`];
  const normed = sizes.norm === "none"
    ? x
    : sizes.norm === "rms"
    ? rmsNorm(x, gain)
    : layerNorm(x, gain, weights[`${prefix}.norm1.bias`]);
  const qkv = linear(normed, weights[`${prefix}.attention.qkv`]);
  return attentionPattern({ qkv }, { heads: sizes.heads, causal: true });
}

/**
 * Everything that is measured at a report, each as a computation that a training run records.
 *
 * - `positions`: loss by position (R, T) on held-out sequences of the task;
 * - `scores`: prefix matching and attention to the previous token of each head (R, L H, 2), on random tokens that repeat
 *   once: after the second x_t, attention to the token that followed the first, and to the token before;
 * - `norm`: ‖θ‖ (R);
 * - `QK`, `OV`: spectral measures and row space of each circuit, as {@linkcode circuitRows} gives them.
 *
 * @param sizes Sizes of the decoder.
 * @param task The task whose sequences are predicted.
 * @param batch Sequences of the two evaluations.
 * @param K Leading singular values that the marginalised effective rank leaves out at most.
 * @returns Computations by name.
 */
export function evaluations(
  sizes: Decoder,
  task: NextTokenTask,
  batch: number,
  K: number,
): Record<Measured, Computation> {
  const model = decoder(sizes);
  const { block, probe } = probeOf(sizes, batch);
  return {
    positions: (weights, draw) => {
      const { inputs, targets } = task({ ...draw, key: "evaluation" });
      return crossEntropy(model.apply(weights, inputs), targets, { reduction: "positions" });
    },
    scores: (weights, draw) => {
      const { tokens } = probe({ ...draw, key: "probe" });
      const [R] = tokens.shape;
      const parts = Array.from({ length: sizes.layers }, (_, layer) => {
        const pattern = patternOf(sizes, weights, tokens, layer);
        const both = [diagonalScore(pattern, block - 1, block), diagonalScore(pattern, 1, 1)];
        return concatenate(both.map((score) => score.reshape([R, sizes.heads, 1])), 2);
      });
      return concatenate(parts, 1);
    },
    norm: (weights) => {
      const squares = Object.values(weights).map((weight) =>
        sum(square(weight.reshape([weight.shape[0], weight.size / weight.shape[0]])), [1])
      );
      const [R] = squares[0].shape;
      return sqrt(sum(concatenate(squares.map((one) => one.reshape([R, 1])), 1), [1]));
    },
    QK: (weights) => circuitRows("QK", sizes, weights, K),
    OV: (weights) => circuitRows("OV", sizes, weights, K),
  };
}
