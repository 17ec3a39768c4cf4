/** When in-context learning appears, and when heads change, from what was measured alone. */
import * as lab from "../../mod.ts";
import type { Setting } from "./setting.ts";

const { mean, predictionInterval } = lab.statistics;

/** Losses of exact predictors by position: theory curves of these, index = position. */
export const EXACT = { series: "held-out sequences", quantity: "loss" };

/** Effective rank of QK whose dips count: without its leading value. */
export const QK_RANK = "QK rank without 1";

/** Depth of a dip, as a share of the largest effective rank, from which it counts. */
export const LEAST_DIP = 0.05;

/** The ensemble of a depth, and that of two layers on sequences whose order is lost. */
export const ofDepth = (layers: number) => `depth-${layers}`;
export const TWO = ofDepth(2);
export const CONTROL = "control";

/** Early and late loss and score of every exact predictor, by name. */
export function exactScores(measured: lab.Measurements, { length }: Pick<Setting, "length">) {
  const lossAt = (name: string, index: number) => measured.theory(name, { ...EXACT, index }).y[0];
  const scores = (name: string) => lab.iclScores(Array.from({ length }, (_, t) => lossAt(name, t)), length);
  return Object.fromEntries(measured.theories({ ...EXACT, index: 0 }).map((name) => [name, scores(name)]));
}

/** Mean score of each seed over the last quarter of its reports. */
export function finalScores(measured: lab.Measurements, series: string): number[] {
  return measured.curves({ series, quantity: "score" })
    .map(({ y }) => mean(y.slice(-Math.max(1, Math.floor(y.length / 4)))));
}

/**
 * The score that counts as learned in context. Of tokens that repeat and of Markov chains: half way between the exact
 * predictors that count tokens and pairs in the context, as one layer can do the former. Of a text, where neither is apt:
 * what one more seed of the shuffled control would not reach, the lower end of the 95 % prediction interval.
 */
export function learnedLevel(measured: lab.Measurements, setting: Pick<Setting, "task" | "length">): number {
  if (setting.task === "text") return predictionInterval(finalScores(measured, CONTROL)).low;
  const exact = exactScores(measured, setting);
  return (exact["in-context unigram"].score[0] + exact["in-context bigram"].score[0]) / 2;
}

/**
 * Share of the score's variance that a fit must explain. That of a text is smaller: its score falls by a tenth of a nat, no
 * more than a few times what single steps of training move it by.
 */
export const leastExplained = ({ task }: Pick<Setting, "task">) => task === "text" ? 0.75 : 0.9;

/** The ICL window of each seed; null where there is none. */
export type Windows = readonly (lab.SegmentedFall | null)[];

/** Windows that were found before: many claims ask for the same ones. */
const known = new WeakMap<lab.Measurements, Map<string, Windows>>();

/**
 * The ICL windows of an ensemble that has ended, from its score alone: of each seed the fast fall between the change points of
 * a segmented regression, if the fit explains enough of the variance and ends at or below the learned level.
 */
export function windowsOf(measured: lab.Measurements, setting: Pick<Setting, "task" | "length">, series: string) {
  const [level, explained] = [learnedLevel(measured, setting), leastExplained(setting)];
  const found = known.getOrInsertComputed(measured, () => new Map<string, Windows>());
  return found.getOrInsertComputed(
    `${series} ${level}`,
    () =>
      measured.curves({ series, quantity: "score" }).map(lab.segmentedFall)
        .map((fall) => fall && fall.explained >= explained && fall.after <= level ? fall : null),
  );
}

/** When a quantity of two-layer heads is half way to its end, mean over the heads of each seed; null where one has no way. */
export function halfTimes(measured: lab.Measurements, quantity: string): (number | null)[] {
  return measured.perReplica({ series: TWO, quantity }).map((curves) => {
    const times = curves.map(lab.halfWay).filter((time) => time !== null);
    return times.length === curves.length ? mean(times) : null;
  });
}

/** The two-layer head of each seed with the largest last value of a score: its curve. */
export function bestHeads(measured: lab.Measurements, quantity: string): lab.MeasuredCurve[] {
  return measured.perReplica({ series: TWO, quantity })
    .map((curves) => curves.reduce((best, one) => one.y.at(-1)! > best.y.at(-1)! ? one : best));
}

/**
 * Steps of the dips of each seed's {@linkcode QK_RANK}, of all heads that have one: of the lowest value, where higher ones
 * lie before and after by at least {@linkcode LEAST_DIP} of the highest.
 */
export function dipsOf(measured: lab.Measurements, series: string): number[][] {
  return measured.perReplica({ series, quantity: QK_RANK }).map((curves) =>
    curves.map((curve) => lab.changePoints(curve, { least: LEAST_DIP, depth: 0 }).dip).filter((dip) => dip !== null)
  );
}

/**
 * Curvatures of each seed at reports: of ‖θ‖, of parabolas through five of them; of the loss autocorrelation in its lag, from
 * the fourth on, over windows of four reports' steps, of parabolas through lags of up to one report.
 */
export const CURVATURES = {
  "parameter norm curvature": (measured: lab.Measurements, series: string): lab.MeasuredCurve[] =>
    measured.curves({ series, quantity: "parameter norm" }).map(({ x, y }) => ({ x, y: [...lab.curvature(x, y)] })),
  "loss autocorrelation curvature": (measured: lab.Measurements, series: string, every: number): lab.MeasuredCurve[] =>
    measured.curves({ series, quantity: "loss" }).map(({ y }) => {
      const { at, curvature } = lab.autocorrelationCurvature(y, { window: 4 * every, lags: every, stride: every });
      return { x: at.map((last) => last + 1), y: [...curvature] };
    }),
};
