/** Hyper-parameters on the GPU, one row per replica, so that a sweep is one ensemble. */
import { Tensor } from "../gpu/tensor.ts";
import { constantSchedule, type PerReplica, type Schedule } from "./schedule.ts";

/** Hyper-parameters of every optimiser. Each may be a number, or one number per replica. */
export interface CommonOptions {
  /** Learning rate, ≥ 0. */
  readonly lr: PerReplica;
  /** Weight decay, ≥ 0, of matrices and embeddings; of biases and gains only if their specification says `decay`. */
  readonly weightDecay?: PerReplica;
  /** Factor of the learning rate over time; constant by default. */
  readonly schedule?: Schedule;
  /** Largest norm of a replica's gradient, > 0: a longer one is scaled down to it. No limit by default. */
  readonly clip?: PerReplica;
}

/** A hyper-parameter by name, and the numbers it may be. */
export interface Hyper {
  /** Stands in error messages. */
  readonly name: string;
  /** Number or numbers. */
  readonly value: PerReplica;
  /** Numbers that are allowed, in words and as a test. */
  readonly allowed: readonly [string, (value: number) => boolean];
}

/** Ranges of hyper-parameters. */
export const ALLOWED = {
  nonNegative: ["≥ 0", (value: number) => value >= 0 && value < Infinity],
  positive: ["> 0", (value: number) => value > 0],
  fraction: ["in [0, 1)", (value: number) => value >= 0 && value < 1],
  portion: ["in [0, 1]", (value: number) => value >= 0 && value <= 1],
  steps: ["of whole steps ≥ 0", (value: number) => Number.isInteger(value) && value >= 0],
} as const satisfies Record<string, Hyper["allowed"]>;

/** Largest f32: no limit. */
const NO_LIMIT = 3.4028234e38;

/**
 * Gives each replica its hyper-parameter.
 *
 * @param label Optimiser; stands in error messages.
 * @param replicas Number of replicas R.
 * @param hyper Name, value and range.
 * @returns One number per replica (R).
 * @throws {RangeError} If there is another number of them, or one is not allowed.
 */
export function perReplica(label: string, replicas: number, { name, value, allowed }: Hyper): readonly number[] {
  const values = typeof value === "number" ? new Array<number>(replicas).fill(value) : value;
  if (values.length !== replicas) {
    throw new RangeError(`${label}: expected one "${name}" or ${replicas}, one per replica, found ${values.length}`);
  }
  const wrong = values.find((one) => !allowed[1](one));
  if (wrong !== undefined) throw new RangeError(`${label}: expected "${name}" ${allowed[0]}, found ${wrong}`);
  return values;
}

/**
 * Makes the table of hyper-parameters that `kernels/optim/flat_update.wgsl` describes.
 *
 * @param label Optimiser; stands in error messages.
 * @param replicas Number of replicas R.
 * @param common Those of every optimiser.
 * @param own Columns 8 to 15, those of the optimiser: at most eight, one number per replica each.
 * @returns Rows (R, 16), row-major.
 * @throws {RangeError} If a hyper-parameter is not allowed.
 */
export function hyperRows(
  label: string,
  replicas: number,
  { lr, weightDecay = 0, schedule = constantSchedule(), clip = NO_LIMIT }: CommonOptions,
  own: readonly (readonly number[])[],
): Float32Array {
  const { nonNegative, positive, portion, steps } = ALLOWED;
  const column = (name: string, value: PerReplica, allowed: Hyper["allowed"]) =>
    perReplica(label, replicas, { name, value, allowed });
  const warmup = column("warmup", schedule.warmup, steps);
  const ends = column("steps", schedule.steps, steps);
  const late = ends.findIndex((end, r) => schedule.shape !== "constant" && end <= warmup[r]);
  if (late >= 0) {
    throw new RangeError(`${label}: expected "steps" above the warm-up of ${warmup[late]}, found ${ends[late]}`);
  }
  const zeros = new Array<number>(replicas).fill(0);
  const columns = [
    column("lr", lr, nonNegative),
    column("weightDecay", weightDecay, nonNegative),
    column("clip", clip, positive).map((limit) => Math.min(limit, NO_LIMIT)),
    zeros,
    warmup,
    ends,
    column("floor", schedule.floor, portion),
    zeros,
    ...own,
  ];
  const rows = new Float32Array(16 * replicas);
  columns.forEach((values, index) => values.forEach((value, r) => rows[16 * r + index] = value));
  return rows;
}

/**
 * Copies a table of hyper-parameters to the GPU.
 *
 * @param rows Rows (R, 16).
 * @returns A tensor that the caller owns.
 */
export function hyperTensor(rows: Float32Array): Tensor {
  return Tensor.from(rows, [rows.length / 16, 16], "hyper");
}
