/** What the run has measured, and what several claims derive from it. */
import { changePoints } from "../../lib/metrics/mod.ts";
import { type Claim, type Judgement, meanInterval } from "../../lib/run/mod.ts";
import { earlyAndLate, headCurve, scoreCurve, type Series } from "./series.ts";
import { MARGINAL, type Setting } from "./setting.ts";
import type { Baseline } from "./tasks.ts";
import { findWindow, leastExplained, type Window } from "./windows.ts";

/** Everything that the run has measured. */
export interface Evidence {
  readonly setting: Setting;
  /** Exact predictors. */
  readonly baselines: readonly Baseline[];
  /** One series for each depth. */
  readonly depths: readonly Series[];
  /** Two layers on shuffled sequences. */
  readonly control: Series | null;
  /** Two layers with interventions, for each place before the window. */
  readonly interventions: readonly Branch[];
}

/** Where before the window interventions are made. */
export interface Place {
  /** The step as a fraction of the last one before the windows. */
  readonly fraction: number;
  /** The step. */
  readonly from: number;
}

/** Two layers with every intervention from one step on. */
export interface Branch extends Place {
  /** One series for each intervention. */
  readonly series: readonly Series[];
}

/** What windows are located by, beside a score. */
export type Grounds = Pick<Evidence, "setting" | "baselines" | "control">;

/** A claim about a run of this experiment. */
export type IclClaim = Claim<Evidence>;

/** Depth of a dip, as a share of the largest effective rank, from which it counts. */
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
 * The score that counts as learned in context. Of tokens that repeat and of Markov chains: half way between the exact
 * predictors that count tokens and pairs in the context, as one layer can do the former. Of a text, where neither is apt:
 * {@linkcode controlLimit}.
 */
export function learnedLevel({ setting, baselines, control }: Grounds): number {
  if (setting.task === "text") return controlLimit(control!);
  return (baselineScore({ baselines }, "in-context unigram") + baselineScore({ baselines }, "in-context bigram")) / 2;
}

/** Mean ICL score of each seed over the last quarter of its reports. */
export function finalScores(series: Series): number[] {
  return seedsOf(series).map((replica) => {
    const { y } = scoreCurve(series, replica);
    return mean(y.slice(-Math.max(1, Math.floor(y.length / 4))));
  });
}

/**
 * What one more seed of the shuffled control would not reach: `x̄ − t_{R−1, 0.975} s √(1 + 1/R)` over the final scores of
 * its R seeds, the lower end of the 95 % prediction interval.
 */
export function controlLimit(control: Series): number {
  const { centre, low } = meanInterval(finalScores(control), 0.95);
  // The interval of the mean is narrower than that of a further value by √(1/R) to √(1 + 1/R).
  return centre - (centre - low) * Math.sqrt(control.replicas + 1);
}

/** Windows that were found before: many claims ask for the same ones. */
const known = new WeakMap<Series, { readonly level: number; readonly windows: (Window | null)[] }>();

/** The ICL window of each seed of an ensemble, from its score alone. */
export function windowsOf(series: Series, grounds: Grounds): (Window | null)[] {
  const level = learnedLevel(grounds);
  const before = known.get(series);
  if (before?.level === level) return before.windows;
  const explained = leastExplained(grounds.setting.task);
  const windows = seedsOf(series).map((replica) => findWindow(scoreCurve(series, replica), level, explained));
  known.set(series, { level, windows });
  return windows;
}

/**
 * Steps of the dips of the marginalised effective ranks of a seed's QK circuits: of the lowest value, where higher ones
 * lie before and after by at least {@linkcode LEAST_DIP} of the highest.
 */
export function dipsOf(series: Series, replica: number): number[] {
  return headsOf(series).flatMap((head) => {
    const curve = headCurve(series, `QK rank without ${MARGINAL}`, replica, head);
    const { dip } = changePoints(curve, { least: LEAST_DIP, depth: 0 });
    return dip === null ? [] : [dip];
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
