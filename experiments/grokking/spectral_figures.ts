/** Figures of effective ranks, and of how far row spaces are from the final ones. */
import { type Axis, describeBand, type Spec, theoryAndSimulation } from "../../lib/figures/mod.ts";
import { type Evidence, measureOf } from "./evidence.ts";
import { bands, phaseRules, phaseWords, STEP } from "./figure_parts.ts";
import { MATRICES, type SpectralMeasures } from "./spectral.ts";

const SHOWN: Readonly<Record<keyof SpectralMeasures, { readonly title: string; readonly y: Axis }>> = {
  ranks: { title: "Effective rank of circuits and matrices", y: { title: "effective rank" } },
  distances: {
    title: "Distance of circuits and matrices to their final subspace",
    y: { title: "distance to the final subspace", domain: [0, 1] },
  },
  angles: {
    title: "Principal angles of circuits and matrices to their final subspace",
    y: { title: "mean principal angle (rad)", domain: [0, Math.PI / 2], ticks: [0, 0.5, 1, 1.5] },
  },
};

/** One measure of QK, OV, the perceptron's matrices and the embeddings, a panel each. */
export function spectralFigure(evidence: Evidence, field: keyof SpectralMeasures): Spec {
  const { title, y } = SHOWN[field];
  const simulation = bands(
    evidence,
    MATRICES.map((name) => [name, (r: number) => measureOf(evidence, r, (measured) => measured[field][name])] as const),
  );
  return theoryAndSimulation({
    title,
    subtitle: [`QK and OV: means over heads; ${describeBand(simulation)}`, phaseWords(evidence)],
    description: `${y.title} of QK, OV, the perceptron's matrices and the embeddings against the step.`,
    x: STEP,
    y,
    theory: [],
    simulation,
    rules: phaseRules(evidence),
    columns: 3,
    width: 200,
    height: 140,
  });
}
