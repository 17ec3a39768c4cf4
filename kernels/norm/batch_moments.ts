/** Means and variances of columns over all rows of a replica, and their running averages. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import partsCode from "./batch_moments.wgsl" with { type: "text" };
import totalCode from "./batch_moments_total.wgsl" with { type: "text" };
import runningCode from "./batch_moments_running.wgsl" with { type: "text" };
import { inBothForms } from "../shared/elements.ts";

const parts = inBothForms(({ files, width }): KernelOf<"x", "means" | "squares", "span"> =>
  kernel({
    label: "batch_moments",
    code: { ...files, "kernels/norm/batch_moments.wgsl": partsCode },
    inputs: { x: ["R", "M", "C"] },
    outputs: { means: ["R", "P", "C"], squares: ["R", "P", "C"] },
    scalars: ["span"],
    groups: ({ R, P, C }) => Math.ceil(R * P * C / width / 64),
  })
);

const totals = inBothForms(({ files, width }) =>
  kernel({
    label: "batch_moments_total",
    code: { ...files, "kernels/norm/batch_moments_total.wgsl": totalCode },
    inputs: { means: ["R", "P", "C"], squares: ["R", "P", "C"] },
    outputs: { mu: ["R", "C"], variance: ["R", "C"], factor: ["R", "C"] },
    scalars: ["rows", "span", "epsilon"],
    groups: ({ R, C }) => Math.ceil(R * C / width / 64),
  })
);

const average: KernelOf<"mu" | "variance" | "mean" | "spread", never, "momentum" | "unbias"> = kernel({
  label: "batch_moments_running",
  code: { "kernels/norm/batch_moments_running.wgsl": runningCode },
  inputs: { mu: ["N"], variance: ["N"], mean: ["N"], spread: ["N"] },
  outputs: {},
  scalars: ["momentum", "unbias"],
  groups: ({ N }) => Math.ceil(N / 64),
});

/** Moments of columns, (R, C) each. */
export interface Moments {
  /** Mean. */
  readonly mu: Tensor;
  /** Mean square deviation. */
  readonly variance: Tensor;
  /** `1/√(variance + ε)`. */
  readonly factor: Tensor;
}

/** Running averages that evaluation uses: state tensors (R, C), which start as 0 and 1. */
export interface RunningMoments {
  /** Of the mean. */
  readonly mean: Tensor;
  /** Of the unbiased variance. */
  readonly variance: Tensor;
}

/**
 * Computes mean and variance of each column, in two dispatches: of about √M parts, then of all. The order of summation
 * depends on M alone, and no square of a mean is subtracted.
 *
 * @param x Rows (R, M, C).
 * @param epsilon Added to the variance under the root.
 * @returns Moments (R, C).
 */
export function batchMoments(x: Tensor, epsilon: number): Moments {
  const [, M, C] = x.shape;
  const span = Math.ceil(Math.sqrt(M));
  checkLoopIterations("batch_moments", 2 * span);
  const P = Math.ceil(M / span);
  return totals(C)({ ...parts(C)({ x, span }, { P }), rows: M, span, epsilon });
}

/**
 * Moves running averages towards the moments of a batch, in place, as PyTorch does: the variance counts M − 1 rows.
 *
 * @param running Averages, overwritten.
 * @param moments Of the batch.
 * @param M Rows of the batch.
 * @param momentum Weight of the batch, in [0, 1].
 */
export function updateRunning(running: RunningMoments, { mu, variance }: Moments, M: number, momentum: number): void {
  const flat = (tensor: Tensor) => tensor.reshape([tensor.size]);
  average({
    mu: flat(mu),
    variance: flat(variance),
    mean: flat(running.mean),
    spread: flat(running.variance),
    momentum,
    unbias: M / Math.max(1, M - 1),
  });
}
