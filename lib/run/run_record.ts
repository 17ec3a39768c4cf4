/**
 * What a run leaves, kept in step with it: folder, manifest, log, claims and checkpoints.
 *
 * @module
 */
import type { CheckpointFile } from "../checkpoint/checkpoint.ts";
import { type Claim, countVerdicts, judgeClaims, type JudgedClaim } from "../claims/claims.ts";
import type { claimColumns, ColumnTable, RowOf } from "./columns.ts";
import type { CheckpointConfiguration } from "./checkpoint_options.ts";
import type { AdapterSummary } from "../gpu/device.ts";
import { describeError, UserError } from "../io/errors.ts";
import type { LogWriter } from "./log.ts";
import { type Manifest, type RunStatus, writeManifest } from "./manifest.ts";
import { shaping } from "./resume.ts";
import { type Checkpoints, type Identity, noCheckpoints, RunCheckpoints } from "./run_checkpoints.ts";
import type { FileWriter, RunFolder } from "./run_folder.ts";

/** What a run in progress is made of. */
export interface RunParts<C extends ColumnTable, E> {
  /** Its folder. */
  readonly folder: RunFolder;
  /** Its manifest as it is on disk. */
  readonly manifest: Manifest;
  /** Its open log. */
  readonly log: LogWriter<C & typeof claimColumns>;
  /** Its claims. */
  readonly claims: readonly Claim<E>[];
  /** Options of its checkpoints; `null` where there are none. */
  readonly checkpoints: CheckpointConfiguration | null;
  /** What it goes on from; `null` for a run that begins. */
  readonly from: CheckpointFile | null;
}

/** The files of a run in progress. */
export class RunRecord<C extends ColumnTable, E> {
  readonly #folder: RunFolder;
  readonly #log: LogWriter<C & typeof claimColumns>;
  readonly #claims: readonly Claim<E>[];
  readonly #checkpoints: RunCheckpoints | null;
  readonly #startedAt = performance.now();
  #manifest: Manifest;
  #judged: readonly JudgedClaim[] = [];
  #closed = false;

  /**
   * @param parts Folder, manifest and log, as {@linkcode startRun} makes them and {@linkcode resumeRun} finds them.
   */
  constructor({ folder, manifest, log, claims, checkpoints, from }: RunParts<C, E>) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#log = log;
    this.#claims = claims;
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

  /** Claims with verdicts, empty before {@linkcode RunRecord.judge}. */
  get judged(): readonly JudgedClaim[] {
    return this.#judged;
  }

  /** When to save the state of the run, and what to go on from. */
  get checkpoints(): Checkpoints {
    return this.#checkpoints ?? noCheckpoints;
  }

  /** Appends a row. */
  log<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void {
    this.#checkpoints?.expectRestored();
    this.#log.write(kind, row as RowOf<(C & typeof claimColumns)[K]>);
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
  judge(evidence: E): readonly JudgedClaim[] {
    if (this.#judged.length > 0) throw new Error("expected claims to be judged once, found a second time");
    this.#judged = judgeClaims(this.#claims, evidence);
    const log: LogWriter<typeof claimColumns> = this.#log;
    for (
      const { id, source, criterion, predicted, measured, low, high, verdict, detail = "", errors } of this.#judged
    ) {
      log.write("claim", { id, source, criterion, predicted, measured, low, high, verdict, detail });
      if (errors !== undefined) log.write("comparison", { id, paperError: errors.paper, exactError: errors.exact });
    }
    log.flush();
    this.#folder.write(
      "claims.json",
      JSON.stringify(this.#judged, null, 2) + "\n",
      "claims with criterion and verdict",
    );
    this.#update({ files: this.#folder.files, verdicts: countVerdicts(this.#judged) });
    return this.#judged;
  }

  /** A run that ends well has judged what it claims, and a resumed one has gone on from where it was. */
  expectDone(): void {
    this.#checkpoints?.expectRestored();
    if (this.#claims.length !== this.#judged.length) {
      throw new Error(`expected run() to judge its ${this.#claims.length} claims, found none judged`);
    }
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

/** What tells the checkpoints of a run from those of another. */
export function identityOf({ experiment, configuration, seeds }: Manifest): Identity {
  return { experiment, configuration: shaping(configuration), seeds };
}

/** What decides how an adapter rounds, in words. */
function adapterName({ vendor, architecture, description, subgroupSize }: AdapterSummary): string {
  const names = [vendor, architecture, description].filter((name) => name !== "");
  return `${[...new Set(names)].join(", ")} (subgroups of ${subgroupSize})`;
}
