/** Claims about spectra, subspaces and curvatures, held against windows that the score alone has located. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { type Chance, insideByChance, type Placed } from "./chance.ts";
import { percent } from "./circuit_claims.ts";
import { autocorrelationCurvature, curvature, sharpest } from "./curvature.ts";
import {
  deep,
  depth,
  dipsOf,
  type Evidence,
  headsOf,
  type IclClaim,
  LEAST_DIP,
  mean,
  seedsOf,
  undecided,
  windowsOf,
} from "./evidence.ts";
import { headCurve, lossesOf, type Series, wholeCurve } from "./series.ts";
import { MARGINAL } from "./setting.ts";
import { halfWay } from "./windows.ts";

const PAPER = "arXiv 2504.12916";

/** Largest p at which more than chance is claimed. */
const LEVEL = 0.05;

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
    `share of heads' deepest dips (≥ ${LEAST_DIP} of the effective rank without ${MARGINAL} value) inside their seed's window, all depths ≥ 2: permutation test over places of the windows, p ≤ ${LEVEL}`,
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
    `share of one-layer heads with a dip ≥ ${LEAST_DIP} inside the two-layer window of the same seed: 95 % interval ≤ 0.25`,
  judge: (evidence) => judgeAbsent(depth(evidence, 1)!, evidence),
};

export const dipAbsentInControl: IclClaim = {
  id: "dip-absent-control",
  statement: "On shuffled sequences, QK of two layers does not dip in that window.",
  source: "control of this project",
  criterion:
    `share of control heads with a dip ≥ ${LEAST_DIP} inside the window of the same seed: 95 % interval ≤ 0.25`,
  judge: (evidence) => judgeAbsent(evidence.control!, evidence),
};

/** When the row space of QK is half way to its end, mean over the heads of each seed of two layers. */
function halfTimes(evidence: Evidence, quantity: string): (number | null)[] {
  const series = depth(evidence, 2)!;
  return seedsOf(series).map((replica) => {
    const times = headsOf(series).map((head) => halfWay(headCurve(series, quantity, replica, head)));
    const known = times.filter((time) => time !== null);
    return known.length === times.length ? mean(known) : null;
  });
}

export const subspaceFallsEarly: IclClaim = {
  id: "subspace-early",
  statement: "The subspace distance of QK falls early: before the ICL window.",
  source: PAPER,
  criterion:
    "steps from half of the QK subspace distance (rank d_head, mean over heads of two layers) to the start of the window, mean over seeds: 95 % interval above 0",
  judge: (evidence) => {
    const times = halfTimes(evidence, "QK distance");
    const leads = windowsOf(depth(evidence, 2)!, evidence).flatMap((window, replica) => {
      const time = times[replica];
      return window && time !== null ? [window.start - time] : [];
    });
    return leads.length < 2
      ? undecided(0, "fewer than two windows")
      : judgeInterval(0, meanInterval(leads), { from: 0 });
  },
};

export const subspaceBeforeMagnitude: IclClaim = {
  id: "subspace-before-magnitude",
  statement: "The subspace of QK is found before its magnitude grows.",
  source: PAPER,
  criterion:
    "steps from half of the QK subspace distance to half of the growth of ‖QK‖, mean over heads of two layers and over seeds: 95 % interval above 0 (not reproduced, magnitude first: below 0)",
  judge: (evidence) => {
    const [subspace, magnitude] = ["QK distance", "QK norm"].map((quantity) => halfTimes(evidence, quantity));
    const leads = subspace.flatMap((time, replica) => {
      const other = magnitude[replica];
      return time === null || other === null ? [] : [other - time];
    });
    return leads.length < 2 ? undecided(0, "fewer than two seeds") : judgeInterval(0, meanInterval(leads), { from: 0 });
  },
};

/** Curvature of ‖θ‖ of one seed, at reports. */
export function normCurvature(series: Series, replica: number): number[] {
  return curvature(wholeCurve(series, "parameter norm", replica).values);
}

/** Curvature of the loss autocorrelation of one seed, at reports: windows of four reports' steps, lag of one report. */
export function lossCurvature(series: Series, replica: number): number[] {
  const every = series.steps[1] - series.steps[0];
  return autocorrelationCurvature(lossesOf(series, replica), series.steps, 4 * every, every);
}

export const normCurvatureInWindow: IclClaim = {
  id: "norm-curvature-in-window",
  statement: "The curvature of the parameter norm is largest inside the ICL window.",
  source: PAPER,
  criterion:
    `share of seeds, all depths ≥ 2, with the largest second difference of ‖θ‖ inside the window: permutation test, p ≤ ${LEVEL}`,
  judge: (evidence) =>
    judgeChance(
      evidence,
      (series, replica) => [sharpest(series.steps, normCurvature(series, replica))],
      deep(evidence).reduce((sum, { replicas }) => sum + replicas, 0),
    ),
};

export const autocorrelationInWindow: IclClaim = {
  id: "autocorrelation-in-window",
  statement: "The curvature of the loss autocorrelation is largest inside the ICL window.",
  source: PAPER,
  criterion:
    `share of seeds, all depths ≥ 2, with the largest curvature of the batch loss's autocorrelation (window of 4 reports, lag of 1) inside the window: permutation test, p ≤ ${LEVEL}`,
  judge: (evidence) =>
    judgeChance(
      evidence,
      (series, replica) => [sharpest(series.steps, lossCurvature(series, replica))],
      deep(evidence).reduce((sum, { replicas }) => sum + replicas, 0),
    ),
};
