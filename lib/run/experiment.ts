/**
 * An experiment: name, question, options, columns, claims, and the function that runs it.
 *
 * @module
 */
import { everyOf, type Resumable } from "./checkpoint_options.ts";
import type { Claim } from "../claims/mod.ts";
import { type Columns, type ColumnTable, joinColumns, type RowOf } from "./columns.ts";
import type { Spec } from "../figures/spec.ts";
import { type Conditions, consecutiveSeeds } from "../study/conditions.ts";
import type { Follower, PhaseState } from "../study/follow.ts";
import type { MeasuredCurve, Measurements, Place, Quantity } from "../study/measurements.ts";
import type { Snapshots } from "../study/snapshots.ts";
import { NO_PRESET, parseCommandLine } from "./command_line.ts";
import type { Configuration, Options, Presets } from "./option.ts";
import type { Progress } from "./progress.ts";
import type { Checkpoints } from "./run_checkpoints.ts";
import type { FileWriter } from "../figures/write.ts";
import type { RunCell } from "./cells.ts";

/** Which numbers are measured, and when. */
export interface MeasuredAt extends Place {
  /**
   * Name of a series whose replicas are 0, 1, …, those of the run; or conditions, each of which is a series, with seeds of its
   * own.
   */
  readonly series: string | Conditions<object>;
  /** Replica of the series to which the first number belongs: 0 by default. For replicas that are measured one after the other. */
  readonly replica?: number;
  /** Steps taken. */
  readonly step: number;
}

/**
 * Numbers of every replica: one each, or several, which then have an index from 0 each. Null is what was not measured. Of
 * conditions, a flat array (R, n) is several numbers of each replica; of a series by its name alone it is refused.
 */
export type ReplicaValues = ArrayLike<number | null> | readonly ArrayLike<number | null>[];

/** Context of a running experiment. */
export interface RunContext<O extends Options, C extends ColumnTable> extends Follower {
  /** Values of the experiment's own options. */
  readonly configuration: Configuration<O>;
  /** Arguments that belong to no option, if the experiment takes {@linkcode Experiment.operands}. */
  readonly operands: readonly string[];
  /** Root of all random streams. */
  readonly seed: number;
  /** Seed of each replica: `seed`, `seed + 1`, …, as many as {@linkcode Experiment.replicas} says; a sweep's may be others. */
  readonly seeds: readonly number[];
  /**
   * Cells of a sweep whose replicas train side by side in this run, in the order of the replicas; one cell, the run itself, unless
   * a sweep has packed several.
   */
  readonly cells: readonly RunCell<O>[];
  /**
   * Value of an option for every replica, of one that {@linkcode Experiment.perReplica} names or of any other.
   *
   * @param key Name of the option.
   * @returns Values (R).
   */
  each<K extends keyof O & string>(key: K): Configuration<O>[K][];
  /** Whether figures are wanted as PNG too. */
  readonly png: boolean;
  /** Aborted by Ctrl-C or another signal: loops of {@linkcode follow} and {@linkcode each} then throw. */
  readonly signal: AbortSignal;
  /** Bar or lines on stderr. */
  readonly progress: Progress;
  /** Run folder, for messages; write through {@linkcode RunContext.write}. */
  readonly folder: string;
  /** All numbers so far, those from before a resumption included. */
  readonly measured: Measurements;
  /**
   * Adds numbers of every replica to {@linkcode RunContext.measured} and to the log. What a resumed run finds in its log is
   * not written twice.
   */
  measure(at: MeasuredAt, values: Readonly<Record<string, ReplicaValues>>): void;
  /** Adds curves of every replica, such as those of an analysis after training; as {@linkcode RunContext.measure}. */
  measureCurves(of: Quantity, curves: readonly MeasuredCurve[]): void;
  /** Adds a theory's curve, numbers at steps; or several curves of a quantity, which then have an index from 0 each. */
  theory(
    theory: string,
    of: Quantity,
    steps: ArrayLike<number>,
    values: ArrayLike<number> | readonly ArrayLike<number>[],
  ): void;
  /** Arrays kept along the run, in memory and in its checkpoints. */
  readonly snapshots: Snapshots;
  /** State that a training of this label goes on from, for `Training.create({ from })`; undefined where it begins. */
  restored(label: string): PhaseState | undefined;
  /** Appends a row of the experiment's own kinds to the log. A number that is not finite ends the run as diverged. */
  log<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void;
  /** Rows of a kind that the log holds so far, those from before a resumption included. */
  logged<K extends keyof C & string>(kind: K): Promise<readonly RowOf<C[K]>[]>;
  /** Writes a file into the run folder, whole or not at all, and enters it in the manifest. */
  readonly write: FileWriter;
  /** State to go on from, and when to save it; of an experiment that does not {@linkcode follow} its trainings. */
  readonly checkpoints: Checkpoints;
  /** Prints a line on stderr unless `--quiet`. */
  note(line: string): void;
}

