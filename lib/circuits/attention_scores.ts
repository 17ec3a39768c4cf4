/** Attention scores that tell heads apart: along a diagonal, to the continuation of a prefix, to the token before. */
import { multiply } from "../../kernels/elementwise/binary.ts";
import { concatenate } from "../../kernels/arrange/blocks.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { uniforms } from "../random/random.ts";
import { repeatedSequences } from "../tasks/repeated_sequences.ts";
import type { TaskSampler } from "../tasks/sampler.ts";

/**
 * Mean attention of each head along one diagonal: from every position t ≥ `from` to position t − `back`.
 *
 * @param pattern Attention (R, B, H, T, T), such as `attentionPattern` or a model's trace gives it.
 * @param diagonal How far back, ≥ 0, and the first position that counts, back ≤ from < T.
 * @returns Scores (R, H), 0 … 1 for softmax.
 * @throws {RangeError} If a position would look before the first one, or none counts.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { diagonalScore } from "./attention_scores.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using pattern = Tensor.from([1, 0, 0.25, 0.75], [1, 1, 1, 2, 2]);
 * using score = await evaluate(() => diagonalScore(pattern, { back: 1, from: 1 }));
 * assertEquals([...await score.read()], [0.25]);
 * ```
 */
export function diagonalScore(
  pattern: Tensor,
  { back, from }: { readonly back: number; readonly from: number },
): Tensor {
  const [R, B, H, T] = pattern.shape;
  if (!(back >= 0 && from >= back && from < T)) {
    throw new RangeError(`diagonalScore: expected 0 ≤ back ≤ from < ${T}, found back ${back} and from ${from}`);
  }
  const mask = new Float32Array(T * T);
  for (let t = from; t < T; t++) mask[t * T + t - back] = 1 / (B * (T - from));
  const weights = own(Tensor.from(mask, [1, 1, 1, T, T], "mask"));
  return sum(multiply(pattern, weights), [1, 3, 4]).reshape([R, H]);
}

/** Results of {@linkcode attentionScores} for every head, replicas first. */
export type AttentionScores<T = Tensor> = {
  /** Attention, at the second occurrence of a token, to the token that followed the first (R, L, H). */
  readonly prefixMatching: T;
  /** Attention to the token before (R, L, H). */
  readonly previousToken: T;
};

/**
 * Prefix-matching and previous-token scores of every head (Olsson et al. 2022), on sequences whose second half repeats the
 * first: call it while an evaluation is recorded.
 *
 * @param patterns Attention (R, B, H, T, T) of each of L layers, such as a transformer's `trace` gives on
 *   {@linkcode inductionProbe}.
 * @param block Length of what is repeated, 1 … T − 1.
 * @returns Scores by name; in a report they are arrays.
 * @throws {RangeError} If the block does not fit.
 */
export function attentionScores(patterns: readonly Tensor[], block: number): AttentionScores {
  const perHead = (back: number, from: number) => {
    const scores = patterns.map((pattern) => {
      const score = diagonalScore(pattern, { back, from });
      return score.reshape([score.shape[0], 1, score.shape[1]]);
    });
    return scores.length === 1 ? scores[0] : concatenate(scores, 1);
  };
  return { prefixMatching: perHead(block - 1, block), previousToken: perHead(1, 1) };
}

/** Sequences on which heads are told apart. */
export interface InductionProbe {
  /** Length of what is repeated. */
  readonly block: number;
  /** Draws the sequences, tokens (R, batch, 2 · block); call it while recording. */
  readonly sample: TaskSampler<{ readonly tokens: Tensor<"u32"> }>;
}

/**
 * Random tokens that repeat once, on which heads are told apart. Where there are fewer tokens than positions, each block is
 * of different ones, the same for every seed: else a token would have been followed by several.
 *
 * @param sizes Positions T ≥ 4 and tokens V ≥ 2 of the model, and sequences of each replica.
 * @returns Sequences of at most T tokens, and the length of their blocks.
 */
export function inductionProbe(
  { length, vocabulary, batch }: { readonly length: number; readonly vocabulary: number; readonly batch: number },
): InductionProbe {
  const half = Math.floor(length / 2);
  if (vocabulary >= length) {
    return { block: half, sample: repeatedSequences({ vocabulary, length: 2 * half, batch, block: half }) };
  }
  const block = Math.min(half, vocabulary);
  const rows = Array.from({ length: batch }, (_, row) => {
    const order = uniforms({ seed: row, key: "order of a probe", step: 0 }, vocabulary);
    const tokens = Array.from(order.keys()).sort((a, b) => order[a] - order[b]).slice(0, block);
    return [...tokens, ...tokens];
  });
  return {
    block,
    sample({ seeds: { shape: [R] } }) {
      const tokens = Uint32Array.from(Array.from({ length: R }, () => rows).flat(2));
      return { tokens: own(Tensor.from(tokens, [R, batch, 2 * block], "probe")) };
    },
  };
}
