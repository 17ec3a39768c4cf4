/**
 * How a run begins, or goes on.
 *
 * @module
 */
import { dirname, join, resolve, toFileUrl } from "@std/path";
import { writeAtomically } from "../io/atomic.ts";
import { checkpointPath, latestCheckpoint, listCheckpoints } from "../checkpoint/checkpoint.ts";
import { CheckpointError } from "../checkpoint/checkpoint_error.ts";
import { logCriteria } from "./claim_rows.ts";
import { type ColumnTable, joinColumns, type standardColumns } from "./columns.ts";
import type { CommandLine } from "./command_line.ts";
import { claimsOf, type Experiment, isTrial, seedsOf } from "./experiment.ts";
import type { Cell } from "./cells.ts";
import { codeHash } from "./code_hash.ts";
import { CLOCK, CLOCK_IS, RunClock } from "./clock.ts";
import { gitCommit } from "./git_commit.ts";
import { LogWriter } from "./log.ts";
import { commandLine, type Manifest, type OfSweep, programFile, versions, writeManifest } from "./manifest.ts";
import type { Options } from "./option.ts";
import { logLengthAt } from "./run_checkpoints.ts";
import { RunFolder, runName } from "./run_folder.ts";
import { identityOf, RunRecord } from "./run_record.ts";
import { snapshotHere } from "./snapshot.ts";

/** Log of a run, inside its folder. */
export const LOG = "log.ndjson";
/** Copy of an experiment's file, inside a run folder. */
export const SOURCE = "experiment.ts";
const SOURCE_IS = "the experiment's file as it was run; what it imports is the commit's";
/** Description of the log. */
export const LOG_IS = "rows of the run, one JSON object a line; see columns";

/** Where a run comes from that is part of a sweep. */
export interface RunOrigin {
  /** The sweep and the task. */
  readonly sweep?: OfSweep;
  /** Cells that train side by side; the run is of one unless given. */
  readonly cells?: readonly Cell[];
}

/**
 * Makes the folder, says `running` in its manifest, and logs what every claim will be judged by.
 *
 * @param experiment What runs.
 * @param line What was asked for.
 * @param question What the experiment asks.
 * @param program The program as a user would type it.
 * @param args Its arguments.
 * @param origin Where it comes from.
 * @returns The run.
 * @throws {UserError} If the folder cannot be had; nothing has been computed by then.
 */
export function startRun<O extends Options, C extends ColumnTable>(
  experiment: Experiment<O, C>,
  line: CommandLine<O>,
  question: string,
  program: string,
  args: readonly string[],
  { sweep, cells }: RunOrigin = {},
): RunRecord<C> {
  const start = new Date();
  const { seed } = line.common;
  const columns = joinColumns((experiment.columns ?? {}) as C);
  const claims = cells === undefined ? claimsOf(experiment, line.configuration) : [];
  const snapshot = snapshotHere()?.time;
  const folder = RunFolder.create(
    line.out === undefined
      ? { experiment: experiment.name, run: runName(start, line.preset, seed) }
      : { out: line.out },
  );
  folder.enter(LOG, LOG_IS);
  folder.enter(CLOCK, CLOCK_IS);
  const source = sourceOf(experiment.doc);
  if (source !== null) folder.enter(SOURCE, SOURCE_IS, new TextEncoder().encode(source).length);
  const manifest: Manifest = {
    experiment: experiment.name,
    question,
    commandLine: commandLine(program, args),
    preset: line.preset,
    configuration: configurationOf(experiment, line),
    seeds: cells?.flatMap((cell) => cell.seeds) ?? seedsOf(experiment, line.configuration, seed),
    adapter: null,
    versions: versions(),
    gitCommit: commitHere(experiment.doc),
    codeHash: codeHere(experiment.doc),
    ...(snapshot !== undefined && { snapshot }),
    ...(sweep && { sweep }),
    ...(cells && { cells }),
    pid: Deno.pid,
    start: start.toISOString(),
    end: null,
    elapsedMs: null,
    status: "running",
    reason: null,
    resumptions: [],
    verdicts: {},
    files: folder.files,
    columns,
  };
  let log: LogWriter<C & typeof standardColumns> | undefined;
  try {
    if (source !== null) writeAtomically(join(folder.path, SOURCE), source);
    writeManifest(folder.path, manifest);
    log = timedLog(folder.path, columns);
    logCriteria(log, claims);
    return new RunRecord<C>({
      folder,
      manifest,
      log,
      claims,
      checkpoints: line.checkpoints,
      from: null,
      trial: isTrial(experiment, line.preset),
    });
  } catch (error) {
    // A manifest that says "running" must not outlive a start that failed.
    log?.close();
    folder.discard();
    throw error;
  }
}

