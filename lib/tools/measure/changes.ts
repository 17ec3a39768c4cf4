/**
 * Change points of the curves that were measured.
 *
 * @module
 */
import { CHANGE_CRITERIA, changeInterval, type ChangeName, changePoints } from "../../metrics/change_points.ts";
import type { MeasuredCurve, Measurements, Quantity } from "../../study/measurements.ts";

/** A change of a curve. */
export interface Change extends Quantity {
  /** Which change. */
  readonly change: ChangeName;
  /** What counts as one. */
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
        const points = curves.map((curve) => changePoints(curve, { noise: NOISE }));
        return CHANGES.flatMap((change): Change[] => {
          const times = points.map((each) => each[change]);
          const interval = changeInterval(times);
          if (interval === null) return [];
          const brackets = times.flatMap((time, index) => time === null ? [] : [bracket(curves[index], change, time)]);
          const after = Math.min(...brackets.map(([from]) => from));
          const before = Math.max(...brackets.map(([, to]) => to));
          return [{ ...of, change, criterion: CHANGE_CRITERIA[change], ...interval, after, before }];
        });
      })
    )
  );
}

/** Checkpoints between which a change lies. */
function bracket({ x }: MeasuredCurve, change: ChangeName, time: number): [number, number] {
  const at = x.findIndex((step) => step >= time);
  if (change === "drop" || change === "rise") {
    return x[at] === time ? [x[Math.max(0, at - 1)], x[at]] : [x[at - 1], x[at]];
  }
  return [x[Math.max(0, at - 1)], change === "plateau" ? x[at] : x[Math.min(x.length - 1, at + 1)]];
}
