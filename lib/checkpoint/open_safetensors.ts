/**
 * Tensors from one file, or from many that an index joins.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { CheckpointError, explained, quoted } from "./checkpoint_error.ts";
import type { StoredArray } from "./dtype.ts";
import { MAX_HEADER_BYTES, type TensorEntry } from "./header.ts";
import { SafetensorsFile, type TensorSource } from "./safetensors_file.ts";

const INDEX = ".safetensors.index.json";

/**
 * Opens tensors for reading one by one; whole files are never in memory.
 *
 * @param path A safetensors file; an index (`model.safetensors.index.json`) that says which file of its folder holds
 *   which tensor; or a folder with one index, or else with one safetensors file.
 * @returns The tensors; close them, or declare them with `using`.
 * @throws {CheckpointError} If anything is missing, unreadable or off the format, naming the file.
 *
 * @example
 * ```ts
 * import { openSafetensors } from "./open_safetensors.ts";
 * import { writeSafetensors } from "./write_safetensors.ts";
 *
 * const folder = Deno.makeTempDirSync();
 * const query = { name: "blocks.0.attention.query", shape: [1, 2], data: new Float32Array([1, 2]) };
 * writeSafetensors(`${folder}/model.safetensors`, [query], { step: "100" });
 * {
 *   using model = openSafetensors(folder);
 *   for (const [name, { dtype, shape }] of model.tensors) console.log(name, dtype, shape);
 *   if (model.read("blocks.0.attention.query")[1] !== 2) throw new Error("not read back");
 * }
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function openSafetensors(path: string): TensorSource {
  if (path.endsWith(INDEX)) return new ShardedSafetensors(path);
  return isFolder(path) ? openFolder(path) : new SafetensorsFile(path);
}

function openFolder(folder: string): TensorSource {
  const names = namesIn(folder);
  const indices = names.filter((name) => name.endsWith(INDEX));
  const candidates = indices.length > 0 ? indices : names.filter((name) => name.endsWith(".safetensors"));
  if (candidates.length !== 1) {
    const found = candidates.length === 0 ? "none" : `${candidates.length}: ${candidates.slice(0, 3).join(", ")}`;
    const more = candidates.length > 3 ? ", …" : "";
    throw new CheckpointError(folder, `one *${INDEX} or one *.safetensors in the folder`, found + more);
  }
  return openSafetensors(join(folder, candidates[0]));
}

/** Tensors that an index distributes over files of its folder. */
class ShardedSafetensors implements TensorSource {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #shardOf = new Map<string, SafetensorsFile>();
  readonly #shards = new Map<string, SafetensorsFile>();

  constructor(path: string) {
    this.path = path;
    const index = readIndex(path);
    const tensors = new Map<string, TensorEntry>();
    const metadata = new Map<string, string>();
    try {
      for (const [name, file] of index.weights) {
        const shard = this.#shards.get(file) ?? new SafetensorsFile(join(dirname(path), file));
        this.#shards.set(file, shard);
        const entry = shard.tensors.get(name);
        if (entry === undefined) {
          throw new CheckpointError(
            shard.path,
            `a tensor ${quoted(name)}, as ${basename(path)} says`,
            "none of that name",
          );
        }
        tensors.set(name, entry);
        this.#shardOf.set(name, shard);
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    for (const shard of this.#shards.values()) shard.metadata.forEach((value, key) => metadata.set(key, value));
    index.metadata.forEach((value, key) => metadata.set(key, value));
    this.tensors = tensors;
    this.metadata = metadata;
  }

  read(name: string): Float32Array<ArrayBuffer> {
    return this.#shard(name).read(name);
  }

  readNumbers(name: string): Float64Array<ArrayBuffer> {
    return this.#shard(name).readNumbers(name);
  }

  readStored(name: string): StoredArray {
    return this.#shard(name).readStored(name);
  }

  fileOf(name: string): string {
    return this.#shard(name).path;
  }

  [Symbol.dispose](): void {
    for (const shard of this.#shards.values()) shard[Symbol.dispose]();
  }

  #shard(name: string): SafetensorsFile {
    const shard = this.#shardOf.get(name);
    if (shard === undefined) throw new CheckpointError(this.path, `a tensor ${quoted(name)}`, "none of that name");
    return shard;
  }
}

interface Index {
  readonly weights: ReadonlyMap<string, string>;
  readonly metadata: ReadonlyMap<string, string>;
}

function readIndex(path: string): Index {
  const refuse = (expected: string, found: string): never => {
    throw new CheckpointError(path, expected, found);
  };
  const index = asObject(parseIndex(path));
  const weightMap = asObject(index?.get("weight_map"));
  if (index === undefined || weightMap === undefined) {
    return refuse("an object with weight_map", index === undefined ? "none" : "no weight_map in it");
  }
  const weights = new Map<string, string>();
  for (const [name, file] of weightMap) {
    // A file beside the index: whatever else a path can say is refused, whether or not it would leave the folder.
    if (typeof file !== "string" || !/^[^/\\:\0]+$/.test(file) || file === "..") {
      return refuse(`a file beside the index for ${quoted(name)}`, typeof file === "string" ? quoted(file) : "no text");
    }
    weights.set(name, file);
  }
  const metadata = new Map<string, string>();
  for (const [key, value] of asObject(index.get("metadata")) ?? []) {
    if (typeof value === "string" || typeof value === "number") metadata.set(key, String(value));
  }
  return { weights, metadata };
}

function parseIndex(path: string): unknown {
  const expected = "an index of safetensors files (JSON)";
  try {
    const { size, isFile } = Deno.statSync(path);
    if (!isFile || size > MAX_HEADER_BYTES) {
      throw new CheckpointError(path, expected, isFile ? `a file of ${size} bytes` : "no regular file");
    }
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof SyntaxError) throw new CheckpointError(path, expected, "other text");
    throw explained(path, expected, error);
  }
}

/** Keys and values of a JSON object, whatever the keys are called. */
function asObject(value: unknown): Map<string, unknown> | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? new Map(Object.entries(value)) : undefined;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    throw explained(path, "a safetensors file or a folder", error);
  }
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    throw explained(folder, "a folder that can be read", error);
  }
}
