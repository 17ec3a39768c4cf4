/**
 * The checkpoints that a command line names, in the order of their steps.
 *
 * ```txt
 * run.safetensors …                        files: together one series
 * FOLDER/step-10.safetensors, …            a folder of files: a series
 * FOLDER/checkpoint-10/model.safetensors   a folder of folders, sharded or not: a series
 * FOLDER/checkpoints/…                     a run folder of this project: a series
 * FOLDER/checkpoint-10 FOLDER/checkpoint-20   folders that are called by their steps: together one series
 * ```
 *
 * Several series are replicas of each other: every folder is one, whatever it holds.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "@std/path";
import { CheckpointError, explained } from "../../checkpoint/checkpoint_error.ts";
import { openSafetensors } from "../../checkpoint/open_safetensors.ts";
import { UserError } from "../../io/errors.ts";
import type { StepChoice } from "./options.ts";
import { stepIn } from "./steps.ts";

/** A checkpoint of a series. */
export interface StepFile {
  /** Step of training. */
  readonly step: number;
  /** File, index of shards, or folder with one of them. */
  readonly path: string;
}

/** File that lies beside the checkpoints and is left out. */
export interface PassedOver {
  /** File or folder. */
  readonly path: string;
  /** Why. */
  readonly why: string;
}

/** Checkpoints of one training run, by ascending step. */
export interface CheckpointSeries {
  /** Folder they are in, or of the first of them. */
  readonly name: string;
  /** At least one. */
  readonly files: readonly StepFile[];
  /** Files that are left out. */
  readonly leftOut: readonly PassedOver[];
  /** How names were read where they could be read otherwise. */
  readonly notes: readonly string[];
}

const METADATA_KEYS = ["step", "global_step", "steps", "iteration"] as const;
const FINAL =
  /^(?:final|last|latest|best|model|adapter_model|pytorch_model|consolidated)(?:[-_.](?:final|last|latest|best|model|checkpoint))*$/i;
const PICKLED = /\.(?:bin|pt|pth|ckpt)$/;

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
  const groups: { name: string; paths: readonly string[]; leftOut: readonly PassedOver[]; notes: string[] }[] = [];
  const called = new Map<string, string[]>();
  for (const operand of operands) {
    if (!isFolder(operand)) {
      single.push(operand);
      continue;
    }
    const { paths, leftOut } = expand(operand);
    const whole = resolve(operand);
    // A shell has written out checkpoint-*: folders called by their steps are checkpoints of one run.
    const isStep = paths.length === 1 && /step|checkpoint|ckpt|iter|epoch|^\d+$/i.test(basename(whole)) &&
      typeof stepIn(basename(whole))?.step === "number" && operands.length > 1;
    if (isStep) called.set(dirname(whole), [...called.get(dirname(whole)) ?? [], paths[0]]);
    else groups.push({ name: operand, paths, leftOut, notes: [] });
  }
  for (const [parent, paths] of called) {
    const notes = paths.length > 1 ? [`${paths.length} folders called by their steps are one run`] : [];
    groups.push({ name: parent, paths, leftOut: [], notes });
  }
  if (single.length > 0) groups.push({ name: dirname(single[0]), paths: single, leftOut: [], notes: [] });
  return groups.map(({ name, paths, leftOut, notes }) => ordered({ name, paths, leftOut, notes }, pattern));
}

/**
 * Some checkpoints of a series.
 *
 * @param series All of them.
 * @param choice Which: all, each Nth and the last, or those of given steps.
 * @returns The series with these alone.
 * @throws {UserError} If there is no checkpoint of a given step.
 */
