/** All figures of the run. Titles say what is shown, not what came out. */
import type { Spec } from "../../lib/figures/mod.ts";
import { coefficientFigure } from "./coefficient_figure.ts";
import type { Evidence } from "./evidence.ts";
import { circles, heatMap } from "./fourier_figures.ts";
import { interventionCurves, interventionTimes } from "./intervention_figures.ts";
import { spectralFigure } from "./spectral_figures.ts";
import { accuracy, controls, losses, weightNorm } from "./training_figures.ts";

/** All figures by file name. */
export function figures(evidence: Evidence): Record<string, Spec> {
  return {
    losses: losses(evidence),
    accuracy: accuracy(evidence),
    controls: controls(evidence),
    fourier: heatMap(evidence),
    circles: circles(evidence),
    effective_rank: spectralFigure(evidence, "ranks"),
    subspace_distance: spectralFigure(evidence, "distances"),
    principal_angles: spectralFigure(evidence, "angles"),
    weight_norm: weightNorm(evidence),
    ...(evidence.coefficients.length > 0 ? { learning_coefficient: coefficientFigure(evidence) } : {}),
    ...(evidence.branches.length > 0
      ? { interventions: interventionCurves(evidence), intervention_times: interventionTimes(evidence) }
      : {}),
  };
}
