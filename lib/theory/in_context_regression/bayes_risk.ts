/** Bayes risk of linear regression in context, with a prior variance of its own for every weight. */
import { choleskyReference } from "../../linalg/reference_solve.ts";
import { normals } from "../../random/random.ts";
import { mean, standardDeviation } from "../../statistics/mod.ts";

/** A law of prompts: `y = x·w + σ ε`, x ~ N(0, I), w ~ N(0, diag v). */
export interface PriorLaw {
  /** Variances v > 0 of the weights (D). */
  readonly variances: readonly number[];
  /** Deviation σ > 0 of the labels' noise. */
  readonly sigma: number;
  /** Largest number N ≥ 0 of examples before the query. */
  readonly context: number;
}

/**
 * Risk `E (ŷ − y)²` of the posterior mean, the query's noise included: `σ² + E tr (Σ x xᵀ/σ² + diag(1/v))⁻¹`, the posterior's
 * covariance being the same for all labels; its mean over the inputs by Monte Carlo, in float64.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { bayesRisks } from "./bayes_risk.ts";
 *
 * const [{ risk }] = bayesRisks({ variances: [1, 1 / 4], sigma: 0.5, context: 8 }, { samples: 2 });
 * assertAlmostEquals(risk, 0.25 + 1 + 1 / 4, 1e-12);
 * ```
 *
 * @param law Prior, noise, most examples.
 * @param options Number of samples of the inputs, at least two; their seed, 1 by default.
 * @returns The risk with 0, 1, … N examples (N + 1), and its standard error over samples.
 * @throws {RangeError} If a variance or the noise is not positive, or there are fewer than two samples.
 */
export function bayesRisks(
  { variances, sigma, context }: PriorLaw,
  { samples, seed = 1 }: { readonly samples: number; readonly seed?: number },
): { readonly risk: number; readonly error: number }[] {
  const wrong = [...variances, sigma].find((value) => !(value > 0 && Number.isFinite(value)));
  if (wrong !== undefined) throw new RangeError(`expected variances and noise above 0, found ${wrong}`);
  if (!(samples >= 2)) throw new RangeError(`expected at least two samples, found ${samples}`);
  const D = variances.length;
  const risks = Array.from({ length: context + 1 }, () => new Float64Array(samples));
  for (let item = 0; item < samples; item++) {
    const x = normals({ seed, key: "bayes risk", item }, Math.max(1, context * D));
    const precision = new Float64Array(D * D);
    variances.forEach((variance, i) => precision[i * D + i] = 1 / variance);
    for (let n = 0; n <= context; n++) {
      risks[n][item] = sigma ** 2 + inverseTrace(precision, D);
      if (n === context) break;
      for (let i = 0; i < D; i++) {
        for (let j = 0; j <= i; j++) precision[i * D + j] += x[n * D + i] * x[n * D + j] / sigma ** 2;
      }
    }
  }
  return risks.map((all) => ({ risk: mean(all), error: standardDeviation(all) / Math.sqrt(samples) }));
}

/** Trace of the inverse of L Lᵀ: the squared norm of L⁻¹, column by column. */
function inverseTrace(matrix: Float64Array, D: number): number {
  const l = choleskyReference(matrix, D);
  const column = new Float64Array(D);
  let trace = 0;
  for (let j = 0; j < D; j++) {
    for (let i = j; i < D; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= l[i * D + k] * column[k];
      column[i] = sum / l[i * D + i];
      trace += column[i] ** 2;
    }
  }
  return trace;
}
