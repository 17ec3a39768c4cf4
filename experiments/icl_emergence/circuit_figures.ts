/** Figures of the circuits: effective ranks, row spaces, magnitudes and curvatures. */
import { type Spec, theoryAndSimulation } from "../../lib/figures/mod.ts";
import type { Evidence } from "./evidence.ts";
import { caption, meanOverHeads, namedEnsembles, over, rowsOf, windowRules } from "./figure_rows.ts";
import type { ReportCurve, Series } from "./series.ts";
import { MARGINAL } from "./setting.ts";
import { lossCurvature, normCurvature } from "./spectral_claims.ts";

/** What a caption says of dotted lines, where there are any. */
const dotted = (evidence: Evidence) => windowRules(evidence).length > 0 ? "; dotted: mean two-layer window" : "";

/** Marginalised effective rank of QK, one panel an ensemble. */
export function ranksFigure(evidence: Evidence): Spec {
  const simulation = over(
    namedEnsembles(evidence).flatMap(([name, series]) =>
      rowsOf(series, name, (replica) => meanOverHeads(series, `QK rank without ${MARGINAL}`, replica))
    ),
  );
  return theoryAndSimulation({
    title: `Effective rank of QK without its ${
      MARGINAL === 1 ? "leading value" : `${MARGINAL} leading values`
    }, mean over heads`,
    subtitle: caption(evidence, simulation) + dotted(evidence),
    description: "Marginalised effective rank of QK circuits against steps, one panel a depth.",
    x: { title: "step" },
    y: { title: "effective rank" },
    theory: [],
    simulation,
    rules: windowRules(evidence, false),
    columns: 3,
  });
}

/** Subspaces and magnitudes of both circuits on their way to where they end. */
export function orderFigure(evidence: Evidence, two: Series): Spec {
  const progress = (quantity: string, group: string, of: (values: readonly number[]) => number[]) =>
    rowsOf(two, group, (replica) => meanOverHeads(two, quantity, replica, of));
  const fallen = (values: readonly number[]) => values.map((value) => 1 - value / values[0]);
  const grown = (values: readonly number[]) => values.map((value) => value / values.at(-1)!);
  const simulation = over([
    ...progress("QK distance", "QK subspace (1 − distance / start)", fallen),
    ...progress("QK norm", "QK magnitude (norm / end)", grown),
    ...progress("OV distance", "OV subspace", fallen),
    ...progress("OV norm", "OV magnitude", grown),
  ]);
  return theoryAndSimulation({
    title: "Two layers: subspace and magnitude of the circuits, mean over heads",
    subtitle: caption(evidence, simulation) + dotted(evidence),
    description: "How far row spaces and norms of QK and OV have come, against steps.",
    x: { title: "step" },
    y: { title: "share of the way" },
    theory: [],
    simulation,
    groupTitle: "quantity",
    rules: windowRules(evidence),
    width: 560,
    height: 330,
  });
}

/** Principal angles of both circuits to their final row spaces. */
export function anglesFigure(evidence: Evidence, two: Series): Spec {
  const groups = (["QK", "OV"] as const).flatMap((circuit) =>
    (["largest", "mean"] as const).map((which) => [circuit, which] as const)
  );
  const simulation = over(
    groups.flatMap(([circuit, which]) =>
      rowsOf(
        two,
        `${circuit}, ${which}`,
        (replica) =>
          meanOverHeads(two, `${circuit} ${which} angle`, replica, (values) =>
            values.map((angle) =>
              angle * 180 / Math.PI
            )),
      )
    ),
  );
  return theoryAndSimulation({
    title: "Two layers: principal angles to the final row spaces, mean over heads",
    subtitle: caption(evidence, simulation) + dotted(evidence),
    description:
      "Largest and mean principal angle between the row spaces of QK and OV and their last ones, against steps.",
    x: { title: "step" },
    y: { title: "angle (degrees)", domain: [0, 90] },
    theory: [],
    simulation,
    groupTitle: "circuit, angle",
    rules: windowRules(evidence, false),
    width: 560,
    height: 330,
  });
}

/** Curvature of the parameter norm in time and of the loss autocorrelation in its lag. */
export function curvatureFigure(evidence: Evidence, two: Series): Spec {
  const scaled = ({ x, y }: ReportCurve): ReportCurve => {
    const largest = Math.max(...y.map(Math.abs), 1e-30);
    return { x, y: y.map((value) => value / largest) };
  };
  const simulation = over([
    ...rowsOf(two, "of the parameter norm", (replica) => scaled(normCurvature(two, replica))),
    ...rowsOf(two, "of the loss autocorrelation", (replica) => scaled(lossCurvature(two, replica))),
  ]);
  return theoryAndSimulation({
    title: "Two layers: curvatures, each seed in units of its largest",
    subtitle: caption(evidence, simulation) + dotted(evidence),
    description: "Curvature of the parameter norm in time and of the loss autocorrelation in its lag, against steps.",
    x: { title: "step" },
    y: { title: "curvature / largest" },
    theory: [],
    simulation,
    rules: windowRules(evidence, false),
    columns: 2,
  });
}
