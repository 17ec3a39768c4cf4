/** Stochastic gradient descent on a flat buffer of parameters, with and without momentum. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import momentumCode from "./flat_momentum.part.wgsl" with { type: "text" };
import code from "./flat_sgd.part.wgsl" with { type: "text" };
import { flatFiles, flatGroups, type FlatInput, flatInputs } from "./flat_update.ts";

/**
 * Takes a step of SGD: `p ← p − η(g + λp)`.
 *
 * hyper[r] = (lr, λ, largest norm, 0), (warmup, steps, floor, 0), 0, 0.
 */
export const flatSgd: KernelOf<FlatInput> = kernel({
  label: "flat_sgd",
  code: { ...flatFiles, "kernels/optim/flat_sgd.part.wgsl": code },
  inputs: flatInputs,
  outputs: {},
  groups: flatGroups,
});

/**
 * Takes a step of SGD with momentum: `b ← μb + g + λp`, then `p ← p − ηb`, or `p ← p − η(g + λp + μb)` with NESTEROV 1.
 *
 * hyper[r] = (lr, λ, largest norm, 0), (warmup, steps, floor, 0), (μ, 0, 0, 0), 0.
 *
 * @param momentum Running sum b (P), updated in place; zeros at first.
 */
export const flatMomentum: KernelOf<FlatInput | "momentum"> = kernel({
  label: "flat_momentum",
  code: { ...flatFiles, "kernels/optim/flat_momentum.part.wgsl": momentumCode },
  inputs: { ...flatInputs, momentum: ["P"] },
  outputs: {},
  groups: flatGroups,
});

/** Numbers of one step of {@linkcode momentumReference}. */
export interface MomentumStep {
  /** Learning rate η, schedule included. */
  readonly rate: number;
  /** Weight decay λ. */
  readonly decay: number;
  /** μ; 0 for descent without momentum. */
  readonly momentum: number;
  /** Nesterov's variant. */
  readonly nesterov: boolean;
}

/**
 * {@linkcode flatMomentum}, and with μ = 0 {@linkcode flatSgd}, in float64, for one parameter.
 *
 * @param p Elements; updated in place.
 * @param g Gradient, clipped already.
 * @param sum Running sum; updated in place.
 * @param settings Numbers of the step.
 */
export function momentumReference(
  p: Float64Array,
  g: Float64Array,
  sum: Float64Array,
  { rate, decay, momentum, nesterov }: MomentumStep,
): void {
  for (let i = 0; i < p.length; i++) {
    const slope = g[i] + decay * p[i];
    sum[i] = momentum * sum[i] + slope;
    p[i] -= rate * (nesterov ? slope + momentum * sum[i] : sum[i]);
  }
}
