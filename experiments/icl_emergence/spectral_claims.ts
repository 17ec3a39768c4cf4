/** Claims about dips of spectra and peaks of curvatures, held against windows that the score alone has located. */
import { autocorrelationCurvature, curvature } from "../../lib/metrics/mod.ts";
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { type Chance, insideByChance, type Placed } from "./chance.ts";
import { percent } from "./circuit_claims.ts";
import {
  deep,
  depth,
  dipsOf,
  type Evidence,
  type IclClaim,
  LEAST_DIP,
  mean,
  undecided,
  windowsOf,
} from "./evidence.ts";
import { lossesOf, type ReportCurve, type Series, wholeCurve } from "./series.ts";
import { MARGINAL } from "./setting.ts";

const PAPER = "arXiv 2504.12916";

/** Largest p at which more than chance is claimed. */
const LEVEL = 0.05;

/** What counts as a dip. */
const DIP =
  `lowest effective rank without ${MARGINAL} value, with higher ones before and after by ≥ ${LEAST_DIP} of the highest`;

/** Judges events of all seeds with windows against windows placed at random. */
function judgeChance(evidence: Evidence, eventsOf: (series: Series, replica: number) => readonly number[], of: number) {
  const placed = deep(evidence).flatMap((series) =>
    windowsOf(series, evidence).flatMap((window, replica): Placed[] =>
      window ? [{ window, events: eventsOf(series, replica) }] : []
    )
  );
  if (placed.length === 0) return undecided(0, "no window");
  const chance: Chance = insideByChance(placed, evidence.setting.steps);
  const perSeed = placed.flatMap(({ window, events }) =>
    events.length === 0 ? [] : [mean(events.map((step) => Number(step >= window.start && step <= window.end)))]
  );
  const count = placed.reduce((sum, { events }) => sum + events.length, 0);
  const band = perSeed.length >= 2 ? meanInterval(perSeed) : { low: chance.share, high: chance.share };
  return {
    predicted: chance.expected,
    measured: chance.share,
    low: Math.min(band.low, chance.share),
    high: Math.max(band.high, chance.share),
    verdict: chance.p <= LEVEL ? "reproduced" as const : "not reproduced" as const,
    detail: `p = ${chance.p.toFixed(4)} against ${percent(chance.expected)} by chance; ${count} events of ${of}`,
  };
}

export const dipInWindow: IclClaim = {
  id: "qk-dip-in-window",
  statement: "The marginalised effective rank of QK dips inside the ICL window, with two and more layers.",
  source: PAPER,
  criterion:
    `share of heads' dips (${DIP}) inside their seed's window, all depths ≥ 2: permutation test over places of the windows, p ≤ ${LEVEL}`,
  judge: (evidence) => {
    const heads = deep(evidence).reduce((sum, { heads, replicas }) => sum + heads * replicas, 0);
    return judgeChance(evidence, dipsOf, heads);
  },
};

/** Share of the heads of each seed with a dip inside the two-layer window of the same seed. */
function sharesInside(series: Series, evidence: Evidence): number[] {
  return windowsOf(depth(evidence, 2)!, evidence).flatMap((window, replica) =>
    window === null
      ? []
      : [dipsOf(series, replica).filter((step) => step >= window.start && step <= window.end).length / series.heads]
  );
}

/** Judges that heads of another ensemble do not dip in the window. */
function judgeAbsent(series: Series, evidence: Evidence) {
  const shares = sharesInside(series, evidence);
  if (shares.length < 2) return undecided(0, "fewer than two windows");
  const two = sharesInside(depth(evidence, 2)!, evidence);
  const detail = `two layers on ordered sequences: ${percent(mean(two))} of heads`;
  return { ...judgeInterval(0, meanInterval(shares), { to: 0.25 }), detail };
}

export const dipAbsentWithOneLayer: IclClaim = {
  id: "dip-absent-one-layer",
  statement: "With one layer, QK does not dip in that window.",
  source: PAPER,
  criterion:
    `share of one-layer heads with a dip (${DIP}) inside the two-layer window of the same seed: 95 % interval ≤ 0.25`,
  judge: (evidence) => judgeAbsent(depth(evidence, 1)!, evidence),
};

export const dipAbsentInControl: IclClaim = {
  id: "dip-absent-control",
  statement: "On shuffled sequences, QK of two layers does not dip in that window.",
  source: "control of this project",
  criterion: `share of control heads with a dip (${DIP}) inside the window of the same seed: 95 % interval ≤ 0.25`,
  judge: (evidence) => judgeAbsent(evidence.control!, evidence),
};

/** Curvature of ‖θ‖ of one seed, at reports: of parabolas through five of them. */
export function normCurvature(series: Series, replica: number): ReportCurve {
  const { x, y } = wholeCurve(series, "parameter norm", replica);
  return { x, y: [...curvature(x, y)] };
}

/**
 * Curvature of the loss autocorrelation of one seed in its lag, at reports from the fourth on: over windows of four reports'
 * steps, parabolas through lags of up to one report.
 */
export function lossCurvature(series: Series, replica: number): ReportCurve {
  const every = series.steps[1] - series.steps[0];
  const losses = lossesOf(series, replica);
  const { at, curvature } = autocorrelationCurvature(losses, { window: 4 * every, lags: every, stride: every });
  return { x: at.map((last) => series.steps[0] + last + 1), y: [...curvature] };
}

/** Step at which a curve is largest in size. */
function peak({ x, y }: ReportCurve): number {
  return x[y.reduce((best, value, at) => Math.abs(value) > Math.abs(y[best]) ? at : best, 0)];
}

/** Judges how many seeds have the peak of a curve inside their window. */
function judgePeaks(evidence: Evidence, curveOf: (series: Series, replica: number) => ReportCurve) {
  const seeds = deep(evidence).reduce((sum, { replicas }) => sum + replicas, 0);
  return judgeChance(evidence, (series, replica) => [peak(curveOf(series, replica))], seeds);
}

export const normCurvatureInWindow: IclClaim = {
  id: "norm-curvature-in-window",
  statement: "The curvature of the parameter norm is largest inside the ICL window.",
  source: PAPER,
  criterion:
    `share of seeds, all depths ≥ 2, with the largest |d²‖θ‖/dt²| (parabolas through 5 reports) inside the window: permutation test, p ≤ ${LEVEL}`,
  judge: (evidence) => judgePeaks(evidence, normCurvature),
};

export const autocorrelationInWindow: IclClaim = {
  id: "autocorrelation-in-window",
  statement: "The curvature of the loss autocorrelation is largest inside the ICL window.",
  source: PAPER,
  criterion:
    `share of seeds, all depths ≥ 2, with the largest |d²A/dτ²| of the batch loss's autocorrelation (window of 4 reports, parabola through lags up to 1 report) inside the window: permutation test, p ≤ ${LEVEL}`,
  judge: (evidence) => judgePeaks(evidence, lossCurvature),
};
