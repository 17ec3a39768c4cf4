/** What a run remembers of its training, in memory and in its checkpoints. */
import type { NamedTensor } from "../../lib/checkpoint/header.ts";
import type { NamedArray } from "../../lib/models/parameters.ts";
import type { PartName } from "./ensemble.ts";
import type { TrainingState } from "../../lib/train/training.ts";

/** One replica at one report. */
export interface Point {
  readonly trainLoss: number;
  readonly testLoss: number;
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  /** Sum of all squared weights. */
  readonly norm2: number;
}

/** Parameters of some replicas (S, …) at one step. */
export interface KeptWeights {
  readonly step: number;
  readonly weights: readonly NamedArray[];
}

/** State of training at one report: parameters of the main replicas, and numbers of every replica. */
export interface Snapshot extends KeptWeights {
  readonly points: readonly Point[];
}

/** Everything that later parts of the run need of training. */
export interface History {
  readonly snapshots: Snapshot[];
  /** Parameters of the replicas whose learning coefficient is estimated, at the steps for it. */
  readonly studied: KeptWeights[];
  /** State of the main replicas at the steps from which interventions branch off. */
  readonly branches: TrainingState[];
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

/** Some replicas of an ensemble's arrays. */
export function someReplicas(arrays: readonly NamedArray[], replicas: readonly number[]): NamedArray[] {
  return arrays.map(({ name, shape: [R, ...rest], data }) => {
    const each = data.length / R;
    const some = new Float32Array(replicas.length * each);
    replicas.forEach((r, index) => some.set(data.subarray(r * each, (r + 1) * each), index * each));
    return { name, shape: [replicas.length, ...rest], data: some };
  });
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

/** Parameters at several steps as tensors (T, …), by name: a checkpoint gives tensors back in an order of its own. */
function packWeights(prefix: string, kept: readonly KeptWeights[]): NamedTensor<Float32Array>[] {
  if (kept.length === 0) return [];
  return [
    { name: `${prefix}.steps`, shape: [kept.length], data: Float32Array.from(kept, ({ step }) => step) },
    ...kept[0].weights.map(({ name, shape, data: { length } }) => {
      const data = new Float32Array(kept.length * length);
      kept.forEach(({ weights }, t) => data.set(weights.find((array) => array.name === name)!.data, t * length));
      return { name: `${prefix}.weights.${name}`, shape: [kept.length, ...shape], data };
    }),
  ];
}

/** Undoes {@linkcode packWeights}. */
function unpackWeights(prefix: string, arrays: readonly NamedArray[]): KeptWeights[] {
  const steps = arrays.find(({ name }) => name === `${prefix}.steps`)?.data ?? [];
  const weights = under(`${prefix}.weights.`, arrays);
  return Array.from(steps, (step, t) => ({
    step,
    weights: weights.map(({ name, shape: [T, ...shape], data }) => ({
      name,
      shape,
      data: data.slice(t * data.length / T, (t + 1) * data.length / T),
    })),
  }));
}

/** Arrays whose names begin with a prefix, without it. */
function under(prefix: string, arrays: readonly NamedArray[]): NamedArray[] {
  return arrays.filter(({ name }) => name.startsWith(prefix))
    .map((array) => ({ ...array, name: array.name.slice(prefix.length) }));
}

/**
 * A history as tensors of a checkpoint.
 *
 * @param history What to remember.
 * @returns Tensors under names that begin with `run.`.
 */
export function packHistory({ snapshots, studied, branches }: History): NamedTensor<Float32Array>[] {
  const [T, R] = [snapshots.length, snapshots[0].points.length];
  const curves = snapshots.flatMap(({ points }) => points.flatMap((point) => FIELDS.map((field) => point[field])));
  return [
    ...packWeights("run", snapshots),
    { name: "run.curves", shape: [T, R, FIELDS.length], data: Float32Array.from(curves) },
    ...packWeights("run.studied", studied),
    ...branches.flatMap(({ step, tensors }, index) => [
      { name: `run.branch.${index}.step`, shape: [1], data: Float32Array.of(step) },
      ...tensors.map((tensor) => ({ ...tensor, name: `run.branch.${index}.state.${tensor.name}` })),
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
  const curves = arrays.find(({ name }) => name === "run.curves")!;
  const [, R, F] = curves.shape;
  const snapshots = unpackWeights("run", arrays).map((kept, t) => ({
    ...kept,
    points: Array.from({ length: R }, (_, r): Point => {
      const start = (t * R + r) * F;
      const [trainLoss, testLoss, trainAccuracy, testAccuracy, norm2] = curves.data.slice(start, start + F);
      return { trainLoss, testLoss, trainAccuracy, testAccuracy, norm2 };
    }),
  }));
  const branches: TrainingState[] = [];
  for (let index = 0;; index++) {
    const step = arrays.find(({ name }) => name === `run.branch.${index}.step`);
    if (step === undefined) break;
    branches.push({ step: step.data[0], tensors: under(`run.branch.${index}.state.`, arrays) });
  }
  return { snapshots, studied: unpackWeights("run.studied", arrays), branches };
}
