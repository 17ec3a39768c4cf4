/** Adam and AdamW on a flat buffer of parameters. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import code from "./flat_adam.part.wgsl" with { type: "text" };
import { flatFiles, flatGroups, type FlatInput, flatInputs } from "./flat_update.ts";

/**
 * Takes a step of Adam: `m ← m + (1 − β₁)(g − m)`, `v ← v + (1 − β₂)(g² − v)`, `p ← p − η m̂ / (√v̂ + ε)`, with
 * `m̂ = m/(1 − β₁ᵗ)`, `v̂ = v/(1 − β₂ᵗ)`, t = step + 1. With DECOUPLED 1 (AdamW) `p ← (1 − ηλ) p` first, with 0 (Adam)
 * `g ← g + λp`.
 *
 * hyper[r] = (lr, λ, largest norm, 0), (warmup, steps, floor, 0), (1 − β₁, 1 − β₂, ln β₁, ln β₂), (ε, 0, 0, 0).
 *
 * @param mean Running mean m of gradients (P), updated in place.
 * @param square Running mean v of their squares (P), updated in place.
 */
export const flatAdam: KernelOf<FlatInput | "mean" | "square"> = kernel({
  label: "flat_adam",
  code: { ...flatFiles, "kernels/optim/flat_adam.part.wgsl": code },
  inputs: { ...flatInputs, mean: ["P"], square: ["P"] },
  outputs: {},
  groups: flatGroups,
});

/** Numbers of one step of {@linkcode adamReference}. */
export interface AdamStep {
  /** Updates done before. */
  readonly step: number;
  /** Learning rate η, schedule included. */
  readonly rate: number;
  /** Weight decay λ. */
  readonly decay: number;
  /** β₁ and β₂. */
  readonly betas: readonly [number, number];
  /** ε. */
  readonly eps: number;
  /** AdamW's decay rather than Adam's. */
  readonly decoupled: boolean;
}

/**
 * {@linkcode flatAdam} in float64, for one parameter.
 *
 * @param p Elements; updated in place.
 * @param g Gradient, clipped already.
 * @param mean Running mean; updated in place.
 * @param square Running mean of squares; updated in place.
 * @param settings Numbers of the step.
 */
export function adamReference(
  p: Float64Array,
  g: Float64Array,
  mean: Float64Array,
  square: Float64Array,
  { step, rate, decay, betas, eps, decoupled }: AdamStep,
): void {
  const corrections = betas.map((beta) => -Math.expm1((step + 1) * Math.log(beta)));
  for (let i = 0; i < p.length; i++) {
    const slope = decoupled ? g[i] : g[i] + decay * p[i];
    mean[i] += (1 - betas[0]) * (slope - mean[i]);
    square[i] += (1 - betas[1]) * (slope * slope - square[i]);
    const kept = decoupled ? (1 - rate * decay) * p[i] : p[i];
    p[i] = kept - rate * mean[i] / corrections[0] / (Math.sqrt(square[i] / corrections[1]) + eps);
  }
}
