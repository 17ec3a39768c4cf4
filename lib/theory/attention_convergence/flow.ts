/**
 * Losses of the scores at N → ∞ and at first order in 1/N.
 *
 * Both are functions F(A) of the attention A_m = p_m e^{Q_mk} / Σ_j p_j e^{Q_jk}, whose derivative with respect to the scores is
 * ∂F/∂Q_lk = A_l (F_l − Σ_j A_j F_j), F_j = ∂F/∂A_j.
 *
 * N → ∞: counts are N p, and F = ½ |A − e_k|².
 *
 * First order: write n_m = N p_m (1 + δ_m). Then E[δδᵀ] = (diag(1/p) − 1 1ᵀ)/N, and attention does not depend on a common factor
 * of the counts, so that second derivatives along 1 vanish and the loss gains c/N with c = ½ Σ_m (1/p_m) ∂²ℓ/∂δ_m². As
 * a_j(δ_m) = A_j (1 + δ_m [j=m]) / (1 + A_m δ_m),
 *
 *     c = ½ Σ_m (A_m²/p_m) (1 − 4 A_m + 2 [m=k] + 3 S − 2 A_k),      S = Σ_j A_j².
 *
 * Late in training, A_k → 1, c/N tends to 3/(N p_k) times the loss, plus a part of the other features: the expansion needs
 * N p_k ≫ 3. It knows nothing of prompts without the feature, whose probability (1 − p_k)^N is beyond all orders of 1/N;
 * `finiteContext` does.
 */
import { attentionTo, type FeatureQuery, featureQuery, type ScoreGradient, type ScoreLoss } from "./problem.ts";

/** Gradient with respect to the scores of a function of the attention with derivatives F_j, times p_k. */
function pushed(A: Float64Array, F: Float64Array, pk: number): Float64Array {
  let mean = 0;
  for (let j = 0; j < A.length; j++) mean += A[j] * F[j];
  return A.map((a, l) => pk * a * (F[l] - mean));
}

/**
 * Makes the loss at N → ∞: `L_k = ½ [(1 − A_k)² + Σ_{m≠k} A_m²]`.
 *
 * @param problem Law of the features and the query.
 * @returns The loss of the query as a function of its scores.
 * @throws {RangeError} If the problem is out of its domain.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { infiniteContext } from "./flow.ts";
 * const { loss } = infiniteContext({ probabilities: [0.5, 0.5], query: 0 })([0, 0]);
 * assertAlmostEquals(loss, 0.25);
 * ```
 */
export function infiniteContext(problem: FeatureQuery): ScoreLoss {
  const { p, k, pk } = featureQuery(problem);
  return (scores) => {
    const A = attentionTo(p, scores);
    const F = A.map((a, j) => a - (j === k ? 1 : 0));
    return { loss: 0.5 * F.reduce((sum, f) => sum + f * f, 0), gradient: pushed(A, F, pk) };
  };
}

/**
 * Makes the coefficient c of the leading correction: the loss at context length N is `infiniteContext` + c/N + O(1/N²).
 *
 * @param problem Law of the features and the query.
 * @returns c and its gradient as functions of the scores.
 * @throws {RangeError} If the problem is out of its domain.
 */
export function contextCorrection(problem: FeatureQuery): ScoreLoss {
  const { p, k, pk } = featureQuery(problem);
  return (scores) => {
    const A = attentionTo(p, scores);
    const S = A.reduce((sum, a) => sum + a * a, 0);
    const weight = A.reduce((sum, a, m) => sum + a * a / p[m], 0);
    const rest = (m: number) => 1 - 4 * A[m] + (m === k ? 2 : 0) + 3 * S - 2 * A[k];
    const F = A.map((a, j) => a * (rest(j) - 2 * a) / p[j] + weight * (3 * a - (j === k ? 1 : 0)));
    return { loss: 0.5 * A.reduce((sum, a, m) => sum + a * a / p[m] * rest(m), 0), gradient: pushed(A, F, pk) };
  };
}

/**
 * Makes the loss at first order in 1/N.
 *
 * @param problem Law of the features and the query.
 * @param context Context length N ≥ 1; `Infinity` for the limit.
 * @returns The loss as a function of the scores; its error is O(1/N²).
 * @throws {RangeError} If the problem is out of its domain, or N below 1.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { firstOrderContext } from "./flow.ts";
 * // Two features without scores: ½ E[|n/N − e|²] = ½ (½ + 2 · ¼/N).
 * const { loss } = firstOrderContext({ probabilities: [0.5, 0.5], query: 0 }, 10)([0, 0]);
 * assertAlmostEquals(loss, 0.25 + 0.025);
 * ```
 */
export function firstOrderContext(problem: FeatureQuery, context: number): ScoreLoss {
  if (!(context >= 1)) throw new RangeError(`expected a context length of at least 1, found ${context}`);
  const [leading, correction] = [infiniteContext(problem), contextCorrection(problem)];
  return (scores): ScoreGradient => {
    const [limit, first] = [leading(scores), correction(scores)];
    return {
      loss: limit.loss + first.loss / context,
      gradient: limit.gradient.map((value, m) => value + first.gradient[m] / context),
    };
  };
}