/** A setting that a visitor of a live page may try: one button. */
export interface Suggestion<O extends Options> {
  /** Its words, a few. */
  readonly words: string;
  /** Values of controls; all others are the preset's. */
  readonly values: Partial<Configuration<O>>;
}

/** How an experiment runs live in a web page: what a visitor may change, and what is looked at. */
export interface LivePage<O extends Options> {
  /** Preset that it runs with: small enough for a laptop within a minute or two. */
  readonly preset: string;
  /** Options that become controls, in their order; the seed is one besides. */
  readonly controls: readonly (keyof O & string)[];
  /** Settings that are worth a try, a button each; none unless given. */
  readonly suggestions?: readonly Suggestion<O>[];
  /** Figures that are drawn while it trains, the first at the top. */
  readonly figures: readonly string[];
}

/** Definition of an experiment. */
export interface Experiment<O extends Options, C extends ColumnTable> {
  /** Name of its folder under `results/`: lower case, digits, `_` and `-`. */
  readonly name: string;
  /** Its question: text, or the file whose first docstring says it, as `new URL(import.meta.url)`. */
  readonly doc: string | URL;
  /** Its own options, beside those every experiment has. */
  readonly options: O;
  /** Named partial configurations, such as `smoke` and `cpu`. */
  readonly presets: Presets<NoInfer<O>>;
  /** Presets under which nothing is judged: verdicts of a trial would mean nothing. `["smoke"]` unless given. */
  readonly trials?: readonly string[];
  /** Number of main replicas: the option `replicas`, or 1 where there is none, unless given. */
  replicas?(configuration: Configuration<NoInfer<O>>): number;
  /**
   * Options that may differ from replica to replica, beside the seed, because `run` reads them by {@linkcode RunContext.each} or
   * from {@linkcode RunContext.cells} alone, and nothing that is measured of one replica depends on the others: a sweep over them
   * is then one ensemble. A function where that depends on the other options. Without it, replicas differ in consecutive seeds
   * alone.
   */
  readonly perReplica?:
    | readonly (keyof O & string)[]
    | ((configuration: Configuration<NoInfer<O>>) => readonly (keyof O & string)[]);
  /** Whether a GPU is opened for it before `run`; true unless given. */
  readonly gpu?: boolean;
  /** Arguments without `--`, if any are taken: their name in the help, and one line on them. */
  readonly operands?: { readonly name: string; readonly help: string };
  /** Given if `run` follows its trainings, or saves its state by `checkpoints`: then `--resume=RUN` goes on with a run that was ended. */
  readonly resumable?: Resumable;
  /** Kinds of row that it logs beside those that every log has, with their columns; none unless given. */
  readonly columns?: C;
  /** Its claims, with criteria fixed before the run; a function where they depend on the options. Default: none. */
  readonly claims?:
    | readonly Claim<Measurements>[]
    | ((configuration: Configuration<NoInfer<O>>) => readonly Claim<Measurements>[]);
  /** Its figures by name, from what was measured; null for one that the measurements do not allow. */
  figures?(
    measured: Measurements,
    configuration: Configuration<NoInfer<O>>,
  ): Readonly<Record<string, Spec | null>> | Promise<Readonly<Record<string, Spec | null>>>;
  /**
   * A question about the run that is answered without running it, if one is asked: the text is printed, then the error, if
   * there is one, and nothing is written.
   */
  answer?(
    configuration: Configuration<O>,
    operands: readonly string[],
  ): { readonly text: string; readonly error?: Error } | undefined;
  /** Checks options and operands before anything is written; throws a `UserError` to refuse. */
  check?(configuration: Configuration<O>, operands: readonly string[]): void;
  /** How it runs live in a web page (`./lab page NAME`); it has none unless given. */
  readonly page?: LivePage<NoInfer<O>>;
  /** Trains and measures. Claims are judged and figures drawn when it has returned. */
  run(context: RunContext<NoInfer<O>, NoInfer<C>>): Promise<void>;
}

