/**
 * Runs an experiment from its command line to its exit code.
 *
 * @module
 */
import { relative } from "@std/path";
import { everyOf } from "./checkpoint_options.ts";
import { claimsTable } from "../claims/terminal.ts";
import { countsInWords } from "../claims/words.ts";
import { writeFigure } from "../figures/mod.ts";
import { type AdapterSummary, openGpu, withoutComputing } from "../gpu/device.ts";
import type { ColumnTable } from "./columns.ts";
import { type CommandLine, parseCommandLine } from "./command_line.ts";
import { docText, firstParagraph } from "./docstring.ts";
import { describeError, reportError, UserError } from "../io/errors.ts";
import type { Experiment } from "./experiment.ts";
import { helpText } from "./help.ts";
import type { Options } from "./option.ts";
import { programFile } from "./manifest.ts";
import { createProgress, stderrTarget } from "./progress.ts";
import { manifestToResume, remainsOf, resumedLine } from "./resume.ts";
import { adapterText, contextOf } from "./run_context.ts";
import type { RunRecord } from "./run_record.ts";
import { dryMemoryText, DryRecord } from "./dry_run.ts";
import { cellConfiguration, splitCells } from "./split_cells.ts";
import { resumeRun, type RunOrigin, startRun } from "./start_run.ts";
import { exitCodeOf, listenForEnd } from "./signals.ts";

/** How a run ended. */
export interface Outcome {
  /** 0 complete (whatever the verdicts), 1 failed, 2 refused, 128 + its number for the signal that interrupted it. */
  readonly exitCode: number;
  /** Run folder, if it came that far. */
  readonly folder?: string;
}

/**
 * Runs an experiment in this process and reports on the terminal as its command line would.
 *
 * @param experiment What to run.
 * @param args Its command line.
 * @param signals Whether Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 end the run; a second one then ends the process.
 * @param origin The sweep that the run is part of, and the cells that it trains.
 * @param opened Told of the adapter once it is open; what it returns is printed.
 * @returns Exit code and folder; errors are reported, not thrown.
 */
export async function runExperiment<O extends Options, C extends ColumnTable>(
  experiment: Experiment<O, C>,
  args: readonly string[],
  { signals = false, origin, opened }: {
    readonly signals?: boolean;
    readonly origin?: RunOrigin;
    readonly opened?: (adapter: AdapterSummary) => string | null;
  } = {},
): Promise<Outcome> {
  const debug = args.includes("--debug");
  let line: CommandLine<O>;
  let record: RunRecord<C>;
  let notes: readonly string[] = [];
  try {
    const takesOperands = experiment.operands !== undefined;
    const every = everyOf(experiment.resumable);
    line = parseCommandLine(args, experiment.options, experiment.presets, every, takesOperands);
    const doc = docText(experiment.doc);
    if (line.help) {
      console.log(helpText(experiment, doc));
      return { exitCode: 0 };
    }
    const answer = experiment.answer?.(line.configuration, line.operands);
    if (answer !== undefined) {
      console.log(answer.text);
      return { exitCode: answer.error === undefined ? 0 : reportError(answer.error, debug) };
    }
    if (line.dryRun) {
      if (experiment.gpu === false) {
        throw new UserError("expected --dry-run of an experiment on a GPU, found one without");
      }
      experiment.check?.(line.configuration, line.operands);
      return await dryRun(experiment, line);
    }
    if (line.continues) {
      const remains = remainsOf(line.out!, experiment, line);
      if (remains === "a complete run") {
        if (!line.common.quiet) console.log(`results: ${line.out}`);
        return { exitCode: 0, folder: line.out! };
      }
      const { out, ...rest } = line;
      if (remains === "a run that goes on") line = { ...rest, resume: out! };
    }
    if (line.resume === undefined) {
      experiment.check?.(line.configuration, line.operands);
      const program = programName(experiment.name, experiment.doc);
      record = startRun(experiment, line, firstParagraph(doc), program, args, origin);
    } else {
      const manifest = manifestToResume(line.resume, experiment.name);
      line = resumedLine(line, manifest, experiment);
      experiment.check?.(line.configuration, line.operands);
      ({ record, notes } = resumeRun(experiment, line, manifest, line.resume!));
    }
  } catch (error) {
    return { exitCode: reportError(error, debug) };
  }
  return await runRecorded(experiment, line, record, notes, signals, opened);
}

