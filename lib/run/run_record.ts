/**
 * The record of a run, kept in step with it: folder, manifest, log, claims and checkpoints.
 *
 * @module
 */
import type { CheckpointFile } from "../checkpoint/checkpoint.ts";
import { type Claim, countVerdicts, judgeClaims, type JudgedClaim } from "../claims/mod.ts";
import { logVerdicts } from "./claim_rows.ts";
import type { ColumnTable, LogRow, RowOf, standardColumns } from "./columns.ts";
import type { CheckpointConfiguration } from "./checkpoint_options.ts";
import type { AdapterSummary } from "../gpu/device.ts";
import { describeError, UserError } from "../io/errors.ts";
import type { LogWriter } from "./log.ts";
import { Measurements, type MeasureRow, type TheoryNumber } from "../study/measurements.ts";
import { Snapshots } from "../study/snapshots.ts";
import { RunPhases } from "./run_phases.ts";
import { readLog } from "./log.ts";
import { type Manifest, type RunStatus, writeManifest } from "./manifest.ts";
import { shaping } from "./resume.ts";
import { type Checkpoints, type Identity, noCheckpoints, RunCheckpoints } from "./run_checkpoints.ts";
import type { FileWriter } from "../figures/write.ts";
import type { RunFolder } from "./run_folder.ts";

/** Parts of a run in progress. */
export interface RunParts<C extends ColumnTable> {
  /** Its folder. */
  readonly folder: RunFolder;
  /** Its manifest as it is on disk. */
  readonly manifest: Manifest;
  /** Its open log. */
  readonly log: LogWriter<C & typeof standardColumns>;
  /** Its claims. */
  readonly claims: readonly Claim<Measurements>[];
  /** Options of its checkpoints; `null` where there are none. */
  readonly checkpoints: CheckpointConfiguration | null;
  /** Checkpoint that it goes on from; `null` for a run that begins. */
  readonly from: CheckpointFile | null;
  /** Whether its preset is a trial, whose claims get no verdicts. */
  readonly trial: boolean;
  /** When it began, as `performance.now()` tells; now unless given. */
  readonly startedAt?: number;
}

/** The files of a run in progress. */
export class RunRecord<C extends ColumnTable> {
  readonly #folder: RunFolder;
  readonly #log: LogWriter<C & typeof standardColumns>;
  readonly #claims: readonly Claim<Measurements>[];
  readonly #checkpoints: RunCheckpoints | null;
  readonly #trial: boolean;
  readonly #startedAt: number;
  #manifest: Manifest;
  #judged: readonly JudgedClaim[] = [];
  #closed = false;
  /** Whether the checkpoint that the run goes on from was saved by the experiment itself. */
  #hasOwnState = false;

