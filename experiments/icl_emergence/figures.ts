/**
 * Figures of the experiment.
 *
 * Titles say what is shown, not what came out: they are written before the run, and the claims are there to judge it.
 */
import {
  band,
  bandOver,
  type BandRow,
  describeBand,
  type FigureRow,
  type Frame,
  meanLine,
  type Rule,
  ruleAt,
  smallMultiples,
  type Spec,
  theoryAndSimulation,
} from "../../lib/figures/mod.ts";
import { depth, type Evidence, headsOf, learnedLevel, mean, seedsOf, windowsOf } from "./evidence.ts";
import { earlyAndLate, headCurve, scoreCurve, type Series, wholeCurve } from "./series.ts";
import { MARGINAL } from "./setting.ts";
import { lossCurvature, normCurvature } from "./spectral_claims.ts";

/** Rows of a curve of every seed. */
function rowsOf(series: Series, group: string, valuesOf: (replica: number) => readonly number[]): FigureRow[] {
  return seedsOf(series).flatMap((replica) =>
    valuesOf(replica).map((value, report) => ({ step: series.steps[report], replica, group, value }))
  );
}

const over = (rows: readonly FigureRow[]) => bandOver(rows, { x: "step", value: "value", group: "group" });

const layersName = (series: Series) => series.layers === 1 ? "1 layer" : `${series.layers} layers`;

/** Task, sizes and optimiser, in a line. */
function setupOf({ setting }: Evidence): string {
  const task = setting.task === "text" ? "bytes of a text" : `${setting.task}, V = ${setting.vocabulary}`;
  return `${task}, T = ${setting.length}, C = ${setting.width}, ${setting.heads} heads, AdamW ${setting.lr}`;
}

/** What figures with bands say below their title. */
function caption(evidence: Evidence, rows: readonly BandRow[]): string {
  return `${setupOf(evidence)}; ${describeBand(rows)}`;
}

/** Start and end of the two-layer windows, mean over seeds. */
function windowRules(evidence: Evidence): Rule[] {
  const two = depth(evidence, 2);
  const windows = two ? windowsOf(two, evidence).filter((window) => window !== null) : [];
  if (windows.length === 0) return [];
  return [
    { x: mean(windows.map(({ start }) => start)), label: "window" },
    { x: mean(windows.map(({ end }) => end)) },
  ];
}

function score(evidence: Evidence): Spec {
  const ensembles = [...evidence.depths, ...(evidence.control ? [evidence.control] : [])];
  const simulation = over(
    ensembles.flatMap((series) =>
      rowsOf(
        series,
        series === evidence.control ? "2 layers, shuffled" : layersName(series),
        (replica) => scoreCurve(series, replica).values,
      )
    ),
  );
  return theoryAndSimulation({
    title: "ICL score by depth, and of the shuffled control",
    subtitle: caption(evidence, simulation),
    description: "Loss at late minus loss at early positions against steps, for each depth and for shuffled sequences.",
    x: { title: "step" },
    y: { title: "late − early loss (nats)" },
    theory: [],
    simulation,
    groupTitle: "decoder",
    rules: [{ y: learnedLevel(evidence), label: "half way from exact unigram to bigram" }],
    width: 560,
    height: 330,
  });
}

