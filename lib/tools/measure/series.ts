/**
 * The checkpoints that a command line names, in the order of their steps.
 *
 * ```txt
 * run.safetensors …                        files: together one series
 * FOLDER/step-10.safetensors, …            a folder of files: a series
 * FOLDER/checkpoint-10/model.safetensors   a folder of folders, sharded or not: a series
 * FOLDER/checkpoints/…                     a run folder of this project: a series
 * ```
 *
 * Several series are replicas of each other.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { CheckpointError, explained } from "../../checkpoint/checkpoint_error.ts";
import { openSafetensors } from "../../checkpoint/open_safetensors.ts";
import { UserError } from "../../io/errors.ts";

/** A checkpoint of a series. */
export interface StepFile {
  /** Step of training. */
  readonly step: number;
  /** File, index of shards, or folder with one of them. */
  readonly path: string;
}

/** Checkpoints of one training run, by ascending step. */
export interface CheckpointSeries {
  /** Folder they are in, or of the first of them. */
  readonly name: string;
  /** At least one. */
  readonly files: readonly StepFile[];
}

const METADATA_KEYS = ["step", "global_step", "steps", "iteration"] as const;
const NAMED = /(?:step|checkpoint|ckpt|iter(?:ation)?|epoch)s?[-_=.]?0*(\d+)/gi;

/**
 * Finds checkpoints and orders them.
 *
 * @param operands Files and folders.
 * @param pattern Where a name says the step, as its first group; by default after a word such as `step` or
 *   `checkpoint`, else the only number in the name. What metadata say (`step`) comes first.
 * @returns CheckpointSeries, each from its first step.
 * @throws {UserError} If there is none, one is not safetensors, or steps cannot be ordered.
 *
 * @example
 * ```ts
 * import { writeSafetensors } from "../../checkpoint/mod.ts";
 * import { findSeries } from "./series.ts";
 *
 * const folder = Deno.makeTempDirSync();
 * const tensors = [{ name: "w", shape: [1], data: new Float32Array(1) }];
 * for (const step of [20, 3]) writeSafetensors(`${folder}/step-${step}.safetensors`, tensors, {});
 * const [{ files }] = findSeries([folder]);
 * if (files.map(({ step }) => step).join() !== "3,20") throw new Error("not ordered");
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function findSeries(operands: readonly string[], pattern?: RegExp): CheckpointSeries[] {
  if (operands.length === 0) throw new UserError("expected checkpoints: safetensors files or folders, found none");
  const single: string[] = [];
  const groups: { name: string; paths: string[] }[] = [];
  for (const operand of operands) {
    const paths = expand(operand);
    if (paths.length === 1) single.push(paths[0]);
    else groups.push({ name: operand, paths });
  }
  if (single.length > 0) groups.push({ name: dirname(single[0]), paths: single });
  return groups.map(({ name, paths }) => ({ name, files: ordered(paths, pattern) }));
}

/** The checkpoints that a path stands for. */
function expand(path: string): string[] {
  if (!isFolder(path)) return [path];
  const entries = attempt(path, () => [...Deno.readDirSync(path)]).sort((a, b) => a.name < b.name ? -1 : 1);
  if (entries.some(({ name }) => name.endsWith(".safetensors.index.json"))) return [path];
  const within = entries.filter(({ name }) => isFolder(join(path, name))).map(({ name }) => join(path, name));
  if (within.some((folder) => basename(folder) === "checkpoints")) return expand(join(path, "checkpoints"));
  const folders = within.filter((folder) => hasTensors(folder));
  const files = entries.filter(({ name }) => name.endsWith(".safetensors")).map(({ name }) => join(path, name));
  // Beside folders of checkpoints a single file is the final model, which the last of them holds too.
  if (folders.length > 1 || files.length === 0 && folders.length === 1) return folders;
  if (files.length === 0) {
    throw new CheckpointError(path, "safetensors files, or folders with one each", "none");
  }
  const shard = files.find((file) => /-\d+-of-\d+\.safetensors$/.test(file));
  if (shard !== undefined) {
    throw new CheckpointError(path, "an index of its shards (model.safetensors.index.json)", `none beside ${shard}`);
  }
  return files;
}

function hasTensors(folder: string): boolean {
  return attempt(folder, () => [...Deno.readDirSync(folder)]).some(({ name }) =>
    name.endsWith(".safetensors") || name.endsWith(".safetensors.index.json")
  );
}

function ordered(paths: readonly string[], pattern?: RegExp): StepFile[] {
  const found = paths.map((path) => ({ path, step: stepOf(path, pattern) }));
  const unknown = found.filter(({ step }) => step === undefined);
  if (unknown.length > 0 && (paths.length > 1 || pattern !== undefined)) {
    const example = unknown[0].path;
    throw new UserError(
      `expected steps to order checkpoints by, in metadata (step) or names (step-100), found none for ${example}` +
        `${unknown.length > 1 ? ` and ${unknown.length - 1} more` : ""}; --step-pattern=REGEX says where a name has it`,
    );
  }
  const files = found.map(({ path, step = 0 }) => ({ path, step })).sort((a, b) => a.step - b.step);
  const twice = files.findIndex(({ step }, index) => index > 0 && step === files[index - 1].step);
  if (twice > 0) {
    const [a, b] = [files[twice - 1].path, files[twice].path];
    throw new UserError(
      `expected checkpoints with steps of their own, found step ${files[twice].step} in ${a} and ${b}; ` +
        "replicas go into folders of their own",
    );
  }
  return files;
}

function stepOf(path: string, pattern?: RegExp): number | undefined {
  using source = openSafetensors(path);
  for (const key of METADATA_KEYS) {
    const text = source.metadata.get(key)?.trim();
    if (pattern === undefined && text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  }
  const name = basename(path).replace(/\.safetensors(\.index\.json)?$/, "");
  const names = [name, basename(dirname(path))];
  if (pattern !== undefined) return firstNumber(pattern.exec(name)?.[1] ?? pattern.exec(names[1])?.[1]);
  for (const each of names) {
    const last = [...each.matchAll(NAMED)].at(-1);
    if (last !== undefined) return firstNumber(last[1]);
  }
  const numbers = name.match(/\d+/g) ?? [];
  return numbers.length === 1 ? firstNumber(numbers[0]) : undefined;
}

function firstNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function isFolder(path: string): boolean {
  return attempt(path, () => Deno.statSync(path)).isDirectory;
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explained(path, "a safetensors file or a folder", error);
  }
}
