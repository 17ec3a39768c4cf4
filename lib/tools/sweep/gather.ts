/**
 * Claims of a sweep, judged over all seeds of each cell.
 *
 * @module
 */
import { join } from "@std/path";
import { judgeClaims, type JudgedClaim } from "../../claims/mod.ts";
import { claimsTable } from "../../claims/terminal.ts";
import { countsInWords } from "../../claims/words.ts";
import { writeAtomically } from "../../io/atomic.ts";
import { cellName } from "../../run/cells.ts";
import { type AnyExperiment, claimsOf, isTrial } from "../../run/experiment.ts";
import { openRun } from "../../run/kept_run.ts";
import { readManifest } from "../../run/manifest.ts";
import { cellFolder } from "../../run/split_cells.ts";
import { configurationOf } from "../../run/resume.ts";
import { Measurements } from "../../study/measurements.ts";
import { loadExperiment } from "../experiments.ts";
import type { SweepCell } from "./plan.ts";
import { CODE, readSweep, type Sweep, taskFolder } from "./sweep_file.ts";
import { standing } from "../../run/liveness.ts";

/** A run that holds some of the seeds of a cell. */
export interface CellRun {
  /** Its folder. */
  readonly folder: string;
  /** Its seeds, in the order of its replicas. */
  readonly seeds: readonly number[];
  /** Whether it is complete. */
  readonly complete: boolean;
}

/** A cell of a sweep with its runs. */
export interface GatheredCell {
  /** Values of the options that are swept, and seeds. */
  readonly cell: SweepCell;
  /** Its runs, in the order of the tasks. */
  readonly runs: readonly CellRun[];
}

/**
 * The runs of every cell.
 *
 * @param folder Folder of the sweep.
 * @param sweep The sweep.
 * @returns Cells in their order.
 */
export function cellRuns(folder: string, { cells, tasks }: Sweep): GatheredCell[] {
  const runs: CellRun[][] = cells.map(() => []);
  for (const task of tasks) {
    const own = taskFolder(folder, task);
    for (const [index, { cell, seeds }] of task.parts.entries()) {
      const at = task.cells === undefined ? own : join(own, cellFolder(task.cells, index));
      runs[cell].push({ folder: at, seeds, complete: isComplete(at) });
    }
  }
  return cells.map((cell, index) => ({ cell, runs: runs[index] }));
}

function isComplete(folder: string): boolean {
  try {
    return standing(folder, readManifest(folder)).status === "complete";
  } catch {
    return false;
  }
}

/**
 * Numbers of the complete runs of a cell as those of one run: replica r is that of the cell's r-th seed among those that are
 * complete; theories are the first run's.
 *
 * @param runs Runs of the cell.
 * @returns The numbers.
 */
export async function unionOf(runs: readonly CellRun[]): Promise<Measurements> {
  const union = new Measurements();
  const complete = runs.filter((run) => run.complete);
  let first = 0;
  for (const [index, run] of complete.entries()) {
    const measured = await openRun(run.folder).measured();
    for (const row of measured.rows()) union.add({ ...row, replica: first + row.replica });
    if (index === 0) { for (const row of measured.theoryRows()) union.addTheory(row); }
    first += run.seeds.length;
  }
  return union;
}

/** Claims of a cell. */
export interface JudgedCell {
  /** Values of the options that are swept. */
  readonly values: Readonly<Record<string, string>>;
  /** Seeds that the claims are judged over. */
  readonly seeds: readonly number[];
  /** Seeds that are missing, because their runs are not complete. */
  readonly missing: readonly number[];
  /** Claims, each criterion with the replicas it is over; none where no run is complete. */
  readonly claims: readonly JudgedClaim[];
}

/**
 * Judges the claims of a cell over all of its seeds whose runs are complete.
 *
 * @param experiment The experiment.
 * @param gathered The cell and its runs.
 * @param preset Name of the preset.
 * @returns Claims.
 */
export async function judgeCell(
  experiment: AnyExperiment,
  { cell, runs }: GatheredCell,
  preset: string,
): Promise<JudgedCell> {
  const complete = runs.filter((run) => run.complete);
  const seeds = complete.flatMap((run) => run.seeds);
  const missing = cell.seeds.filter((seed) => !seeds.includes(seed));
  if (complete.length === 0) return { values: cell.values, seeds, missing, claims: [] };
  const own = configurationOf(experiment, readManifest(complete[0].folder));
  // As many as there are, be they more than one run may have.
  const configuration = Object.hasOwn(own, "replicas") ? { ...own, replicas: seeds.length } : own;
  const claims = judgeClaims(claimsOf(experiment, configuration), await unionOf(complete), isTrial(experiment, preset));
  const over = complete.length === 1 ? "" : ` Over ${seeds.length} seeds of ${complete.length} tasks.`;
  return {
    values: cell.values,
    seeds,
    missing,
    claims: claims.map((claim) => ({ ...claim, criterion: `${claim.criterion}${over}` })),
  };
}

/**
 * Judges the claims of every cell.
 *
 * @param folder Folder of the sweep.
 * @returns Cells in their order.
 */
export async function judgeSweep(folder: string): Promise<JudgedCell[]> {
  const sweep = readSweep(folder);
  const experiment = await loadExperiment(join(folder, CODE, sweep.file));
  const judged: JudgedCell[] = [];
  for (const gathered of cellRuns(folder, sweep)) judged.push(await judgeCell(experiment, gathered, sweep.preset));
  return judged;
}

/**
 * Judges the claims of every cell, prints them and writes `claims.json` into the folder of the sweep.
 *
 * @param folder Folder of the sweep.
 * @returns Exit code: 0 if all cells have all their seeds, else 1.
 */
export async function gatherSweep(folder: string): Promise<number> {
  const judged = await judgeSweep(folder);
  const style = Deno.stdout.isTerminal() ? { colour: !Deno.noColor, width: Deno.consoleSize().columns } : {};
  for (const cell of judged) {
    const seeds = `${cell.seeds.length} of ${cell.seeds.length + cell.missing.length} seeds`;
    console.log(`${cellName(cell)}: ${seeds}; claims: ${countsInWords(cell.claims)}`);
    if (cell.claims.length > 0) console.log(`${claimsTable(cell.claims, style)}\n`);
  }
  writeAtomically(join(folder, "claims.json"), JSON.stringify(judged, null, 2) + "\n");
  const short = judged.filter(({ missing }) => missing.length > 0);
  if (short.length > 0) {
    console.log(`${short.length} of ${judged.length} cells lack seeds: ./lab sweep --status ${readSweep(folder).name}`);
  }
  return short.length === 0 ? 0 : 1;
}
