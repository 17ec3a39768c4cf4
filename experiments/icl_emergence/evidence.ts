/** What the run has measured, and what several claims derive from it. */
import type { Claim, Judgement } from "../../lib/run/mod.ts";
import { earlyAndLate, headCurve, scoreCurve, type Series } from "./series.ts";
import { MARGINAL, type Setting } from "./setting.ts";
import type { Baseline } from "./tasks.ts";
import { deepestDip, findWindow, type Window } from "./windows.ts";

/** Everything that the run has measured. */
export interface Evidence {
  readonly setting: Setting;
  /** Exact predictors. */
  readonly baselines: readonly Baseline[];
  /** One series for each depth. */
  readonly depths: readonly Series[];
  /** Two layers on shuffled sequences. */
  readonly control: Series | null;
  /** Two layers with an intervention each, from a step on. */
  readonly interventions: { readonly from: number; readonly series: readonly Series[] } | null;
}

/** A claim about a run of this experiment. */
export type IclClaim = Claim<Evidence>;

/** Depth of a dip, as a share of the effective rank, from which it counts. */
export const LEAST_DIP = 0.05;

/** The ensemble of a depth. */
export const depth = ({ depths }: Pick<Evidence, "depths">, layers: number) =>
  depths.find((series) => series.layers === layers);

/** Ensembles of two and more layers. */
export const deep = ({ depths }: Evidence) => depths.filter(({ layers }) => layers >= 2);

/** Seeds of an ensemble, as indices. */
export const seedsOf = ({ replicas }: Series) => Array.from({ length: replicas }, (_, replica) => replica);

/** Heads of an ensemble, as indices. */
export const headsOf = ({ heads }: Series) => Array.from({ length: heads }, (_, head) => head);

/** ICL score of an exact predictor. */
export function baselineScore({ baselines }: Pick<Evidence, "baselines">, name: string): number {
  const { losses } = baselines.find((baseline) => baseline.name === name)!;
  const [{ early, late }] = earlyAndLate(losses, losses.length);
  return late - early;
}

/**
 * The score below which pairs have been learned in context: half way between the exact predictors that count tokens and
 * pairs in the context. One layer can do the former.
 */
export function learnedLevel(evidence: Pick<Evidence, "baselines">): number {
  return (baselineScore(evidence, "in-context unigram") + baselineScore(evidence, "in-context bigram")) / 2;
}

/** Windows that were found before: many claims ask for the same ones. */
const known = new WeakMap<Series, { readonly level: number; readonly windows: (Window | null)[] }>();

/** The ICL window of each seed of an ensemble, from its score alone. */
export function windowsOf(series: Series, evidence: Pick<Evidence, "baselines">): (Window | null)[] {
  const level = learnedLevel(evidence);
  const before = known.get(series);
  if (before?.level === level) return before.windows;
  const windows = seedsOf(series).map((replica) => findWindow(scoreCurve(series, replica), level));
  known.set(series, { level, windows });
  return windows;
}

/** Steps of the dips, of at least {@linkcode LEAST_DIP}, of the marginalised effective ranks of a seed's QK circuits. */
export function dipsOf(series: Series, replica: number): number[] {
  return headsOf(series).flatMap((head) => {
    const dip = deepestDip(headCurve(series, `QK rank without ${MARGINAL}`, replica, head));
    return dip.depth >= LEAST_DIP ? [dip.step] : [];
  });
}

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The judgement of a claim that the run gave nothing to judge by. */
export function undecided(predicted: number, detail: string): Judgement {
  return { predicted, measured: 0, low: 0, high: 0, verdict: "inconclusive", detail };
}

/** Smallest, mean and largest of some values. */
export function rangeOf(values: readonly number[]) {
  return { centre: mean(values), low: Math.min(...values), high: Math.max(...values) };
}
