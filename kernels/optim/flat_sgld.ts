/** Stochastic gradient Langevin dynamics on a flat buffer of parameters. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { flatFiles, flatGroups, type FlatInput, flatInputs } from "./flat_update.ts";
import code from "./flat_sgld.part.wgsl" with { type: "text" };
import random from "../random/random.part.wgsl" with { type: "text" };

/**
 * Takes a step of SGLD: `p ← p − (η/2)(β g + γ(p − p*) + λp) + √(ηT) ξ`, ξ ~ N(0, 1): element e of parameter number k
 * of replica r takes number e of the stream (seed r, KEY, step, item k).
 *
 * hyper[r] = (lr, λ, largest norm, 0), (warmup, steps, floor, 0), (β, γ, T, 0), 0.
 *
 * @param seeds One seed per replica (R), u32.
 * @param centre p* (P).
 */
export const flatSgld: KernelOf<FlatInput | "seeds" | "centre"> = kernel({
  label: "flat_sgld",
  code: { ...flatFiles, "kernels/random/random.part.wgsl": random, "kernels/optim/flat_sgld.part.wgsl": code },
  inputs: { ...flatInputs, seeds: ["R"], centre: ["P"] },
  outputs: {},
  groups: flatGroups,
});

/** Numbers of one step of {@linkcode sgldReference}. */
export interface SgldStep {
  /** Step size η, schedule included. */
  readonly rate: number;
  /** Weight decay λ. */
  readonly decay: number;
  /** Factor β of the gradient. */
  readonly inverseTemperature: number;
  /** γ. */
  readonly localisation: number;
  /** T. */
  readonly temperature: number;
}

/**
 * {@linkcode flatSgld} in float64, for one parameter.
 *
 * @param p Elements; updated in place.
 * @param g Gradient, clipped already.
 * @param centre p*.
 * @param noise ξ.
 * @param settings Numbers of the step.
 */
export function sgldReference(
  p: Float64Array,
  g: Float64Array,
  centre: Float64Array,
  noise: Float64Array,
  { rate, decay, inverseTemperature, localisation, temperature }: SgldStep,
): void {
  for (let i = 0; i < p.length; i++) {
    const slope = inverseTemperature * g[i] + localisation * (p[i] - centre[i]) + decay * p[i];
    p[i] += -rate / 2 * slope + Math.sqrt(rate * temperature) * noise[i];
  }
}
