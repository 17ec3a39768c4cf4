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
import { CheckpointError } from "../checkpoint/checkpoint_error.ts";
import type { NamedTensor } from "../checkpoint/header.ts";
import { SafetensorsFile } from "../checkpoint/safetensors_file.ts";
import type { CheckpointConfiguration } from "./checkpoint_options.ts";

/** What the next step of a run depends on. */
export interface RunState {
  /** Steps taken. */
  readonly step: number;
  /** Parameters (R, …), replicas first; everything else under names that begin with `optimizer.` or `run.`. */
  readonly tensors: readonly NamedTensor[];
  /** Texts of the experiment's own, such as counters; `{}` unless given. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a resumable experiment does about checkpoints. */
export interface Checkpoints {
  /** Steps between checkpoints; 0 for none. */
  readonly every: number;
  /** Whether a checkpoint is due after a step. */
  due(step: number): boolean;
  /**
   * Saves a state. Every row up to its step must have been logged, and none after it: the log goes to the disk with it,
   * and a resumed run goes on from there. Each parameter has as many replicas as the run has seeds.
   */
  save(state: RunState): void;
  /**
   * The state to go on from, bit for bit as it was saved; `null` for a run that begins. Call it once, before the first
   * row is logged.
   */
  restore(): RunState | null;
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

/** What a run lends to its checkpoints. */
export interface CheckpointHost {
  /** Run folder. */
  readonly folder: string;
  /** Options. */
  readonly options: CheckpointConfiguration;
  /** What the run is, as it is now. */
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
  #restored = false;

  /**
   * @param host The run.
   * @param from What a resumed run goes on from; `null` for others.
   */
  constructor(host: CheckpointHost, from: CheckpointFile | null) {
    this.every = host.options["checkpoint-every"];
    this.#host = host;
    this.#from = from;
  }

  due(step: number): boolean {
    return this.every > 0 && step > 0 && step % this.every === 0;
  }

  save({ step, tensors, metadata = {} }: RunState): void {
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
    const state: Checkpoint = { step, replicas: seeds.length, tensors, metadata: { ...metadata, ...own } };
    const { bytes } = saveCheckpoint(this.#host.folder, state);
    const keep = this.#host.options["checkpoint-keep"];
    const upToNow = listCheckpoints(this.#host.folder).filter((file) => file.step <= step);
    const outdated = keep === "all" ? [] : upToNow.slice(0, -keep);
    this.#host.changed({ step, path: checkpointPath(step), bytes }, outdated.map((file) => checkpointPath(file.step)));
  }

  restore(): RunState | null {
    this.#restored = true;
    if (this.#from === null) return null;
    const { step, tensors, metadata } = readCheckpoint(this.#from.path);
    const { experiment: _e, configuration: _c, seeds: _s, logBytes: _l, ...own } = metadata;
    return { step, tensors, metadata: own };
  }

  /** A resumed run that has not asked for its state has begun anew. */
  expectRestored(): void {
    if (this.#from !== null && !this.#restored) {
      throw new Error("expected run() to go on from checkpoints.restore(), found that it never asked for it");
    }
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
  const refuse = (expected: string, found: string): never => {
    throw new CheckpointError(file.path, expected, found);
  };
  if (step !== file.step) refuse(`a checkpoint of step ${file.step}, as its name says`, `step ${step}`);
  if (metadata.experiment !== identity.experiment) {
    refuse(`a checkpoint of ${identity.experiment}`, metadata.experiment ?? "one of no experiment");
  }
  const saved = parsed(metadata.configuration);
  for (const [key, value] of Object.entries(identity.configuration)) {
    const [here, there] = [JSON.stringify(value), JSON.stringify(saved?.[key])];
    if (here !== there) refuse(`${key} ${here}, as in the manifest of the run`, there ?? "none");
  }
  const seeds = JSON.stringify(identity.seeds);
  if (metadata.seeds !== seeds) refuse(`seeds ${seeds}, as in the manifest of the run`, metadata.seeds ?? "none");
  const bytes = metadata.logBytes ?? "none";
  return /^\d{1,15}$/.test(bytes) ? Number(bytes) : refuse("the length of the log in its metadata", bytes);
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
