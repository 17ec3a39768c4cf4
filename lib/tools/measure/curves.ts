/**
 * What was measured, as curves: one value a step, for each replica of each matrix.
 *
 * @module
 */
import { CHANGE_CRITERIA, changeInterval, type ChangeName, changePoints } from "../../metrics/change_points.ts";

/** What a value belongs to. */
export interface CurveKey {
  /** Layer, −1 where there is none. */
  readonly layer: number;
  /** Head, −1 where there is none. */
  readonly head: number;
  /** `QK`, `OV`, `matrix` or `all`. */
  readonly circuit: string;
  /** Prefix of the layer's names, or name of the weight. */
  readonly matrix: string;
  /** Measure. */
  readonly measure: string;
  /** Which of several values, 0 for most measures. */
  readonly index: number;
}

/** A curve over training with all replicas. */
export interface ReplicatedCurve extends CurveKey {
  /** Points of each replica, by ascending step. */
  readonly replicas: ReadonlyMap<number, readonly { readonly step: number; readonly value: number }[]>;
}

/** A change of a curve. */
export interface Change extends CurveKey {
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
  /** Replicas that have it. */
  readonly found: number;
  /** All replicas. */
  readonly replicas: number;
}

/** Curves by key, filled value by value. */
export class Curves {
  readonly #curves = new Map<string, CurveKey & { replicas: Map<number, { step: number; value: number }[]> }>();

  /** Appends a value; steps of a replica ascend. */
  add(key: CurveKey, replica: number, step: number, value: number): void {
    const text = `${key.matrix}\0${key.circuit}\0${key.head}\0${key.measure}\0${key.index}`;
    let curve = this.#curves.get(text);
    if (curve === undefined) this.#curves.set(text, curve = { ...key, replicas: new Map() });
    const points = curve.replicas.get(replica);
    if (points === undefined) curve.replicas.set(replica, [{ step, value }]);
    else points.push({ step, value });
  }

  /** Curves of a measure in the order in which they began. */
  of(measure: string): ReplicatedCurve[] {
    return [...this.#curves.values()].filter((curve) => curve.measure === measure);
  }

  /**
   * Change points of all curves.
   *
   * @returns Those that at least one replica has.
   */
  changes(): Change[] {
    return [...this.#curves.values()].flatMap(({ replicas, ...key }) => {
      const points = [...replicas.values()].map((own) =>
        changePoints({ x: own.map(({ step }) => step), y: own.map(({ value }) => value) }, { noise: NOISE })
      );
      return CHANGES.flatMap((change): Change[] => {
        const times = points.map((each) => each[change]);
        const interval = changeInterval(times);
        return interval === null ? [] : [{ ...key, change, criterion: CHANGE_CRITERIA[change], ...interval }];
      });
    });
  }
}

/** Single precision leaves 1e-5 of distances and overlaps; ranks, angles and norms of trained weights are far above. */
const NOISE = 1e-4;

const CHANGES: readonly ChangeName[] = ["drop", "rise", "dip", "plateau"];
