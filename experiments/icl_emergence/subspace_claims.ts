/** Claims about the row spaces of QK and OV: when they come to rest, before the window and before magnitudes. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { depth, type Evidence, headsOf, type IclClaim, mean, seedsOf, undecided, windowsOf } from "./evidence.ts";
import { headCurve } from "./series.ts";
import { halfWay } from "./windows.ts";

const PAPER = "arXiv 2504.12916";

/** When a quantity of the heads is half way to its end, mean over the heads of each seed of two layers. */
function halfTimes(evidence: Evidence, quantity: string): (number | null)[] {
  const series = depth(evidence, 2)!;
  return seedsOf(series).map((replica) => {
    const times = headsOf(series).map((head) => halfWay(headCurve(series, quantity, replica, head)));
    const known = times.filter((time) => time !== null);
    return known.length === times.length ? mean(known) : null;
  });
}

/** Judges that a quantity of the heads is half way before the window. */
function judgeEarly(evidence: Evidence, quantity: string) {
  const times = halfTimes(evidence, quantity);
  const leads = windowsOf(depth(evidence, 2)!, evidence).flatMap((window, replica) => {
    const time = times[replica];
    return window && time !== null ? [window.start - time] : [];
  });
  return leads.length < 2 ? undecided(0, "fewer than two windows") : judgeInterval(0, meanInterval(leads), { from: 0 });
}

export const subspaceFallsEarly: IclClaim = {
  id: "subspace-early",
  statement: "The subspace distance of QK falls early: before the ICL window.",
  source: PAPER,
  criterion:
    "steps from half of the QK subspace distance (rank d_head, mean over heads of two layers) to the start of the window, mean over seeds: 95 % interval above 0",
  judge: (evidence) => judgeEarly(evidence, "QK distance"),
};

/** The same of other measures of a circuit's row space. */
const early = (circuit: string, quantity: string, words: string): IclClaim => ({
  id: `${circuit.toLowerCase()}-${quantity.replace(" ", "-")}-early`,
  statement: `The ${words} of ${circuit} falls before the ICL window.`,
  source: "measure of arXiv 2504.12916, asked here",
  criterion:
    `steps from half of the ${circuit} ${words} (rank d_head, mean over heads of two layers) to the start of the window, mean over seeds: 95 % interval above 0`,
  judge: (evidence) => judgeEarly(evidence, `${circuit} ${quantity}`),
});

export const qkAnglesEarly = early("QK", "mean angle", "mean principal angle to the final row space");
export const ovSubspaceEarly = early("OV", "distance", "subspace distance");
export const ovAnglesEarly = early("OV", "mean angle", "mean principal angle to the final row space");

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
