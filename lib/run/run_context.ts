/**
 * The context of a running experiment, whatever keeps its rows: files, or memory.
 *
 * @module
 */
import type { AdapterSummary } from "../gpu/device.ts";
import type { FileWriter } from "../figures/write.ts";
import type { Measurements, MeasureRow, TheoryNumber } from "../study/measurements.ts";
import type { Snapshots } from "../study/snapshots.ts";
import type { Pace } from "../train/loop_options.ts";
import { type Cell, placesOf, type RunCell, withoutDiffering } from "./cells.ts";
import type { ColumnTable, RowOf } from "./columns.ts";
import type { CommandLine } from "./command_line.ts";
import { type Experiment, type RunContext, seedsOf } from "./experiment.ts";
import { checkWhole, ReplicaCounts, rowsOf, theoryRowsOf } from "./measured_rows.ts";
import type { Configuration, Options } from "./option.ts";
import type { Progress } from "./progress.ts";
import type { Checkpoints } from "./run_checkpoints.ts";
import type { RunPhases } from "./run_phases.ts";
import { theoryOfCell } from "./split_cells.ts";

/** Keeper of a run's rows: files, or memory. */
export interface Recorder<C extends ColumnTable> {
  /** Its folder, for messages. */
  readonly folder: string;
  /** When to save the state of the run, and what to go on from. */
  readonly checkpoints: Checkpoints;
  /** Numbers, snapshots and trainings so far. */
  recall(): Promise<{ measured: Measurements; snapshots: Snapshots; phases: RunPhases }>;
  /** Appends a number that was measured. */
  logMeasured(row: MeasureRow): void;
  /** Appends a number of a theory. */
  logTheory(row: TheoryNumber): void;
  /** Appends a row of the experiment's own. */
  log<K extends keyof C & string>(kind: K, row: RowOf<C[K]>): void;
  /** Rows of a kind so far. */
  logged<K extends keyof C & string>(kind: K): Promise<readonly RowOf<C[K]>[]>;
  /** Writes a file. */
  readonly write: FileWriter;
}

/**
 * Makes the context of a running experiment.
 *
 * @param experiment Its definition.
 * @param line What was asked for.
 * @param record What keeps its rows.
 * @param progress Where it says how far it is.
 * @param signal Aborted when the run is told to end.
 * @param pace Sets the pace of trainings; as fast as the GPU goes unless given.
 * @param pack Cells, of a run of several; after the pace.
 * @returns The context.
 */
export async function contextOf<O extends Options, C extends ColumnTable>(
  experiment: Experiment<O, C>,
  { configuration, common, operands }: CommandLine<O>,
  record: Recorder<C>,
  progress: Progress,
  signal: AbortSignal,
  pace?: Pace,
  pack?: Pack<O>,
): Promise<RunContext<O, C>> {
  const { measured, snapshots, phases } = await record.recall();
  const seeds = pack?.cells.flatMap((cell) => cell.seeds) ?? seedsOf(experiment, configuration, common.seed);
  const counts = new ReplicaCounts(seeds.length);
  const theory: RunContext<O, C>["theory"] = (theory, of, steps, values) => {
    for (const row of theoryRowsOf(theory, of, steps, values)) if (measured.addTheory(row)) record.logTheory(row);
  };
  const cells = pack === undefined
    ? [{ configuration, seeds, replicas: seeds.map((_, replica) => replica), theory }]
    : cellsOf(pack, theory);
  const valueOf = (key: string, { configuration }: RunCell<O>) => (configuration as Record<string, unknown>)[key];
  return {
    cells,
    each: (key) => cells.flatMap((cell) => cell.seeds.map(() => valueOf(key, cell) as Configuration<O>[typeof key])),
    configuration: pack === undefined ? configuration : withoutDiffering(configuration, differing(pack.cells)),
    operands,
    seed: common.seed,
    seeds,
    png: common.png,
    signal,
    progress,
    folder: record.folder,
    measured,
    measure(at, values) {
      counts.check(at, values);
      if (pack !== undefined) checkWhole(at, values, seeds);
      for (const row of rowsOf(at, values)) if (measured.add(row)) record.logMeasured(row);
    },
    measureCurves(of, curves) {
      if (pack !== undefined) checkWhole(of, { [of.quantity]: curves.map(() => 0) }, seeds);
      curves.forEach(({ x, y }, replica) =>
        x.forEach((step, index) => {
          const row = { ...of, step, replica, value: y[index] };
          if (measured.add(row)) record.logMeasured(row);
        })
      );
    },
    theory,
    snapshots,
    phases,
    ...(pace && { pace }),
    restored: (label) => phases.restored(label),
    log(kind, row) {
      if (pack !== undefined) {
        throw new Error(
          `expected rows of measurements and theories alone in a run of several cells, found one of ${kind}`,
        );
      }
      record.log(kind, row);
    },
    logged: (kind) => record.logged(kind),
    write: record.write,
    checkpoints: record.checkpoints,
    note: (text) => progress.note(text),
  };
}

/** Cells of a run of several. */
export interface Pack<O extends Options> {
  /** The cells. */
  readonly cells: readonly Cell[];
  /** Options of each. */
  readonly configurations: readonly Configuration<O>[];
}

/** Names of the options in which cells differ. */
export const differing = (cells: readonly Cell[]) => [...new Set(cells.flatMap(({ values }) => Object.keys(values)))];

function cellsOf<O extends Options>(
  { cells, configurations }: Pack<O>,
  theory: RunCell<O>["theory"],
): RunCell<O>[] {
  const places = placesOf(cells);
  return cells.map((cell, index) => ({
    configuration: configurations[index],
    seeds: cell.seeds,
    replicas: places[index],
    theory: (name, of, steps, values) => theory(theoryOfCell(name, cell), of, steps, values),
  }));
}

/** Names an adapter, without the device, which drivers give as a number. */
export function adapterText({ vendor, architecture, description, software }: AdapterSummary): string {
  const names = [vendor, architecture, description].filter((name) => name !== "");
  return `${[...new Set(names)].join(", ")} (${software ? "software" : "hardware"})`;
}
