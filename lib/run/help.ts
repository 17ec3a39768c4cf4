/**
 * The text of `--help`.
 *
 * @module
 */
import { checkpointOptions, everyOf, type Resumable } from "./checkpoint_options.ts";
import { commonOptions, NO_PRESET } from "./command_line.ts";
import type { Option, Options } from "./option.ts";

/** Parts of an experiment that its help describes. */
export interface Described {
  readonly name: string;
  readonly options: Options;
  readonly presets: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly resumable?: Resumable;
  readonly operands?: { readonly name: string; readonly help: string };
}

/**
 * Help of an experiment: its question, options with domains and defaults, presets, and where results go.
 *
 * @param experiment Name, options and presets.
 * @param doc What the experiment asks.
 * @returns Text ending without a newline.
 *
 * @example
 * ```ts
 * import { helpText } from "./help.ts";
 * import { integer } from "./options.ts";
 *
 * const options = { context: integer(8, { min: 1, help: "tokens per prompt" }) };
 * const text = helpText({ name: "demo", options, presets: { large: { context: 64 } } }, "Does it learn?");
 * if (!text.includes("large    --context=64")) throw new Error(text);
 * ```
 */
export function helpText(experiment: Described, doc: string): string {
  const presetNames = [NO_PRESET, ...Object.keys(experiment.presets)];
  const presets = Object.entries(experiment.presets).map(([name, values]): HelpRow => [
    name,
    Object.entries(values).map(([key, value]) => `--${key}=${experiment.options[key].show(value)}`).join(" ") ||
    "the defaults too",
  ]);
  return [
    doc,
    "",
    "Options",
    ...helpTable([...operandRows(experiment), ...optionRows(experiment.options)]),
    "",
    "Options of every experiment",
    ...helpTable([
      [
        "--preset=NAME",
        `one of ${presetNames.join("|")}; other options override it, a later one replaces it`,
        NO_PRESET,
      ],
      ["--out=DIR", "run folder, new or empty", `results/${experiment.name}/<start>-<preset>-seed<seed>`],
      ["--continue", "begin the run of --out=DIR, or go on with it, or end well where it is complete"],
      ...optionRows(commonOptions),
      ...resumeRows(experiment),
      ["--dry-run", "tries every size without computing or writing, and tells the GPU memory that the run takes"],
      ["--help", "this text"],
    ]),
    "",
    "Presets",
    ...helpTable([[NO_PRESET, "the defaults above"], ...presets]),
    "",
    `Results: manifest.json, log.ndjson, claims.json and figures/ in results/${experiment.name}/<run>/.`,
    "Ctrl-C ends a run and keeps what was logged; a second one ends it at once.",
    ...(experiment.resumable === undefined ? [] : [
      "Checkpoints: checkpoints/step-NNNNNNNN.safetensors in the run folder; a resumed run ends as if never interrupted.",
    ]),
  ].join("\n");
}

function operandRows({ operands }: Described): HelpRow[] {
  return operands === undefined ? [] : [[operands.name, operands.help]];
}

function resumeRows({ resumable }: Described): HelpRow[] {
  const every = everyOf(resumable);
  if (every === null) return [];
  const what = "run folder to go on from, with its configuration, from its newest checkpoint";
  return [...optionRows(checkpointOptions(every)), ["--resume=RUN", what]];
}

/** Name, text, and the default where there is one. */
export type HelpRow = readonly [name: string, text: string, fallback?: string];

/** Rows of options with their domains and defaults. */
export function optionRows(options: Options): HelpRow[] {
  return Object.entries(options).map(([key, option]): HelpRow => {
    const { fallback, expected, flag, help } = option;
    if (flag) return fallback === true ? [`--no-${key}`, `without ${help}`] : [`--${key}`, help];
    const name = `--${key}=${option.placeholder ?? placeholder(option)}`;
    const about = option.placeholder === undefined ? `${help}; ${expected}` : help;
    return fallback === undefined ? [name, about] : [name, about, option.show(fallback)];
  });
}

function placeholder(option: Option<unknown>): string {
  if (option.expected.startsWith("one of")) return "WORD";
  if (option.expected.startsWith("a comma")) return "X,Y,…";
  return /^an? (integer|number)/.test(option.expected) ? "N" : "TEXT";
}

/** Rows as aligned lines. */
export function helpTable(rows: readonly HelpRow[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text, fallback]) =>
    `  ${name.padEnd(width)}  ${text}${fallback === undefined ? "" : ` [${fallback}]`}`
  );
}
