import { array64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { checkLoopIterations, kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./cumulative_sum.wgsl" with { type: "text" };

const forward = kernel({
  label: "cumulative_sum",
  code: { "kernels/reduce/cumulative_sum.wgsl": code },
  inputs: { x: ["N", "C"] },
  outputs: { y: ["N", "C"] },
  groups: ({ N, C }) => {
    checkLoopIterations("cumulative_sum", C);
    return Math.ceil(N / 64);
  },
});

/**
 * Sums from the beginning of the last axis: `y[…,c] = Σ_{k≤c} x[…,k]`, or from its end, `Σ_{k≥c} x[…,k]`.
 *
 * @param x Any shape (…, C) of at least one axis, C ≤ 65 535.
 * @param options `reverse`: from the end.
 * @returns The shape of x.
 */
export function cumulativeSum(x: Tensor, { reverse = false }: { readonly reverse?: boolean } = {}): Tensor {
  const C = x.shape[x.shape.length - 1];
  const { y } = forward({ x: x.reshape([x.size / C, C]) }, { REVERSE: Number(reverse) });
  return differentiable({
    label: "cumulative_sum",
    inputs: [x],
    output: y.reshape(x.shape),
    gradient: (dy) => [cumulativeSum(dy, { reverse: !reverse })],
    reference: ({ shape, data }) =>
      array64(shape, (at) => {
        const [start, end] = reverse ? [at, at - at % C + C] : [at - at % C, at + 1];
        return data.subarray(start, end).reduce((sum, value) => sum + value);
      }),
  });
}
