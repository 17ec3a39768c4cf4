/** Operands of attention, their layout in memory, and options. */
import { ShapeError } from "../../lib/gpu/errors.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import type { AttentionSharing } from "./attention_tiles.ts";

/** Function that makes weights of scores. */
export type AttentionKind = "softmax" | "relu" | "linear";

/**
 * Operands of attention, as projections give them: side by side in the last axis lie queries, keys and values,
 * each with its H heads one after the other.
 *
 * Either `qkv` (R, B, T, 3·H·E), or queries of their own: `q` (R, B, S, H·E) and `kv` (R, B, T, 2·H·E).
 */
export type AttentionInputs = { readonly qkv: Tensor } | { readonly q: Tensor; readonly kv: Tensor };

/** Options of attention. */
export interface AttentionOptions {
  /** Number of heads H, which divides the width of queries. */
  readonly heads: number;
  /** `softmax` by default. */
  readonly kind?: AttentionKind;
  /**
   * Whether a query sees only keys up to its own position; the S queries stand at the last positions. Default false.
   */
  readonly causal?: boolean;
  /** Factor of the scores; 1/√E by default. */
  readonly scale?: number;
  /** Whether weights are divided by the number of keys seen; by default for `relu`. Softmax has its own norm. */
  readonly average?: boolean;
  /** Way in which lanes share rows; by default the best on this adapter. */
  readonly sharing?: AttentionSharing;
}

/** Sizes, options with their defaults, and both operands as (N, rows, columns), N = R·B. */
export interface AttentionLayout {
  /** Whether queries lie beside their keys and values, in one tensor. */
  readonly fused: boolean;
  readonly R: number;
  readonly B: number;
  readonly N: number;
  /** Heads. */
  readonly H: number;
  /** Queries of a sequence. */
  readonly S: number;
  /** Keys of a sequence. */
  readonly T: number;
  /** Width of a head. */
  readonly E: number;
  readonly kind: AttentionKind;
  readonly causal: boolean;
  readonly scale: number;
  readonly average: boolean;
  /** Rows that begin with the query. */
  readonly queries: Tensor;
  /** Rows that have the key at element `keyAt` and the value at `valueAt`. */
  readonly keys: Tensor;
  readonly keyAt: number;
  readonly valueAt: number;
}

/**
 * Checks shapes and options.
 *
 * @param label Operation; stands in error messages.
 * @param inputs Tensors.
 * @param options Options.
 * @returns The layout.
 * @throws {ShapeError} If shapes do not fit one another or the options.
 */
export function attentionLayout(label: string, inputs: AttentionInputs, options: AttentionOptions): AttentionLayout {
  const [queries, keys] = "qkv" in inputs ? [inputs.qkv, inputs.qkv] : [inputs.q, inputs.kv];
  const { heads: H, kind = "softmax", causal = false } = options;
  const fused = "qkv" in inputs;
  const shapeOf = ({ shape }: Tensor) => `(${shape.join(", ")})`;
  const found = fused ? `qkv ${shapeOf(queries)}` : `q ${shapeOf(queries)} and kv ${shapeOf(keys)}`;
  if (queries.shape.length !== 4 || keys.shape.length !== 4) {
    const expected = fused ? "qkv (R, B, T, 3·H·E)" : "q (R, B, S, H·E) and kv (R, B, T, 2·H·E)";
    throw new ShapeError(`${label}: expected ${expected}, found ${found}`);
  }
  const [R, B, S, rowQ] = queries.shape;
  const [keysR, keysB, T, rowKv] = keys.shape;
  const C = fused ? rowQ / 3 : rowQ;
  if (!Number.isInteger(C) || (!fused && rowKv !== 2 * C)) {
    const expected = fused ? "queries, keys and values of one width" : "keys and values of the queries' width";
    throw new ShapeError(`${label}: expected ${expected} in the last axis, found ${found}`);
  }
  if (R !== keysR || B !== keysB) {
    throw new ShapeError(`${label}: expected as many replicas and sequences of q as of kv, found ${found}`);
  }
  const E = C / H;
  if (!Number.isInteger(E) || !(H >= 1)) {
    throw new ShapeError(`${label}: expected a number of heads that divides a width of ${C}, found ${H}`);
  }
  if (causal && S > T) throw new ShapeError(`${label}: expected at most as many queries as keys, found ${found}`);
  const { scale = 1 / Math.sqrt(E), average = kind === "relu" } = options;
  return {
    ...{ fused, R, B, N: R * B, H, S, T, E, kind, causal, scale, average: average && kind !== "softmax" },
    queries: queries.reshape([R * B, S, rowQ]),
    keys: keys.reshape([R * B, T, rowKv]),
    keyAt: fused ? C : 0,
    valueAt: fused ? 2 * C : C,
  };
}
