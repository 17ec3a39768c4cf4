/**
 * Effect of SGD noise on the wait of a head that is aligned with a mode, to first order in η and η/B.
 *
 * While M ≈ 0 a step has the mean gradient Ḡ of B prompts, G = β x_qᵀ y, E G = Λ². A head v = |k| = |q| = a along mode d has
 * the wait T(a) = 1/(p a), p = λ_d², and one step moves all three factors by η a² Ḡ_dd, so that they stay equal and 1/a is a
 * random walk with the constant drift −η p: fluctuations neither help nor hinder it at first order, and
 *
 *     Var T = (η/B) Var(G_dd) T / p².
 *
 * The mean moves at second order, by half of E[ΔΔᵀ] : ∇²T summed along the flow. Along the head T is convex, which lengthens
 * the wait; across it noise kicks k_e and q_e by η a² Ḡ_ed and η a² Ḡ_de, which grow or fall as a^{±ρ}, ρ = λ_e²/λ_d², and
 * p_e k_e q_e feeds the value, which shortens it for the part that k and q have in common. With g = E Ḡ Ḡ,
 *
 *     E T − T = (η/p²) ln(v∞/v₀) { g_dd,dd − Σ_e (ρ/12) [ E(Ḡ_ed + Ḡ_de)²/(3 − 2ρ) − E(Ḡ_ed − Ḡ_de)²/(3 + 2ρ) ] }
 *
 * to logarithmic accuracy: the end, where the head saturates, counts as ln v∞. It needs ρ < 3/2. The mean λ_d⁴ within g_dd,dd is
 * the finite step of gradient descent without noise.
 */
import { expectPositive, type IclProblem, spectrumOf } from "../linear_icl/problem.ts";
import { keyQueryWait, regressionMoments } from "./plateaus.ts";

/**
 * Second moments `E[G_ij G_kl]` of one prompt's gradient G = β x_qᵀ y at M = 0, from
 * `E[ββᵀ | w] = (1 + 1/N) Λw (Λw)ᵀ + (wᵀΛw / N) Λ` and `E[x xᵀ y² | w] = (wᵀΛw) Λ + 2 Λw (Λw)ᵀ`.
 *
 * @param problem Spectrum (D) and context length.
 * @param entries Indices i, j, k, l.
 * @returns The moment.
 * @throws {RangeError} If the problem is invalid.
 *
 * @example
 * ```ts
 * import { startGradientMoment } from "./noise.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // One input and one pair: G = w² x₁² x², and every fourth moment is 3.
 * assertEquals(startGradientMoment({ spectrum: [1], context: 1 }, [0, 0, 0, 0]), 27);
 * ```
 */
export function startGradientMoment(
  problem: IclProblem,
  [i, j, k, l]: readonly [number, number, number, number],
): number {
  const { s, N, T } = spectrumOf(problem);
  const T2 = s.reduce((sum, value) => sum + value * value, 0);
  const same = (a: number, b: number) => a === b ? 1 : 0;
  /** E[w_a w_b Q], Q = wᵀΛw. */
  const withQ = (a: number, b: number) => same(a, b) * (T + 2 * s[a]);
  const four = same(i, k) * same(j, l) + same(i, j) * same(k, l) + same(i, l) * same(k, j);
  const along = (1 + 1 / N) * s[i] * s[k];
  const across = same(i, k) * s[i] / N;
  return along * (same(j, l) * s[j] * withQ(i, k) + 2 * s[j] * s[l] * four) +
    across * (same(j, l) * s[j] * (T * T + 2 * T2) + 2 * s[j] * s[l] * withQ(j, l));
}

/** An aligned head under SGD on fresh prompts. */
export interface NoisyWaitOptions {
  /** Mode that it is aligned with, from 0. */
  readonly mode: number;
  /** Size v₀ of value, key and query. */
  readonly start: number;
  /** Learning rate η > 0. */
  readonly rate: number;
  /** Prompts a step, B ≥ 1. */
  readonly batch: number;
  /** Share of the final slope at which the wait ends; half of it by default. */
  readonly share?: number;
}

/** Prediction of a wait, in t = η · steps. */
export interface NoisyWait {
  /** Wait of the flow. */
  readonly flow: number;
  /** Mean over replicas. */
  readonly mean: number;
  /** Part of `mean − flow` that is the finite step without noise. */
  readonly discretisation: number;
  /** Standard deviation over replicas. */
  readonly deviation: number;
}

/**
 * Mean and standard deviation of the wait of an aligned head.
 *
 * @param problem Spectrum (D) and context length.
 * @param options Mode, start, rate and batch size.
 * @returns The prediction.
 * @throws {RangeError} If an option is out of its domain, or another mode has λ_e² ≥ 1.5 λ_d².
 *
 * @example
 * ```ts
 * import { noisyKeyQueryWait } from "./noise.ts";
 * import { assert } from "@std/assert";
 *
 * const problem = { spectrum: [0.4, 0.3, 0.2, 0.1], context: 31 };
 * const wait = (batch: number) => noisyKeyQueryWait(problem, { mode: 0, start: 0.1, rate: 0.2, batch });
 * assert(wait(1).mean > wait(4).mean && wait(4).mean > wait(4).flow);
 * assert(Math.abs(wait(1).deviation / wait(4).deviation - 2) < 1e-12);
 * ```
 */
export function noisyKeyQueryWait(
  problem: IclProblem,
  { mode: d, start, rate, batch: B, share = 0.5 }: NoisyWaitOptions,
): NoisyWait {
  const flow = keyQueryWait(problem, "separate", { mode: d, start, share });
  expectPositive("rate", rate);
  expectPositive("batch", B);
  const { lambda, slopes } = regressionMoments(problem);
  const p = lambda[d] ** 2;
  const moment = (i: number, j: number, k: number, l: number) => startGradientMoment(problem, [i, j, k, l]);
  const variance = moment(d, d, d, d) - p * p;
  let across = 0;
  for (let e = 0; e < lambda.length; e++) {
    if (e === d) continue;
    const ratio = lambda[e] ** 2 / p;
    if (ratio >= 1.5) throw new RangeError(`expected no mode with λ² ≥ 1.5 λ² of mode ${d}, found mode ${e}`);
    const own = moment(e, d, e, d) + moment(d, e, d, e);
    const common = 2 * moment(e, d, d, e);
    across += ratio / 12 * ((own + common) / (3 - 2 * ratio) - (own - common) / (3 + 2 * ratio));
  }
  const unit = rate / (p * p) * Math.log(Math.cbrt(slopes[d]) / start);
  const discretisation = unit * p * p;
  return {
    flow,
    discretisation,
    mean: flow + discretisation + unit * (variance - across) / B,
    deviation: Math.sqrt(rate * variance / B * flow) / p,
  };
}
