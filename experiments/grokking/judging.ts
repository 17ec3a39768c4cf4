/** How claims are judged from numbers of several replicas. */
import { type Interval, judgeInterval, type Judgement, meanInterval, type Tolerance } from "../../lib/run/mod.ts";

/** The judgement of a claim that the run gave nothing to judge by. */
export function undecided(predicted: number, detail: string): Judgement {
  return { predicted, measured: 0, low: 0, high: 0, verdict: "inconclusive", detail };
}

/** Geometric mean of positive ratios with its 95 % t-interval, compared with what counts as agreement. */
export function judgeRatios(predicted: number, ratios: readonly number[], tolerance: Tolerance): Judgement {
  if (ratios.length < 2) return undecided(predicted, `expected at least two replicas, found ${ratios.length}`);
  const { centre, low, high } = meanInterval(ratios.map(Math.log));
  // A spread over few replicas can be so wide that its end is no number any more.
  const interval: Interval = {
    centre: Math.exp(centre),
    low: Math.exp(Math.max(low, -50)),
    high: Math.exp(Math.min(high, 50)),
  };
  return judgeInterval(predicted, interval, tolerance);
}

/** Share of replicas for which something holds, with Wilson's interval: reproduced where it is at least `required`. */
export function judgeShare(holds: readonly boolean[], required: number, detail?: string): Judgement {
  const n = holds.length;
  if (n === 0) return undecided(1, "no replica to judge by");
  const share = holds.filter(Boolean).length / n;
  const z2 = 1.96 ** 2;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = Math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return {
    predicted: 1,
    measured: share,
    low: Math.max(0, centre - half),
    high: Math.min(1, centre + half),
    verdict: share >= required ? "reproduced" : "not reproduced",
    detail: `${holds.filter(Boolean).length} of ${n} replicas${detail === undefined ? "" : `; ${detail}`}`,
  };
}

/** Steps in words. */
export function inSteps(times: readonly (number | null)[]): string {
  return times.map((time) => time === null ? "–" : String(Math.round(time))).join(", ");
}
