/** What a run remembers of its training, in memory and in its checkpoints. */
import type { NamedTensor } from "../../lib/checkpoint/header.ts";
import type { NamedArray } from "../../lib/models/parameters.ts";
import type { PartName } from "./ensemble.ts";
import type { TrainingState } from "../../lib/train.ts";

/** One replica at one report. */
export interface Point {
  readonly trainLoss: number;
  readonly testLoss: number;
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  /** Sum of all squared weights. */
  readonly norm2: number;
}

/** State of training at one report. */
export interface Snapshot {
  readonly step: number;
  /** Every replica of the ensemble. */
  readonly points: readonly Point[];
  /** Parameters of the main replicas (S, …). */
  readonly weights: readonly NamedArray[];
}

/** Everything that later parts of the run need of training. */
export interface History {
  readonly snapshots: Snapshot[];
  /** State of the main replicas at the step from which interventions branch off. */
  branch: TrainingState | null;
}

/** Numbers of a point, in their order in checkpoints. */
const FIELDS = ["trainLoss", "testLoss", "trainAccuracy", "testAccuracy", "norm2"] as const;

/**
 * Numbers of every replica at a report.
 *
 * @param scores Losses and accuracies (2, R) on both parts.
 * @param norms Sums of squared weights (R), kept in the precision of checkpoints.
 * @returns Points (R).
 */
export function pointsOf(scores: Readonly<Record<PartName, Float32Array>>, norms: readonly number[]): Point[] {
  const R = norms.length;
  return norms.map((norm2, r) => ({
    trainLoss: scores.train[r],
    testLoss: scores.test[r],
    trainAccuracy: scores.train[R + r],
    testAccuracy: scores.test[R + r],
    norm2: Math.fround(norm2),
  }));
}

/** The first replicas of an ensemble's arrays. */
export function firstReplicas(arrays: readonly NamedArray[], count: number): NamedArray[] {
  return arrays.map(({ name, shape: [R, ...rest], data }) => ({
    name,
    shape: [count, ...rest],
    data: data.slice(0, data.length / R * count),
  }));
}

/** Sum of squares of all parameters, of every replica. */
export function squaredNorms(arrays: readonly NamedArray[], R: number): number[] {
  const sums = new Array<number>(R).fill(0);
  for (const { data } of arrays) {
    const each = data.length / R;
    data.forEach((value, index) => sums[Math.floor(index / each)] += value * value);
  }
  return sums;
}

/** The state of training in a checkpoint, without what the run remembers. */
export function trainingIn({ step, tensors }: { readonly step: number; readonly tensors: readonly NamedTensor[] }) {
  const own = tensors.filter(({ name }) => !name.startsWith("run."));
  return {
    step,
    tensors: own.map(({ name, shape, data }) => ({ name, shape, data: data as Float32Array })),
  } satisfies TrainingState;
}

/**
 * A history as tensors of a checkpoint.
 *
 * @param history What to remember.
 * @returns Tensors under names that begin with `run.`.
 */
export function packHistory({ snapshots, branch }: History): NamedTensor<Float32Array>[] {
  const T = snapshots.length;
  const R = snapshots[0].points.length;
  const curves = snapshots.flatMap(({ points }) => points.flatMap((point) => FIELDS.map((field) => point[field])));
  // By name: a checkpoint gives tensors back in an order of its own.
  const weights = snapshots[0].weights.map(({ name, shape, data: { length } }) => {
    const data = new Float32Array(T * length);
    snapshots.forEach(({ weights }, t) => data.set(weights.find((array) => array.name === name)!.data, t * length));
    return { name: `run.weights.${name}`, shape: [T, ...shape], data };
  });
  return [
    { name: "run.steps", shape: [T], data: Float32Array.from(snapshots, ({ step }) => step) },
    { name: "run.curves", shape: [T, R, FIELDS.length], data: Float32Array.from(curves) },
    ...weights,
    ...(branch === null ? [] : [
      { name: "run.branch_step", shape: [1], data: Float32Array.of(branch.step) },
      ...branch.tensors.map((tensor) => ({ ...tensor, name: `run.branch.${tensor.name}` })),
    ]),
  ];
}

/**
 * Undoes {@linkcode packHistory}.
 *
 * @param tensors Tensors of a checkpoint.
 * @returns The history.
 */
export function unpackHistory(tensors: readonly NamedTensor[]): History {
  const arrays = tensors.map(({ name, shape, data }) => ({ name, shape, data: data as Float32Array }));
  const of = (name: string) => arrays.find((array) => array.name === `run.${name}`)?.data;
  const under = (prefix: string) =>
    arrays.filter(({ name }) => name.startsWith(prefix)).map((array) => ({
      ...array,
      name: array.name.slice(prefix.length),
    }));
  const [steps, curves, step] = [of("steps")!, of("curves")!, of("branch_step")];
  const perReport = curves.length / steps.length;
  const weights = under("run.weights.");
  return {
    snapshots: Array.from(steps, (step, t) => ({
      step,
      points: Array.from({ length: perReport / FIELDS.length }, (_, r): Point => {
        const start = t * perReport + r * FIELDS.length;
        const [trainLoss, testLoss, trainAccuracy, testAccuracy, norm2] = curves.slice(start, start + FIELDS.length);
        return { trainLoss, testLoss, trainAccuracy, testAccuracy, norm2 };
      }),
      weights: weights.map(({ name, shape: [T, ...shape], data }) => ({
        name,
        shape,
        data: data.slice(t * data.length / T, (t + 1) * data.length / T),
      })),
    })),
    branch: step === undefined ? null : { step: step[0], tensors: under("run.branch.") },
  };
}
