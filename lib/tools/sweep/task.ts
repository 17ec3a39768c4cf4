/**
 * One task of a sweep, in this process: `./lab sweep --task=I NAME`. It begins, goes on from its checkpoint, or ends at once
 * where it is complete.
 *
 * @module
 */
import { join } from "@std/path";
import type { AdapterSummary } from "../../gpu/mod.ts";
import { describeError, UserError } from "../../io/errors.ts";
import { cellFolder } from "../../run/split_cells.ts";
import { cellName } from "../../run/cells.ts";
import type { AnyExperiment } from "../../run/experiment.ts";
import { runExperiment } from "../../run/main.ts";
import { type OfSweep, readManifest } from "../../run/manifest.ts";
import type { RunOrigin } from "../../run/start_run.ts";
import { integer } from "../../run/options.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "../command.ts";
import { loadExperiment } from "../experiments.ts";
import { CODE, LOCKS, readSweep, sharedGpu, type Sweep, sweepFolder, taskFolder, taskNamed } from "./sweep_file.ts";
import { claimGpu, type GpuClaim } from "./gpu_claim.ts";
import { isDivergence, taskName, taskStanding } from "./status.ts";
import type { SweepTask } from "./plan.ts";

const command = defineCommand({
  name: "sweep --task=I",
  about:
    `Runs one task of a sweep in this process, as any scheduler may start it: it begins, goes on from its newest checkpoint, or
ends at once where it is complete or another process has it.`,
  options: {
    task: optionalText("I", "number of the task in sweep.json, from 0, or its hash"),
    offset: integer(0, { min: 0, help: "added to a number" }),
    gpu: optionalText("GPU", "machine and GPU, or device files, that Vulkan chooses from; lab says it"),
    out: optionalText("DIR", "folder of the sweep; results/sweeps/NAME unless given"),
  },
  operands: { name: "NAME", help: "name of the sweep", most: 1 },
  notes: "Exit code: as of a run: 0 complete, 1 failed, 2 refused, 128 + its number for the signal that ended it.",
});

async function main({ options, operands: [name] }: Asked<typeof command.options>): Promise<number> {
  if ((name ?? options.out) === undefined || options.task === undefined) {
    throw new UserError("expected --task=I and the name of a sweep, as in: ./lab sweep --task=0 NAME");
  }
  const folder = sweepFolder(options.out === undefined ? name : `${options.out}/`);
  const sweep = readSweep(folder);
  const number = /^\d+$/.test(options.task) ? String(Number(options.task) + options.offset) : options.task;
  return await runTask(folder, sweep, taskNamed(sweep, number), options.gpu);
}

/**
 * Runs a task.
 *
 * @param folder Folder of the sweep.
 * @param sweep The sweep.
 * @param task The task.
 * @param gpu The machine and what Vulkan chooses a GPU from there; nothing is told of GPUs that tasks share without it.
 * @returns Exit code, as of a run.
 */
export async function runTask(folder: string, sweep: Sweep, task: SweepTask, gpu?: string): Promise<number> {
  const name = `task ${sweep.tasks.indexOf(task)} (${task.hash})`;
  const say = (text: string) => console.error(`${name}: ${text}`);
  using lock = lockOf(join(folder, LOCKS, task.hash));
  if (!lock.held) {
    say("another process has it; nothing to do here");
    return 0;
  }
  const { status, reason } = taskStanding(folder, task);
  if (status === "complete") {
    say("complete already");
    return 0;
  }
  say(`${taskName(sweep, task)}${status === "waiting" ? "" : `; ${status} before`}`);
  const experiment = await loadExperiment(join(folder, CODE, sweep.file));
  // Options that name files are meant from where the sweep was submitted.
  try {
    Deno.chdir(sweep.workspace);
  } catch {
    say(`warning: expected the workspace ${sweep.workspace}, found none; files named by options are looked for here`);
  }
  let claim: GpuClaim | undefined;
  const opened = (adapter: AdapterSummary) => {
    if (gpu === undefined || claim !== undefined) return null;
    claim = claimGpu(join(folder, LOCKS), gpu, adapter, name);
    return tellShared(folder, task, adapter, claim.other);
  };
  const own = taskFolder(folder, task);
  const origin = { sweep: ofSweep(sweep, task), cells: task.cells };
  if (hasDivergedCell(own, task)) return await runCellsAlone(folder, sweep, task, experiment, opened);
  const { exitCode } = await begin(experiment, own, task.arguments, origin, opened);
  if (exitCode === 1 && hasDivergedCell(own, task)) {
    say(`one of its ${task.cells!.length} cells has diverged; each goes on alone`);
    return await runCellsAlone(folder, sweep, task, experiment, opened);
  }
  if (exitCode === 2 && reason !== null) say(`was ${status} before: ${reason}`);
  return exitCode;
}

