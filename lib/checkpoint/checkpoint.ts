/**
 * Checkpoints of a run: everything that its next step depends on, one safetensors file a checkpoint.
 *
 * ```txt
 * RUN/checkpoints/step-00001200.safetensors
 *   blocks.0.attention.query   (R, …)   a parameter: replicas along the first axis, also where R = 1
 *   optimizer.…, run.…         (…)      whatever else the next step depends on, in any shape
 *   metadata                            step, replicas, heads of attention, texts of whoever saved it, and a checksum
 * ```
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { isDiskFull, RunError } from "../io/errors.ts";
import { CheckpointError, explained, quoted } from "./checkpoint_error.ts";
import type { NamedTensor } from "./header.ts";
import { SafetensorsFile, type TensorSource } from "./safetensors_file.ts";
import { writeSafetensors } from "./write_safetensors.ts";

/** State of a run after a step. */
export interface Checkpoint {
  /** Steps taken. */
  readonly step: number;
  /** Number of replicas R. */
  readonly replicas: number;
  /** Parameters (R, …), and under names that begin with `optimizer.` or `run.` whatever else there is. */
  readonly tensors: readonly NamedTensor[];
  /**
   * Texts by key; `step`, `replicas` and `checksum` are taken. `heads` is added where parameters say how many they have, all the
   * same number: no shape tells it to who reads the file.
   */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A checkpoint on disk. */
export interface CheckpointFile {
  /** Steps taken, as its name says. */
  readonly step: number;
  /** Where it is. */
  readonly path: string;
}

/** Folder of the checkpoints inside a run folder. */
export const CHECKPOINTS = "checkpoints";

/** Key of the checksum in the metadata. */
const CHECKSUM = "checksum";

/**
 * Path of a checkpoint inside its run folder.
 *
 * @param step Steps taken.
 * @returns For example `checkpoints/step-00001200.safetensors`.
 */
export function checkpointPath(step: number): string {
  return `${CHECKPOINTS}/step-${String(step).padStart(8, "0")}.safetensors`;
}

/**
 * Whether a tensor is a parameter, by its name: replicas lie along its first axis.
 *
 * @param name Its name.
 * @returns `false` for what begins with `optimizer.` or `run.`.
 */
export function isParameter(name: string): boolean {
  return !name.startsWith("optimizer.") && !name.startsWith("run.");
}

/**
 * Saves a checkpoint, whole or not at all.
 *
 * @param folder Run folder.
 * @param checkpoint What to save; the same state gives the same bytes.
 * @returns The file, and its number of bytes.
 * @throws {RangeError} If a parameter has not the replicas along its first axis, or the step is no whole number.
 * @throws {RunError} If the disk is full; nothing of the checkpoint is left, earlier ones are as they were.
 *
 * @example
 * ```ts
 * import { latestCheckpoint, readCheckpoint, saveCheckpoint } from "./checkpoint.ts";
 *
 * const folder = Deno.makeTempDirSync();
 * const query = { name: "blocks.0.attention.query", shape: [2, 3], data: new Float32Array(6) };
 * for (const step of [10, 20]) saveCheckpoint(folder, { step, replicas: 2, tensors: [query], metadata: {} });
 * if (readCheckpoint(latestCheckpoint(folder)!.path).step !== 20) throw new Error("not the newest");
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function saveCheckpoint(folder: string, checkpoint: Checkpoint): CheckpointFile & { readonly bytes: number } {
  const { step, replicas, tensors, metadata } = checkpoint;
  if (!Number.isSafeInteger(step) || step < 0) throw new RangeError(`expected a step ≥ 0 to save, found ${step}`);
  for (const { name, shape } of tensors) {
    if (isParameter(name) && shape[0] !== replicas) {
      throw new RangeError(
        `expected ${replicas} replicas along the first axis of ${name}, found shape (${shape.join(", ")}); ` +
          "what has no replicas is named optimizer.… or run.…",
      );
    }
  }
  const taken = ["step", "replicas", CHECKSUM].find((key) => key in metadata);
  if (taken !== undefined) {
    throw new RangeError(`expected metadata of its own, found ${taken}, which every checkpoint has`);
  }
  const path = join(folder, checkpointPath(step));
  try {
    Deno.mkdirSync(join(folder, CHECKPOINTS), { recursive: true });
    const texts = { ...headsOf(tensors), ...metadata, step: String(step), replicas: String(replicas) };
    const whole = { ...texts, [CHECKSUM]: checksumOf(tensors, texts) };
    return { step, path, bytes: writeSafetensors(path, tensors, whole) };
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new RunError(`disk full: expected space for ${path}, found none; earlier checkpoints are as they were`);
  }
}

/** SHA-256 of metadata and tensors, each in the order of names. */
function checksumOf(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(Object.entries(metadata).toSorted(byName)));
  for (const { name, shape, data } of tensors.toSorted((a, b) => byName([a.name], [b.name]))) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return `sha256:${hash.digest("hex")}`;
}