/** An experiment whatever its options and columns. */
// deno-lint-ignore no-explicit-any
export type AnyExperiment = Experiment<any, any>;

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
 * import { defineExperiment } from "./experiment.ts";
 * import { integer } from "./options.ts";
 * import { runExperiment } from "./main.ts";
 *
 * const halving = defineExperiment({
 *   name: "halving",
 *   doc: "Does halving reach zero?",
 *   options: { steps: integer(10, { min: 1, help: "halvings" }) },
 *   presets: { smoke: { steps: 2 } },
 *   gpu: false,
 *   claims: [],
 *   async run({ configuration, signal, progress, measure }) {
 *     progress.start(configuration.steps);
 *     for (let step = 1, left = 0.5; step <= configuration.steps; step++, left /= 2) {
 *       signal.throwIfAborted();
 *       measure({ series: "main", step }, { left: [left] });
 *       await progress.update(step, { left });
 *     }
 *   },
 * });
 * const out = Deno.makeTempDirSync();
 * const { exitCode } = await runExperiment(halving, ["--preset=smoke", "--quiet", `--out=${out}`]);
 * Deno.removeSync(out, { recursive: true });
 * if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
 * ```
 */
export function defineExperiment<O extends Options, C extends ColumnTable = Readonly<Record<never, Columns>>>(
  experiment: Experiment<O, C>,
): Experiment<O, C> {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(experiment.name)) {
    throw new Error(`expected an experiment name of a-z, 0-9, _ and -, found ${JSON.stringify(experiment.name)}`);
  }
  joinColumns(experiment.columns ?? {});
  if (Array.isArray(experiment.perReplica)) {
    const stray = experiment.perReplica.find((key) => !Object.hasOwn(experiment.options, key));
    if (stray !== undefined) throw new Error(`expected perReplica to name options, found ${stray}`);
  }
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
  if (experiment.page !== undefined && !(experiment.page.preset in experiment.presets)) {
    throw new Error(`expected the preset of the page to be one of its own, found ${experiment.page.preset}`);
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
export function claimsOf<O extends Options, C extends ColumnTable>(
  { claims = [] }: Experiment<O, C>,
  configuration: Configuration<O>,
): readonly Claim<Measurements>[] {
  return typeof claims === "function" ? claims(configuration) : claims;
}

/**
 * Seeds of the main replicas: `seed`, `seed + 1`, …, modulo 2³².
 *
 * @param experiment Its definition.
 * @param configuration What is asked for.
 * @param seed First seed.
 * @returns Seeds (R).
 */
export function seedsOf<O extends Options, C extends ColumnTable>(
  { replicas }: Experiment<O, C>,
  configuration: Configuration<O>,
  seed: number,
): number[] {
  const option = (configuration as Readonly<Record<string, unknown>>).replicas;
  const count = replicas?.(configuration) ?? (typeof option === "number" ? option : 1);
  return consecutiveSeeds(seed, count);
}

/** Whether nothing is judged under a preset. */
export function isTrial({ trials = ["smoke"] }: { readonly trials?: readonly string[] }, preset: string): boolean {
  return trials.includes(preset);
}
