/** When Bayesian model selection prefers a simple solution of larger loss to a complex one of smaller loss. */

/**
 * Number of examples at which the free energies `n ℓ + λ ln n` of two solutions are equal, on the branch n > e: `ln n / n =
 * −Δℓ / Δλ`, Δ the complex one's less the simple one's. Below it the simple solution is preferred, above it the complex one, by
 * Watanabe's expansion to leading order (Carroll et al. 2025, arXiv 2501.17745).
 *
 * @param lossGain −Δℓ: how much less the complex solution loses, in nats an example, > 0.
 * @param coefficientGain Δλ: how much larger its learning coefficient is.
 * @returns n > e; null if the complex solution is preferred at every n, because −Δℓ ≥ Δλ / e or Δλ ≤ 0.
 * @throws {RangeError} If the loss gain is not positive.
 *
 * @example
 * ```ts
 * import { selectionSize } from "./selection.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const n = selectionSize(0.5, 100)!;
 * assertAlmostEquals(Math.log(n) / n, 0.5 / 100, 1e-12);
 * ```
 */
export function selectionSize(lossGain: number, coefficientGain: number): number | null {
  if (!(lossGain > 0)) throw new RangeError(`selectionSize: expected a loss gain above 0, found ${lossGain}`);
  if (coefficientGain <= 0 || lossGain >= coefficientGain / Math.E) return null;
  const ratio = coefficientGain / lossGain;
  // u = ln n solves u − ln u = ln ratio; the left side is convex, and Newton's steps come down to u > 1 from above.
  let u = 2 * Math.log(ratio) + 1;
  for (let step = 0; step < 60; step++) u -= (u - Math.log(u) - Math.log(ratio)) / (1 - 1 / u);
  return Math.exp(u);
}
