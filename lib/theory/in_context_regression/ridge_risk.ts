/**
 * Risk of ridge regression on prompts of linear regression, with the right penalty or a wrong one, by Monte Carlo over spectra.
 *
 * With `y = x·w + σ ε`, x ~ N(0, I), w ~ N(0, τ² I), the query's error is averaged exactly over w, ε and the query; what is
 * left depends on the eigenvalues s of Σ x xᵀ alone, which are drawn.
 *
 * @module
 */
import { eighReference } from "../../linalg/reference.ts";
import { normals } from "../../random/random.ts";
import { mean, standardDeviation } from "../../statistics/mod.ts";

/** Spectra of Σ x xᵀ over the examples of a prompt. */
export interface GramSpectra {
  /** Input dimension D. */
  readonly dimension: number;
  /** Eigenvalues (samples, D), row-major, ≥ 0. */
  readonly values: Float64Array;
}

/**
 * Draws N inputs from N(0, I) for every sample and finds the eigenvalues of Σ x xᵀ, in float64.
 *
 * @param options Dimension D, examples N ≥ 0, number of samples, seed.
 * @returns Spectra.
 */
export function gaussianSpectra(
  { dimension: D, context: N, samples, seed = 1 }: {
    readonly dimension: number;
    readonly context: number;
    readonly samples: number;
    readonly seed?: number;
  },
): GramSpectra {
  const values = new Float64Array(samples * D);
  for (let item = 0; item < samples; item++) {
    const x = normals({ seed, key: "gaussian spectra", item }, Math.max(1, N * D));
    const gram = new Float64Array(D * D);
    for (let n = 0; n < N; n++) {
      for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) gram[i * D + j] += x[n * D + i] * x[n * D + j];
    }
    values.set(eighReference(gram, D).values.map((value) => Math.max(0, value)), item * D);
  }
  return { dimension: D, values };
}

/**
 * Risk `E (ŷ − y)²` of ridge regression, the query's noise included:
 * `σ² + E Σ_i [ (λ/(s_i + λ))² τ² + σ² s_i/(s_i + λ)² ]`; least at λ = σ²/τ², where ridge is the posterior mean.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { gaussianSpectra, ridgeRisk } from "./ridge_risk.ts";
 *
 * // Least squares on N > D + 1 examples: σ² (1 + D/(N − D − 1)).
 * const spectra = gaussianSpectra({ dimension: 2, context: 10, samples: 2000 });
 * const { risk, error } = ridgeRisk(spectra, { sigma: 0.5, tau: 1, lambda: 0 });
 * assertAlmostEquals(risk, 0.25 * (1 + 2 / 7), 4 * error);
 * ```
 *
 * @param spectra Spectra of prompts.
 * @param law Noise σ ≥ 0 of labels, deviation τ > 0 of a weight, penalty λ ≥ 0; ∞ predicts 0.
 * @returns The risk, and its standard error over spectra.
 */
export function ridgeRisk(
  { dimension: D, values }: GramSpectra,
  { sigma, tau, lambda }: { readonly sigma: number; readonly tau: number; readonly lambda: number },
): { readonly risk: number; readonly error: number } {
  const risks = Array.from({ length: values.length / D }, (_, sample) => {
    let risk = sigma ** 2;
    for (let i = 0; i < D; i++) {
      const s = values[sample * D + i];
      // Directions that no example has are not learned, and least squares leaves them at 0.
      const left = lambda === Infinity || s === 0 ? 1 : lambda / (s + lambda);
      risk += (left * tau) ** 2 + (s === 0 || lambda === Infinity ? 0 : sigma ** 2 * s / (s + lambda) ** 2);
    }
    return risk;
  });
  return { risk: mean(risks), error: standardDeviation(risks) / Math.sqrt(risks.length) };
}
