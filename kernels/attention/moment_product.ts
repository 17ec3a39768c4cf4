/** Products of queries with the second moment of tokens: linear attention whose keys and values are the tokens. */
import { type Array64, array64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { slice } from "../arrange/blocks.ts";
import { matmul } from "../matmul/matmul.ts";
import forwardCode from "./moment_product.wgsl" with { type: "text" };
import rowsCode from "./moment_product_rows.wgsl" with { type: "text" };

/** Invocations of a workgroup. */
const LANES = 32;
/** Largest width that is written out in registers; above it, two matrix products do the same. */
const MAX_WIDTH = 32;

/** From so many queries on, their prompt's moment matrix is made first. */
const FEW_QUERIES = 3;

const single = kernel({
  label: "moment_product",
  code: { "kernels/attention/moment_product.wgsl": forwardCode },
  inputs: { q: ["P", "S", "C"], z: ["P", "T", "C"] },
  outputs: { y: ["P", "S", "C"] },
  scalars: ["keys"],
  groups: ({ P, S, T }) => {
    checkLoopIterations("moment_product", T);
    return Math.ceil(P * S / LANES);
  },
});

const symmetric = kernel({
  label: "moment_product_rows",
  code: { "kernels/attention/moment_product_rows.wgsl": rowsCode },
  inputs: { a: ["P", "K", "C"], b: ["P", "K", "C"], r: ["P", "S", "C"] },
  outputs: { y: ["P", "S", "C"] },
  scalars: ["pairs", "rows", "factor"],
  groups: ({ P, K, S }) => {
    checkLoopIterations("moment_product_rows", K + S);
    return Math.ceil(P / LANES);
  },
});

/**
 * Multiplies queries by the second moment of a prompt's first tokens: `y[p,s] = Σ_{i<keys} (q[p,s]·z[p,i]) z[p,i]`.
 *
 * This is linear attention without a scale whose keys and values are the tokens themselves. Small widths are one dispatch
 * with rows in registers, which is many times faster than products of many tiny matrices.
 *
 * @param q Queries (P, S, C), finite.
 * @param z Tokens (P, T, C), finite.
 * @param keys How many of the tokens are keys, the first ones, 0 … T; all by default.
 * @returns Products (P, S, C).
 * @throws {ShapeError} If shapes do not fit one another, or there are not as many tokens.
 *
 * @example
 * ```ts
 * import { momentProduct } from "./moment_product.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using q = Tensor.from([1, 1], [1, 1, 2]);
 * using z = Tensor.from([1, 0, 1, 2, 5, 5], [1, 3, 2]);
 * using y = momentProduct(q, z, 2);
 * assertEquals([...await y.read()], [1 + 3, 3 * 2]);
 * ```
 */
export function momentProduct(q: Tensor, z: Tensor, keys: number = z.shape[1]): Tensor {
  const [P, T, C] = z.shape;
  if (q.shape.length !== 3 || z.shape.length !== 3 || q.shape[0] !== P || q.shape[2] !== C) {
    const found = `(${q.shape.join(", ")}) and (${z.shape.join(", ")})`;
    throw new ShapeError(`moment_product: expected queries (P, S, C) and tokens (P, T, C), found ${found}`);
  }
  if (!(Number.isInteger(keys) && keys >= 0 && keys <= T)) {
    throw new ShapeError(`moment_product: expected from 0 to ${T} keys, found ${keys}`);
  }
  if (keys > 0 && (composing() || C > MAX_WIDTH)) {
    const first = keys === T ? z : slice(z, 1, 0, keys);
    return matmul(matmul(q, first, { transposeB: true }), first);
  }
  return differentiable({
    label: "moment_product",
    inputs: [q, z],
    output: q.shape[1] < FEW_QUERIES
      ? single({ q, z, keys }).y
      : symmetric({ a: z, b: z, r: q, pairs: keys, rows: q.shape[1], factor: 0.5 }).y,
    gradient: (dy) => [
      momentProduct(dy, z, keys),
      // dz_i = Σ_s (dy_s q_sᵀ + q_s dy_sᵀ) z_i
      symmetric({ a: q, b: dy, r: z, pairs: q.shape[1], rows: keys, factor: 1 }).y,
    ],
    reference: (q, z) => momentProductReference(q, z, keys),
    fused: true,
  });
}

/** {@linkcode momentProduct} in float64. */
export function momentProductReference(q: Array64, z: Array64, keys: number): Array64 {
  const [, S, C] = q.shape;
  const T = z.shape[1];
  return array64(q.shape, (at) => {
    const [row, c] = [Math.floor(at / C), at % C];
    const first = Math.floor(row / S) * T * C;
    let sum = 0;
    for (let i = 0; i < keys; i++) {
      let score = 0;
      for (let k = 0; k < C; k++) score += q.data[row * C + k] * z.data[first + i * C + k];
      sum += score * z.data[first + i * C + c];
    }
    return sum;
  });
}
