/** Householder reflections: making a matrix triangular, and applying the same reflections to others. */
import { currentGpu } from "../../lib/gpu/device.ts";
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations, MAX_LOOP_ITERATIONS } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import applyCode from "./householder_apply.wgsl" with { type: "text" };
import triangleCode from "./householder_triangle.wgsl" with { type: "text" };
import code from "./householder.wgsl" with { type: "text" };

const steps: KernelOf<"x", "pivots", "M" | "start" | "end"> = kernel({
  label: "householder",
  code: { "kernels/linalg/householder.wgsl": code },
  inputs: { x: ["B", "C", "H"] },
  outputs: { pivots: ["B", "K", "2"] },
  scalars: ["M", "start", "end"],
  groups: ({ B, C, LANES, WITHIN }) => B * (WITHIN === 1 ? 1 : Math.ceil(C / (4 * LANES))),
});

const apply: KernelOf<"x" | "pivots" | "y", never, "start" | "end"> = kernel({
  label: "householderApply",
  code: { "kernels/linalg/householder_apply.wgsl": applyCode },
  inputs: { x: ["B", "C", "H"], pivots: ["B", "K", "2"], y: ["B", "J", "H"] },
  outputs: {},
  scalars: ["start", "end"],
  groups: ({ B, J }) => Math.ceil(B * Math.ceil(J / 4) / 8),
});

/**
 * Copies the triangle that {@linkcode householder} leaves: `r[b,k,j] = R[k,j] / scale[b]` for j ≥ k, else 0.
 * `SCALE = 0` leaves it scaled.
 *
 * @param x Columns with reflections (B, C, H).
 * @param pivots Diagonal and factors (B, K, 2).
 * @param scale Divisors (B).
 * @returns `r` (B, K, C).
 */
export const householderTriangle: KernelOf<"x" | "pivots" | "scale", "r"> = kernel({
  label: "householderTriangle",
  code: { "kernels/linalg/householder_triangle.wgsl": triangleCode },
  inputs: { x: ["B", "C", "H"], pivots: ["B", "K", "2"], scale: ["B"] },
  outputs: { r: ["B", "K", "C"] },
  groups: ({ B, K, C }) => Math.ceil(B * K * C / 64),
});

/** Columns up to which a matrix lies in one workgroup. */
const WITHIN = 128;

/**
 * Makes matrices triangular by reflections `H_{K−1} … H_1 H_0 A = R`, as LAPACK's geqrf does.
 *
 * @param x Columns (B, C, H), each of M numbers and zeros up to H, a multiple of 4; updated: R above, reflections
 *   below.
 * @param M Rows.
 * @returns Pivots (B, min(M, C), 2): diagonal of R, and `2 / <v,v>`.
 */
export function householder(x: Tensor, M: number): Tensor {
  const [, C, H] = x.shape;
  const { software } = currentGpu().adapter;
  const K = Math.min(M, C);
  const within = C <= WITHIN;
  const LANES = software ? 8 : Math.min(64, Math.max(8, Math.ceil(C / 4)));
  const perStep = (within ? Math.ceil(C / (4 * LANES)) : 1) * (H / 2 + 3) + H / 4 + 3;
  checkLoopIterations("householder", perStep);
  const atOnce = !within ? 1 : software ? Math.floor(MAX_LOOP_ITERATIONS / perStep) : K;
  const sizes = { K, LANES, WITHIN: Number(within) };
  const { pivots } = steps({ x, M, start: 0, end: Math.min(K, atOnce) }, sizes);
  for (let start = atOnce; start < K; start += atOnce) {
    steps({ x, pivots, M, start, end: Math.min(K, start + atOnce) }, sizes);
  }
  return pivots;
}

/**
 * Multiplies by Q (`backward`) or by Qᵀ: `y ← H_0 … H_{K−1} y` or `y ← H_{K−1} … H_0 y`.
 *
 * @param x Columns with reflections (B, C, H).
 * @param pivots Diagonal and factors (B, K, 2).
 * @param y Columns (B, J, H); updated.
 * @param backward Whether by Q.
 */
export function householderApply(x: Tensor, pivots: Tensor, y: Tensor, backward: boolean): void {
  const [K, H] = [pivots.shape[1], x.shape[2]];
  const perStep = H / 2 + 3;
  checkLoopIterations("householderApply", perStep);
  const atOnce = currentGpu().adapter.software ? Math.floor(MAX_LOOP_ITERATIONS / perStep) : K;
  const starts = Array.from({ length: Math.ceil(K / atOnce) }, (_, part) => part * atOnce);
  for (const start of backward ? starts.reverse() : starts) {
    apply({ x, pivots, y, start, end: Math.min(K, start + atOnce) }, { BACKWARD: Number(backward) });
  }
}
