/**
 * Following a training: the loop stays in the experiment; progress, Ctrl-C, checkpoints and resumption are here.
 *
 * @module
 */
import type { Pace } from "../train/loop_options.ts";
import { unionOfSteps } from "../train/steps.ts";

/** State of a training, as {@linkcode Training.state} gives it. */
export interface PhaseState {
  /** Steps taken. */
  readonly step: number;
  /** Parameters and the optimiser's state by name. */
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: Float32Array;
  }[];
}

/** A report of a training. */
export interface Reported {
  /** Steps taken. */
  readonly step: number;
  /** Losses (R) of the last step before its update; null at the start. */
  readonly loss: Float32Array | null;
  /** Losses (R) of every step since the last report. */
  readonly losses: readonly Float32Array[];
}

/** Training that is followed: a `Training`, or anything that reports as one. */
export interface Followed<R extends Reported> {
  /** Steps taken so far. */
  readonly step: number;
  /** Trains and yields reports. */
  run(options: {
    readonly reports: Iterable<number>;
    readonly pause?: (step: number) => boolean;
    readonly signal?: AbortSignal;
    readonly reportStart?: boolean;
    readonly onWait?: (step: number) => void;
    readonly pace?: Pace;
  }): AsyncGenerator<R>;
  /** Everything that the next step depends on. */
  state(): Promise<PhaseState>;
}

/** The trainings of a run one after the other, and where a resumed run goes on. */
export interface Phases {
  /** Whether a training had ended before the one in which the run goes on. */
  isDone(label: string): boolean;
  /** Whether the run goes on within this training. */
  isRestored(label: string): boolean;
  /** Whether the run goes on within this training, which had met its end. */
  isOver(label: string): boolean;
  /** Losses since the last report that a checkpoint within this training has kept. */
  pendingLosses(label: string): Float32Array[];
  /** Says that a training begins, or goes on, at a step. */
  begin(label: string, step: number): void;
  /** Steps of this training at which a checkpoint is due, up to the last. */
  due(last: number): readonly number[];
  /** Saves a checkpoint within a training; `over` if it has met its end. */
  save(label: string, state: PhaseState, losses: readonly Float32Array[], over: boolean): void;
  /** Says that a training has ended after some steps. */
  finish(label: string, steps: number): void;
}

/** Receiver of a loop's reports, which may end it early. */
export interface Follower {
  /** Aborted by Ctrl-C or another signal. */
  readonly signal: AbortSignal;
  /** Bar or lines on the terminal. */
  readonly progress: {
    start(total: number, label?: string, from?: number): void;
    update(step: number, values?: Readonly<Record<string, number>>): Promise<void>;
    stop(): void;
  };
  /** The trainings of the run. */
  readonly phases: Phases;
  /** Sets the pace of trainings; as fast as the GPU goes unless given. */
  readonly pace?: Pace;
}

/** How a training is followed. */
export interface FollowOptions<R extends Reported> {
  /** Name of the training, in words, in checkpoints; once a run. */
  readonly label: string;
  /** Steps to report, ascending. */
  readonly reports: readonly number[];
  /** Ends the training after a report. */
  readonly until?: (report: R) => boolean;
  /** Whether training waits at a report, so that parameters can be read there; only at checkpoints unless given. */
  readonly pause?: (step: number) => boolean;
  /** Whether the state from which a training starts is reported too where it is not step 0. */
  readonly reportStart?: boolean;
}

/**
 * Trains and yields the chosen reports. Shows progress; saves checkpoints when they are due and when the run is told to end,
 * and then throws; a training that had ended before a resumed run's checkpoint yields nothing, as its rows are in the log.
 *
 * @param training What is trained; made with `from: run.restored(label)`, so that it goes on where the run was.
 * @param options Label and reports.
 * @param run The run.
 * @returns Reports, `losses` being those of every step since the one before.
 * @throws {RangeError} If there is nothing to report.
 * @throws {Error} If another training of the run had this label, or this one does not go on where the run was.
 * @throws The signal's reason once the run is told to end.
 *
 * @example
 * ```ts ignore
 * for await (const { step, evaluations } of follow(training, { label: "main", reports: everySteps(10, 100) }, run)) {
 *   run.measure({ series: "main", step }, { "test loss": evaluations.test });
 * }
 * ```
 */
export async function* follow<R extends Reported>(
  training: Followed<R>,
  { label, reports, until, pause, reportStart = false }: FollowOptions<R>,
  { signal, progress, phases, pace }: Follower,
): AsyncGenerator<R> {
  if (reports.length === 0) throw new RangeError(`expected steps to report of training "${label}", found none`);
  if (phases.isDone(label)) return;
  signal.throwIfAborted();
  const first = training.step;
  phases.begin(label, first);
  if (phases.isOver(label)) return phases.finish(label, first);
  const last = reports[reports.length - 1];
  const wanted = new Set(reports);
  const due = new Set(phases.due(last).filter((step) => step > first));
  let losses = phases.pendingLosses(label);
  let [reached, saved, over] = [first, first, false];
  let shown: Record<string, number> = {};
  const save = async () => {
    phases.save(label, await training.state(), losses, over);
    saved = training.step;
  };
  progress.start(last, label, first);
  const loop = training.run({
    reports: unionOfSteps(reports, [...due]).filter((step) => step >= first),
    signal,
    pause: (step) => due.has(step) || (wanted.has(step) && (until !== undefined || pause?.(step) === true)),
    reportStart: reportStart && !phases.isRestored(label),
    onWait: (step) => void progress.update(step, shown),
    pace,
  });
  try {
    for await (const report of loop) {
      reached = report.step;
      // Not spread into arguments: reports may lie a million steps apart.
      for (const row of report.losses) losses.push(row);
      if (wanted.has(reached)) {
        const whole = { ...report, losses, loss: losses.at(-1) ?? report.loss };
        losses = [];
        yield whole;
        over = until?.(whole) ?? false;
      }
      if (due.has(reached)) await save();
      if (report.loss) shown = { loss: report.loss[0] };
      await progress.update(reached, shown);
      if (over) break;
    }
    reached = training.step;
    if (signal.aborted && reached > saved) await save();
  } finally {
    // A caller that leaves the loop ends the training too.
    progress.stop();
    phases.finish(label, reached);
  }
  signal.throwIfAborted();
}

/**
 * Maps items one at a time, with progress; Ctrl-C stops between two.
 *
 * @param items Items in order.
 * @param label What is computed, in words.
 * @param compute Computes one.
 * @param run The run.
 * @returns Results in order.
 * @throws The signal's reason once the run is told to end.
 */
export async function each<T, U>(
  items: readonly T[],
  label: string,
  compute: (item: T, index: number) => U | Promise<U>,
  { signal, progress }: Pick<Follower, "signal" | "progress">,
): Promise<U[]> {
  const results: U[] = [];
  progress.start(items.length, label);
  for (const [index, item] of items.entries()) {
    signal.throwIfAborted();
    results.push(await compute(item, index));
    await progress.update(results.length);
  }
  progress.stop();
  signal.throwIfAborted();
  return results;
}
