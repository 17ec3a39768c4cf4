/** Next-token targets and the shuffled control, which token samplers share. */
import { nextToken } from "../../kernels/tasks/next_token.ts";
import { shuffleRows } from "../../kernels/tasks/shuffle_rows.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { TaskSampler } from "./sampler.ts";

/** A batch of token sequences. */
export interface TokenBatch {
  /** Tokens (R, B, S) below the vocabulary. */
  readonly tokens: Tensor<"u32">;
}

/** Inputs and targets of next-token prediction. */
export interface NextTokens {
  /** All tokens but the last (R, B, S − 1). */
  readonly inputs: Tensor<"u32">;
  /** All tokens but the first (R, B, S − 1): the token after each input. */
  readonly targets: Tensor<"u32">;
}

/**
 * A control: every sequence of another sampler in random order. What each sequence holds stays, its order is lost.
 *
 * @param sampler Draws sequences.
 * @returns A sampler of the same batch with `tokens` permuted, each sequence by a draw of its own.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { repeatedSequences } from "./repeated_sequences.ts";
 * import { shuffled } from "./token_sequences.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const ordered = repeatedSequences({ vocabulary: 64, length: 8, batch: 1, block: 4 });
 * const read = async (sampler: typeof ordered) => [...await sampler({ seeds, clock, key: "train" }).tokens.read()];
 * assertEquals((await read(shuffled(ordered))).sort(), (await read(ordered)).sort());
 * ```
 */
export function shuffled<Batch extends TokenBatch>(sampler: TaskSampler<Batch>): TaskSampler<Batch> {
  return (draw) => {
    const batch = sampler(draw);
    return { ...batch, tokens: shuffleRows({ ...draw, key: `${draw.key} order` }, batch.tokens) };
  };
}

/**
 * Adds inputs and targets of next-token prediction to a batch.
 *
 * @param sampler Draws sequences of S ≥ 2 tokens.
 * @returns A sampler of the same batch with `inputs` and `targets`.
 */
export function withTargets<Batch extends TokenBatch>(
  sampler: TaskSampler<Batch>,
): TaskSampler<Batch & NextTokens> {
  return (draw) => {
    const batch = sampler(draw);
    return { ...batch, ...nextToken(batch.tokens) };
  };
}
