/**
 * From a grid of options to tasks: which cells and seeds train side by side in which process.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { UserError } from "../../io/errors.ts";
import { type Cell, perReplicaOf } from "../../run/cells.ts";
import { checkpointOptions, everyOf } from "../../run/checkpoint_options.ts";
import { commonOptions, parseCommandLine, readValue } from "../../run/command_line.ts";
import { type AnyExperiment, seedsOf } from "../../run/experiment.ts";
import type { Option, Options } from "../../run/option.ts";

/** A cell of a sweep: values of the options that are swept, as texts, and seeds. */
export type SweepCell = Cell;

/** A task of a sweep: one process, one run folder. */
export interface SweepTask {
  /** Hash of its options, by which its folder is named. */
  readonly hash: string;
  /** Arguments of the experiment. */
  readonly arguments: readonly string[];
  /** Cells that train side by side, with their part of the seeds; missing where the task is a plain run. */
  readonly cells?: readonly Cell[];
  /** The parts of the sweep's cells that it computes, in the order of its replicas. */
  readonly parts: readonly { readonly cell: number; readonly seeds: readonly number[] }[];
}

/** Cells and tasks. */
export interface Plan {
  /** Names of the options that are swept, seeds apart. */
  readonly swept: readonly string[];
  /** Every combination of their values. */
  readonly cells: readonly SweepCell[];
  /** Tasks that together compute every seed of every cell once. */
  readonly tasks: readonly SweepTask[];
}

/** Grid of options of an experiment. */
export interface Grid {
  /** Name of the preset; undefined for none. */
  readonly preset?: string;
  /** Values by option, as texts; those with one value are not swept. `seed` among them. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** Most replicas of a task. */
  readonly pack: number;
}

/** Options that a sweep may set beside the experiment's own. */
export function sweepableOptions({ options, resumable }: AnyExperiment): Options {
  const every = everyOf(resumable);
  const { seed, adapter, png } = commonOptions;
  return { seed, adapter, png, ...(every === null ? {} : checkpointOptions(every)), ...options };
}

/**
 * Texts of a list on the command line: values that commas separate, and ranges of integers.
 *
 * @param key Name of the option.
 * @param option The option; a list or a text of its own has one value here, and a grid file is for several.
 * @param text What was given.
 * @returns Its values as texts, each as the option shows it.
 * @throws {UserError} If a value is outside the option's domain, or comes twice.
 *
 * @example
 * ```ts
 * import { textsOf } from "./plan.ts";
 * import { integer } from "../../run/options.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(textsOf("seed", integer(1, { help: "root" }), "0..2,7"), ["0", "1", "2", "7"]);
 * ```
 */
export function textsOf(key: string, option: Option<unknown>, text: string): string[] {
  const whole = option.expected.startsWith("a comma") || option.expected === "a text";
  const parts = whole ? [text] : text.split(",").flatMap((part) => {
    const [, from, to] = /^\s*(\d+)\.\.(\d+)\s*$/.exec(part) ?? [];
    if (from === undefined || !option.expected.startsWith("an integer")) return [part];
    const count = Number(to) - Number(from) + 1;
    if (count < 1 || count > 1e6) {
      throw new UserError(`expected a range that ascends in --${key}, found ${part.trim()}`);
    }
    return Array.from({ length: count }, (_, index) => String(Number(from) + index));
  });
  return distinct(key, parts.map((part) => option.show(readValue(key, option, part.trim()))));
}

function distinct(key: string, texts: string[]): string[] {
  const twice = texts.find((text, index) => texts.indexOf(text) !== index);
  if (twice !== undefined) throw new UserError(`expected distinct values of --${key}, found ${twice} twice`);
  return texts;
}

/**
 * Values of a grid file: a JSON object of lists by option.
 *
 * @param text Content of the file.
 * @param known Options by name.
 * @param name Name of the file, for errors.
 * @returns Values by option, as texts.
 * @throws {UserError} If the file is no such object, names an unknown option, or holds a value outside its domain.
 */
export function gridOf(text: string, known: Options, name: string): Record<string, string[]> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UserError(`expected JSON in --grid=${name}, found other text`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UserError(`expected an object of lists by option in --grid=${name}, found ${JSON.stringify(parsed)}`);
  }
  return Object.fromEntries(
    Object.entries(parsed).map(([key, given]: [string, unknown]) => {
      const option = known[key];
      if (option === undefined) {
        throw new UserError(`expected options of the experiment in --grid=${name}, found ${key}`);
      }
      if (typeof given === "string") return [key, textsOf(key, option, given)];
      if (!Array.isArray(given) || given.length === 0) {
        throw new UserError(`expected a list of values of ${key} in --grid=${name}, found ${JSON.stringify(given)}`);
      }
      const texts = given.map((value: unknown) => {
        const text = Array.isArray(value) ? value.join(",") : String(value);
        return option.show(readValue(key, option, text));
      });
      return [key, distinct(key, texts)];
    }),
  );
}

/**
 * Plans a sweep. Cells whose differences are per replica share a task, up to `pack` replicas; seeds of a cell stay together as far
 * as they fit, in parts of nearly equal size.
 *
 * @param experiment The experiment.
 * @param grid Options and their values.
 * @returns Cells and tasks.
 * @throws {UserError} If the experiment refuses a cell, or cannot have the replicas that would remain for a task.
 */
