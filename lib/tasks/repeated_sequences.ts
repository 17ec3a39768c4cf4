/** Repeated random tokens: the second time round, the token after the last occurrence comes again. */
import { repeatedTokens } from "../../kernels/tasks/repeated_tokens.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type TaskSampler } from "./sampler.ts";
import type { TokenBatch } from "./token_sequences.ts";

/** A task of repeated random tokens. */
export interface RepeatedSequencesOptions {
  /** Number of tokens V. */
  readonly vocabulary: number;
  /** Tokens S of a sequence: one more than a model that predicts the next token sees. */
  readonly length: number;
  /** Sequences B per replica and step. */
  readonly batch: number;
  /**
   * Length L of the block that is repeated, or its limits: L is then uniform among them for every sequence, so that a
   * head that looks back by a fixed distance is of no use.
   */
  readonly block: number | { readonly from: number; readonly to: number };
}

/** A batch of repeated sequences. */
export interface RepeatedSequencesBatch extends TokenBatch {
  /** Length L of each sequence's block (R, B): tokens from L on are predictable. */
  readonly block: Tensor<"u32">;
}

/**
 * `x_t = x_{t−L}` for t ≥ L, the first L tokens uniform.
 *
 * @param options The task.
 * @returns A sampler; sequence b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { repeatedSequences } from "./repeated_sequences.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const sampler = repeatedSequences({ vocabulary: 64, length: 10, batch: 1, block: 5 });
 * const tokens = await sampler({ seeds, clock, key: "train" }).tokens.read();
 * assertEquals(tokens.slice(0, 5), tokens.slice(5));
 * ```
 */
export function repeatedSequences(options: RepeatedSequencesOptions): TaskSampler<RepeatedSequencesBatch> {
  const { vocabulary: V, length: T, batch: B, block } = options;
  const { from, to } = typeof block === "number" ? { from: block, to: block } : block;
  checkCounts("repeated_sequences", { vocabulary: V, length: T, batch: B, block: from });
  checkCounts("repeated_sequences", { "the longest block": to });
  if (to < from) throw new RangeError(`repeated_sequences: expected blocks from ${from} on, found up to ${to}`);
  return (draw) => repeatedTokens({ ...draw, key: `${draw.key} tokens` }, { B, T, V, low: from, high: to });
}
