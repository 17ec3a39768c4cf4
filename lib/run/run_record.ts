/**
 * What a run leaves, kept in step with it: folder, manifest, log and claims.
 *
 * @module
 */
import { join } from "@std/path";
import { type Claim, countVerdicts, judgeClaims, type JudgedClaim } from "./claims.ts";
import { type claimColumns, type ColumnTable, joinColumns, type RowOf } from "./columns.ts";
import type { CommandLine } from "./command_line.ts";
import type { AdapterSummary } from "../gpu/device.ts";
import { describeError } from "./errors.ts";
import { claimsOf, type Experiment } from "./experiment.ts";
import { gitCommit } from "./git_commit.ts";
import { LogWriter } from "./log.ts";
import { commandLine, type Manifest, programFolder, type RunStatus, versions, writeManifest } from "./manifest.ts";
import type { Options } from "./option.ts";
import { type FileWriter, RunFolder, runName } from "./run_folder.ts";

/** The files of a run in progress. */
export class RunRecord<C extends ColumnTable, E> {
  readonly #folder: RunFolder;
  readonly #log: LogWriter<C & typeof claimColumns>;
  readonly #claims: readonly Claim<E>[];
  readonly #startedAt = performance.now();
  #manifest: Manifest;
  #judged: readonly JudgedClaim[] = [];
  #closed = false;

  private constructor(
    folder: RunFolder,
    manifest: Manifest,
    log: LogWriter<C & typeof claimColumns>,
    claims: readonly Claim<E>[],
  ) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#log = log;
    this.#claims = claims;
  }

  /**
   * Makes the folder, says `running` in its manifest, and logs what every claim will be judged by.
   *
   * @throws {UserError} If the folder cannot be had; nothing has been computed by then.
   */
  static open<O extends Options, C extends ColumnTable, E>(
    experiment: Experiment<O, C, E>,
    line: CommandLine<O>,
    question: string,
    program: string,
    args: readonly string[],
  ): RunRecord<C, E> {
    const start = new Date();
    const { seed } = line.common;
    const columns = joinColumns(experiment.columns);
    const claims = claimsOf(experiment, line.configuration);
    const folder = RunFolder.create(
      line.out === undefined
        ? { experiment: experiment.name, run: runName(start, line.preset, seed) }
        : { out: line.out },
    );
    const home = programFolder();
    folder.enter("log.ndjson", "rows of the run, one JSON object a line; see columns");
    const manifest: Manifest = {
      experiment: experiment.name,
      question,
      commandLine: commandLine(program, args),
      preset: line.preset,
      configuration: { ...line.configuration, ...line.common },
      seeds: [seed],
      adapter: null,
      versions: versions(),
      gitCommit: home === null ? null : gitCommit(home),
      pid: Deno.pid,
      start: start.toISOString(),
      end: null,
      elapsedMs: null,
      status: "running",
      reason: null,
      verdicts: {},
      files: folder.files,
      columns,
    };
    let log: LogWriter<C & typeof claimColumns> | undefined;
    try {
      writeManifest(folder.path, manifest);
      log = new LogWriter(join(folder.path, "log.ndjson"), columns);
      logCriteria(log, claims);
      return new RunRecord<C, E>(folder, manifest, log, claims);
    } catch (error) {
      // A manifest that says "running" must not outlive a start that failed.
      log?.close();
      folder.discard();
      throw error;
    }
  }

  /** Path of the run folder. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Claims with verdicts, empty before {@linkcode RunRecord.judge}. */
  get judged(): readonly JudgedClaim[] {
    return this.#judged;
  }

  /** Appends a row. */
  log<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void {
    this.#log.write(kind, row as RowOf<(C & typeof claimColumns)[K]>);
  }

  /** Writes a file and enters it in the manifest at once, so that a crash leaves a true index. */
  readonly write: FileWriter = async (path, content, description) => {
    await this.#folder.write(path, content, description);
    this.#update({ files: this.#folder.files });
  };

  /** Puts the adapter into the manifest. */
  setAdapter(adapter: AdapterSummary): void {
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

  /** A run that ends well has judged what it claims. */
  expectJudged(): void {
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
      this.#end("failed", reason ?? (describeError(error).line));
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

function logCriteria<E>(log: LogWriter<typeof claimColumns>, claims: readonly Claim<E>[]): void {
  for (const { id, statement, source, criterion } of claims) {
    log.write("criterion", { id, statement, source, criterion });
  }
  log.flush();
}
