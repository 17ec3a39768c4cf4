/** Tokens of pairs and a query. */
import { type Array64, array64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { pad, slice } from "./blocks.ts";
import code from "./query_tokens.wgsl" with { type: "text" };

const forward = kernel({
  label: "query_tokens",
  code: { "kernels/arrange/query_tokens.wgsl": code },
  inputs: { x: ["P", "T", "D"], y: ["P", "M", "L"] },
  outputs: { z: ["P", "T", "C"] },
  groups: ({ P, T, C }) => {
    checkLoopIterations("query_tokens", C);
    return Math.ceil(P * T / 64);
  },
});

/**
 * Joins pairs and a query to tokens in one dispatch: `z[p,t] = (x[p,t]; y[p,t])`, and `(x; 0)` for the last one.
 *
 * @param x Inputs (P, T, D), T ≥ 2, the query last.
 * @param y Labels (P, M, L), M = T − 1 or T; a label of the query is not read.
 * @returns Tokens (P, T, D + L).
 */
export function queryTokens(x: Tensor, y: Tensor): Tensor {
  const [, T, D] = x.shape;
  const [, M, L] = y.shape;
  return differentiable({
    label: "query_tokens",
    inputs: [x, y],
    output: forward({ x, y }, { C: D + L }).z,
    gradient: (dz) => {
      const labels = slice(slice(dz, 2, D, D + L), 1, 0, T - 1);
      return [slice(dz, 2, 0, D), M === T ? pad(labels, 1, 0, 1) : labels];
    },
    reference: queryTokensReference,
  });
}

/** {@linkcode queryTokens} in float64. */
export function queryTokensReference(x: Array64, y: Array64): Array64 {
  const [P, T, D] = x.shape;
  const [, M, L] = y.shape;
  const C = D + L;
  return array64([P, T, C], (at) => {
    const [row, c] = [Math.floor(at / C), at % C];
    const t = row % T;
    if (c < D) return x.data[row * D + c];
    return t + 1 < T ? y.data[(Math.floor(row / T) * M + t) * L + c - D] : 0;
  });
}