function lateLoss(evidence: Evidence): Spec {
  const simulation = over(
    evidence.depths.flatMap((series) =>
      rowsOf(series, layersName(series), (replica) => wholeCurve(series, "late loss", replica).values)
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

/** One line a seed: seeds may learn different circuits, which a mean would hide. */
function heads(evidence: Evidence, two: Series): Spec {
  const order = seedsOf(two).map((replica) => String(replica + 1));
  const best = (quantity: string) => {
    const rows = seedsOf(two).flatMap((replica) => {
      const curves = headsOf(two).map((head) => headCurve(two, quantity, replica, head).values);
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
  const rules = windowRules(evidence).flatMap(ruleAt);
  // The band of one seed has no height; the legend takes its colours from it.
  const linesOf = (dataset: string) => [band(frame, dataset), meanLine(frame, dataset)];
  const panel = (title: string, dataset: string) => ({ title, layers: [...rules, ...linesOf(dataset)] });
  const words = {
    title: "Two layers: the heads with the largest previous-token and prefix-matching scores",
    subtitle: `${setupOf(evidence)}; one line a seed; dotted: mean window`,
    description: "Previous-token and prefix-matching scores of the best heads of each two-layer seed against steps.",
  };
  return smallMultiples(
    { ...words, width: 300, height: 240 },
    datasets,
    [panel("previous token", "previous"), panel("prefix matching", "prefix")],
    2,
  );
}

function ranks(evidence: Evidence): Spec {
  const ensembles = [...evidence.depths, ...(evidence.control ? [evidence.control] : [])];
  const simulation = over(
    ensembles.flatMap((series) =>
      rowsOf(series, series === evidence.control ? "2 layers, shuffled" : layersName(series), (replica) => {
        const curves = headsOf(series).map((head) =>
          headCurve(series, `QK rank without ${MARGINAL}`, replica, head).values
        );
        return series.steps.map((_, report) => mean(curves.map((values) => values[report])));
      })
    ),
  );
  return theoryAndSimulation({
    title: `Effective rank of QK without its ${
      MARGINAL === 1 ? "leading value" : `${MARGINAL} leading values`
    }, mean over heads`,
    subtitle: `${caption(evidence, simulation)}; dotted: mean two-layer window`,
    description: "Marginalised effective rank of QK circuits against steps, one panel a depth.",
    x: { title: "step" },
    y: { title: "effective rank" },
    theory: [],
    simulation,
    rules: windowRules(evidence),
    columns: 3,
  });
}

function order(evidence: Evidence, two: Series): Spec {
  const progress = (quantity: string, group: string, of: (values: readonly number[]) => number[]) =>
    rowsOf(two, group, (replica) => {
      const curves = headsOf(two).map((head) => of(headCurve(two, quantity, replica, head).values));
      return two.steps.map((_, report) => mean(curves.map((values) => values[report])));
    });
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
    subtitle: caption(evidence, simulation),
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

function curvatures(evidence: Evidence, two: Series): Spec {
  const scaled = (values: readonly number[]) => {
    const largest = Math.max(...values.map(Math.abs), 1e-30);
    return values.map((value) => value / largest);
  };
  const simulation = over([
    ...rowsOf(two, "of the parameter norm", (replica) => scaled(normCurvature(two, replica))),
    ...rowsOf(two, "of the loss autocorrelation", (replica) => scaled(lossCurvature(two, replica))),
  ]);
  return theoryAndSimulation({
    title: "Two layers: curvatures, each seed in units of its largest",
    subtitle: caption(evidence, simulation),
    description: "Second difference of the parameter norm and curvature of the loss autocorrelation against steps.",
    x: { title: "step" },
    y: { title: "curvature / largest" },
    theory: [],
    simulation,
    rules: windowRules(evidence),
    columns: 2,
  });
}

function interventions(evidence: Evidence, two: Series): Spec {
  const { from, series } = evidence.interventions!;
  const simulation = over([
    ...rowsOf(two, "none", (replica) => scoreCurve(two, replica).values),
    ...series.flatMap((one) => rowsOf(one, one.name, (replica) => scoreCurve(one, replica).values)),
  ]);
  return theoryAndSimulation({
    title: `Two layers: ICL score with interventions on QK (top k = ${evidence.setting["top-k"]}) before the window`,
    subtitle: caption(evidence, simulation),
    description: "ICL score against steps without and with each intervention on the leading subspace of QK.",
    x: { title: "step" },
    y: { title: "late − early loss (nats)" },
    theory: [],
    simulation,
    groupTitle: "intervention",
    rules: [{ x: from, label: "intervention" }],
    width: 560,
    height: 330,
  });
}

/** All figures that the evidence allows, by name. */
export function figures(evidence: Evidence): Record<string, Spec> {
  const two = depth(evidence, 2);
  return {
    score: score(evidence),
    late_loss: lateLoss(evidence),
    qk_rank: ranks(evidence),
    ...(two && { heads: heads(evidence, two), order: order(evidence, two), curvature: curvatures(evidence, two) }),
    ...(two && evidence.interventions && { interventions: interventions(evidence, two) }),
  };
}
