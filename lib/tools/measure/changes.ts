/**
 * Change points of the curves that were measured.
 *
 * @module
 */
import {
  CHANGE_CRITERIA,
  changeInterval,
  type ChangeName,
  type ChangePoints,
  changePoints,
} from "../../metrics/change_points.ts";
import { CHANCE, PERMUTED } from "./null.ts";
import type { MeasuredCurve, Measurements, Quantity } from "../../study/measurements.ts";

/** A change of a curve. */
export interface Change extends Quantity {
  /** Which change. */
  readonly change: ChangeName;
  /** Definition of a change. */
  readonly criterion: string;
  /** Median of its time over the replicas that have it, in steps. */
  readonly median: number;
  /** Quantile 0.05 over them. */
  readonly low: number;
  /** Quantile 0.95 over them. */
  readonly high: number;
  /** Last checkpoint before it, in the replica that has it first: checkpoints tell no more than `after … before`. */
  readonly after: number;
  /** First checkpoint that shows it, in the replica that has it last. */
  readonly before: number;
  /** Replicas that have it. */
  readonly found: number;
  /** All replicas. */
  readonly replicas: number;
}

/** Single precision leaves 1e-5 of distances and overlaps; ranks, angles and norms of trained weights are far above. */
const NOISE = 1e-4;

/** Measures of the way to the last step. */
const TOWARDS_END = ["subspace-distance", "principal-angles"];

const BEYOND_CHANCE = "; and by more than the same measure of permuted entries scatters";

const CHANGES: readonly ChangeName[] = ["drop", "rise", "dip", "plateau"];

/**
 * Change points of all curves of some quantities.
 *
 * @param measured What was measured.
 * @param quantities Which quantities.
 * @returns Those that at least one replica has.
 */
export function changesOf(measured: Measurements, quantities: readonly string[]): Change[] {
  return measured.series.flatMap((series) =>
    quantities.flatMap((quantity) =>
      measured.places({ series, quantity }).flatMap((place): Change[] => {
        const of = { series, quantity, ...place };
        const curves = measured.curves(of);
        const points = curves.map((curve) => changesBeyondChance(measured, of, curve));
        const tested = measured.theory(CHANCE, of).y.length > 0 ? BEYOND_CHANCE : "";
        return CHANGES.flatMap((change): Change[] => {
          const times = points.map((each) => each[change]);
          const interval = changeInterval(times);
          if (interval === null) return [];
          const brackets = times.flatMap((time, index) => time === null ? [] : [bracket(curves[index], change, time)]);
          const after = Math.min(...brackets.map(([from]) => from));
          const before = Math.max(...brackets.map(([, to]) => to));
          return [{ ...of, change, criterion: CHANGE_CRITERIA[change] + tested, ...interval, after, before }];
        });
      })
    )
  );
}

/** Change points of a curve; none where it scatters no more than its null. */
function changesBeyondChance(measured: Measurements, of: Quantity, curve: MeasuredCurve): ChangePoints {
  const [least] = measured.theory(CHANCE, of).y;
  if (least === undefined) return changePoints(curve, { noise: NOISE });
  const permuted = measured.theory(PERMUTED, of);
  if (TOWARDS_END.includes(of.quantity) && permuted.x.length > 0) {
    // The last value is 0 by definition, so that what counts is whether any before it is closer than chance.
    const isChance = curve.x.slice(0, -1).every((step, t) => {
      const nearest = permuted.x.reduce((best, at) => Math.abs(at - step) < Math.abs(best - step) ? at : best);
      return Math.abs(curve.y[t] - permuted.y[permuted.x.indexOf(nearest)]) <= least / 2;
    });
    return changePoints(curve, { noise: isChance ? Infinity : NOISE });
  }
  return changePoints(curve, { noise: Math.max(NOISE, least) });
}

/** Checkpoints between which a change lies. */
function bracket({ x }: MeasuredCurve, change: ChangeName, time: number): [number, number] {
  const at = x.findIndex((step) => step >= time);
  if (change === "drop" || change === "rise") {
    return x[at] === time ? [x[Math.max(0, at - 1)], x[at]] : [x[at - 1], x[at]];
  }
  return [x[Math.max(0, at - 1)], change === "plateau" ? x[at] : x[Math.min(x.length - 1, at + 1)]];
}
