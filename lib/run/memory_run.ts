/**
 * A run that keeps its log in memory: the same experiment where there are no files, as in a web page.
 *
 * @module
 */
import { judgeClaims, type JudgedClaim } from "../claims/mod.ts";
import type { Spec } from "../figures/spec.ts";
import type { FileWriter } from "../figures/write.ts";
import { type AdapterChoice, openGpu } from "../gpu/device.ts";
import { Measurements, type MeasureRow, type TheoryNumber } from "../study/measurements.ts";
import { Snapshots } from "../study/snapshots.ts";
import type { Pace } from "../train/loop_options.ts";
import { everyOf } from "./checkpoint_options.ts";
import { type ClaimLog, logCriteria, logVerdicts } from "./claim_rows.ts";
import { type ColumnTable, joinColumns, type RowOf } from "./columns.ts";
import { type CommandLine, parseCommandLine } from "./command_line.ts";
import { claimsOf, type Experiment, isTrial, seedsOf } from "./experiment.ts";
import { lineOf } from "./log_line.ts";
import type { Configuration, Options } from "./option.ts";
import type { Progress } from "./progress.ts";
import { contextOf, type Recorder } from "./run_context.ts";
import { type Checkpoints, noCheckpoints } from "./run_checkpoints.ts";
import { RunPhases } from "./run_phases.ts";

/** Progress that nobody sees. */
const SILENT: Progress = { start() {}, update: () => Promise.resolve(), note() {}, stop() {} };

/** How a run in memory goes. */
export interface MemoryRunOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Sets the pace of its trainings; as fast as the GPU goes unless given. */
  readonly pace?: Pace;
  /** Where it says how far it is; nowhere unless given. */
  readonly progress?: Progress;
}

/**
 * A run whose log is in memory. What was measured so far can be looked at while it goes on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defineExperiment } from "./experiment.ts";
 * import { MemoryRun } from "./memory_run.ts";
 * import { integer } from "./options.ts";
 *
 * const halving = defineExperiment({
 *   name: "halving",
 *   doc: "Does halving reach zero?",
 *   options: { steps: integer(10, { min: 1, help: "halvings" }) },
 *   presets: { smoke: { steps: 2 } },
 *   gpu: false,
 *   run({ configuration, measure }) {
 *     for (let step = 1; step <= configuration.steps; step++) measure({ series: "main", step }, { left: [0.5 ** step] });
 *     return Promise.resolve();
 *   },
 * });
 * const run = new MemoryRun(halving, ["--preset=smoke"]);
 * await run.run();
 * assertEquals(run.measured.last({ series: "main", quantity: "left" }), [0.25]);
 * assertEquals(run.lines[0], `{"kind":"measure","series":"main","step":1,"quantity":"left","replica":0,"value":0.5}`);
 * ```
 */
export class MemoryRun<O extends Options, C extends ColumnTable> {
  /** Seeds of the main replicas. */
  readonly seeds: readonly number[];
  /** All numbers so far. */
  readonly measured: Measurements = new Measurements();
  /** Lines of the log so far, as `log.ndjson` of a run folder has them. */
  readonly lines: string[] = [];
  /** Files that the experiment has written, by path. */
  readonly files: Map<string, string | Uint8Array> = new Map();
  readonly #experiment: Experiment<O, C>;
  readonly #line: CommandLine<O>;
  #judged: readonly JudgedClaim[] = [];

  /**
   * Reads what is asked for; nothing runs yet.
   *
   * @param experiment What to run.
   * @param args Its command line.
   * @throws {UserError} If the experiment refuses an option, as its command line would.
   */
  constructor(experiment: Experiment<O, C>, args: readonly string[]) {
    const { options, presets, resumable, operands, check } = experiment;
    this.#experiment = experiment;
    this.#line = parseCommandLine(args, options, presets, everyOf(resumable), operands !== undefined);
    check?.(this.#line.configuration, this.#line.operands);
    this.seeds = seedsOf(experiment, this.#line.configuration, this.#line.common.seed);
  }

  /** Values of the experiment's own options. */
  get configuration(): Configuration<O> {
    return this.#line.configuration;
  }

  /** Which adapter is asked for. */
  get adapter(): AdapterChoice {
    return this.#line.common.adapter;
  }

  /** Claims with verdicts; empty before the run has ended. */
  get judged(): readonly JudgedClaim[] {
    return this.#judged;
  }

  /**
   * Runs the experiment to its end and judges its claims; once.
   *
   * @param options How it goes.
   * @throws The signal's reason if it is told to end; {@linkcode RunError} for a number that is not finite; whatever the
   *   experiment throws.
   */
  async run({ signal = new AbortController().signal, pace, progress = SILENT }: MemoryRunOptions = {}): Promise<void> {
    const experiment = this.#experiment;
    const columns: ColumnTable = joinColumns((experiment.columns ?? {}) as C);
    const claims = claimsOf(experiment, this.#line.configuration);
    const append = (kind: string, row: object) => void this.lines.push(lineOf(kind, { ...row }, columns));
    const log: ClaimLog = { write: append, flush() {} };
    logCriteria(log, claims);
    if (experiment.gpu !== false) await openGpu(this.#line.common.adapter);
    signal.throwIfAborted();
    const record = new MemoryRecord<C>(this.measured, this.lines, this.files, append);
    const context = await contextOf(experiment, this.#line, record, progress, signal, pace);
    await experiment.run(context);
    signal.throwIfAborted();
    this.#judged = judgeClaims(claims, this.measured, isTrial(experiment, this.#line.preset));
    logVerdicts(log, this.#judged);
  }

  /**
   * The experiment's figures of what was measured so far.
   *
   * @returns Specifications by name; null for one that the measurements do not allow yet.
   */
  async figures(): Promise<Readonly<Record<string, Spec | null>>> {
    return await this.#experiment.figures?.(this.measured, this.#line.configuration) ?? {};
  }
}

/** Keeps the rows of a run in memory. */
class MemoryRecord<C extends ColumnTable> implements Recorder<C> {
  readonly folder = "memory";
  readonly checkpoints: Checkpoints = noCheckpoints;

  constructor(
    readonly measured: Measurements,
    readonly lines: readonly string[],
    readonly files: Map<string, string | Uint8Array>,
    readonly append: (kind: string, row: object) => void,
  ) {}

  recall() {
    const snapshots = new Snapshots();
    const phases = new RunPhases(this.checkpoints, snapshots, null);
    return Promise.resolve({ measured: this.measured, snapshots, phases });
  }

  logMeasured(row: MeasureRow): void {
    this.append("measure", row);
  }

  logTheory(row: TheoryNumber): void {
    this.append("theory", row);
  }

  log<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void {
    this.append(kind, row);
  }

  logged<K extends keyof C & string>(kind: K): Promise<readonly RowOf<C[K]>[]> {
    const rows = this.lines.map((line) => JSON.parse(line)).filter((row) => row.kind === kind);
    return Promise.resolve(rows.map(({ kind: _, ...row }) => row as RowOf<C[K]>));
  }

  readonly write: FileWriter = (path, content) => {
    this.files.set(path, content);
    return Promise.resolve();
  };
}
