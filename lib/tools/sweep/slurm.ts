/**
 * Sweeps on Slurm: a batch script that a user of sbatch reads at a glance, and what the queue says.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { UserError } from "../../io/errors.ts";
import { writeAtomically } from "../../io/atomic.ts";

/** Parts of a batch script. */
export interface Submission {
  /** Folder of the sweep, absolute. */
  readonly folder: string;
  /** Numbers of the tasks. */
  readonly tasks: readonly number[];
  /** Number of all tasks of the sweep. */
  readonly of: number;
  /** Name of the experiment. */
  readonly experiment: string;
  /** Options of `sbatch`, as its user would type them. */
  readonly options: string;
  /** Most tasks at a time; null for as many as the cluster allows. */
  readonly parallel: number | null;
}

/**
 * Numbers as `sbatch --array` takes them.
 *
 * @param numbers Numbers, ascending.
 * @returns Text such as `0-3,7`.
 *
 * @example
 * ```ts
 * import { arrayText } from "./slurm.ts";
 *
 * if (arrayText([0, 1, 2, 5]) !== "0-2,5") throw new Error("not as sbatch has it");
 * ```
 */
export function arrayText(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([from, to]) => from === to ? String(from) : `${from}-${to}`).join(",");
}

/**
 * Splits options as a shell does: blanks separate them, quotes keep them together.
 *
 * @param text Options.
 * @returns One text each.
 * @throws {UserError} If a quote is left open.
 */
