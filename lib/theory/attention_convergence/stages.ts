/**
 * Stages of training in closed form: which score moves first, and the tail of the loss.
 *
 * Start. At Q = 0 attention is A = p, and with G = Σ_m p_m² − p_k the target score rises at p_k · p_k (1 − p_k + G) a step, a dominant
 * one falls at p_k · p_1 (p_1 − G): it falls first where p_1 (p_1 − G) > p_k (1 − p_k + G).
 *
 * Tail. Late, a_m is small for m ≠ k and the loss is homogeneous of degree two in e^{−(Q_kk − Q_mk)}, at every N. Off-target attention
 * evens out, and with L = λ e^{−2Δ}, Δ the common distance of scores, dΔ/dt = 2 p_k K/(K − 1) L:
 *
 *     d(1/L)/dt = 4 p_k K/(K − 1),      L → (K − 1)/(4 K p_k t).
 *
 * λ cancels: the tail of the loss does not depend on N, as long as prompts without the feature are rare enough.
 */
import { type FeatureQuery, featureQuery } from "./problem.ts";

/**
 * How fast the dominant score falls over how fast the target score rises, at Q = 0 and N → ∞.
 *
 * @param problem Law of the features and the query.
 * @param dominant The dominant feature, in [0, K), not the query.
 * @returns Above 1 where the dominant score moves first; negative where it rises.
 * @throws {RangeError} If the problem is out of its domain, or the dominant feature is the query.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { dominantLaw } from "./problem.ts";
 * import { initialLead } from "./stages.ts";
 * assert(initialLead({ probabilities: dominantLaw(10, 0.5), query: 1 }) > 2);
 * assert(initialLead({ probabilities: dominantLaw(10, 0.3), query: 1 }) < 1);
 * ```
 */
export function initialLead(problem: FeatureQuery, dominant = 0): number {
  const { p, k, pk } = featureQuery(problem);
  if (dominant === k) throw new RangeError(`expected a dominant feature other than the query, found ${dominant}`);
  const G = p.reduce((sum, value) => sum + value * value, 0) - pk;
  return p[dominant] * (p[dominant] - G) / (pk * (1 - pk + G));
}

/**
 * Growth of 1/L a unit of time late in training, 4 p_k K/(K − 1): L tends to the reciprocal of this times t.
 *
 * @param problem Law of the features and the query.
 * @returns The rate, in 1/time with t = η · step.
 * @throws {RangeError} If the problem is out of its domain.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { tailRate } from "./stages.ts";
 * assertAlmostEquals(tailRate({ probabilities: [0.5, 0.5], query: 0 }), 4);
 * ```
 */
export function tailRate(problem: FeatureQuery): number {
  const { K, pk } = featureQuery(problem);
  return 4 * pk * K / (K - 1);
}