export function planSweep(experiment: AnyExperiment, { preset, values, pack }: Grid): Plan {
  const { seed: seedTexts, ...options } = values;
  const hasReplicas = Object.hasOwn(experiment.options, "replicas") && experiment.replicas === undefined;
  if (hasReplicas && options.replicas !== undefined && (seedTexts !== undefined || options.replicas.length > 1)) {
    throw new UserError("expected seeds as --seed=0..63, found --replicas too; replicas of a task follow from --pack");
  }
  const swept = Object.keys(options).filter((key) => options[key].length > 1);
  const fixed = [
    ...(preset === undefined ? [] : [`--preset=${preset}`]),
    ...Object.keys(options).filter((key) => options[key].length === 1).map((key) => `--${key}=${options[key][0]}`),
  ];
  const read = (args: readonly string[]) =>
    parseCommandLine(args, experiment.options, experiment.presets, everyOf(experiment.resumable));
  const combinations = swept.reduce<Record<string, string>[]>(
    (rows, key) => rows.flatMap((row) => options[key].map((text) => ({ ...row, [key]: text }))),
    [{}],
  );
  const argumentsOf = (values: Readonly<Record<string, string>>) => [
    ...fixed,
    ...Object.entries(values).map(([key, value]) => `--${key}=${value}`),
  ];
  const cells = combinations.map((values): SweepCell => {
    const line = read(argumentsOf(values));
    experiment.check?.(line.configuration, []);
    const seeds = seedTexts?.map(Number) ??
      (hasReplicas ? seedsOf(experiment, line.configuration, line.common.seed) : [line.common.seed]);
    return { values, seeds };
  });
  if (!hasReplicas) {
    const tasks = cells.flatMap(({ values, seeds }, cell) =>
      seeds.map((seed) => taskOf(experiment, [...argumentsOf(values), `--seed=${seed}`], [{ cell, seeds: [seed] }]))
    );
    return { swept, cells, tasks };
  }

  const checked = (seeds: readonly number[]) => {
    readValue("replicas", experiment.options.replicas, String(seeds.length));
    return seeds;
  };
  const mixable = cells.map(({ values }) => {
    const allowed = perReplicaOf(experiment, read(argumentsOf(values)).configuration) ?? [];
    return { allowed: allowed.length > 0, options: Object.keys(values).filter((key) => allowed.includes(key)) };
  });
  const withoutReplicas = fixed.filter((text) => !text.startsWith("--replicas="));
  const plain = (cell: number, seeds: readonly number[]) => {
    const args = [...withoutReplicas, ...argumentsOf(cells[cell].values).slice(fixed.length)];
    return taskOf(experiment, [...args, `--seed=${seeds[0]}`, `--replicas=${checked(seeds).length}`], [{
      cell,
      seeds,
    }]);
  };
  const tasks: SweepTask[] = [];
  const packed = (parts: SweepTask["parts"]) => {
    if (parts.length === 1 && isConsecutive(parts[0].seeds)) {
      return void tasks.push(plain(parts[0].cell, parts[0].seeds));
    }
    const own = parts.map(({ cell, seeds }): Cell => ({
      values: Object.fromEntries(mixable[cell].options.map((key) => [key, cells[cell].values[key]])),
      seeds: checked(seeds),
    }));
    const replicas = parts.reduce((sum, { seeds }) => sum + seeds.length, 0);
    const args = [
      ...withoutReplicas,
      ...argumentsOf(cells[parts[0].cell].values).slice(fixed.length),
      `--seed=${parts[0].seeds[0]}`,
      `--replicas=${replicas}`,
    ];
    tasks.push(taskOf(experiment, args, parts, own));
  };
  const groups = Map.groupBy(cells.keys(), (index) => {
    const { values } = cells[index];
    const shared = Object.entries(values).filter(([key]) => !mixable[index].options.includes(key));
    return JSON.stringify([shared, mixable[index].options]);
  });
  for (const group of groups.values()) {
    let open: { cell: number; seeds: readonly number[] }[] = [];
    let room = pack;
    const close = () => {
      if (open.length > 0) packed(open);
      [open, room] = [[], pack];
    };
    for (const cell of group) {
      const { seeds } = cells[cell];
      const runs = mixable[cell].allowed ? [seeds] : consecutiveRuns(seeds);
      for (const part of runs.flatMap((run) => inParts(run, pack))) {
        if (part.length > room || !mixable[cell].allowed || mixable[cell].options.length === 0) close();
        open.push({ cell, seeds: part });
        room -= part.length;
      }
    }
    close();
  }
  return { swept, cells, tasks };
}

function taskOf(
  { name }: AnyExperiment,
  args: readonly string[],
  parts: SweepTask["parts"],
  cells?: readonly Cell[],
): SweepTask {
  const hash = createHash("sha256").update(JSON.stringify([name, args, cells ?? null])).digest("hex").slice(0, 12);
  return { hash, arguments: args, ...(cells && { cells }), parts };
}

const isConsecutive = (seeds: readonly number[]) => seeds.every((seed, index) => seed === (seeds[0] + index) >>> 0);

/** Seeds as runs of consecutive ones. */
function consecutiveRuns(seeds: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const seed of seeds) {
    const last = runs.at(-1);
    if (last !== undefined && seed === last.at(-1)! + 1) last.push(seed);
    else runs.push([seed]);
  }
  return runs;
}

/** Seeds in as few parts of at most `size` as there can be, of nearly equal length. */
function inParts(seeds: readonly number[], size: number): number[][] {
  const count = Math.ceil(seeds.length / size);
  return Array.from(
    { length: count },
    (_, part) => seeds.slice(Math.round(part * seeds.length / count), Math.round((part + 1) * seeds.length / count)),
  );
}
