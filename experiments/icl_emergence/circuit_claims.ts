/** Claims about the score and the heads. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import {
  deep,
  depth,
  finalScores,
  headsOf,
  type IclClaim,
  rangeOf,
  seedsOf,
  undecided,
  windowsOf,
} from "./evidence.ts";
import { headCurve, type Series } from "./series.ts";
import type { Setting } from "./setting.ts";
import { halfWay, leastExplained } from "./windows.ts";

const OLSSON = "Olsson et al. 2022 (arXiv 2209.11895)";

/** Share of an ensemble's seeds that have a window. */
function shareWithWindow(series: Series, evidence: Parameters<typeof windowsOf>[1]): number {
  return windowsOf(series, evidence).filter((window) => window !== null).length / series.replicas;
}

/** What counts as learned, in words: the score that `learnedLevel` gives. */
const levelIn = ({ task }: Pick<Setting, "task">) =>
  task === "text"
    ? "below the 95 % prediction interval of a further seed of the shuffled control, mean score over the last quarter of training"
    : "below half way between the exact in-context unigram and bigram scores";

export const transitions = (setting: Pick<Setting, "task">): IclClaim => ({
  id: "transition",
  statement: "Attention-only decoders of two and more layers learn in context, in a window that change points locate.",
  source: OLSSON,
  criterion: `share of seeds whose score has a window (segmented regression, R² ≥ ${
    leastExplained(setting.task)
  }, ending ${levelIn(setting)}): ≥ 0.75 at every depth ≥ 2`,
  judge: (evidence) => {
    const shares = deep(evidence).map((series) => shareWithWindow(series, evidence));
    const lengths = deep(evidence).flatMap((series) =>
      windowsOf(series, evidence).flatMap((window) =>
        window ? [(window.end - window.start) / evidence.setting.steps] : []
      )
    );
    const detail = lengths.length > 0 ? `windows last ${percent(rangeOf(lengths).centre)} of training` : "no window";
    return { ...judgeInterval(1, rangeOf(shares), { from: 0.75 }), detail };
  },
});

export const oneLayerHasNone: IclClaim = {
  id: "one-layer-none",
  statement: "One layer has no such transition.",
  source: OLSSON,
  criterion: "share of one-layer seeds with a window: ≤ 0.25",
  judge: (evidence) => {
    const share = shareWithWindow(depth(evidence, 1)!, evidence);
    return judgeInterval(0, { centre: share, low: share, high: share }, { to: 0.25 });
  },
};

/** The head with the largest last score, and when the score made half of its way. */
function bestHead(series: Series, quantity: string, replica: number) {
  const curves = headsOf(series).map((head) => headCurve(series, quantity, replica, head));
  const best = curves.reduce((best, { y }, head) => y.at(-1)! > curves[best].y.at(-1)! ? head : best, 0);
  return { head: best, value: curves[best].y.at(-1)!, half: halfWay(curves[best]) };
}

export const previousTokenFirst: IclClaim = {
  id: "previous-token-first",
  statement: "With two layers, the previous-token head forms before the induction head.",
  source: OLSSON,
  criterion:
    "steps from half of the best head's previous-token score to half of the best head's prefix-matching score, mean over seeds: 95 % interval above 0",
  judge: (evidence) => {
    const series = depth(evidence, 2)!;
    const leads = seedsOf(series).flatMap((replica) => {
      const [previous, prefix] = ["previous token", "prefix matching"].map((name) => bestHead(series, name, replica));
      return previous.half === null || prefix.half === null ? [] : [prefix.half - previous.half];
    });
    if (leads.length < 2) return undecided(0, "fewer than two seeds with both heads");
    return judgeInterval(0, meanInterval(leads), { from: 0 });
  },
};

export const inductionInWindow: IclClaim = {
  id: "induction-in-window",
  statement: "With two layers, the induction head forms inside the ICL window.",
  source: OLSSON,
  criterion:
    "share of seeds with a window in which the best head's prefix matching makes half of its way inside it and ends above 0.3: ≥ 0.75",
  judge: (evidence) => {
    const series = depth(evidence, 2)!;
    const heads = seedsOf(series).map((replica) => bestHead(series, "prefix matching", replica));
    const inside = windowsOf(series, evidence).flatMap((window, replica) => {
      if (window === null) return [];
      const { half, value } = heads[replica];
      return [Number(value > 0.3 && half !== null && half >= window.start && half <= window.end)];
    });
    if (inside.length === 0) return undecided(1, "no window");
    const { centre } = rangeOf(inside);
    const detail = `prefix matching ends at ${heads.map(({ value }) => value.toFixed(2)).join(", ")}`;
    return { ...judgeInterval(1, { centre, low: centre, high: centre }, { from: 0.75 }), detail };
  },
};

export const controlHasNoIcl: IclClaim = {
  id: "control-none",
  statement: "Where each sequence is shuffled, two layers have no transition: marginals alone do not make one.",
  source: "control of this project",
  criterion: "share of control seeds with a window: ≤ 0.25",
  judge: (evidence) => {
    const share = shareWithWindow(evidence.control!, evidence);
    return judgeInterval(0, { centre: share, low: share, high: share }, { to: 0.25 });
  },
};

/** Of a text, whose windows are held against the control: there may be in-context learning without any window. */
export const beyondControl: IclClaim = {
  id: "score-beyond-control",
  statement: "Two layers learn in context from a text: their ICL score ends below that of the shuffled control.",
  source: OLSSON,
  criterion:
    "ICL score of two layers less that of the control of the same seed, each the mean over the last quarter of training, mean over seeds: 95 % interval below 0",
  judge: (evidence) => {
    const [two, control] = [depth(evidence, 2)!, evidence.control!].map(finalScores);
    return judgeInterval(0, meanInterval(two.map((score, replica) => score - control[replica])), { to: 0 });
  },
};

/** A share in words. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
