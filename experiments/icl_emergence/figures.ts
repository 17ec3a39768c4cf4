/**
 * Figures of the experiment.
 *
 * Titles say what is shown, not what came out: they are written before the run, and the claims are there to judge it.
 */
import type { Spec } from "../../lib/figures/mod.ts";
import { anglesFigure, curvatureFigure, orderFigure, ranksFigure } from "./circuit_figures.ts";
import { depth, type Evidence } from "./evidence.ts";
import { delaysFigure, interventionsFigure } from "./intervention_figures.ts";
import { headsFigure, lateLossFigure, scoreFigure } from "./score_figures.ts";

/** All figures that the evidence allows, by name. */
export function figures(evidence: Evidence): Record<string, Spec> {
  const two = depth(evidence, 2);
  const changed = evidence.interventions.length > 0;
  const delays = two && changed ? delaysFigure(evidence) : null;
  return {
    score: scoreFigure(evidence),
    late_loss: lateLossFigure(evidence),
    qk_rank: ranksFigure(evidence),
    ...(two && {
      heads: headsFigure(evidence, two),
      order: orderFigure(evidence, two),
      angles: anglesFigure(evidence, two),
      curvature: curvatureFigure(evidence, two),
    }),
    ...(two && changed && { interventions: interventionsFigure(evidence, two) }),
    ...(delays && { delays }),
  };
}
