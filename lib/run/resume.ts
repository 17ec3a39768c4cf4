/**
 * Options of a resumed run: those of the run it goes on with.
 *
 * @module
 */
import { join } from "@std/path";
import { checkpointOptions, everyOf } from "./checkpoint_options.ts";
import type { ColumnTable } from "./columns.ts";
import { type CommandLine, commonOptions, parseCommandLine } from "./command_line.ts";
import { UserError } from "../io/errors.ts";
import type { Experiment } from "./experiment.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import type { Configuration, Options } from "./option.ts";

/** Options that say how one process talks: those of the process before it are forgotten. */
const ANEW = ["quiet", "debug"];
/** Options that shape no result: they may be given another value when a run is resumed. */
const FREE = [...ANEW, "png", "checkpoint-every", "checkpoint-keep"];

/**
 * The part of a manifest's configuration that shapes results, by option.
 *
 * @param configuration Values of all options.
 * @returns The values without those that may differ in a resumed run.
 */
export function shaping(configuration: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(configuration).filter(([key]) => !FREE.includes(key)));
}

/**
 * Reads the manifest of a run that is to go on.
 *
 * @param folder The run folder given with `--resume`.
 * @param experiment Name of the experiment.
 * @returns Its manifest.
 * @throws {UserError} If the folder holds no run, one of another experiment, or a complete one.
 */
export function manifestToResume(folder: string, experiment: string): Manifest {
  const refuse = (found: string) =>
    new UserError(`expected --resume=${folder} to be a run of ${experiment}, found ${found}`);
  const manifest = manifestOf(folder, experiment, refuse);
  if (manifest.status === "complete") throw refuse("a complete one, which has nothing left to do");
  return manifest;
}

function manifestOf(folder: string, experiment: string, refuse: (found: string) => UserError): Manifest {
  const manifest = readOr(folder, refuse);
  if (!isManifest(manifest)) throw refuse("a manifest.json that does not describe a run");
  if (manifest.experiment !== experiment) throw refuse(`one of ${manifest.experiment}`);
  return manifest;
}

/** Remains of a run that another process may have begun. */
export type Remains = "nothing" | "a run that goes on" | "a complete run";

/**
 * Looks at what a process has left of a run, and clears away what it left before its manifest.
 *
 * @param folder The run folder given with `--out`.
 * @param experiment Its definition.
 * @param line What was asked for: the options of the run.
 * @returns Whether there is nothing yet, a run to go on with, or a complete one.
 * @throws {UserError} If the folder holds another run, or one with other options.
 */
export function remainsOf<O extends Options, C extends ColumnTable>(
  folder: string,
  experiment: Experiment<O, C>,
  line: CommandLine<O>,
): Remains {
  const names = namesIn(folder);
  if (!names.includes("manifest.json")) {
    // Only these are written before the manifest; what else is there is nobody's to remove.
    if (names.every((name) => /^(?:experiment\.ts|(?:experiment\.ts|manifest\.json)\..*tmp)$/.test(name))) {
      for (const name of names) Deno.removeSync(join(folder, name));
    }
    return "nothing";
  }
  const refuse = (found: string) =>
    new UserError(`expected --out=${folder} to be new, or a run of ${experiment.name} to go on with, found ${found}`);
  const manifest = manifestOf(folder, experiment.name, refuse);
  const { out: _, ...asked } = line;
  resumedLine({ ...asked, given: [...line.given, "seed", ...Object.keys(experiment.options)] }, manifest, experiment);
  return manifest.status === "complete" ? "a complete run" : "a run that goes on";
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

function readOr(folder: string, refuse: (found: string) => UserError): unknown {
  try {
    return readManifest(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw refuse("no manifest.json there");
    if (error instanceof SyntaxError) throw refuse("a manifest.json that is no JSON");
    if (error instanceof Deno.errors.NotADirectory) throw refuse("a file");
    throw error;
  }
}

function isManifest(value: unknown): value is Manifest {
  const { experiment, configuration, preset, seeds, files } = (value ?? {}) as Partial<Manifest>;
  return typeof experiment === "string" && typeof configuration === "object" && configuration !== null &&
    typeof preset === "string" && Array.isArray(seeds) && Array.isArray(files);
}

/**
 * The command line of a resumed run: everything that shapes its result as the manifest says.
 *
 * @param line What was given with `--resume`.
 * @param manifest The run.
 * @param experiment Its definition.
 * @returns The same with the values of the manifest.
 * @throws {UserError} If an option was given another value, or the manifest holds what this experiment does not know.
 */
export function resumedLine<O extends Options, C extends ColumnTable>(
  line: CommandLine<O>,
  manifest: Manifest,
  { options, presets, resumable }: Experiment<O, C>,
): CommandLine<O> {
  if (line.out !== undefined) {
    throw new UserError(`expected --resume without --out, found both; a run goes on where it is`);
  }
  const differs = (key: string, then: string, now: string) =>
    new UserError(`expected --${key}=${then} as in the resumed run, found --${key}=${now}; leave it out`);
  if (line.given.includes("preset") && line.preset !== manifest.preset) {
    throw differs("preset", manifest.preset, line.preset);
  }
  const every = everyOf(resumable);
  const known: Options = { ...options, ...commonOptions, ...checkpointOptions(every ?? 0) };
  const now: Readonly<Record<string, unknown>> = { ...line.configuration, ...line.common, ...line.checkpoints };
  const args = Object.entries(known).flatMap(([key, option]) => {
    const wanted = line.given.includes(key) ? option.show(now[key]) : undefined;
    if (ANEW.includes(key)) return wanted === undefined ? [] : [`--${key}=${wanted}`];
    const then = shown(key, option.show, manifest);
    if (wanted !== undefined && wanted !== then && !FREE.includes(key)) throw differs(key, then, wanted);
    return [`--${key}=${wanted ?? then}`];
  });
  const { operands = line.operands } = manifest.configuration as { operands?: readonly string[] };
  const stray = Object.keys(manifest.configuration).find((key) => key !== "operands" && !Object.hasOwn(known, key));
  if (stray !== undefined) {
    throw new UserError(`expected a run with the options of this experiment, found --${stray} in its manifest`);
  }
  const { configuration, common, checkpoints } = parseCommandLine(args, options, presets, every);
  return { ...line, configuration, common, checkpoints, operands, preset: manifest.preset };
}

/**
 * Values of an experiment's own options in a run.
 *
 * @param experiment Its definition.
 * @param manifest The run.
 * @returns Values, each inside its domain.
 * @throws {UserError} If the manifest lacks an option of the experiment, or holds a value that it would refuse.
 */
export function configurationOf<O extends Options, C extends ColumnTable>(
  { options, presets }: Experiment<O, C>,
  manifest: Pick<Manifest, "configuration">,
): Configuration<O> {
  const args = Object.entries(options).map(([key, { show }]) => `--${key}=${shown(key, show, manifest)}`);
  return parseCommandLine(args, options, presets).configuration;
}

function shown(
  key: string,
  show: (value: unknown) => string,
  { configuration }: Pick<Manifest, "configuration">,
): string {
  try {
    if (Object.hasOwn(configuration, key)) return show(configuration[key]);
  } catch {
    // A value of another kind than the option's: said below.
  }
  throw new UserError(`expected a run with the options of this experiment, found no --${key} in its manifest`);
}
