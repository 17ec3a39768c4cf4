/** Accuracy: rows whose largest logit is that of the target. */
import { expectRank } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./accuracy.wgsl" with { type: "text" };
import { crossEntropyLanes } from "./cross_entropy.ts";

const forward = kernel({
  label: "accuracy",
  code: { "kernels/loss/accuracy.wgsl": code },
  inputs: { logits: ["N", "V"], targets: ["T"] },
  outputs: { correct: ["N"] },
  groups: ({ N, V, LANES }) => {
    // A pass over the columns, then a fold of the lanes.
    checkLoopIterations("accuracy", Math.ceil(V / LANES) + 6);
    return Math.ceil(N * LANES / 64);
  },
});

/**
 * Marks correct rows: `correct[n] = 1` if `targets[n mod T]` is the first of the largest logits of row n, else 0; a
 * constant to gradients.
 *
 * @param logits Finite (N, V), V ≤ 4 193 856 on a software adapter.
 * @param targets Classes in [0, V), T of them; T divides N.
 * @returns Zeros and ones (N).
 * @throws {ShapeError} If logits have not two axes, or the number of targets does not divide that of rows.
 */
export function correctRows(logits: Tensor, targets: Tensor<"u32">): Tensor {
  expectRank("correctRows", "logits", logits, 2);
  const [N, V] = logits.shape;
  if (N % targets.size !== 0) {
    throw new ShapeError(`correctRows: expected targets for ${N} rows or a part of them, found ${targets.size}`);
  }
  const flat = targets.reshape([targets.size]);
  return forward({ logits, targets: flat }, { LANES: crossEntropyLanes(V) }).correct.detached;
}