export function splitOptions(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (const letter of text) {
    if (quote !== "") {
      if (letter === quote) quote = "";
      else word += letter;
    } else if (letter === '"' || letter === "'") [quote, word] = [letter, word ?? ""];
    else if (/\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + letter;
  }
  if (quote !== "") throw new UserError(`expected --slurm with closed quotes, found ${text}`);
  if (word !== null) words.push(word);
  return words;
}

/** Options that the script sets itself: two values of one would contradict each other. */
const OWN = ["array", "a", "output", "o", "error", "e", "open-mode", "requeue", "no-requeue", "signal", "wrap"];

/**
 * The batch script of a sweep.
 *
 * @param submission What is submitted.
 * @returns Text of `submit.sh`.
 * @throws {UserError} If an option is none of sbatch, or one that the script sets.
 */
export function batchScript({ folder, tasks, of, experiment, options, parallel }: Submission): string {
  const given = splitOptions(options);
  for (const option of given) {
    const [, dashes, name] = /^(--?)([\w-]+)/.exec(option) ?? [];
    if (dashes === undefined && given.indexOf(option) === 0 || option.includes("\n")) {
      throw new UserError(
        `expected options of sbatch in --slurm, as --slurm='--partition=gpu --gres=gpu:1', found ${option}`,
      );
    }
    if (dashes !== undefined && OWN.includes(name)) {
      throw new UserError(`expected --slurm without ${dashes}${name}, which submit.sh sets itself, found ${option}`);
    }
  }
  const named = given.some((option) => /^(--job-name\b|-J)/.test(option));
  const word = (text: string) => /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replaceAll(/(["\\$`])/g, "\\$1")}"`;
  const lines: string[] = [];
  for (const option of given) {
    // A value that stands apart belongs to the option before it.
    if (option.startsWith("-")) lines.push(`#SBATCH ${word(option)}`);
    else lines[lines.length - 1] += ` ${word(option)}`;
  }
  const shell = (text: string) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh
# Sweep ${
    basename(folder)
  }: ${tasks.length} of ${of} tasks of ${experiment}, one an index of the array; sweep.json lists them.
# Submitting this again is harmless: a task that is complete, or that another job has, ends at once.
${named ? "" : `#SBATCH --job-name=${word(basename(folder))}\n`}#SBATCH --array=${arrayText(tasks)}${
    parallel === null ? "" : `%${parallel}`
  }
#SBATCH --output=${word(join(folder, "logs", "%a.log"))}
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=TERM@120
${lines.join("\n")}${lines.length > 0 ? "\n" : ""}
# A job step gets the TERM that Slurm sends 120 s before the time limit; this shell does not. The first argument is added to
# the index, where a sweep has more tasks than an array of this cluster may have.
srun --ntasks=1 ${shell(join(folder, "code", "lab"))} sweep --task="$SLURM_ARRAY_TASK_ID" --offset="\${1:-0}" \\
  --out=${shell(folder)}
code=$?

case $code in
  129 | 138 | 143)
    # HUP, USR1 or TERM: the run has saved a checkpoint, and goes on from it when the job starts again.
    scontrol requeue "$SLURM_JOB_ID"
    code=75
    ;;
esac
exit $code
`;
}

/** Job of a submission. */
export interface Submitted {
  /** Number of the array's job. */
  readonly job: string;
  /** Added to the index of the array. */
  readonly offset: number;
  /** Numbers of the tasks. */
  readonly tasks: readonly number[];
  /** When, UTC, ISO 8601. */
  readonly time: string;
}

/**
 * Writes `submit.sh` and hands it to sbatch: once, or in several arrays where the cluster takes no array of that size.
 *
 * @param submission What is submitted; its tasks are not empty.
 * @returns The jobs.
 * @throws {UserError} If there is no sbatch, or it refuses, with what it says. Jobs that were submitted before are recorded.
 */
export async function submit(submission: Submission): Promise<Submitted[]> {
  const { folder, tasks, parallel } = submission;
  const script = join(folder, "submit.sh");
  writeAtomically(script, batchScript(submission));
  const most = await maxArraySize();
  const pieces = [...Map.groupBy(tasks, (task) => Math.floor(task / most)).entries()];
  const jobs: Submitted[] = [];
  for (const [piece, own] of pieces) {
    const offset = piece * most;
    const array = arrayText(own.map((task) => task - offset)) + (parallel === null ? "" : `%${parallel}`);
    const split = pieces.length > 1 || offset > 0;
    const said = await ask("sbatch", [
      "--parsable",
      ...(split ? [`--array=${array}`] : []),
      script,
      ...(split ? [String(offset)] : []),
    ]);
    const job = said.trim().split(";")[0];
    const submitted = { job, offset, tasks: own, time: new Date().toISOString() };
    jobs.push(submitted);
    Deno.writeTextFileSync(join(folder, "jobs.ndjson"), JSON.stringify(submitted) + "\n", { append: true });
  }
  return jobs;
}

/** Indices of an array are below this. */
async function maxArraySize(): Promise<number> {
  try {
    const found = /MaxArraySize\s*=\s*(\d+)/.exec(await ask("scontrol", ["show", "config"]));
    return found === null ? 1001 : Math.max(1, Number(found[1]));
  } catch {
    return 1001;
  }
}

/** Jobs of a sweep that Slurm still has, by number of the task: their states in its words. */
export async function queued(folder: string): Promise<ReadonlyMap<number, string>> {
  const jobs = submittedJobs(folder);
  const states = new Map<number, string>();
  if (jobs.length === 0) return states;
  let text: string;
  try {
    text = await ask("squeue", [
      "--noheader",
      "--array",
      "--format=%F %K %T",
      `--jobs=${jobs.map(({ job }) => job).join(",")}`,
    ]);
  } catch {
    return states; // Not on this machine, or none of them is known any more.
  }
  for (const line of text.split("\n")) {
    const [job, index, state] = line.trim().split(" ");
    const found = jobs.find((one) => one.job === job);
    if (found !== undefined && /^\d+$/.test(index)) states.set(Number(index) + found.offset, state.toLowerCase());
  }
  return states;
}

/**
 * How Slurm says that jobs ended, by number of the task, where it keeps accounts; the newest job of each counts.
 *
 * @param folder Folder of the sweep.
 * @returns States in Slurm's words, such as `OUT_OF_MEMORY`; none where there are no accounts.
 */
export async function accounted(folder: string): Promise<ReadonlyMap<number, string>> {
  const jobs = submittedJobs(folder);
  const states = new Map<number, string>();
  if (jobs.length === 0) return states;
  try {
    const ids = jobs.map(({ job }) => job).join(",");
    const text = await ask("sacct", [
      "--noheader",
      "--parsable2",
      "--allocations",
      "--format=JobID,State",
      `--jobs=${ids}`,
    ]);
    for (const line of text.split("\n")) {
      const [, job, index, state] = /^(\d+)_(\d+)\|(.*)$/.exec(line) ?? [];
      const found = jobs.find((one) => one.job === job);
      if (found !== undefined) states.set(Number(index) + found.offset, state.split(" ")[0].toLowerCase());
    }
  } catch {
    // No accounts here.
  }
  return states;
}

/** Jobs that were submitted, the oldest first. */
export function submittedJobs(folder: string): Submitted[] {
  try {
    return Deno.readTextFileSync(join(folder, "jobs.ndjson")).split("\n").filter((line) => line !== "").map((line) =>
      JSON.parse(line)
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Runs a program of Slurm and returns its output. */
async function ask(program: string, args: readonly string[]): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(`expected Slurm's ${program} on this machine, found none`);
    }
    throw error;
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (output.success) return text(output.stdout);
  const reason = text(output.stderr).trim().split("\n").at(-1);
  throw new UserError(`${program} refused: ${reason || `exit code ${output.code}`}`);
}
