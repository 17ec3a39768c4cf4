/** What is measured of a decoder at every report, on the GPU. */
import { attentionPattern } from "../../kernels/attention.ts";
import { multiply } from "../../kernels/binary.ts";
import { matmul } from "../../kernels/matmul.ts";
import { layerNorm, rmsNorm } from "../../kernels/norm.ts";
import { sum } from "../../kernels/reduce.ts";
import { concatenate, slice } from "../../kernels/blocks.ts";
import { permute } from "../../kernels/strided.ts";
import { sqrt, square } from "../../kernels/unary.ts";
import { own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { qr } from "../../lib/linalg/qr.ts";
import { singularValues } from "../../lib/linalg/svd.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { spectralMeasures } from "../../lib/metrics/mod.ts";
import { linear } from "../../lib/models/layers.ts";
import type { Weights } from "../../lib/models/parameters.ts";
import { repeatedSequences } from "../../lib/tasks/mod.ts";
import type { Computation } from "../../lib/train.ts";
import { type Decoder, decoder } from "./decoder.ts";
import type { NextTokenTask } from "./tasks.ts";

/** The factors of a layer's circuits, (R, H, C, D) each, replicas and heads taken together as (R H, C, D). */
export interface Factors {
  /** W_Q and W_K: `QK = W_Q W_Kᵀ`. */
  readonly query: Tensor;
  readonly key: Tensor;
  /** W_V and W_Oᵀ: `OV = W_V W_O`. */
  readonly value: Tensor;
  readonly output: Tensor;
}

/** Names of what {@linkcode evaluations} measures. */
export type Measured = "positions" | "scores" | "qk" | "ov" | "norm" | "keys" | "outputs";

/** Columns of the spectral measures of a circuit before the effective ranks: nuclear, spectral, stable, participation. */
const NORMS = 4;

/**
 * Factors of the circuits of one layer.
 *
 * @param sizes Sizes of the decoder.
 * @param weights Its parameters.
 * @param layer Which layer, from 0.
 * @returns Each factor (R H, C, D).
 */
export function factorsOf({ heads: H, width: C }: Decoder, weights: Weights, layer: number): Factors {
  const qkv = weights[`blocks.${layer}.attention.qkv`];
  const out = weights[`blocks.${layer}.attention.output`];
  const [R] = qkv.shape;
  const D = C / H;
  const apart = permute(qkv.reshape([R, C, 3, H, D]), [2, 0, 3, 1, 4]);
  const part = (index: number) => slice(apart, 0, index, index + 1).reshape([R * H, C, D]);
  const output = permute(out.reshape([R, H, D, C]), [0, 1, 3, 2]).reshape([R * H, C, D]);
  return { query: part(0), key: part(1), value: part(2), output };
}

/**
 * Spectral measures of `A Bᵀ` from its factors: singular values are those of `R_A R_Bᵀ` (D, D).
 *
 * @param a Factors (N, C, D).
 * @param b Factors (N, C, D).
 * @param K Leading values that are left out at most.
 * @returns Nuclear and spectral norm, stable rank, participation ratio, effective ranks without k = 0 … K leading values
 *   (N, 4 + K + 1).
 */
function spectrumOf(a: Tensor, b: Tensor, K: number): Tensor {
  const s = singularValues(matmul(qr(a).r, qr(b).r, { transposeB: true }));
  const { effectiveRanks, norms } = spectralMeasures(s, K);
  return concatenate([norms, effectiveRanks], 1);
}

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

/** Rows (…, R H, N) of the layers as (R, L H, N). */
function byHead(parts: readonly Tensor[], R: number): Tensor {
  const [first] = parts;
  const [N] = first.shape.slice(-1);
  const H = first.size / (R * N);
  return concatenate(parts.map((part) => part.reshape([R, H, N])), 1);
}

/**
 * Everything that is measured at a report, each as a computation that a training run records.
 *
 * - `positions`: loss by position (R, T) on held-out sequences of the task;
 * - `scores`: prefix matching and attention to the previous token of each head (R, L H, 2), on random tokens that repeat
 *   once: after the second x_t, attention to the token that followed the first, and to the token before;
 * - `qk`, `ov`: spectral measures of each circuit (R, L H, 4 + K + 1);
 * - `norm`: ‖θ‖ (R);
 * - `keys`, `outputs`: W_K and W_Oᵀ (R H of each layer, C, D), whose columns span the row spaces of QK and OV.
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
  const layers = Array.from({ length: sizes.layers }, (_, layer) => layer);
  const block = Math.floor(sizes.length / 2);
  const probe = repeatedSequences({ vocabulary: sizes.vocabulary, length: 2 * block, batch, block });
  const circuits = (weights: Weights, pick: (factors: Factors) => readonly [Tensor, Tensor]) => {
    const parts = layers.map((layer) => spectrumOf(...pick(factorsOf(sizes, weights, layer)), K));
    return byHead(parts, parts[0].shape[0] / sizes.heads);
  };
  return {
    positions: (weights, draw) => {
      const { inputs, targets } = task({ ...draw, key: "evaluation" });
      return crossEntropy(model.apply(weights, inputs), targets, { reduction: "positions" });
    },
    scores: (weights, draw) => {
      const { tokens } = probe({ ...draw, key: "probe" });
      const [R] = tokens.shape;
      const parts = layers.map((layer) => {
        const pattern = patternOf(sizes, weights, tokens, layer);
        const prefix = diagonalScore(pattern, block - 1, block);
        const previous = diagonalScore(pattern, 1, 1);
        return concatenate([prefix.reshape([R * sizes.heads, 1]), previous.reshape([R * sizes.heads, 1])], 1);
      });
      return byHead(parts, R);
    },
    qk: (weights) => circuits(weights, ({ query, key }) => [query, key]),
    ov: (weights) => circuits(weights, ({ value, output }) => [value, output]),
    norm: (weights) => {
      const squares = Object.values(weights).map((weight) =>
        sum(square(weight.reshape([weight.shape[0], weight.size / weight.shape[0]])), [1])
      );
      const [R] = squares[0].shape;
      return sqrt(sum(concatenate(squares.map((one) => one.reshape([R, 1])), 1), [1]));
    },
    keys: (weights) => concatenate(layers.map((layer) => factorsOf(sizes, weights, layer).key), 0),
    outputs: (weights) => concatenate(layers.map((layer) => factorsOf(sizes, weights, layer).output), 0),
  };
}

/** Frobenius norm of a circuit, from its spectral measures: √stable rank times the spectral norm. */
export function frobenius(measures: ArrayLike<number>): number {
  return Math.sqrt(measures[2]) * measures[1];
}

/** Marginalised effective rank of a circuit, from its spectral measures: without the k leading singular values. */
export function marginalRank(measures: ArrayLike<number>, k: number): number {
  return measures[NORMS + k];
}
