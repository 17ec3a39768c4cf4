/**
 * The experiments of this workspace, by name or by file.
 *
 * @module
 */
import { fromFileUrl, isAbsolute, resolve, toFileUrl } from "@std/path";
import { closestString } from "@std/text/closest-string";
import { describeError, UserError } from "../io/errors.ts";
import type { AnyExperiment } from "../run/experiment.ts";

const EXPERIMENTS = new URL("../../experiments/", import.meta.url);

/**
 * Names of the experiments of this workspace.
 *
 * @param folder Folder of the experiments; this workspace's unless given.
 * @returns Names of its TypeScript files, which are those of the experiments, in order.
 */
export function experimentNames(folder: URL = EXPERIMENTS): string[] {
  return [...Deno.readDirSync(folder)].filter(({ isFile, name }) => isFile && name.endsWith(".ts"))
    .map(({ name }) => name.slice(0, -3)).toSorted();
}

/**
 * Path of an experiment's file.
 *
 * @param nameOrFile Its name, or the path of its file.
 * @param folder Folder of the experiments; this workspace's unless given.
 * @returns An absolute path, whether there is such a file or not.
 */
export function experimentFile(nameOrFile: string, folder: URL = EXPERIMENTS): string {
  if (!/\.m?[tj]s$/.test(nameOrFile)) return fromFileUrl(new URL(`${nameOrFile}.ts`, folder));
  return isAbsolute(nameOrFile) ? nameOrFile : resolve(nameOrFile);
}

/**
 * Loads an experiment.
 *
 * @param nameOrFile Its name, or the path of its file.
 * @param folder Folder of the experiments; this workspace's unless given.
 * @returns The experiment that the file exports.
 * @throws {UserError} If there is none, naming the nearest.
 */
export async function loadExperiment(nameOrFile: string, folder: URL = EXPERIMENTS): Promise<AnyExperiment> {
  if (/\.m?[tj]s$/.test(nameOrFile)) {
    return await importExperiment(toFileUrl(experimentFile(nameOrFile)), nameOrFile);
  }
  const names = experimentNames(folder);
  if (!names.includes(nameOrFile)) {
    const nearest = names.length === 0 ? "" : `; did you mean ${closestString(nameOrFile, names)}?`;
    throw new UserError(`expected one of ${names.join(", ")}, found ${nameOrFile}${nearest}`);
  }
  return await importExperiment(new URL(`${nameOrFile}.ts`, folder), nameOrFile);
}

async function importExperiment(url: URL, shown: string): Promise<AnyExperiment> {
  let module: { experiment?: unknown };
  try {
    module = await import(url.href);
  } catch (error) {
    throw new UserError(`cannot load ${shown} because of: ${describeError(error).line}`);
  }
  const { experiment } = module;
  const isOne = typeof experiment === "object" && experiment !== null && "options" in experiment &&
    "run" in experiment;
  if (!isOne) {
    throw new UserError(`expected ${shown} to export an experiment, as \`export const experiment\`, found none`);
  }
  return experiment as AnyExperiment;
}
