/** Figures of losses, of the ICL score and of the heads' attention scores. */
import {
  band,
  type Frame,
  meanLine,
  ruleAt,
  smallMultiples,
  type Spec,
  theoryAndSimulation,
} from "../../lib/figures/mod.ts";
import { type Evidence, headsOf, learnedLevel, seedsOf } from "./evidence.ts";
import { caption, layersName, namedEnsembles, over, rowsOf, setupOf, windowRules } from "./figure_rows.ts";
import { earlyAndLate, headCurve, scoreCurve, type Series, wholeCurve } from "./series.ts";

/** ICL score of every depth and of the control. */
export function scoreFigure(evidence: Evidence): Spec {
  const rows = namedEnsembles(evidence).flatMap(([name, series]) =>
    rowsOf(series, name, (replica) => scoreCurve(series, replica))
  );
  const simulation = over(rows);
  const text = evidence.setting.task === "text";
  return theoryAndSimulation({
    title: "ICL score by depth, and of the shuffled control",
    subtitle: caption(evidence, simulation),
    description: "Loss at late minus loss at early positions against steps, for each depth and for shuffled sequences.",
    x: { title: "step" },
    y: { title: "late − early loss (nats)" },
    theory: [],
    simulation,
    groupTitle: "decoder",
    rules: [{
      y: learnedLevel(evidence),
      label: text ? "95 % prediction limit of the control" : "half way from exact unigram to bigram",
      // Just above it runs the control itself.
      below: text,
    }],
    width: 560,
    height: 330,
  });
}

/** Loss at late positions against what exact predictors lose there. */
export function lateLossFigure(evidence: Evidence): Spec {
  const simulation = over(
    evidence.depths.flatMap((series) =>
      rowsOf(series, layersName(series), (replica) => wholeCurve(series, "late loss", replica))
    ),
  );
  const rules = evidence.baselines.map(({ name, losses }) => ({
    y: earlyAndLate(losses, losses.length)[0].late,
    label: name,
  }));
  return theoryAndSimulation({
    title: "Loss at late positions against exact predictors",
    subtitle: caption(evidence, simulation),
    description: "Loss over the last quarter of positions against steps by depth, and the losses of exact predictors.",
    x: { title: "step" },
    y: { title: "loss at late positions (nats)" },
    theory: [],
    simulation,
    groupTitle: "decoder",
    rules,
    width: 560,
    height: 330,
  });
}

/** Attention scores of the best heads, one line a seed: seeds may learn different circuits, which a mean would hide. */
export function headsFigure(evidence: Evidence, two: Series): Spec {
  const order = seedsOf(two).map((replica) => String(replica + 1));
  const best = (quantity: string) => {
    const rows = seedsOf(two).flatMap((replica) => {
      const curves = headsOf(two).map((head) => headCurve(two, quantity, replica, head).y);
      const largest = curves.reduce((best, values) => values.at(-1)! > best.at(-1)! ? values : best);
      return largest.map((value, report) => ({ step: two.steps[report], replica, group: order[replica], value }));
    });
    return over(rows).map((row) => ({ ...row, series: "simulation" }));
  };
  const datasets = { previous: best("previous token"), prefix: best("prefix matching") };
  const frame: Frame = {
    x: { title: "step" },
    y: { title: "mean attention", domain: [0, 1] },
    groups: { title: "seed", order },
    sources: ["simulation"],
  };
  const rules = windowRules(evidence, false).flatMap(ruleAt);
  // The band of one seed has no height; the legend takes its colours from it.
  const linesOf = (dataset: string) => [band(frame, dataset), meanLine(frame, dataset)];
  const panel = (title: string, dataset: string) => ({ title, layers: [...rules, ...linesOf(dataset)] });
  const words = {
    title: "Two layers: the heads with the largest previous-token and prefix-matching scores",
    subtitle: `${setupOf(evidence)}; one line a seed${rules.length > 0 ? "; dotted: mean window" : ""}`,
    description: "Previous-token and prefix-matching scores of the best heads of each two-layer seed against steps.",
  };
  return smallMultiples(
    { ...words, width: 300, height: 240 },
    datasets,
    [panel("previous token", "previous"), panel("prefix matching", "prefix")],
    2,
  );
}
