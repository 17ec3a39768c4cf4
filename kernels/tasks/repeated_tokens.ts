/** Sequences that repeat a random block, which an induction head can predict and nothing else can. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { type Draw, drawKey } from "../../lib/random/random.ts";
import { integersBelow } from "../../lib/random/laws.ts";
import { placeFiles } from "../random/place.ts";
import type { RandomDraw } from "../random/random_fill.ts";
import code from "./repeated_tokens.wgsl" with { type: "text" };

const repeated = kernel({
  label: "repeated_tokens",
  code: { ...placeFiles, "kernels/tasks/repeated_tokens.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"] },
  outputs: { tokens: ["R", "B", "T"], block: ["R", "B"] },
  scalars: ["V", "low", "high", "key", "block_key"],
  groups: ({ R, B, T }) => Math.ceil(R * B * T / 64),
});

/** Sizes of repeated blocks. */
export interface RepeatedSizes {
  /** Sequences per replica. */
  readonly B: number;
  /** Tokens of a sequence. */
  readonly T: number;
  /** Vocabulary. */
  readonly V: number;
  /** Shortest block, ≥ 1. */
  readonly low: number;
  /** Longest block, ≥ `low`. */
  readonly high: number;
}

/**
 * Draws sequences that repeat a block: `tokens[r,b,t] = x[r,b,t mod L]` with x uniform over V tokens and the length L
 * of the block uniform in low … high.
 *
 * @param draw Seeds, clock and key.
 * @param sizes Sizes.
 * @returns Tokens (R, B, T) below V and lengths L (R, B).
 */
export function repeatedTokens(
  { seeds, clock, key }: RandomDraw,
  { B, T, V, low, high }: RepeatedSizes,
): { tokens: Tensor<"u32">; block: Tensor<"u32"> } {
  const [R] = seeds.shape;
  const tokens = makeTensor([R, B, T], "u32", "tokens");
  const block = makeTensor([R, B], "u32", "block");
  const names = { key: drawKey(key), block_key: drawKey(`${key} block`) };
  repeated({ seeds, clock, tokens, block, V, low, high, ...names });
  return { tokens, block };
}

/**
 * {@linkcode repeatedTokens} of one sequence, on the host.
 *
 * @param draw Where the sequence stands; the item is its number in the batch.
 * @param sizes Sizes.
 * @returns Tokens (T) and the length of the block.
 */
export function repeatedTokensReference(
  draw: Draw,
  { T, V, low, high }: Omit<RepeatedSizes, "B">,
): { tokens: number[]; block: number } {
  const block = low + integersBelow({ ...draw, key: `${draw.key} block` }, high - low + 1, 1)[0];
  const values = integersBelow(draw, V, Math.min(block, T));
  return { tokens: Array.from({ length: T }, (_, t) => values[t % block]), block };
}
