/** What an ensemble's training left: curves of every seed and head, as flat arrays that a checkpoint can hold. */
import type { RunState } from "../../lib/run/mod.ts";

/** A curve at reports: values `y` at steps `x`. */
export interface ReportCurve {
  /** Steps, ascending. */
  readonly x: readonly number[];
  /** Values (reports), finite. */
  readonly y: readonly number[];
}

/** Quantities of a whole model. */
export type WholeQuantity = "early loss" | "late loss" | "parameter norm";

/** Curves of an ensemble. */
export interface Series {
  /** `depth-N`, `control`, or an intervention. */
  readonly name: string;
  /** Layers of its models. */
  readonly layers: number;
  /** Heads of all layers; head h of layer l is number `l · heads + h`. */
  readonly heads: number;
  /** Seeds R. */
  readonly replicas: number;
  /** Reports. */
  readonly steps: readonly number[];
  /** Batch losses of all steps (steps, R). */
  readonly losses: Float32Array;
  /** By quantity: values (reports, R). */
  readonly whole: Readonly<Record<string, Float32Array>>;
  /** By quantity: values (reports, R, heads); empty where heads were not measured. */
  readonly perHead: Readonly<Record<string, Float32Array>>;
}

/** A quantity of one seed's model over training. */
export function wholeCurve({ steps, replicas, whole }: Series, quantity: WholeQuantity, replica: number): ReportCurve {
  const values = whole[quantity];
  return { x: steps, y: steps.map((_, report) => values[report * replicas + replica]) };
}

/** A quantity of one head over training. */
export function headCurve(
  { steps, replicas, heads, perHead }: Series,
  quantity: string,
  replica: number,
  head: number,
): ReportCurve {
  const values = perHead[quantity];
  return { x: steps, y: steps.map((_, report) => values[(report * replicas + replica) * heads + head]) };
}

/** The ICL score of one seed: mean loss at late positions minus that at early ones (Olsson et al. 2022), in nats. */
export function scoreCurve(series: Series, replica: number): ReportCurve {
  const early = wholeCurve(series, "early loss", replica).y;
  const late = wholeCurve(series, "late loss", replica);
  return { x: series.steps, y: late.y.map((value, report) => value - early[report]) };
}

/** Batch loss of every step of one seed. */
export function lossesOf({ losses, replicas }: Series, replica: number): number[] {
  return Array.from({ length: losses.length / replicas }, (_, step) => losses[step * replicas + replica]);
}

/**
 * Mean loss over the first and over the last quarter of the positions.
 *
 * @param positions Losses by position (R, T).
 * @param T Positions.
 * @returns Of each replica: early and late loss.
 */
export function earlyAndLate(positions: ArrayLike<number>, T: number): { early: number; late: number }[] {
  const quarter = Math.floor(T / 4);
  const meanOf = (from: number) => {
    let sum = 0;
    for (let t = 0; t < quarter; t++) sum += positions[from + t];
    return sum / quarter;
  };
  return Array.from({ length: positions.length / T }, (_, r) => ({
    early: meanOf(r * T),
    late: meanOf((r + 1) * T - quarter),
  }));
}

/** What of a series is no array. */
export type SeriesHead = Omit<Series, "losses" | "whole" | "perHead">;

/**
 * The finished ensembles of a run as the state of a checkpoint, whose step is their number.
 *
 * @param all Series in order.
 * @returns Tensors `run.INDEX.KIND.QUANTITY`, and the rest as text.
 */
export function saveSeries(all: readonly Series[]): Required<RunState> {
  const tensors = all.flatMap(({ losses, whole, perHead }, index) => {
    const arrays = [
      ["losses", losses] as const,
      ...Object.entries(whole).map(([name, data]) => [`whole.${name}`, data] as const),
      ...Object.entries(perHead).map(([name, data]) => [`head.${name}`, data] as const),
    ];
    return arrays.map(([name, data]) => ({ name: `run.${index}.${name}`, shape: [data.length], data }));
  });
  const heads = all.map(({ name, layers, heads, replicas, steps }) => ({ name, layers, heads, replicas, steps }));
  return { step: all.length, tensors, metadata: { series: JSON.stringify(heads) } };
}

/**
 * The series of a checkpoint: the inverse of {@linkcode saveSeries}.
 *
 * @param state State of a checkpoint; null where a run begins.
 * @returns Series in order; none where a run begins.
 */
export function restoreSeries(state: Required<RunState> | null): Series[] {
  if (state === null) return [];
  const heads: SeriesHead[] = JSON.parse(state.metadata.series);
  return heads.map((head, index) => {
    const under = (prefix: string) =>
      Object.fromEntries(
        state.tensors.filter(({ name }) => name.startsWith(prefix))
          .map(({ name, data }) => [name.slice(prefix.length), data as Float32Array]),
      );
    const { losses } = under(`run.${index}.`);
    return { ...head, losses, whole: under(`run.${index}.whole.`), perHead: under(`run.${index}.head.`) };
  });
}
