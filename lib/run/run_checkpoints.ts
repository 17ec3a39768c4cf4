/**
 * The checkpoints of a run in progress: when to save one, and the state to go on from.
 *
 * @module
 */
import {
  type Checkpoint,
  type CheckpointFile,
  checkpointHead,
  checkpointPath,
  listCheckpoints,
  readCheckpoint,
  saveCheckpoint,
} from "../checkpoint/checkpoint.ts";
import { CheckpointError, quoted } from "../checkpoint/checkpoint_error.ts";
import type { NamedTensor } from "../checkpoint/header.ts";
import { SafetensorsFile } from "../checkpoint/safetensors_file.ts";
import type { CheckpointConfiguration } from "./checkpoint_options.ts";

/** State that the next step of a run depends on. */
export interface RunState {
  /** Steps taken. */
  readonly step: number;
  /** Parameters (R, …), replicas first; everything else under names that begin with `optimizer.` or `run.`. */
  readonly tensors: readonly NamedTensor[];
  /** Texts of the experiment's own, such as counters; `{}` unless given. A restored state has `heads` besides. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Replicas along the first axis of each parameter; as many as the run has seeds unless given. */
  readonly replicas?: number;
}

/**
 * Checkpoints of a resumable experiment.
 *
 * @example
 * ```ts
 * import { float, int } from "./columns.ts";
 * import { defineExperiment } from "./experiment.ts";
 * import { runExperiment } from "./main.ts";
 * import { integer } from "./options.ts";
 *
 * const halving = defineExperiment({
 *   name: "halving",
 *   doc: "Does halving reach zero?",
 *   options: { steps: integer(10, { min: 1, help: "halvings" }) },
 *   presets: {},
 *   resumable: { every: 4 },
 *   columns: { train: { step: int("steps", "halvings done"), x: float("", "what is left") } },
 *   claims: [],
 *   async run({ configuration: { steps }, signal, progress, log, checkpoints }) {
 *     const state = checkpoints.restore();
 *     const x = (state?.tensors[0].data ?? new Float32Array([1])) as Float32Array;
 *     const first = (state?.step ?? 0) + 1;
 *     progress.start(steps, "halving", first - 1);
 *     for (let step = first; step <= steps && !signal.aborted; step++) {
 *       x[0] /= 2;
 *       log("train", { step, x: x[0] });
 *       await progress.update(step);
 *       if (checkpoints.due(step) || signal.aborted) {
 *         checkpoints.save({ step, tensors: [{ name: "x", shape: [1], data: x }] });
 *       }
 *     }
 *   },
 * });
 * const out = Deno.makeTempDirSync();
 * await runExperiment(halving, ["--quiet", `--out=${out}`]);
 * const saved = [...Deno.readDirSync(`${out}/checkpoints`)].map(({ name }) => name).toSorted();
 * if (saved.join() !== "step-00000004.safetensors,step-00000008.safetensors") throw new Error(saved.join());
 * Deno.removeSync(out, { recursive: true });
 * ```
 */
export interface Checkpoints {
  /** Steps between checkpoints; 0 for none. */
  readonly every: number;
  /** Whether a checkpoint is due after a step; stands by itself too, as in `pause: checkpoints.due`. */
  readonly due: (step: number) => boolean;
  /**
   * Saves a state. Every row up to its step must have been logged, and none after it: the log goes to the disk with it,
   * and a resumed run goes on from there. Each parameter has the replicas along its first axis.
   *
   * @throws {RangeError} If a parameter has not the replicas along its first axis, or a text of its own takes a name that
   *   every run saves.
   * @throws {RunError} If the disk is full; earlier checkpoints are as they were.
   */
  save(state: RunState): void;
  /**
   * The state to go on from, bit for bit as it was saved; `null` for a run that begins.
   */
  restore(): Required<RunState> | null;
}

/** Texts that say which run a checkpoint belongs to. */
export interface Identity {
  /** Name of the experiment. */
  readonly experiment: string;
  /** Everything that shapes the result, by option. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Seed of each replica. */
  readonly seeds: readonly number[];
}