/**
 * Takes a run that has ended before it was complete back to its newest checkpoint, or to its start where there is none.
 *
 * @param experiment What runs.
 * @param line What was asked for, by the manifest.
 * @param manifest The run's manifest as it was left.
 * @param path The run folder.
 * @returns The run, and what a user should know of how it goes on.
 * @throws {UserError} If its process is still running, or its log or its checkpoints are not what they should be. The
 *   folder is as it was.
 */
export function resumeRun<O extends Options, C extends ColumnTable>(
  experiment: Experiment<O, C>,
  line: CommandLine<O>,
  manifest: Manifest,
  path: string,
): { record: RunRecord<C>; notes: string[] } {
  const notes: string[] = [];
  const columns = joinColumns((experiment.columns ?? {}) as C);
  const claims = manifest.cells === undefined ? claimsOf(experiment, line.configuration) : [];
  const from = latestCheckpoint(path, ({ message }) => notes.push(`passed over ${message}`));
  const lost = manifest.files.find((file) => file.path.startsWith("checkpoints/"));
  if (from === null && lost !== undefined) {
    throw new CheckpointError(join(path, lost.path), "a checkpoint, as the manifest says", "none");
  }
  const length = from === null ? 0 : logLengthAt(from, identityOf(manifest));
  const log = timedLog(path, columns, length);
  try {
    const folder = RunFolder.reopen(path, manifest.files);
    folder.enter(LOG, LOG_IS);
    folder.enter(CLOCK, CLOCK_IS);
    for (const { step } of listCheckpoints(path)) folder.enter(checkpointPath(step), `state after step ${step}`);
    if (from === null) logCriteria(log, claims);
    const [commit, code] = [commitHere(experiment.doc), codeHere(experiment.doc)];
    const resumed: Manifest = {
      ...manifest,
      configuration: configurationOf(experiment, line),
      pid: Deno.pid,
      end: null,
      elapsedMs: null,
      status: "running",
      reason: null,
      resumptions: [
        ...manifest.resumptions ?? [],
        { time: new Date().toISOString(), step: from?.step ?? 0, gitCommit: commit, codeHash: code },
      ],
      verdicts: {},
      files: folder.files,
      columns,
    };
    writeManifest(path, resumed);
    notes.push(from === null ? "no checkpoint yet: beginning anew" : `going on from step ${from.step}`);
    if (commit !== manifest.gitCommit) {
      notes.push(`warning: the run began at commit ${manifest.gitCommit ?? "none"}, this is ${commit ?? "none"}`);
    }
    const known = manifest.resumptions?.at(-1)?.codeHash ?? manifest.codeHash ?? null;
    if (known !== null && code !== null && known !== code) {
      notes.push("warning: the code of the library, the kernels or the experiment has changed since the run began");
    }
    const [then, now] = [sourceOf(toFileUrl(resolve(path, SOURCE))), sourceOf(experiment.doc)];
    if (then !== null && now !== null && then !== now) {
      notes.push(`warning: the experiment's file is not what it was when the run began, see ${join(path, SOURCE)}`);
    }
    return {
      record: new RunRecord({
        folder,
        manifest: resumed,
        log,
        claims,
        checkpoints: line.checkpoints,
        from,
        trial: isTrial(experiment, line.preset),
      }),
      notes,
    };
  } catch (error) {
    log.close();
    throw error;
  }
}

/** Values of all options, and operands where an experiment takes any, as the manifest keeps them. */
function configurationOf<O extends Options, C extends ColumnTable>(
  { operands }: Experiment<O, C>,
  line: CommandLine<O>,
): Record<string, unknown> {
  return { ...(operands && { operands: line.operands }), ...line.configuration, ...line.common, ...line.checkpoints };
}

/**
 * Text of an experiment's file.
 *
 * @param doc Description of the experiment.
 * @returns The text; null where the description is no file's, or the file is gone.
 */
export function sourceOf(doc: string | URL): string | null {
  if (typeof doc === "string") return null;
  try {
    return Deno.readTextFileSync(doc);
  } catch {
    return null;
  }
}

function timedLog<C extends ColumnTable>(folder: string, columns: C, length?: number): LogWriter<C> {
  const clocks: RunClock[] = [];
  const log = new LogWriter(
    join(folder, LOG),
    columns,
    length,
    (bytes) => clocks.forEach((clock) => clock.note(bytes)),
  );
  // Only who holds the log may touch its clock.
  clocks.push(new RunClock(join(folder, CLOCK), length));
  return log;
}

function codeHere(doc: string | URL): string | null {
  return codeHash(programFile(doc));
}

function commitHere(doc: string | URL): string | null {
  const snapshot = snapshotHere();
  if (snapshot !== null) return snapshot.gitCommit;
  const file = programFile(doc);
  return file === null ? null : gitCommit(dirname(file));
}
