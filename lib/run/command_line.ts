/**
 * The command line of an experiment: default ← preset ← `--key=value`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { closestString } from "@std/text/closest-string";
import { type CheckpointConfiguration, checkpointOptions } from "./checkpoint_options.ts";
import { UserError } from "../io/errors.ts";
import { type Configuration, Mismatch, type Option, type Options, type Presets } from "./option.ts";
import { choice, flag, integer } from "./options.ts";

/** Name of the preset that is nothing but the options' defaults. */
export const NO_PRESET = "default";

/** Options that every experiment has beside its own. */
export const commonOptions = {
  seed: integer(1, { min: 0, max: 2 ** 32 - 1, help: "root of all random streams" }),
  adapter: choice(["high-performance", "low-power", "software"], { help: "which GPU adapter to ask for" }),
  png: flag("write each figure as PNG too"),
  quiet: flag("no progress and no notes; claims and errors are still printed"),
  debug: flag("show the stack of an error"),
} as const;

/** Values of the options that every experiment has. */
export interface CommonConfiguration {
  /** Root of all random streams, in [0, 2³²). */
  readonly seed: number;
  /** Which adapter to ask for. */
  readonly adapter: "high-performance" | "low-power" | "software";
  /** Whether figures are wanted as PNG too. */
  readonly png: boolean;
  /** Whether progress and notes are left out. */
  readonly quiet: boolean;
  /** Whether an error shows its stack. */
  readonly debug: boolean;
}

/** Contents of a command line. */
export interface CommandLine<O extends Options> {
  /** Values of the experiment's own options. */
  readonly configuration: Configuration<O>;
  /** Values of the options every experiment has. */
  readonly common: CommonConfiguration;
  /** Name of the preset, `default` where none was given. */
  readonly preset: string;
  /** Values of the options of a resumable experiment; `null` for others. */
  readonly checkpoints: CheckpointConfiguration | null;
  /** The run folder asked for with `--out`. */
  readonly out?: string;
  /** The run folder to go on from, asked for with `--resume`. */
  readonly resume?: string;
  /** Whether what is left of the run in `out` is gone on with, or left alone where it is complete. */
  readonly continues: boolean;
  /** Arguments that belong to no option, in their order; empty unless the program takes such. */
  readonly operands: readonly string[];
  /** Names of the options that were given, presets aside. */
  readonly given: readonly string[];
  /** Whether help was asked for. */
  readonly help: boolean;
  /** Whether everything is to be tried without computing. */
  readonly dryRun: boolean;
}

const RESERVED = ["preset", "out", "help", "dry-run", "resume", "continue", ...Object.keys(checkpointOptions(0))];

/**
 * Reads a command line against an experiment's options and presets. Nothing is written before this has succeeded.
 *
 * @param args Arguments as the shell split them: `--key=value`, `--key value` or `--flag`.
 * @param options The experiment's own options; names shared with the common ones are refused.
 * @param presets Named partial configurations; each value is checked like one from the command line.
 * @param every Steps between checkpoints unless given, of a resumable experiment; `null` for others.
 * @param takesOperands Whether arguments that belong to no option are taken, as names of files.
 * @returns Values of all options.
 * @throws {UserError} For an unknown option (naming the nearest one), a value outside its domain, an option given
 *   twice, an empty value, a folder that begins with ~, or an argument that belongs to no option.
 *
 * @example
 * ```ts
 * import { parseCommandLine } from "./command_line.ts";
 * import { integer } from "./options.ts";
 *
 * const options = { context: integer(8, { min: 1, help: "tokens per prompt" }) };
 * const line = parseCommandLine(["--preset=large", "--seed=7"], options, { large: { context: 64 } });
 * if (line.configuration.context !== 64 || line.common.seed !== 7) throw new Error("not read");
 * ```
 */
export function parseCommandLine<O extends Options>(
  args: readonly string[],
  options: O,
  presets: Presets<O>,
  every: number | null = null,
  takesOperands = false,
): CommandLine<O> {
  const ofCheckpoints = every === null ? null : checkpointOptions(every);
  const known: Options = { ...commonOptions, ...ofCheckpoints, ...options };
  const taken = Object.keys(options).find((key) => key in commonOptions || RESERVED.includes(key));
  if (taken !== undefined) {
    throw new Error(`expected option names of its own, found --${taken}, which every experiment has`);
  }

  const withoutCheckpoints = ["resume", ...Object.keys(checkpointOptions(0))];
  const { given, operands } = splitArguments(args, known, {
    valued: ["preset", "out", ...(every === null ? [] : ["resume"])],
    flags: ["dry-run", "continue"],
    takesOperands,
    refuse(key) {
      if (!withoutCheckpoints.includes(key)) return;
      throw new UserError(`expected no --${key}: this experiment saves no checkpoints`);
    },
  });
  for (const key of ["out", "resume"]) {
    // In an argument few shells take ~ for the home folder.
    if (!/^~(?:\/|$)/.test(given[key] ?? "")) continue;
    throw new UserError(`expected the folder of --${key} in full, found ${given[key]}; write "$HOME" in place of ~`);
  }
  const continues = given.continue === "true";
  if (continues && (given.out === undefined || given.resume !== undefined)) {
    throw new UserError("expected --continue with --out=DIR, which names the run, and without --resume");
  }
  const preset = given.preset ?? NO_PRESET;
  if (preset !== NO_PRESET && !Object.hasOwn(presets, preset)) {
    throw new UserError(
      `expected --preset to be one of ${[NO_PRESET, ...Object.keys(presets)].join("|")}, found ${
        JSON.stringify(preset)
      }`,
    );
  }
  const chosen: Readonly<Record<string, unknown>> = presets[preset] ?? {};
  const stray = Object.keys(chosen).find((key) => !(key in options));
  if (stray !== undefined) throw new Error(`expected preset ${preset} to hold known options, found ${stray}`);

  const values = (group: Options) =>
    Object.fromEntries(
      Object.entries(group).map(([key, option]) => {
        const text = given[key] ?? option.show(chosen[key] ?? option.fallback);
        return [key, readValue(key, option, text)];
      }),
    );
  return {
    configuration: values(options) as Configuration<O>,
    common: values(commonOptions) as Configuration<typeof commonOptions>,
    checkpoints: ofCheckpoints === null ? null : values(ofCheckpoints) as Configuration<typeof ofCheckpoints>,
    preset,
    continues,
    help: given.help === "true",
    dryRun: given["dry-run"] === "true",
    operands,
    given: Object.keys(given).filter((key) => given[key] !== undefined),
    ...(given.out === undefined ? {} : { out: given.out }),
    ...(given.resume === undefined ? {} : { resume: given.resume }),
  };
}