/** Parts of a run that its checkpoints use. */
export interface CheckpointHost {
  /** Run folder. */
  readonly folder: string;
  /** Options. */
  readonly options: CheckpointConfiguration;
  /** Identity of the run, as it is now. */
  identity(): Identity;
  /** Brings the log to the disk; its length in bytes. */
  syncLog(): number;
  /** Enters a checkpoint in the index, and takes others away; paths are inside the run folder. */
  changed(saved: CheckpointFile & { readonly bytes: number }, outdated: readonly string[]): void;
}

/** Checkpoints of a run that keeps them. */
export class RunCheckpoints implements Checkpoints {
  readonly every: number;
  readonly #host: CheckpointHost;
  readonly #from: CheckpointFile | null;
  /** Whether the state to go on from was asked for. */
  wasAsked = false;

  /**
   * @param host The run.
   * @param from What a resumed run goes on from; `null` for others.
   */
  constructor(host: CheckpointHost, from: CheckpointFile | null) {
    this.every = host.options["checkpoint-every"];
    this.#host = host;
    this.#from = from;
  }

  readonly due = (step: number): boolean => this.every > 0 && step > 0 && step % this.every === 0;

  save({ step, tensors, metadata = {}, replicas }: RunState): void {
    const { experiment, configuration, seeds } = this.#host.identity();
    const own = {
      experiment,
      configuration: JSON.stringify(configuration),
      seeds: JSON.stringify(seeds),
      logBytes: String(this.#host.syncLog()),
    };
    const taken = Object.keys(own).find((key) => key in metadata);
    if (taken !== undefined) {
      throw new RangeError(`expected metadata of its own, found ${taken}, which every run saves`);
    }
    const state: Checkpoint = { step, replicas: replicas ?? seeds.length, tensors, metadata: { ...metadata, ...own } };
    const { bytes } = saveCheckpoint(this.#host.folder, state);
    const keep = this.#host.options["checkpoint-keep"];
    const upToNow = listCheckpoints(this.#host.folder).filter((file) => file.step <= step);
    const outdated = keep === "all" ? [] : upToNow.slice(0, -keep);
    this.#host.changed({ step, path: checkpointPath(step), bytes }, outdated.map((file) => checkpointPath(file.step)));
  }

  restore(): Required<RunState> | null {
    this.wasAsked = true;
    return this.read();
  }

  /** The state to go on from, for the run itself. */
  read(): Required<RunState> | null {
    if (this.#from === null) return null;
    const { step, replicas, tensors, metadata } = readCheckpoint(this.#from.path);
    const { experiment: _e, configuration: _c, seeds: _s, logBytes: _l, ...own } = metadata;
    return { step, tensors, metadata: own, replicas };
  }
}

/** For experiments that are not resumable: nothing is ever due. */
export const noCheckpoints: Checkpoints = {
  every: 0,
  due: () => false,
  save() {
    throw new Error("expected an experiment with `resumable` to save checkpoints, found one without");
  },
  restore: () => null,
};

/**
 * Checks that a checkpoint belongs to a run.
 *
 * @param file The checkpoint.
 * @param identity The run.
 * @returns Length of its log at that moment, in bytes.
 * @throws {CheckpointError} If it belongs to another one, naming the first difference.
 */
export function logLengthAt(file: CheckpointFile, identity: Identity): number {
  using open = new SafetensorsFile(file.path);
  const { step, metadata } = checkpointHead(open);
  const refuse = (expected: string, found: string | undefined): never => {
    throw new CheckpointError(file.path, expected, found === undefined ? "none" : quoted(found));
  };
  if (step !== file.step) refuse(`a checkpoint of step ${file.step}, as its name says`, `step ${step}`);
  if (metadata.experiment !== identity.experiment) {
    refuse(`a checkpoint of ${identity.experiment} (experiment in its metadata)`, metadata.experiment);
  }
  const saved = parsed(metadata.configuration);
  for (const [key, value] of Object.entries(identity.configuration)) {
    const [here, there] = [JSON.stringify(value), JSON.stringify(saved?.[key])];
    if (here !== there) refuse(`${key} ${here}, as in the manifest of the run`, there);
  }
  const seeds = JSON.stringify(identity.seeds);
  if (metadata.seeds !== seeds) refuse(`seeds ${seeds}, as in the manifest of the run`, metadata.seeds);
  const { logBytes } = metadata;
  if (/^\d{1,15}$/.test(logBytes)) return Number(logBytes);
  return refuse("the length of the log (logBytes in its metadata)", logBytes);
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
