/**
 * From a run of several cells to a run folder of each, as if each had been run alone.
 *
 * @module
 */
import { join } from "@std/path";
import { writeAtomically } from "../io/atomic.ts";
import { describeError, RunError } from "../io/errors.ts";
import { writeFigure } from "../figures/write.ts";
import { Measurements, type MeasureRow, type TheoryNumber } from "../study/measurements.ts";
import { type Cell, cellName, placesOf } from "./cells.ts";
import { type ColumnTable, joinColumns, type LogRow } from "./columns.ts";
import { type AnyExperiment, claimsOf, type Experiment, isTrial } from "./experiment.ts";
import { parseCommandLine } from "./command_line.ts";
import { CELLS } from "./find_runs.ts";
import { LogWriter } from "./log.ts";
import { type Manifest, writeManifest } from "./manifest.ts";
import type { Configuration, Options } from "./option.ts";
import { RunFolder } from "./run_folder.ts";
import { RunRecord } from "./run_record.ts";
import { logCriteria } from "./claim_rows.ts";
import { LOG, LOG_IS, SOURCE, sourceOf } from "./start_run.ts";

/**
 * Name of a theory that holds for one cell alone, in the log of a run of several.
 *
 * @param theory Its name.
 * @param cell The cell.
 * @returns Both.
 */
export function theoryOfCell(theory: string, cell: Pick<Cell, "values">): string {
  return `${theory} (${cellName(cell)})`;
}

/**
 * Folder of a cell, inside the run that it was part of.
 *
 * @param cells Cells of the run.
 * @param index Which one.
 * @returns Path such as `cells/0-lr=0.01`.
 */
export function cellFolder(cells: readonly Cell[], index: number): string {
  const name = cellName(cells[index]).replaceAll(", ", ",").replaceAll(/[^\w.,=+-]/g, "_");
  return join(CELLS, `${index}-${name}`);
}

/**
 * Values of all options in a cell.
 *
 * @param experiment The experiment.
 * @param configuration Values of all options in the run.
 * @param cell The cell.
 * @returns Those of the cell; of `replicas`, where there is such an option, as many as it has seeds.
 * @throws {UserError} If a value is outside an option's domain.
 */
export function cellConfiguration<O extends Options, C extends ColumnTable>(
  { options, presets }: Experiment<O, C>,
  configuration: Configuration<O>,
  { values, seeds }: Cell,
): Configuration<O> {
  const own: Record<string, string> = {
    ...values,
    ...(typeof (configuration as Record<string, unknown>).replicas === "number" && { replicas: String(seeds.length) }),
  };
  const args = Object.entries(options).map(([key, option]) =>
    `--${key}=${own[key] ?? option.show((configuration as Record<string, unknown>)[key])}`
  );
  return parseCommandLine(args, options, presets).configuration;
}

/** A run and its cells. */
export interface SplitParts {
  /** The run, whose cells have trained. */
  readonly record: RunRecord<ColumnTable>;
  /** Its cells. */
  readonly cells: readonly Cell[];
  /** Values of all options of each cell. */
  readonly configurations: readonly Readonly<Record<string, unknown>>[];
  /** Whether figures are wanted as PNG too. */
  readonly png: boolean;
}

/**
 * Writes a run folder of every cell: manifest, log, claims and figures as if it had been run alone. What lies there from an
 * earlier attempt is written anew.
 *
 * @param experiment The experiment.
 * @param parts Run and cells.
 * @throws {RunError} If claims or figures of a cell cannot be had, naming the first; all others are written.
 */
export async function splitCells(
  experiment: AnyExperiment,
  { record, cells, configurations, png }: SplitParts,
): Promise<void> {
  const root = join(record.folder, CELLS);
  try {
    Deno.removeSync(root, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const places = placesOf(cells);
  const parts = cells.map((cell, index) => ({
    cell,
    first: places[index][0],
    configuration: configurations[index],
    run: startCell(experiment, record, cells, index, configurations[index]),
    measured: new Measurements(),
  }));
  const owner = places.flatMap((own, index) => own.map(() => parts[index]));
  const names = cells.map((cell) => theoryOfCell("", cell));
  for await (const row of record.rows()) {
    if (row.kind === "measure") {
      const { run, measured, first } = owner[Number(row.replica)];
      const own = { ...withoutKind(row), replica: Number(row.replica) - first } as unknown as MeasureRow;
      if (measured.add(own)) run.logMeasured(own);
    } else if (row.kind === "theory") {
      const theory = String(row.theory);
      const index = names.findIndex((name) => theory.endsWith(name));
      for (const { run, measured } of index < 0 ? parts : [parts[index]]) {
        const own = {
          ...withoutKind(row),
          theory: index < 0 ? theory : theory.slice(0, -names[index].length),
        } as unknown as TheoryNumber;
        if (measured.addTheory(own)) run.logTheory(own);
      }
    }
  }
  const failures: string[] = [];
  for (const { cell, configuration, run, measured } of parts) {
    try {
      run.judge(measured);
      for (const [name, spec] of Object.entries(await experiment.figures?.(measured, configuration) ?? {})) {
        if (spec !== null) await writeFigure(run.write, name, spec, { png });
      }
      run.close("complete", null);
    } catch (error) {
      const reason = describeError(error, true).line;
      failures.push(`${cellName(cell)}: ${reason}`);
      run.close("failed", reason);
    }
  }
  if (failures.length > 0) {
    throw new RunError(
      `expected claims and figures of ${cells.length} cells, ${failures.length} failed; ${failures[0]}`,
    );
  }
}

const withoutKind = ({ kind: _, ...rest }: LogRow) => rest;

function startCell(
  experiment: AnyExperiment,
  { folder: pack, manifest: whole, startedAt }: RunRecord<ColumnTable>,
  cells: readonly Cell[],
  index: number,
  configuration: Readonly<Record<string, unknown>>,
): RunRecord<ColumnTable> {
  const cell = cells[index];
  const claims = claimsOf(experiment, configuration);
  const columns = joinColumns(experiment.columns ?? {});
  const folder = RunFolder.create({ out: join(pack, cellFolder(cells, index)) });
  folder.enter(LOG, LOG_IS);
  const source = sourceOf(experiment.doc);
  if (source !== null) {
    folder.enter(SOURCE, "the experiment's file as it was run", writeAtomically(join(folder.path, SOURCE), source));
  }
  const { cells: _cells, resumptions: _resumptions, ...shared } = whole;
  const manifest: Manifest = {
    ...shared,
    configuration: { ...whole.configuration, ...configuration, seed: cell.seeds[0] },
    seeds: cell.seeds,
    packed: { replicas: whole.seeds.length, cells: cells.length },
    resumptions: [],
    verdicts: {},
    files: folder.files,
    columns,
  };
  writeManifest(folder.path, manifest);
  const log = new LogWriter(join(folder.path, LOG), columns);
  logCriteria(log, claims);
  return new RunRecord<ColumnTable>({
    folder,
    manifest,
    log,
    claims,
    checkpoints: null,
    from: null,
    trial: isTrial(experiment, whole.preset),
    startedAt,
  });
}
