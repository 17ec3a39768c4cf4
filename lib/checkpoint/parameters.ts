/**
 * Taking tensors by name and shape, from a checkpoint or from a file that another program has written.
 *
 * @module
 */
import { closestString } from "@std/text/closest-string";
import { CheckpointError, quoted } from "./checkpoint_error.ts";
import type { StoredArray } from "./dtype.ts";
import type { NamedTensor } from "./header.ts";
import type { TensorSource } from "./safetensors_file.ts";

/** A tensor that is looked for. */
export interface WantedTensor {
  /** Its name. */
  readonly name: string;
  /** Its shape; of a parameter (R, …), replicas first. */
  readonly shape: readonly number[];
}

/**
 * Parameters for a model of R replicas. A file may hold them with replicas, as a checkpoint does, or without, as
 * PyTorch does: then every replica gets the same.
 *
 * @param source Open file or shards.
 * @param wanted Parameters of the model, each (R, …).
 * @param nameOf Name in the file of a parameter of the model; the same unless given.
 * @returns Values (R, …) of each wanted parameter, in their order.
 * @throws {CheckpointError} If one is missing, naming the nearest, of another shape, or not of floating point. Tensors
 *   of the file that nobody wants are left alone.
 *
 * @example
 * ```ts
 * import { openSafetensors } from "./open_safetensors.ts";
 * import { readParameters } from "./parameters.ts";
 * import { writeSafetensors } from "./write_safetensors.ts";
 *
 * const path = Deno.makeTempFileSync();
 * writeSafetensors(path, [{ name: "transformer.query", shape: [2], data: new Float32Array([1, 2]) }]);
 * {
 *   using file = openSafetensors(path);
 *   const [query] = readParameters(file, [{ name: "query", shape: [3, 2] }], (name) => `transformer.${name}`);
 *   if (query.join() !== "1,2,1,2,1,2") throw new Error("not one for each replica");
 * }
 * Deno.removeSync(path);
 * ```
 */
export function readParameters(
  source: TensorSource,
  wanted: readonly WantedTensor[],
  nameOf: (name: string) => string = (name) => name,
): Float32Array<ArrayBuffer>[] {
  return wanted.map(({ name, shape }) => {
    const there = nameOf(name);
    const entry = source.tensors.get(there);
    if (entry === undefined) throw missing(source.path, there, [...source.tensors.keys()]);
    if (isSame(entry.shape, shape)) return source.read(there);
    const [replicas, ...rest] = shape;
    if (!isSame(entry.shape, rest)) {
      const expected = `shape [${shape}], or [${rest}] for all replicas, of tensor ${quoted(there)}`;
      throw new CheckpointError(source.path, expected, `[${entry.shape}]`);
    }
    const one = source.read(there);
    const all = new Float32Array(replicas * one.length);
    for (let replica = 0; replica < replicas; replica++) all.set(one, replica * one.length);
    return all;
  });
}

/**
 * Tensors of a state that has been read back, in the order and shapes in which they are wanted.
 *
 * @param tensors What there is.
 * @param wanted What is needed: all of it must be there, and nothing else.
 * @param path Where it comes from, for errors.
 * @returns Values of each wanted tensor.
 * @throws {CheckpointError} If one is missing, of another shape, or left over.
 */
export function matchTensors(
  tensors: readonly NamedTensor[],
  wanted: readonly WantedTensor[],
  path: string,
): StoredArray[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const found = wanted.map(({ name, shape }) => {
    const tensor = byName.get(name);
    if (tensor === undefined) throw missing(path, name, [...byName.keys()]);
    if (!isSame(tensor.shape, shape)) {
      throw new CheckpointError(path, `shape [${shape}] of tensor ${quoted(name)}`, `[${tensor.shape}]`);
    }
    byName.delete(name);
    return tensor.data;
  });
  const [stray] = byName.keys();
  if (stray !== undefined) throw new CheckpointError(path, "no tensors but those of the model", quoted(stray));
  return found;
}

/**
 * Whether a tensor that was read back holds float32, as parameters and moments do.
 *
 * @param tensor Any tensor of a state.
 * @returns Whether its data is a `Float32Array`.
 *
 * @example
 * ```ts
 * import type { NamedTensor } from "./header.ts";
 * import { isFloat32 } from "./parameters.ts";
 *
 * const tensors: NamedTensor[] = [
 *   { name: "weight", shape: [1], data: new Float32Array(1) },
 *   { name: "run.clock", shape: [], data: new Uint32Array(1) },
 * ];
 * const floats: Float32Array[] = tensors.filter(isFloat32).map(({ data }) => data);
 * if (floats.length !== 1) throw new Error("expected the first");
 * ```
 */
export function isFloat32(tensor: NamedTensor): tensor is NamedTensor<Float32Array> {
  return tensor.data instanceof Float32Array;
}

function missing(path: string, name: string, names: readonly string[]): CheckpointError {
  const nearest = names.length === 0 ? "no tensors" : `none; nearest is ${quoted(closestString(name, names))}`;
  return new CheckpointError(path, `a tensor ${quoted(name)}`, nearest);
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
