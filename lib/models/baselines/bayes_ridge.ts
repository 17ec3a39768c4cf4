/** Ridge regression that infers the noise level. */
import { bayesRidgePrefixes, bayesRidgeReference } from "../../../kernels/baselines/bayes_ridge.ts";
import { type Baseline, BaselineConstants, type BaselineOptions, type PerReplica, positive } from "./baseline.ts";
import { composedBayesRidge, inTwoForms } from "./composed.ts";

/** Options of {@linkcode bayesRidge}. */
export interface BayesRidgeOptions extends BaselineOptions {
  /** Standard deviations σ > 0 of the labels' noise (C), all equally likely. */
  readonly sigmas: readonly number[];
  /** Standard deviation τ > 0 of a weight. */
  readonly tau: PerReplica;
}

/**
 * The posterior mean of y_n for `y = x·w + σ ε`, `w ~ N(0, τ² I)`, if σ is one of several levels: the mean of their ridge
 * predictions (λ = σ²/τ²), weighted by the likelihood of the n earlier labels under each; 0 without any pair.
 *
 * @param options Noise levels, spread of the weights, and which positions.
 * @returns The baseline. D ≤ 64.
 * @throws {RangeError} If there is no level, or σ or τ is not positive.
 */
export function bayesRidge({ sigmas, tau, positions }: BayesRidgeOptions): Baseline {
  const constants = new BaselineConstants("Bayes ridge");
  const sigma = constants.tensor("sigma", sigmas, [1, sigmas.length], positive);
  const spread = constants.perReplica("tau", tau, positive);
  return constants.baseline((prompts) =>
    inTwoForms({
      label: "Bayes ridge",
      prompts,
      constants: [sigma, spread],
      positions,
      kernel: () => bayesRidgePrefixes(prompts, sigma, spread, positions),
      composed: () => composedBayesRidge(prompts, sigma, spread, positions),
      reference: bayesRidgeReference,
    })
  );
}