  /**
   * @param parts Folder, manifest and log, as {@linkcode startRun} makes them and {@linkcode resumeRun} finds them.
   */
  constructor({ folder, manifest, log, claims, checkpoints, from, trial, startedAt }: RunParts<C>) {
    this.#startedAt = startedAt ?? performance.now();
    this.#folder = folder;
    this.#manifest = manifest;
    this.#log = log;
    this.#claims = claims;
    this.#trial = trial;
    this.#checkpoints = checkpoints === null ? null : new RunCheckpoints({
      folder: folder.path,
      options: checkpoints,
      identity: () => identityOf(this.#manifest),
      syncLog: () => log.sync(),
      changed: ({ path, bytes, step }, outdated) => {
        folder.enter(path, `state after step ${step}`, bytes);
        outdated.forEach((file) => folder.remove(file));
        this.#update({ files: folder.files });
      },
    }, from);
  }

  /** Path of the run folder. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Manifest as it is on disk. */
  get manifest(): Manifest {
    return this.#manifest;
  }

  /** When the run began, as `performance.now()` tells. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Rows of the log so far; what is held back is written first. */
  rows(): AsyncIterable<LogRow> {
    this.#log.flush();
    return readLog(this.#log.path);
  }

  /** Claims with verdicts, empty before {@linkcode RunRecord.judge}. */
  get judged(): readonly JudgedClaim[] {
    return this.#judged;
  }

  /** When to save the state of the run, and what to go on from. */
  get checkpoints(): Checkpoints {
    return this.#checkpoints ?? noCheckpoints;
  }

  /**
   * Recalls the log and the newest checkpoint of a run: empty for one that begins. Called once, before the first row.
   */
  async recall(): Promise<{ measured: Measurements; snapshots: Snapshots; phases: RunPhases }> {
    const saved = this.#checkpoints?.read() ?? null;
    this.#hasOwnState = saved !== null && saved.metadata.phases === undefined;
    const measured = saved === null ? new Measurements() : await Measurements.from(readLog(this.#log.path));
    const snapshots = Snapshots.restore(saved?.tensors ?? []);
    return { measured, snapshots, phases: new RunPhases(this.checkpoints, snapshots, saved) };
  }

  /** Appends a number that was measured. */
  logMeasured(row: MeasureRow): void {
    (this.#log as LogWriter<typeof standardColumns>).write("measure", row);
  }

  /** Appends a number of a theory. */
  logTheory(row: TheoryNumber): void {
    (this.#log as LogWriter<typeof standardColumns>).write("theory", row);
  }

  /** Appends a row. */
  log<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void {
    if (this.#hasOwnState && !this.#checkpoints!.wasAsked) {
      throw new Error(
        "expected run() to ask checkpoints.restore() for its state before it logs, found that it did not",
      );
    }
    this.#log.write(kind, row as RowOf<(C & typeof standardColumns)[K]>);
  }

  /** Rows of a kind that the log holds so far. */
  logged<K extends keyof C & string>(kind: K): Promise<readonly RowOf<C[K]>[]> {
    return this.#log.rows(kind) as Promise<unknown[]> as Promise<RowOf<C[K]>[]>;
  }

  /** Writes a file and enters it in the manifest at once, so that a crash leaves a true index. */
  readonly write: FileWriter = async (path, content, description) => {
    await this.#folder.write(path, content, description);
    this.#update({ files: this.#folder.files });
  };

  /**
   * Puts the adapter into the manifest.
   *
   * @throws {UserError} If a resumed run has begun on another one, which rounds differently.
   */
  setAdapter(adapter: AdapterSummary): void {
    const { adapter: before, resumptions } = this.#manifest;
    if (resumptions.length > 0 && before !== null && adapterName(before) !== adapterName(adapter)) {
      throw new UserError(
        `expected the adapter that the run began on, ${adapterName(before)}, found ${adapterName(adapter)}`,
      );
    }
    this.#update({ adapter });
  }

  /** Puts the seeds of the replicas into the manifest. */
  setSeeds(seeds: readonly number[]): void {
    this.#update({ seeds });
  }

  /** Judges claims, logs their rows and writes `claims.json`. */
  judge(measured: Measurements): readonly JudgedClaim[] {
    this.#judged = judgeClaims(this.#claims, measured, this.#trial);
    if (this.#claims.length === 0) return this.#judged;
    logVerdicts(this.#log, this.#judged);
    this.#folder.write(
      "claims.json",
      JSON.stringify(this.#judged, null, 2) + "\n",
      "claims with criterion and verdict",
    );
    this.#update({ files: this.#folder.files, verdicts: countVerdicts(this.#judged) });
    return this.#judged;
  }

  /** Closes the log and writes how the run ended. The manifest is written even if the log cannot be. */
  close(status: Exclude<RunStatus, "running">, reason: string | null): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#log.close();
    } catch (error) {
      this.#end("failed", reason ?? describeError(error, true).line);
      throw error;
    }
    this.#end(status, reason);
  }

  #end(status: RunStatus, reason: string | null): void {
    this.#folder.settle();
    this.#update({
      status,
      reason,
      end: new Date().toISOString(),
      elapsedMs: Math.round(performance.now() - this.#startedAt),
      files: this.#folder.files,
    });
  }

  #update(change: Partial<Manifest>): void {
    this.#manifest = { ...this.#manifest, ...change };
    writeManifest(this.#folder.path, this.#manifest);
  }
}

/** Identity that tells the checkpoints of a run from those of another. */
export function identityOf({ experiment, configuration, cells, seeds }: Manifest): Identity {
  return { experiment, configuration: { ...shaping(configuration), ...(cells && { cells }) }, seeds };
}

/** Names what decides how an adapter rounds. */
function adapterName({ vendor, architecture, description, subgroupSize }: AdapterSummary): string {
  const names = [vendor, architecture, description].filter((name) => name !== "");
  return `${[...new Set(names)].join(", ")} (subgroups of ${subgroupSize})`;
}