/**
 * The last line of an experiment's file: `if (import.meta.main) await main(experiment);`. Ends the process.
 *
 * @param experiment What to run with the arguments of this process.
 */
export async function main<O extends Options, C extends ColumnTable>(
  experiment: Experiment<O, C>,
): Promise<never> {
  const { exitCode } = await runExperiment(experiment, Deno.args, { signals: true });
  Deno.exit(exitCode);
}

async function runRecorded<O extends Options, C extends ColumnTable>(
  experiment: Experiment<O, C>,
  line: CommandLine<O>,
  record: RunRecord<C>,
  notes: readonly string[],
  signals: boolean,
  opened?: (adapter: AdapterSummary) => string | null,
): Promise<Outcome> {
  const { common, configuration } = line;
  const progress = await createProgress(stderrTarget(common.quiet));
  for (const text of notes) progress.note(text);
  using end = listenForEnd(signals, (name) => {
    progress.stop();
    record.close("interrupted", `${name}, twice`);
  });
  let failure: unknown;
  try {
    const work = async () => {
      if (experiment.gpu !== false) {
        const { adapter } = await openGpu(common.adapter);
        record.setAdapter(adapter);
        progress.note(`adapter: ${adapterText(adapter)}`);
        const note = opened?.(adapter);
        if (note) progress.note(note);
      }
      const { cells } = record.manifest;
      const configurations = cells?.map((cell) => cellConfiguration(experiment, configuration, cell));
      const pack = cells && configurations && { cells, configurations };
      const context = await contextOf(experiment, line, record, progress, end.signal, undefined, pack);
      await experiment.run(context);
      end.signal.throwIfAborted();
      if (pack) return await splitCells(experiment, { record, ...pack, png: common.png });
      record.judge(context.measured);
      for (const [name, spec] of Object.entries(await experiment.figures?.(context.measured, configuration) ?? {})) {
        if (spec !== null) await writeFigure(record.write, name, spec, { png: common.png });
      }
    };
    await Promise.race([work(), end.fatal]);
  } catch (error) {
    if (end.name === undefined || error !== end.signal.reason) failure = error;
  }
  progress.stop();
  try {
    if (failure !== undefined) record.close("failed", describeError(failure, true).line);
    else if (end.name !== undefined) record.close("interrupted", end.name);
    else record.close("complete", null);
  } catch (error) {
    failure ??= error;
  }

  const terminal = Deno.stdout.isTerminal();
  const style = terminal ? { colour: !Deno.noColor, width: Deno.consoleSize().columns } : {};
  const table = claimsTable(record.judged, style);
  if (table !== "") console.log(`${table}\nclaims: ${countsInWords(record.judged)}`);
  if (failure !== undefined) {
    return { exitCode: reportError(failure, common.debug), folder: record.folder };
  }
  if (end.name !== undefined) {
    const next = experiment.resumable === undefined ? "" : `; continue with --resume=${record.folder}`;
    console.error(`interrupted: partial log kept in ${record.folder}${next}`);
    return { exitCode: exitCodeOf(end.name), folder: record.folder };
  }
  if (!common.quiet) console.log(`results: ${record.folder}`);
  return { exitCode: 0, folder: record.folder };
}

/** Records everything that a run would compute, and computes, judges, draws and writes nothing. */
async function dryRun<O extends Options, C extends ColumnTable>(
  experiment: Experiment<O, C>,
  line: CommandLine<O>,
): Promise<Outcome> {
  const { common: { adapter: choice, quiet, debug } } = line;
  const progress = await createProgress(stderrTarget(quiet));
  const exitCode = await withoutComputing(choice, async ({ adapter, dry }) => {
    progress.note(`adapter: ${adapterText(adapter)}`);
    let failure: unknown;
    try {
      const { signal } = new AbortController();
      await experiment.run(await contextOf(experiment, line, new DryRecord<C>(), progress, signal));
    } catch (error) {
      failure = error;
    }
    progress.stop();
    console.log(dryMemoryText(dry));
    const error = dry.refused[0] ?? failure;
    return error === undefined ? 0 : reportError(error, debug);
  });
  return { exitCode };
}

/** The started file as seen from the working folder; an experiment run by other code goes by its name. */
function programName(name: string, doc: string | URL): string {
  const path = programFile(doc);
  if (path === null) return name;
  const short = relative(Deno.cwd(), path);
  return short.startsWith("..") ? name : short;
}
