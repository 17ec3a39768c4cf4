/** Figures of the interventions: the score under each, and delays by where they were made. */
import {
  band,
  type BandRow,
  type Frame,
  meanLine,
  ruleAt,
  smallMultiples,
  type Spec,
  theoryAndSimulation,
} from "../../lib/figures/mod.ts";
import { meanInterval } from "../../lib/run/mod.ts";
import type { Branch, Evidence } from "./evidence.ts";
import { caption, over, rowsOf, setupOf } from "./figure_rows.ts";
import { delays } from "./intervention_claims.ts";
import { INTERVENTIONS } from "./interventions.ts";
import { scoreCurve, type Series } from "./series.ts";

/** ICL score without and with every intervention, one panel a place. */
export function interventionsFigure(evidence: Evidence, two: Series): Spec {
  const order = ["none", ...INTERVENTIONS];
  const last = Math.max(...evidence.interventions.flatMap(({ series }) => series.map(({ steps }) => steps.at(-1)!)));
  const simulation = evidence.interventions.map(({ series }) =>
    over([
      ...rowsOf(two, "none", (replica) => scoreCurve(two, replica)).filter(({ step }) => Number(step) <= last),
      ...series.flatMap((one, index) => rowsOf(one, INTERVENTIONS[index], (replica) => scoreCurve(one, replica))),
    ])
  );
  const frame: Frame = {
    x: { title: "step", domain: [0, last] },
    y: { title: "late − early loss (nats)" },
    groups: { title: "intervention", order },
    sources: ["simulation"],
  };
  const dataset = (index: number) => `place_${index}`;
  const panel = ({ from }: Branch, index: number) => ({
    title: `at step ${from}`,
    layers: [...ruleAt({ x: from }), band(frame, dataset(index)), meanLine(frame, dataset(index))],
  });
  return smallMultiples(
    {
      title: `Two layers: ICL score with interventions on QK (top k = ${evidence.setting["top-k"]}) before the window`,
      subtitle: caption(evidence, simulation[0]),
      description: "ICL score against steps without and with each intervention on the leading subspace of QK.",
      width: 340,
      height: 280,
    },
    Object.fromEntries(
      simulation.map((rows, index) => [dataset(index), rows.map((row) => ({ ...row, series: "simulation" }))]),
    ),
    evidence.interventions.map(panel),
    2,
  );
}

/** Delay of the transition under each intervention against the step at which it was made; null without two windows. */
export function delaysFigure(evidence: Evidence): Spec | null {
  const simulation = INTERVENTIONS.flatMap((intervention) =>
    evidence.interventions.flatMap((branch): BandRow[] => {
      const steps = delays(evidence, branch, intervention).map(({ steps }) => steps);
      if (steps.length < 2) return [];
      const { centre, low, high } = meanInterval(steps);
      return [{ x: branch.from, group: intervention, mean: centre, low, high, replicas: steps.length }];
    })
  );
  if (simulation.length === 0) return null;
  // One scale for all panels: they are there to be compared.
  const ends = simulation.flatMap(({ low, high }) => [low, high, 0]);
  const [least, most] = [Math.floor(Math.min(...ends) / 20) * 20, Math.ceil(Math.max(...ends) / 20) * 20];
  return theoryAndSimulation({
    title: `Two layers: delay of the transition by where QK was changed (top k = ${evidence.setting["top-k"]})`,
    subtitle: `${setupOf(evidence)}; 95 % interval of the mean over ${simulation[0].replicas} seeds`,
    description: "Steps by which each intervention delays the transition, against the step at which it was made.",
    x: { title: "step of the intervention", domain: [0, evidence.interventions.at(-1)!.from * 1.1] },
    y: { title: "delay (steps)", domain: [least, most] },
    theory: [],
    simulation,
    marks: "points",
    rules: [{ y: 0 }],
    columns: 4,
    width: 170,
    height: 220,
  });
}