const byName = ([a]: readonly string[], [b]: readonly string[]) => a < b ? -1 : a > b ? 1 : 0;

/** The number of heads, where all parameters that have any agree on it. */
function headsOf(tensors: readonly NamedTensor[]): { heads?: string } {
  const counts = new Set(tensors.flatMap(({ name, heads }) => isParameter(name) && heads !== undefined ? [heads] : []));
  return counts.size === 1 ? { heads: String([...counts][0]) } : {};
}

/**
 * Checkpoints of a run, oldest first.
 *
 * @param folder Run folder.
 * @returns Files with the name of a checkpoint, whatever is in them; none where there is no folder of checkpoints.
 * @throws {CheckpointError} If the folder cannot be read.
 */
export function listCheckpoints(folder: string): CheckpointFile[] {
  const inside = join(folder, CHECKPOINTS);
  try {
    return [...Deno.readDirSync(inside)].flatMap(({ name }) => {
      const step = Number(/^step-(\d{8,15})\.safetensors$/.exec(name)?.[1]);
      return `${CHECKPOINTS}/${name}` === checkpointPath(step) ? [{ step, path: join(inside, name) }] : [];
    }).sort((a, b) => a.step - b.step);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw explained(inside, "a folder that can be read", error);
  }
}

/**
 * The newest checkpoint that is whole: one that a damaged disk has cut short or changed is passed over.
 *
 * @param folder Run folder.
 * @param onPassedOver Called with each newer file that is not whole, and why.
 * @returns The file; `null` where there is none.
 * @throws {CheckpointError} If there are files, but none that is whole: what is wrong with the newest.
 */
export function latestCheckpoint(
  folder: string,
  onPassedOver: (reason: CheckpointError) => void = () => {},
): CheckpointFile | null {
  let first: CheckpointError | undefined;
  for (const candidate of listCheckpoints(folder).reverse()) {
    try {
      using file = new SafetensorsFile(candidate.path);
      tensorsOf(file);
      return candidate;
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      first ??= error;
      onPassedOver(error);
    }
  }
  if (first !== undefined) throw first;
  return null;
}

/**
 * Reads a checkpoint back, bit for bit.
 *
 * @param path Its file.
 * @returns The state, tensors in the order of the file, metadata without `step`, `replicas` and `checksum`.
 * @throws {CheckpointError} If it is no safetensors file, one that no run has saved, or not what was saved.
 */
export function readCheckpoint(path: string): Checkpoint {
  using file = new SafetensorsFile(path);
  const head = checkpointHead(file);
  return { ...head, tensors: tensorsOf(file) };
}

/** Tensors of a file, in its order, as its checksum says; files without one are taken as they are. */
function tensorsOf(file: TensorSource): NamedTensor[] {
  const tensors = [...file.tensors].map(([name, { shape }]) => ({ name, shape, data: file.readStored(name) }));
  const { [CHECKSUM]: saved, ...metadata }: Record<string, string> = Object.fromEntries(file.metadata);
  if (saved !== undefined && saved !== checksumOf(tensors, metadata)) {
    throw new CheckpointError(file.path, `the content that was saved (${CHECKSUM} in its metadata)`, "another");
  }
  return tensors;
}

/**
 * Reads a checkpoint's description of itself, without its tensors.
 *
 * @param file The open file.
 * @returns Step, replicas and metadata.
 * @throws {CheckpointError} If no run has saved it.
 */
export function checkpointHead(file: TensorSource): Omit<Checkpoint, "tensors"> {
  const { step, replicas, [CHECKSUM]: _, ...metadata }: Record<string, string> = Object.fromEntries(file.metadata);
  const whole = (key: string, text: string | undefined) => {
    if (text !== undefined && /^(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
    const found = text === undefined ? "none" : quoted(text);
    throw new CheckpointError(file.path, `a checkpoint of a run, with ${key} in its metadata`, found);
  };
  return { step: whole("step", step), replicas: whole("replicas", replicas), metadata };
}
