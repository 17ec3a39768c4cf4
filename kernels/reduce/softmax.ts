/** Probabilities from scores, and their logarithms. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import { divide, subtract } from "../elementwise/binary.ts";
import { inBothForms } from "../shared/elements.ts";
import { max, sum } from "./reduce.ts";
import rowTotal from "../shared/row_total.part.wgsl" with { type: "text" };
import { lanesPerRow, type RowOptions } from "../shared/rows.ts";
import forwardCode from "./softmax.wgsl" with { type: "text" };
import backwardCode from "./softmax_backward.wgsl" with { type: "text" };
import { exp, log, scale as scaled } from "../elementwise/unary.ts";

const forward = inBothForms(({ files }) =>
  kernel({
    label: "softmax",
    code: {
      ...files,
      "kernels/shared/row_total.part.wgsl": rowTotal,
      "kernels/shared/accurate.part.wgsl": accurate,
      "kernels/reduce/softmax.wgsl": forwardCode,
    },
    inputs: { x: ["M", "C"] },
    outputs: { y: ["M", "C"] },
    scalars: ["scale"],
    groups: ({ M, LANES }) => Math.ceil(M * LANES / 64),
  })
);

const backward = inBothForms(({ files }) =>
  kernel({
    label: "softmax_backward",
    code: {
      ...files,
      "kernels/shared/row_total.part.wgsl": rowTotal,
      "kernels/reduce/softmax_backward.wgsl": backwardCode,
    },
    inputs: { y: ["M", "C"], dy: ["M", "C"] },
    outputs: { dx: ["M", "C"] },
    scalars: ["scale"],
    groups: ({ M, LANES }) => Math.ceil(M * LANES / 64),
  })
);

/** Options of a softmax. */
export interface SoftmaxOptions extends RowOptions {
  /** Inverse temperature, a factor of the scores, finite; by default 1. */
  readonly scale?: number;
}

/**
 * Makes probabilities of scores, over the last axis: `y[…,c] = e^{s x[…,c]} / Σ_k e^{s x[…,k]}`.
 *
 * @param x Scores (…, C), finite.
 * @param options Inverse temperature s; how rows are spread over invocations.
 * @returns Probabilities (…, C), in [0, 1], with sum 1 along the last axis.
 *
 * @example
 * ```ts
 * import { softmax } from "./softmax.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([0, Math.log(3)], [1, 2]);
 * using y = softmax(x);
 * assertEquals([...await y.read()].map((value) => value.toFixed(3)), ["0.250", "0.750"]);
 * ```
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  return apply("softmax", x, 0, options);
}

/**
 * Makes logarithms of probabilities of scores, over the last axis: `y[…,c] = s x[…,c] − ln Σ_k e^{s x[…,k]}`. That of a
 * probability close to 1 keeps its digits, down to −1e-38: the other terms are summed by themselves.
 *
 * @param x Scores (…, C), finite.
 * @param options Inverse temperature s; how rows are spread over invocations.
 * @returns Logarithms (…, C), ≤ 0.
 */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  return apply("log_softmax", x, 1, options);
}

function apply(label: string, x: Tensor, LOG: 0 | 1, { scale = 1, lanes }: SoftmaxOptions): Tensor {
  if (composing()) return composed(x, LOG, scale);
  const C = x.shape.at(-1) ?? 1;
  const rows = [x.size / C, C];
  const constants = { LANES: lanesPerRow(label, C, { lanes }), LOG };
  const { y } = forward(C)({ x: x.reshape(rows), scale }, constants);
  return differentiable({
    label,
    inputs: [x],
    output: y.reshape(x.shape),
    gradient: (dy) => [backward(C)({ y, dy: dy.reshape(rows), scale }, constants).dx],
    reference: (x) => softmaxReference(x, { scale, log: LOG === 1 }),
    fused: true,
  });
}

/** The same of elementary operations, which can be differentiated twice. */
function composed(x: Tensor, LOG: 0 | 1, scale: number): Tensor {
  const column = [...x.shape.slice(0, -1), 1];
  const z = scaled(x, scale);
  const below = subtract(z, max(z.detached, [-1]).reshape(column));
  const terms = exp(below);
  const total = sum(terms, [-1]).reshape(column);
  return LOG ? subtract(below, log(total)) : divide(terms, total);
}

/** {@linkcode softmax} in float64; with `log`, {@linkcode logSoftmax}. */
export function softmaxReference(
  x: Array64,
  { scale = 1, log = false }: { readonly scale?: number; readonly log?: boolean } = {},
): Array64 {
  const C = x.shape.at(-1) ?? 1;
  const data = x.data.map((value) => scale * value);
  for (let first = 0; first < data.length; first += C) {
    const row = data.subarray(first, first + C);
    const top = row.reduce((most, value) => Math.max(most, value));
    // The largest term is left out of the sum: ln(1 + rest) keeps the digits of a small rest.
    const at = row.indexOf(top);
    const rest = row.reduce((sum, value, c) => c === at ? sum : sum + Math.exp(value - top), 0);
    const shift = top + Math.log1p(rest);
    row.forEach((value, c) => {
      const logarithm = c === at ? -Math.log1p(rest) : value - shift;
      row[c] = log ? logarithm : Math.exp(logarithm);
    });
  }
  return { shape: x.shape, data };
}