export function chosenSteps(series: CheckpointSeries, { every, list }: StepChoice): CheckpointSeries {
  const { files, name, notes } = series;
  const absent = list?.find((step) => !files.some((file) => file.step === step));
  if (absent !== undefined) {
    const nearest = files.toSorted((a, b) => Math.abs(a.step - absent) - Math.abs(b.step - absent))[0].step;
    throw new UserError(`expected --steps among those of ${name}, found ${absent} (nearest: ${nearest})`);
  }
  const kept = files.filter(({ step }, index) =>
    list !== undefined ? list.includes(step) : every === undefined || index % every === 0 || index === files.length - 1
  );
  if (kept.length === files.length) return series;
  return {
    ...series,
    files: kept,
    notes: [...notes, `${kept.length} of ${files.length} checkpoints, as --steps says`],
  };
}

/** The checkpoints that a path stands for, and what lies beside them. */
function expand(path: string): { readonly paths: readonly string[]; readonly leftOut: readonly PassedOver[] } {
  const entries = attempt(path, () => [...Deno.readDirSync(path)]).sort((a, b) => a.name < b.name ? -1 : 1);
  const within = entries.filter(({ name }) => isFolder(join(path, name))).map(({ name }) => join(path, name));
  if (within.some((folder) => basename(folder) === "checkpoints")) return expand(join(path, "checkpoints"));
  const own = entries.filter(({ name }) => /\.safetensors(?:\.index\.json)?$/.test(name)).map(({ name }) =>
    join(path, name)
  );
  const kinds = within.map((folder) => ({ folder, kind: kindOf(folder) }));
  const folders = kinds.filter(({ kind }) => kind === "tensors").map(({ folder }) => folder);
  const pickled = kinds.filter(({ folder, kind }) => kind === "pickled" && stepIn(basename(folder)) !== null)
    .map(({ folder }): PassedOver => ({ path: folder, why: "no safetensors in it, only pickled weights (.bin, .pt)" }));
  const index = own.find((file) => file.endsWith(".safetensors.index.json"));
  // Beside folders of checkpoints what lies at the root is the final model, which the last of them may hold too.
  const steps = folders.filter((folder) => stepIn(basename(folder)) !== null);
  if (steps.length > 0 && (steps.length > 1 || own.length === 0 || index !== undefined || own.length === 1)) {
    const final = own.length === 0 ? [] : [{
      path: index ?? own[0],
      why: "a model beside checkpoints in folders, taken as the final one, whose step nothing says",
    }];
    const named = folders.filter((folder) => stepIn(basename(folder)) === null);
    const { kept, without } = withoutFinal(named);
    return { paths: [...steps, ...kept], leftOut: [...without, ...final, ...pickled] };
  }
  if (index !== undefined) return { paths: [path], leftOut: pickled };
  if (own.length === 0 && folders.length > 0) {
    if (folders.length === 1) return { paths: folders, leftOut: pickled };
    const { kept, without } = withoutFinal(folders);
    return kept.length === 0
      ? { paths: folders, leftOut: pickled }
      : { paths: kept, leftOut: [...without, ...pickled] };
  }
  if (own.length === 0) {
    throw new CheckpointError(path, "safetensors files, or folders with one each", "none");
  }
  const shard = own.find((file) => /-\d+-of-\d+\.safetensors$/.test(file));
  if (shard !== undefined) {
    throw new CheckpointError(path, "an index of its shards (model.safetensors.index.json)", `none beside ${shard}`);
  }
  const { kept, without } = own.length > 1 ? withoutFinal(own) : { kept: own, without: [] };
  const beside = folders.map((folder) => ({ path: folder, why: "a folder beside checkpoints in files" }));
  const all = kept.length === 0 ? { paths: own, leftOut: [] } : { paths: kept, leftOut: without };
  return { paths: all.paths, leftOut: [...all.leftOut, ...beside, ...pickled] };
}

/** Without those that are called final, latest or so, unless their metadata say a step. */
function withoutFinal(paths: readonly string[]): { readonly kept: string[]; readonly without: PassedOver[] } {
  const kept: string[] = [];
  const without: PassedOver[] = [];
  for (const path of paths) {
    const isFinal = FINAL.test(nameOf(path)) && stepFromMetadata(path) === undefined;
    if (isFinal) without.push({ path, why: `called ${nameOf(path)}, without a step` });
    else kept.push(path);
  }
  return { kept, without };
}

