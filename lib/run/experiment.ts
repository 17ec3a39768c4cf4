/**
 * An experiment: name, question, options, columns, claims, and the function that runs it.
 *
 * @module
 */
import { everyOf, type Resumable } from "./checkpoint_options.ts";
import type { Claim, JudgedClaim } from "../claims/claims.ts";
import { type ColumnTable, joinColumns, type RowOf } from "./columns.ts";
import { type CommonConfiguration, NO_PRESET, parseCommandLine } from "./command_line.ts";
import type { AdapterSummary } from "../gpu/device.ts";
import type { Configuration, Options, Presets } from "./option.ts";
import type { Progress } from "./progress.ts";
import type { Checkpoints } from "./run_checkpoints.ts";
import type { FileWriter } from "./run_folder.ts";

/** What a running experiment is given. */
export interface RunContext<O extends Options, C extends ColumnTable, E> {
  /** Values of the experiment's own options. */
  readonly configuration: Configuration<O>;
  /** Arguments that belong to no option, if the experiment takes {@linkcode Experiment.operands}. */
  readonly operands: readonly string[];
  /** Root of all random streams. */
  readonly seed: number;
  /** Which adapter was asked for. */
  readonly adapter: CommonConfiguration["adapter"];
  /** Whether figures are wanted as PNG too. */
  readonly png: boolean;
  /** Aborted by Ctrl-C or SIGTERM: the loop should end, and `run` return, soon. */
  readonly signal: AbortSignal;
  /** Bar or lines on stderr. */
  readonly progress: Progress;
  /** Run folder, for messages; write through {@linkcode RunContext.write}. */
  readonly folder: string;
  /** Appends a row to the log. A number that is not finite ends the run as diverged. */
  log<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void;
  /** Rows of a kind that the log holds so far, those from before a resumption included: what figures and claims need. */
  logged<K extends keyof C & string>(kind: K): Promise<readonly RowOf<C[K]>[]>;
  /** Writes a file into the run folder, whole or not at all, and enters it in the manifest. */
  readonly write: FileWriter;
  /** State to go on from, and when to save it; for an experiment that is `resumable`. */
  readonly checkpoints: Checkpoints;
  /** Prints a line on stderr unless `--quiet`. */
  note(line: string): void;
  /** Says what the run computes on: printed, and put into the manifest. */
  setAdapter(adapter: AdapterSummary): void;
  /** Seed of each replica, for the manifest; `[seed]` unless set. */
  setSeeds(seeds: readonly number[]): void;
  /** Judges all claims: logged, kept as `claims.json`, printed when the run ends. Once a run. */
  judge(evidence: E): readonly JudgedClaim[];
}

/** What defines an experiment. */
export interface Experiment<O extends Options, C extends ColumnTable, E> {
  /** Name of its folder under `results/`: lower case, digits, `_` and `-`. */
  readonly name: string;
  /** What it asks: text, or the file whose first docstring says it, as `new URL(import.meta.url)`. */
  readonly doc: string | URL;
  /** Its own options, beside those every experiment has. */
  readonly options: O;
  /** Named partial configurations, such as `smoke` and `cpu`. */
  readonly presets: Presets<NoInfer<O>>;
  /** What arguments without `--` are, if any are taken: their name in the help, and one line on them. */
  readonly operands?: { readonly name: string; readonly help: string };
  /** Given if `run` saves and restores its state by `checkpoints`: then `--resume=RUN` goes on with a run that was ended. */
  readonly resumable?: Resumable;
  /** Kinds of row it logs, with their columns. */
  readonly columns: C;
  /** What it claims, with criteria fixed before the run; a function where that depends on what is asked for. */
  readonly claims: readonly Claim<E>[] | ((configuration: Configuration<NoInfer<O>>) => readonly Claim<E>[]);
  /** Checks options and operands before anything is written; throws a `UserError` to refuse. */
  check?(configuration: Configuration<O>, operands: readonly string[]): void;
  /** Trains, measures, draws and judges; returns soon after the signal is aborted. */
  run(context: RunContext<NoInfer<O>, NoInfer<C>, NoInfer<E>>): Promise<void>;
}

/**
 * Defines an experiment; types of its options, rows and evidence follow from the literal.
 *
 * @param experiment Its parts.
 * @returns The same, checked.
 * @throws {Error} If its name is no folder name, two claims share a name, columns contradict each other, or a default
 *   or preset holds a value that the command line would refuse.
 *
 * @example
 * ```ts
 * import { float, int } from "./columns.ts";
 * import { defineExperiment } from "./experiment.ts";
 * import { integer } from "./options.ts";
 * import { runExperiment } from "./main.ts";
 *
 * const halving = defineExperiment({
 *   name: "halving",
 *   doc: "Does halving reach zero?",
 *   options: { steps: integer(10, { min: 1, help: "halvings" }) },
 *   presets: { smoke: { steps: 2 } },
 *   columns: { train: { step: int("steps", "halvings done"), loss: float("", "what is left") } },
 *   claims: [],
 *   async run({ configuration, signal, progress, log }) {
 *     progress.start(configuration.steps);
 *     for (let step = 1, loss = 0.5; step <= configuration.steps && !signal.aborted; step++, loss /= 2) {
 *       log("train", { step, loss });
 *       await progress.update(step, { loss });
 *     }
 *   },
 * });
 * const out = Deno.makeTempDirSync();
 * const { exitCode } = await runExperiment(halving, ["--preset=smoke", "--quiet", `--out=${out}`]);
 * Deno.removeSync(out, { recursive: true });
 * if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
 * ```
 */
export function defineExperiment<O extends Options, C extends ColumnTable, E = never>(
  experiment: Experiment<O, C, E>,
): Experiment<O, C, E> {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(experiment.name)) {
    throw new Error(`expected an experiment name of a-z, 0-9, _ and -, found ${JSON.stringify(experiment.name)}`);
  }
  joinColumns(experiment.columns);
  for (const preset of [NO_PRESET, ...Object.keys(experiment.presets)]) {
    const { configuration } = parseCommandLine(
      [`--preset=${preset}`],
      experiment.options,
      experiment.presets,
      everyOf(experiment.resumable),
    );
    const ids = claimsOf(experiment, configuration).map(({ id }) => id);
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) throw new Error(`expected claims with distinct names, found ${twice} twice`);
  }
  return experiment;
}

/**
 * The claims of an experiment under a configuration.
 *
 * @param experiment Its definition.
 * @param configuration What is asked for.
 * @returns Claims in their order.
 */
export function claimsOf<O extends Options, C extends ColumnTable, E>(
  { claims }: Experiment<O, C, E>,
  configuration: Configuration<O>,
): readonly Claim<E>[] {
  return typeof claims === "function" ? claims(configuration) : claims;
}
