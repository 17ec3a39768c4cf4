/** State of training on the host: copied to continue bit by bit, and restored. */
import { ShapeError } from "../gpu/errors.ts";
import type { NamedArray } from "../models/parameter_spec.ts";
import type { ParameterSet } from "../models/parameters.ts";
import type { OptimizerState } from "../optim/optimizer.ts";

/** State of training from which it continues bit by bit. */
export interface TrainingState {
  /** Steps taken. */
  readonly step: number;
  /**
   * Parameters and buffers under their names, (R, …) each; the optimiser's state as `optimizer.STATE.NAME`, and the losses
   * (n, R) of steps that no report has had yet as `run.losses`. Where replicas have diverged, their part of all that is NaN,
   * and `run.diverged` (R, 2) has a replica's step as `(⌊step / 4096⌋, step mod 4096)`, −1 for one that has not.
   */
  readonly tensors: readonly NamedArray[];
}

/** A state as it comes from a checkpoint, with tensors of any type. */
export interface SavedState {
  /** Steps taken. */
  readonly step: number;
  /** As in {@linkcode TrainingState}, and perhaps others. */
  readonly tensors: readonly (Pick<NamedArray, "name" | "shape"> & { readonly data: unknown })[];
}

/** Tensors that a state is copied from, and restored to. */
export interface StateHolders {
  /** Parameters in training. */
  readonly parameters: ParameterSet;
  /** State of the model beside them. */
  readonly buffers?: ParameterSet;
  /** State of the optimiser, laid out as the parameters. */
  readonly state: OptimizerState;
}

/** Name of the losses that no report has had, in a state. */
const PENDING = "run.losses";
/** Name of the steps at which replicas were lost, in a state. Single precision holds each of the two parts exactly. */
const DIVERGED = "run.diverged";
const STEPS = 4096;

/** Part of a state that no tensor on the GPU holds. */
export interface PendingState {
  /** Losses (R) of steps that no report has had. */
  readonly pending: readonly Float32Array[];
  /** Step at which each diverged replica was lost, by replica. */
  readonly diverged: ReadonlyMap<number, number>;
}

/** Flat tensors with the layout they have and the prefix of their names. */
function flatTensors({ parameters, state }: StateHolders) {
  const moments = Object.entries(state).map(([name, flat]) => ({ prefix: `optimizer.${name}.`, flat }));
  return [{ prefix: "", flat: parameters.flat }, ...moments];
}

/**
 * Refuses buffers whose names or replicas a state could not keep apart from the parameters'.
 *
 * @param holders Parameters and buffers.
 * @throws {ShapeError} If they share a name or have not equally many replicas.
 */
export function checkBuffers({ parameters, buffers }: Omit<StateHolders, "state">): void {
  if (!buffers) return;
  if (buffers.replicas !== parameters.replicas) {
    const [expected, found] = [parameters.replicas, buffers.replicas];
    throw new ShapeError(`training: expected buffers of ${expected} replicas, as the parameters, found ${found}`);
  }
  const taken = new Set(parameters.shapes.map(({ name }) => name));
  const twice = buffers.shapes.find(({ name }) => taken.has(name));
  if (twice) throw new ShapeError(`training: expected buffers with names of their own, found "${twice.name}" twice`);
}

/**
 * Copies all tensors of a state to the host.
 *
 * @param holders Tensors to copy.
 * @param run The rest of the state.
 * @returns Named arrays.
 * @throws {GpuError} If any GPU operation has failed.
 */
export async function readState(holders: StateHolders, { pending, diverged }: PendingState): Promise<NamedArray[]> {
  const { parameters, buffers } = holders;
  const tensors: NamedArray[] = [];
  for (const { prefix, flat } of flatTensors(holders)) {
    const arrays = await parameters.read(flat);
    tensors.push(...arrays.map((array) => ({ ...array, name: prefix + array.name })));
  }
  if (buffers) tensors.push(...await buffers.read());
  const R = parameters.replicas;
  for (const { data } of tensors) {
    for (const replica of diverged.keys()) data.fill(NaN, replica * data.length / R, (replica + 1) * data.length / R);
  }
  if (pending.length > 0) {
    const data = Float32Array.from(pending.flatMap((losses) => [...losses]));
    tensors.push({ name: PENDING, shape: [pending.length, R], data });
  }
  if (diverged.size > 0) {
    const data = new Float32Array(2 * R).fill(-1);
    for (const [replica, step] of diverged) data.set([Math.floor(step / STEPS), step % STEPS], 2 * replica);
    tensors.push({ name: DIVERGED, shape: [R, 2], data });
  }
  return tensors;
}

/**
 * Writes all tensors of a state to the GPU, or none if one does not fit.
 *
 * @param holders Tensors to write.
 * @param from The state; tensors that do not hold float32 are the experiment's own, and left alone.
 * @returns The rest of the state.
 * @throws {ShapeError} If a tensor is missing, unknown or of another shape.
 */
export function restoreState(holders: StateHolders, { tensors }: SavedState): PendingState {
  const { parameters, buffers } = holders;
  const own = new Set(buffers?.shapes.map(({ name }) => name));
  const flats = flatTensors(holders);
  const groups = flats.map((): NamedArray[] => []);
  const ofBuffers: NamedArray[] = [];
  const pending: Float32Array[] = [];
  const diverged = new Map<number, number>();
  for (const array of tensors) {
    if (!holdsFloats(array)) continue;
    if (array.name === PENDING) {
      const [count, R] = array.shape;
      for (let row = 0; row < count; row++) pending.push(array.data.slice(row * R, (row + 1) * R));
    } else if (array.name === DIVERGED) {
      for (let replica = 0; replica < array.shape[0]; replica++) {
        const [high, low] = array.data.subarray(2 * replica);
        if (high >= 0) diverged.set(replica, high * STEPS + low);
      }
    } else if (own.has(array.name)) {
      ofBuffers.push(array);
    } else {
      const group = flats.findLastIndex(({ prefix }) => array.name.startsWith(prefix));
      groups[group].push({ ...array, name: array.name.slice(flats[group].prefix.length) });
    }
  }
  const packed = groups.map((arrays) => parameters.pack(arrays));
  buffers?.load(ofBuffers);
  flats.forEach(({ flat }, index) => flat.write(packed[index]));
  return { pending, diverged };
}

function holdsFloats<A extends { readonly data: unknown }>(array: A): array is A & { readonly data: Float32Array } {
  return array.data instanceof Float32Array;
}