function kindOf(folder: string): "tensors" | "pickled" | "other" {
  const names = attempt(folder, () => [...Deno.readDirSync(folder)]).map(({ name }) => name);
  if (names.some((name) => /\.safetensors(?:\.index\.json)?$/.test(name))) return "tensors";
  return names.some((name) => PICKLED.test(name)) ? "pickled" : "other";
}

function ordered(
  { name, paths, leftOut, notes }: {
    readonly name: string;
    readonly paths: readonly string[];
    readonly leftOut: readonly PassedOver[];
    readonly notes: readonly string[];
  },
  pattern?: RegExp,
): CheckpointSeries {
  const said = new Set(notes);
  const broken: { readonly path: string; readonly step: number | undefined; readonly error: CheckpointError }[] = [];
  const found = paths.flatMap((path) => {
    const named = namedStep(path, pattern, said);
    try {
      const step = (pattern === undefined ? stepFromMetadata(path) : undefined) ?? named;
      if (pattern !== undefined) openSafetensors(path)[Symbol.dispose]();
      return [{ path, step }];
    } catch (error) {
      if (!(error instanceof CheckpointError) || paths.length === 1) throw error;
      broken.push({ path, step: named, error });
      return [];
    }
  });
  const unknown = found.filter(({ step }) => step === undefined);
  if (unknown.length > 0 && (paths.length > 1 || pattern !== undefined)) {
    const example = unknown[0].path;
    throw new UserError(
      `expected steps to order checkpoints by, in metadata (step) or names (step-100, 5k, 1e3), found none for ${example}` +
        `${unknown.length > 1 ? ` and ${unknown.length - 1} more` : ""}; --step-pattern=REGEX says where a name has it`,
    );
  }
  const files = found.map(({ path, step = 0 }) => ({ path, step })).sort((a, b) => a.step - b.step);
  const passed = [...leftOut];
  for (const { path, step, error } of broken) {
    // What a run is still writing is its newest checkpoint; any other that is broken is a fault.
    const newest = step !== undefined && broken.length === 1 && files.every((file) => file.step < step);
    if (!newest) throw error;
    const why = error.message.slice(error.path.length + 2);
    passed.push({ path, why: `the newest, not whole, perhaps still being written: ${why}` });
  }
  const twice = files.findIndex(({ step }, index) => index > 0 && step === files[index - 1].step);
  if (twice > 0) {
    const [a, b] = [files[twice - 1].path, files[twice].path];
    throw new UserError(
      `expected checkpoints with steps of their own, found step ${files[twice].step} in ${a} and ${b}; ` +
        "replicas go into folders of their own",
    );
  }
  return { name, files, leftOut: passed, notes: [...said] };
}

function stepFromMetadata(path: string): number | undefined {
  using source = openSafetensors(path);
  for (const key of METADATA_KEYS) {
    const text = source.metadata.get(key)?.trim();
    if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  }
  return undefined;
}

function nameOf(path: string): string {
  return basename(path).replace(/\.safetensors(\.index\.json)?$/, "");
}

function namedStep(path: string, pattern: RegExp | undefined, said: Set<string>): number | undefined {
  const names = [nameOf(path), basename(dirname(resolve(path)))];
  if (pattern !== undefined) {
    const text = pattern.exec(names[0])?.[1] ?? pattern.exec(names[1])?.[1];
    return text !== undefined ? stepIn(text)?.step : undefined;
  }
  const [own, parent] = names.map(stepIn);
  if (own === undefined) return undefined;
  if (own?.besides) said.add(`${names[0]}: step ${own.step}, not ${own.besides}, orders it`);
  if (own !== null) return own.step;
  const isStep = /step|checkpoint|ckpt|iter|epoch|token|^\d+$/i.test(names[1]);
  return FINAL.test(names[0]) && isStep && parent ? parent.step : undefined;
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
