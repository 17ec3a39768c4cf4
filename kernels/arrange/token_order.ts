/** Positions of each token in a list of tokens. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { makeTensor } from "../../lib/gpu/trace.ts";
import orderCode from "./token_order.wgsl" with { type: "text" };
import startsCode from "./token_order_starts.wgsl" with { type: "text" };

/** Lanes that sort together, and bits of a token that one pass sorts by; see token_order.wgsl. */
const LANES = 128;
const BITS = 4;

const sort: KernelOf<"tokens", "order", "V"> = kernel({
  label: "token_order",
  code: { "kernels/arrange/token_order.wgsl": orderCode },
  inputs: { tokens: ["S", "N"] },
  outputs: { order: ["S", "2", "N"] },
  scalars: ["V"],
  groups: ({ S }) => S,
});

const search: KernelOf<"tokens" | "order", "starts"> = kernel({
  label: "token_order_starts",
  code: { "kernels/arrange/token_order_starts.wgsl": startsCode },
  inputs: { tokens: ["S", "N"], order: ["S", "2", "N"] },
  outputs: { starts: ["S", "V1"] },
  groups: ({ S, V1 }) => Math.ceil(S * V1 / 64),
});

/** Positions in order of their tokens. */
export interface TokenOrder {
  /** Positions (S, 2, N): those of equal tokens side by side, in half `passes mod 2`. */
  readonly order: Tensor<"u32">;
  /** First entry of `order` for each token, and N for token V: (S, V + 1). */
  readonly starts: Tensor<"u32">;
  /** Passes of the sort. */
  readonly passes: number;
}

/**
 * Sorts positions by token, stably: sums over equal tokens can then be taken in an order that does not depend on which
 * invocation comes first. One workgroup per row; the time is that of some 4 + 4 log₁₆ V loads per token.
 *
 * @param tokens Tokens (S, N); those ≥ V count as V − 1.
 * @param V Number of different tokens.
 * @returns The order.
 * @throws {ShapeError} On a software adapter, if N is so large that its loops would be cut short: above a million.
 */
export function tokenOrder(tokens: Tensor<"u32">, V: number): TokenOrder {
  const [S, N] = tokens.shape;
  const passes = Math.max(1, Math.ceil(Math.log2(V) / BITS));
  checkLoopIterations("token_order", passes * (2 * Math.ceil(N / LANES) + Math.log2(LANES) + 3));
  const order = makeTensor([S, 2, N], "u32", "token_order.order");
  const starts = makeTensor([S, V + 1], "u32", "token_order_starts.starts");
  sort({ tokens, order, V }, { PASSES: passes });
  search({ tokens, order, starts }, { PASSES: passes });
  return { order, starts, passes };
}