/**
 * Reads the text of an option.
 *
 * @param key Its name.
 * @param option Its domain.
 * @param text The text.
 * @returns Its value.
 * @throws {UserError} If the text is outside the domain.
 */
export function readValue<T>(key: string, option: Option<T>, text: string): T {
  try {
    return option.parse(text);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw new UserError(`expected --${key} to be ${option.expected}, found ${error.found}`);
  }
}

/** How arguments are split. */
export interface SplitRules {
  /** Names that take a value beside those of the options. */
  readonly valued: readonly string[];
  /** Names that take none beside those of the options and `help`. */
  readonly flags?: readonly string[];
  /** Whether arguments that belong to no option are taken. */
  readonly takesOperands: boolean;
  /** Throws for a name that is unknown here and has a reason of its own. */
  refuse?(key: string): void;
}

/**
 * Splits arguments: every given option with its text, a flag's being "true" or "false"; and what belongs to none.
 *
 * @param asGiven Arguments as the shell split them.
 * @param known Options by name; `--help` is known besides.
 * @param rules What else is taken.
 * @returns Texts by name, and operands in their order.
 * @throws {UserError} For an unknown option (naming the nearest one), one given twice, an empty value, or an argument that
 *   belongs to no option.
 */
export function splitArguments(
  asGiven: readonly string[],
  known: Options,
  { valued: others, flags: alone = [], takesOperands, refuse }: SplitRules,
): { readonly given: Record<string, string | undefined>; readonly operands: readonly string[] } {
  const flags = [...Object.keys(known).filter((key) => known[key].flag), ...alone, "help"];
  const valued = [...Object.keys(known).filter((key) => !known[key].flag), ...others];
  const on = flags.filter((key) => known[key]?.fallback === true);
  const all = [...valued, ...flags, ...on.map((key) => `no-${key}`)];
  const args = asGiven.map((arg) => on.some((key) => arg === `--no-${key}`) ? `--${arg.slice(5)}=false` : arg);

  // The parser turns `--png=no` into true and merges a flag given twice, so flags are looked at in the raw text.
  for (const key of flags) {
    const uses = args.filter((arg) => arg === `--${key}` || arg.startsWith(`--${key}=`));
    if (uses.length > 1) throw new UserError(`expected --${key} once, found it ${uses.length} times`);
    if (uses.length === 1 && ![`--${key}`, `--${key}=true`, `--${key}=false`].includes(uses[0])) {
      const forms = on.includes(key) ? `--${key} or --no-${key}` : `--${key}`;
      throw new UserError(`expected ${forms} alone, found ${uses[0]}`);
    }
  }
  const parsed = parseArgs(args, {
    string: [...valued, "_"],
    boolean: flags,
    collect: valued,
    alias: { help: "h" },
    "--": true,
    unknown: (arg, key) => {
      if ((key === undefined || arg === "-") && takesOperands) return true;
      if (key !== undefined) refuse?.(key);
      throw new UserError(unknownArgument(arg, key, all));
    },
  });
  const behind = parsed["--"] ?? [];
  if (behind.length > 0 && !takesOperands) throw new UserError(unknownArgument(behind[0], undefined, all));

  const given: Record<string, string | undefined> = {};
  // The parser also says false of a flag that was not given, and a preset may say true of it.
  for (const key of flags) {
    if (parsed[key] === true) given[key] = "true";
    else if (args.includes(`--${key}=false`)) given[key] = "false";
  }
  for (const key of valued) {
    const texts = (parsed[key] ?? []) as string[];
    // A task may have chosen a preset before its user does.
    const text = key === "preset" ? texts.at(-1) : texts[0];
    if (texts.length > 1 && key !== "preset") {
      throw new UserError(`expected --${key} once, found it ${texts.length} times`);
    }
    if (text?.trim() === "") throw new UserError(`expected a value after --${key}, found none (write --${key}=VALUE)`);
    given[key] = text;
  }
  return { given, operands: [...parsed._, ...behind].map(String) };
}

function unknownArgument(arg: string, key: string | undefined, all: readonly string[]): string {
  if (key === undefined) return `expected options of the form --key=value, found ${JSON.stringify(arg)}`;
  if (/^-[\d.]/.test(arg)) {
    return `expected a negative value to be joined by "=", as in --lr=${arg}, found ${arg} alone`;
  }
  const name = arg.startsWith("--") ? arg.split("=")[0] : `-${key}`;
  return `unknown option ${name}; did you mean --${closestString(name.replace(/^-+/, ""), all)}?`;
}
