/**
 * Taking tensors by name and shape, from a checkpoint or from a file that another program has written.
 *
 * @module
 */
import { closestString } from "@std/text/closest-string";
import type { NamedArray } from "../models/parameter_spec.ts";
import { CheckpointError, quoted } from "./checkpoint_error.ts";
import type { StoredArray } from "./dtype.ts";
import type { NamedTensor } from "./header.ts";
import type { NameMap } from "./pytorch_names.ts";
import type { TensorSource } from "./safetensors_file.ts";
import { partInWords, shapeOfPart, takePart } from "./tensor_part.ts";

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
 * @param wanted Parameters of the model, each (R, …): `ParameterSet.shapes`.
 * @param nameOf Where the file has a parameter of the model: a name, or a part of a tensor, transposed or some of its
 *   columns, see {@linkcode gpt2Names} and {@linkcode encoderNames}. The same name unless given.
 * @returns Arrays (R, …), in the order wanted, for `ParameterSet.load`.
 * @throws {CheckpointError} If one is missing, naming the nearest, of another shape, or not of floating point. Tensors
 *   of the file that nobody wants are left alone.
 *
 * @example
 * A perceptron that PyTorch has saved with `save_file(model.state_dict(), path)`, its matrices (out, in):
 *
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { mlp } from "../models/mlp.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { openSafetensors } from "./open_safetensors.ts";
 * import { readParameters } from "./parameters.ts";
 * import { writeSafetensors } from "./write_safetensors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const path = Deno.makeTempFileSync();
 * writeSafetensors(path, [
 *   { name: "fc.weight", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
 *   { name: "fc.bias", shape: [2], data: Float32Array.of(7, 8) },
 * ]);
 * using parameters = ParameterSet.create(mlp({ widths: [3, 2] }).parameters, [1, 2]);
 * {
 *   using file = openSafetensors(path);
 *   const nameOf = (name: string) =>
 *     name === "layers.0.weight" ? { name: "fc.weight", transposed: true } : name.replace("layers.0", "fc");
 *   parameters.load(readParameters(file, parameters.shapes, nameOf));
 * }
 * const [weight, bias] = await parameters.read();
 * assertEquals([...weight.data], [1, 4, 2, 5, 3, 6, 1, 4, 2, 5, 3, 6]);
 * assertEquals([...bias.data], [7, 8, 7, 8]);
 * Deno.removeSync(path);
 * ```
 */
export function readParameters(
  source: TensorSource,
  wanted: readonly WantedTensor[],
  nameOf: NameMap = (name) => name,
): NamedArray[] {
  return wanted.map(({ name, shape }) => {
    const found = nameOf(name);
    const part = typeof found === "string" ? { name: found } : found;
    const entry = source.tensors.get(part.name);
    if (entry === undefined) throw missing(source.path, part.name, [...source.tensors.keys()]);
    const there = shapeOfPart(entry.shape, part);
    const [replicas, ...rest] = shape;
    const each = there !== null && isSame(there, shape);
    if (!each && !(there !== null && isSame(there, rest))) {
      const words = `${quoted(part.name)}${partInWords(part)}`;
      const expected = `shape [${shape}], or [${rest}] for all replicas, of tensor ${words}`;
      throw new CheckpointError(source.path, expected, `[${entry.shape}]`);
    }
    const one = takePart({ shape: entry.shape, data: source.read(part.name) }, part);
    if (each) return { name, shape, data: one };
    const all = new Float32Array(replicas * one.length);
    for (let replica = 0; replica < replicas; replica++) all.set(one, replica * one.length);
    return { name, shape, data: all };
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
