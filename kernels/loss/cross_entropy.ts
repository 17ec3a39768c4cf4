/** Cross-entropy of logits with integer targets, row by row, accurate for losses of any size. */
import { type Array64, array64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable, expectRank } from "../../lib/autodiff/differentiable.ts";
import { currentGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import { add, multiply, subtract } from "../elementwise/binary.ts";
import code from "./cross_entropy.wgsl" with { type: "text" };
import backwardCode from "./cross_entropy_backward.wgsl" with { type: "text" };
import { oneHot } from "../arrange/one_hot.ts";
import { max, sum } from "../reduce/reduce.ts";
import { exp, log, scale, softplus } from "../elementwise/unary.ts";

const forward = kernel({
  label: "cross_entropy",
  code: {
    "kernels/shared/accurate.part.wgsl": accurate,
    "kernels/loss/cross_entropy.wgsl": code,
  },
  inputs: { logits: ["N", "V"], targets: ["T"] },
  outputs: { loss: ["N"], stats: ["N", "4"] },
  groups: ({ N, V, LANES }) => {
    // Two passes over the columns, then two folds of the lanes.
    checkLoopIterations("cross_entropy", 2 * Math.ceil(V / (4 * LANES)) + 12);
    return Math.ceil(N * LANES / 64);
  },
});

const backward = kernel({
  label: "cross_entropy_backward",
  code: { "kernels/loss/cross_entropy_backward.wgsl": backwardCode },
  inputs: { logits: ["N", "V"], targets: ["T"], stats: ["N", "4"], dloss: ["N"] },
  outputs: { dlogits: ["N", "V"] },
  groups: ({ N, V }) => Math.ceil(N * Math.ceil(V / 4) / 64),
});

/** Columns from which a whole workgroup shares a row: barriers cost a software driver more than a GPU. */
const WIDE = { software: 65_536, hardware: 1024 } as const;

/**
 * Chooses the number of lanes that share a row.
 *
 * @param classes Number of columns V.
 * @returns Lanes, a power of two.
 */
export function crossEntropyLanes(classes: number): number {
  const { software, hardware } = WIDE;
  return classes < (currentGpu().adapter.software ? software : hardware) ? 2 : 64;
}

/**
 * Computes `loss[n] = −ln softmax(logits[n])[t]`, computed as `ln(1 + Σ_{j≠t} e^(z_j − z_t))` with
 * `t = targets[n mod T]`.
 *
 * The target is left out of every sum, so that the loss and its gradient `p_j − [j = t]` keep their digits for losses
 * down to 1e-37, where `1 − p_t` and `ln p_t` would round to 0; below, both are 0. A target ≥ V makes the loss NaN,
 * which the host reports.
 *
 * @param logits Finite (N, V), V ≤ 8 386 816 on a software adapter.
 * @param targets Classes in [0, V), T of them; T divides N.
 * @returns Losses (N) in nats, ≥ 0.
 * @throws {ShapeError} If logits have not two axes, or the number of targets does not divide that of rows.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { crossEntropyRows } from "./cross_entropy.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using logits = Tensor.from([40, 0, 0], [1, 3]);
 * using targets = Tensor.from(Uint32Array.of(0));
 * using loss = crossEntropyRows(logits, targets);
 * assertAlmostEquals((await loss.read())[0], 2 * Math.exp(-40), 1e-22);
 * ```
 */
export function crossEntropyRows(logits: Tensor, targets: Tensor<"u32">): Tensor {
  expectRank("crossEntropyRows", "logits", logits, 2);
  const [N, V] = logits.shape;
  const flat = targets.reshape([targets.size]);
  if (N % targets.size !== 0) {
    throw new ShapeError(`crossEntropyRows: expected targets for ${N} rows or a part of them, found ${targets.size}`);
  }
  if (composing() && V > 1) return composed(logits, flat);
  const { loss, stats } = forward({ logits, targets: flat }, { LANES: crossEntropyLanes(V) });
  return differentiable({
    label: "cross_entropy",
    inputs: [logits, targets],
    output: loss,
    gradient: (dloss) => [backward({ logits, targets: flat, stats, dloss }).dlogits, null],
    reference: crossEntropyReference,
    fused: true,
  });
}

/** The same of elementary operations: softplus(ln Σ_{j≠t} e^z_j − z_t). */
function composed(logits: Tensor, targets: Tensor<"u32">): Tensor {
  const [N, V] = logits.shape;
  const target = oneHot(targets, V, N);
  const others = add(logits, scale(target, -1e30));
  const largest = max(others.detached, [1]);
  const total = sum(exp(subtract(others, largest.reshape([N, 1]))), [1]);
  const margin = subtract(add(log(total), largest), sum(multiply(logits, target), [1]));
  return softplus(margin);
}

/** {@linkcode crossEntropyRows} in float64. */
export function crossEntropyReference(logits: Array64, targets: Array64): Array64 {
  const [N, V] = logits.shape;
  return array64([N], (n) => {
    const z = logits.data.subarray(n * V, (n + 1) * V);
    const t = targets.data[n % targets.data.length];
    const largest = z.reduce((most, value, j) => j === t ? most : Math.max(most, value), -Infinity);
    const rest = z.reduce((sum, value, j) => j === t ? sum : sum + Math.exp(value - largest), 0);
    const margin = largest + Math.log(rest) - z[t];
    return V === 1 ? 0 : Math.max(margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
  });
}
