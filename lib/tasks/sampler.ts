/**
 * The contract of all samplers: `key, step → batch`.
 *
 * A sampler is made once, from a typed literal that states the task, and called while a program is recorded. All it
 * returns is a function of (seed per replica, key, step): the step is read from the clock on the GPU, all else is fixed.
 * Tables that it needs belong to the program; called on its own, outside of a recording, they are left to the garbage
 * collector. Training and evaluation differ in key, seeds, or options.
 */
import type { RandomDraw } from "../../kernels/random/random_fill.ts";
import type { PerReplica } from "../gpu/per_replica.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";

/** Draws one batch; call it while recording a program. */
export type TaskSampler<Batch> = (draw: RandomDraw) => Batch;

export type { PerReplica } from "../gpu/per_replica.ts";

/**
 * Refuses a number that is no integer ≥ 1.
 *
 * @param task Named as the sampler; stands in the error message.
 * @param values Numbers by name.
 * @throws {RangeError} Naming the first one.
 */
export function checkCounts(task: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`${task}: expected ${name} to be an integer ≥ 1, found ${value}`);
    }
  }
}

/**
 * Writes out numbers per replica.
 *
 * @param task Stands in the error message.
 * @param name Argument; stands in the error message.
 * @param values One number, or one per replica.
 * @param R Replicas.
 * @returns Numbers (R).
 * @throws {RangeError} If there are neither 1 nor R numbers, or one is not finite.
 */
export function perReplica(task: string, name: string, values: PerReplica, R: number): number[] {
  const all = typeof values === "number" ? Array<number>(R).fill(values) : [...values];
  if (all.length !== R) throw new RangeError(`${task}: expected ${R} numbers for ${name}, found ${all.length}`);
  const wrong = all.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new RangeError(`${task}: expected finite numbers for ${name}, found ${wrong}`);
  return all;
}

/**
 * Writes out positive numbers per replica.
 *
 * @param task Stands in the error message.
 * @param name Argument; stands in the error message.
 * @param values One number, or one per replica.
 * @param R Replicas.
 * @returns Numbers (R).
 * @throws {RangeError} If there are neither 1 nor R numbers, or one is not positive and finite.
 */
export function positives(task: string, name: string, values: PerReplica, R: number): number[] {
  const all = perReplica(task, name, values, R);
  const wrong = all.find((value) => value <= 0);
  if (wrong !== undefined) throw new RangeError(`${task}: expected positive numbers for ${name}, found ${wrong}`);
  return all;
}

/**
 * Writes out rows per replica as a tensor that the program owns.
 *
 * @param task Stands in the error message.
 * @param name Argument; stands in the error message.
 * @param values One number for every entry, a row (D) for all replicas, or a row for each (R, D).
 * @param shape R and D.
 * @returns Numbers (R, D).
 * @throws {RangeError} If rows or their lengths do not fit, or a number is not finite.
 */
export function rowPerReplica(
  task: string,
  name: string,
  values: number | readonly number[] | readonly (readonly number[])[],
  [R, D]: readonly [number, number],
): Tensor {
  const row = (value: number | readonly number[]) => perReplica(task, `a row of ${name}`, value, D);
  const isRows = (value: typeof values): value is readonly (readonly number[])[] =>
    typeof value !== "number" && typeof value[0] !== "number";
  const rows = isRows(values) ? values.map(row) : Array<number[]>(R).fill(row(values));
  if (rows.length !== R) throw new RangeError(`${task}: expected ${R} rows for ${name}, found ${rows.length}`);
  return own(Tensor.from(rows.flat(), [R, D], name));
}