/** Told of the adapter that a run has opened; returns a line for its log. */
type Opened = (adapter: AdapterSummary) => string | null;

/** Says in one line, and leaves for `--status`, that another task has the same GPU; takes away what an earlier attempt left. */
function tellShared(
  folder: string,
  task: SweepTask,
  { description }: AdapterSummary,
  other: string | null,
): string | null {
  const path = sharedGpu(folder, task);
  if (other === null) {
    if (exists(path)) Deno.removeSync(path);
    return null;
  }
  const line = `has opened the same GPU (${description}) as ${other}; lib/gpu/MACHINES.md says what decides which`;
  Deno.writeTextFileSync(path, line);
  return `warning: ${line}`;
}

const ofSweep = ({ name, swept }: Sweep, { hash }: SweepTask): OfSweep => ({ name, task: hash, options: swept });

/** Whether a run of several cells has failed because one of them diverged. */
function hasDivergedCell(folder: string, { cells = [] }: SweepTask): boolean {
  if (cells.length < 2 || !exists(join(folder, "manifest.json"))) return false;
  const { status, reason } = readManifest(folder);
  return status === "failed" && isDivergence(reason);
}

/** Begins a run in a folder, or goes on with the one that is there. */
async function begin(
  experiment: AnyExperiment,
  folder: string,
  args: readonly string[],
  origin: RunOrigin,
  opened: Opened,
) {
  const options = { signals: true, origin, opened };
  const there = exists(join(folder, "manifest.json"));
  if (there && experiment.resumable !== undefined) {
    return await runExperiment(experiment, [`--resume=${folder}`], options);
  }
  // Without checkpoints, and where a process ended before its manifest was there, a run begins anew.
  if (exists(folder)) Deno.removeSync(folder, { recursive: true });
  return await runExperiment(experiment, [...args, `--out=${folder}`], options);
}

/**
 * Runs the cells of a task one after the other, each as a run of its own in the folder that it would have had: one of them has
 * diverged, and has taken the others with it.
 */
async function runCellsAlone(
  folder: string,
  sweep: Sweep,
  task: SweepTask,
  experiment: AnyExperiment,
  opened: Opened,
): Promise<number> {
  const cells = task.cells!;
  const codes: number[] = [];
  for (const [index, cell] of cells.entries()) {
    const own = join(taskFolder(folder, task), cellFolder(cells, index));
    const known = exists(join(own, "manifest.json")) ? readManifest(own) : null;
    if (known?.status === "complete") continue;
    if (known?.status === "failed" && isDivergence(known.reason)) {
      codes.push(1);
      continue;
    }
    const given: Record<string, string> = {
      ...cell.values,
      seed: String(cell.seeds[0]),
      replicas: String(cell.seeds.length),
    };
    const args = task.arguments.map((argument) => {
      const key = /^--([^=]+)=/.exec(argument)?.[1];
      return key !== undefined && given[key] !== undefined ? `--${key}=${given[key]}` : argument;
    });
    const consecutive = cell.seeds.every((seed, r) => seed === (cell.seeds[0] + r) >>> 0);
    const origin = {
      sweep: ofSweep(sweep, task),
      ...(!consecutive && { cells: [{ values: {}, seeds: cell.seeds }] }),
    };
    console.error(`cell ${cellName(cell)} alone`);
    const { exitCode } = await begin(experiment, own, args, origin, opened);
    codes.push(exitCode);
    if (exitCode > 128) break;
  }
  return Math.max(0, ...codes);
}

/** Holds a lock for as long as the process lives; where the file system knows no locks, nobody is kept out. */
function lockOf(path: string): Disposable & { readonly held: boolean } {
  Deno.mkdirSync(join(path, ".."), { recursive: true });
  const file = Deno.openSync(path, { create: true, append: true });
  let held = true;
  try {
    held = file.tryLockSync(true);
  } catch {
    // Nothing can be told.
  }
  return { held, [Symbol.dispose]: () => file.close() };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw new UserError(`cannot read ${path} because of: ${describeError(error).line}`);
  }
}

if (import.meta.main) await runCommand(command, main);
