/** Rows of a table by number, and the transpose: sums of rows by number. */
import { type Array64, array64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { currentGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations, MAX_LOOP_ITERATIONS } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { inBothForms } from "../shared/elements.ts";
import forwardCode from "./embedding.wgsl" with { type: "text" };
import backwardCode from "./embedding_backward.wgsl" with { type: "text" };
import { tokenOrder } from "./token_order.ts";

const forward = inBothForms(({ files, width }): KernelOf<"tokens" | "table", "y"> =>
  kernel({
    label: "embedding",
    code: { ...files, "kernels/arrange/embedding.wgsl": forwardCode },
    inputs: { tokens: ["S", "N"], table: ["R", "V", "C"] },
    outputs: { y: ["R", "N", "C"] },
    groups: ({ R, N, C }) => Math.ceil(R * N * C / width / 64),
  })
);

const backward = inBothForms(({ files, width }): KernelOf<"order" | "starts" | "dy", "dtable"> =>
  kernel({
    label: "embedding_backward",
    code: {
      ...files,
      "kernels/arrange/embedding_backward.wgsl": backwardCode,
    },
    inputs: { order: ["S", "2", "N"], starts: ["S", "V1"], dy: ["R", "N", "C"] },
    outputs: { dtable: ["R", "V", "C"] },
    groups: ({ R, V, C, SLICES }) => Math.ceil(R * V * C / width / (64 / SLICES)),
  })
);

/** Options of {@linkcode embeddingTransposed}. */
export interface EmbeddingTransposedOptions {
  /**
   * Invocations that share the sum of one token: 1, or 8 for tokens that occur often, which a GPU would otherwise wait
   * for. By default 8 from 16 positions per token on, and on a software adapter only where its loops would be cut
   * short.
   */
  readonly slices?: 1 | 8;
}

function chooseSlices(N: number, V: number): 1 | 8 {
  return (currentGpu().adapter.software ? N > MAX_LOOP_ITERATIONS : N / V >= 16) ? 8 : 1;
}

/**
 * Looks up rows of a table: `y[r,…,c] = table[r, tokens[r,…], c]`.
 *
 * The gradient adds up the rows of each token in a fixed order: the same bits at every run, and for replica r alone and
 * in an ensemble.
 *
 * @param tokens Row numbers (R, …), or (1, …) for all replicas. Those ≥ V count as V − 1, so that nothing outside of
 * the table is read or written.
 * @param table Rows (R, V, C).
 * @returns Rows (R, …, C).
 * @throws {ShapeError} If the table is not of three axes, or the tokens are of other replicas.
 *
 * @example
 * ```ts
 * import { embedding } from "./embedding.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using table = Tensor.from([10, 11, 20, 21, 30, 31], [1, 3, 2]);
 * using tokens = Tensor.from(Uint32Array.of(2, 0), [1, 2]);
 * using rows = embedding(tokens, table);
 * assertEquals([rows.shape, ...await rows.read()], [[1, 2, 2], 30, 31, 10, 11]);
 * ```
 */
export function embedding(tokens: Tensor<"u32">, table: Tensor): Tensor {
  const { S, N } = checkTokens("embedding", tokens, table);
  const [R, V, C] = table.shape;
  const { y } = forward(C)({ tokens: tokens.reshape([S, N]), table });
  return differentiable({
    label: "embedding",
    inputs: [tokens, table],
    output: y.reshape([R, ...tokens.shape.slice(1), C]),
    gradient: (dy) => [null, embeddingTransposed(tokens, dy, V)],
    reference: embeddingReference,
  });
}

/**
 * Sums rows by number, `dtable[r,v,c] = Σ_n dy[r,n,c]` over the n with tokens[r,n] = v: the transpose of
 * {@linkcode embedding}, deterministic.
 *
 * @param tokens Row numbers (R, …), or (1, …) for all replicas; those ≥ V count as V − 1.
 * @param dy Rows (R, …, C).
 * @param V Number of sums.
 * @param options How sums are taken.
 * @returns Sums (R, V, C).
 * @throws {ShapeError} If the shapes do not fit, or on a software adapter if there are more than a million tokens.
 */
export function embeddingTransposed(
  tokens: Tensor<"u32">,
  dy: Tensor,
  V: number,
  options: EmbeddingTransposedOptions = {},
): Tensor {
  const { S, N } = checkTokens("embeddingTransposed", tokens, dy);
  const [R, C] = [dy.shape[0], dy.shape.at(-1)!];
  if (dy.size !== R * N * C) {
    const found = `(${tokens.shape.join(", ")}) and (${dy.shape.join(", ")})`;
    throw new ShapeError(`embeddingTransposed: expected "tokens" (R, …) and "dy" (R, …, C), found ${found}`);
  }
  const { passes, ...places } = tokenOrder(tokens.reshape([S, N]), V);
  const slices = options.slices ?? chooseSlices(N, V);
  checkLoopIterations("embedding_backward", Math.ceil(N / slices));
  const sizes = { V, PASSES: passes, SLICES: slices };
  const { dtable } = backward(C)({ ...places, dy: dy.reshape([R, N, C]) }, sizes);
  return differentiable({
    label: "embedding_transposed",
    inputs: [tokens, dy],
    output: dtable,
    gradient: (d) => [null, embedding(tokens, d)],
    reference: (tokens, dy) => embeddingTransposedReference(tokens, dy, V),
  });
}

function checkTokens(label: string, tokens: Tensor<"u32">, rows: Tensor): { S: number; N: number } {
  const [S] = tokens.shape;
  const [R] = rows.shape;
  const table = label === "embedding";
  if (tokens.shape.length < 1 || (S !== R && S !== 1) || rows.shape.length < 2 || (table && rows.shape.length !== 3)) {
    const expected = `"tokens" (R, …) or (1, …) and "${table ? "table" : "dy"}" (R, ${table ? "V" : "…"}, C)`;
    const found = `(${tokens.shape.join(", ")}) and (${rows.shape.join(", ")})`;
    throw new ShapeError(`${label}: expected ${expected}, found ${found}`);
  }
  return { S, N: tokens.size / S };
}

/** {@linkcode embedding} in float64. */
export function embeddingReference(tokens: Array64, table: Array64): Array64 {
  const [R, V, C] = table.shape;
  const shape = [R, ...tokens.shape.slice(1), C];
  const row = rowNumbers(tokens, R, V);
  return array64(shape, (at) => table.data[row(Math.floor(at / C)) * C + at % C]);
}

/** {@linkcode embeddingTransposed} in float64. */
export function embeddingTransposedReference(tokens: Array64, dy: Array64, V: number): Array64 {
  const [R, C] = [dy.shape[0], dy.shape.at(-1)!];
  const row = rowNumbers(tokens, R, V);
  const sums = array64([R, V, C], () => 0);
  dy.data.forEach((value, at) => sums.data[row(Math.floor(at / C)) * C + at % C] += value);
  return sums;
}

/** Row of the table, over all replicas, for a position, over all replicas. */
function rowNumbers(tokens: Array64, R: number, V: number): (position: number) => number {
  const [S] = tokens.shape;
  const N = tokens.data.length / S;
  return (position) => {
    const r = Math.floor(position / N);
    return r * V + Math.min(V - 1, tokens.data[S === R ? position : position % N]);
  };
}
