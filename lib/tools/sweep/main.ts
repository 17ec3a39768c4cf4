/**
 * Sweeps: `./lab sweep NAME --seed=0..63 --lr=1e-3,3e-3`.
 *
 * @module
 */
import { basename, join, relative, resolve } from "@std/path";
import { reportError, UserError } from "../../io/errors.ts";
import { codeHash } from "../../run/code_hash.ts";
import { NO_PRESET, readValue, splitArguments } from "../../run/command_line.ts";
import type { AnyExperiment } from "../../run/experiment.ts";
import { helpTable, optionRows } from "../../run/help.ts";
import { commandLine } from "../../run/manifest.ts";
import type { Options } from "../../run/option.ts";
import { flag, integer } from "../../run/options.ts";
import { optional, optionalText } from "../command.ts";
import { experimentNames, loadExperiment } from "../experiments.ts";
import { gatherSweep } from "./gather.ts";
import { gridOf, type Plan, planSweep, sweepableOptions, textsOf } from "./plan.ts";
import { runPool } from "./pool.ts";
import { accounted, batchScript, queued, submit } from "./slurm.ts";
import { copyCode, WORKSPACE } from "./snapshot.ts";
import { countsOf, standings, STATUSES, taskName, type TaskStatus } from "./status.ts";
import { CODE, type Launch, readSweep, sharedGpu, type Sweep, sweepFolder, taskLog, writeSweep } from "./sweep_file.ts";

/** Options of the tool; those of the experiment come besides. */
const options = {
  pack: integer(64, { min: 1, help: "most replicas that train side by side in one task" }),
  local: optional(integer(1, { min: 1, max: 1024, help: "tasks at a time on this machine; 1 unless given" })),
  slurm: optionalText("OPTIONS", "submit to Slurm, with these options of sbatch"),
  parallel: optional(integer(1, { min: 1, help: "most tasks at a time on Slurm" })),
  name: optionalText("NAME", "name of the sweep; experiment and time unless given"),
  out: optionalText("DIR", "folder of the sweep; results/sweeps/NAME unless given"),
  grid: optionalText("FILE", "JSON object of lists of values by option, for lists of lists"),
  "dry-run": flag("print tasks and packing, and start nothing"),
  status: optionalText("NAME", "how the tasks of a sweep stand"),
  resume: optionalText("NAME", "start what is missing, was interrupted or has crashed"),
  retry: optionalText("NAME", "start again what has failed too; --only says what"),
  only: optionalText("STATUS,…", `statuses for --retry, of ${STATUSES.slice(3).join(", ")}; all of them unless given`),
  gather: optionalText("NAME", "judge the claims of every cell over all its seeds"),
} as const;

const ACTIONS = ["status", "resume", "retry", "gather"] as const;

type Given = Readonly<Record<string, string | undefined>>;

const HELP = `Runs an experiment over a grid of its options and of seeds, on this machine or on Slurm.

usage: ./lab sweep EXPERIMENT --OPTION=X,Y,… --seed=0..63 [options]
       ./lab sweep --status NAME | --resume NAME | --retry NAME [--only=crashed,diverged] | --gather NAME
       ./lab sweep --task=I NAME

Values of an option are separated by commas; integers have ranges, 0..63. Seeds, and options that the experiment declares as
per replica, train side by side, up to --pack replicas a task; the rest becomes tasks.
`;

const NOTES = `
Exit code: 0 if all tasks asked for are complete or submitted, 1 if one is not, 2 for bad input.
More, and what submit.sh does: lib/tools/sweep/README.md.`;

async function main(args: readonly string[]): Promise<number> {
  const action = ACTIONS.find((name) => args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`)));
  if (action !== undefined) {
    const { given, operands } = splitArguments(args, options, { valued: [], takesOperands: true });
    if (operands.length > 0) throw new UserError(`expected --${action}=NAME alone, found ${operands[0]} besides`);
    return await actions[action](sweepFolder(given[action]!), given);
  }
  const [name, ...rest] = args;
  if (name === undefined || name.startsWith("-")) {
    const help = name === "--help" || name === "-h";
    if (!help) {
      throw new UserError(
        `expected the name of an experiment first, found ${name ?? "nothing"}; one of ${experimentNames().join(", ")}`,
      );
    }
    console.log([HELP, ...helpTable([...optionRows(options), ["--help", "this text"]]), NOTES].join("\n"));
    return 0;
  }
  const experiment = await loadExperiment(name);
  const known = sweepableOptions(experiment);
  const taken = Object.keys(experiment.options).find((key) => Object.hasOwn(options, key));
  if (taken !== undefined) {
    throw new UserError(`cannot sweep ${name} because its option --${taken} has the name of one of sweep`);
  }
  const { given } = splitArguments(rest, { ...known, ...options }, { valued: ["preset"], takesOperands: false });
  if (given.help === "true") {
    console.log(
      [
        HELP,
        ...helpTable([...optionRows(options), ["--help", "this text"]]),
        "",
        `Options of ${experiment.name}`,
        ...helpTable([
          ["--preset=NAME", `one of ${[NO_PRESET, ...Object.keys(experiment.presets)].join("|")}`],
          ...optionRows(known),
        ]),
        NOTES,
      ].join("\n"),
    );
    return 0;
  }
  return await start(experiment, name, known, given, args);
}

const valueOf = <K extends keyof typeof options>(key: K, given: Given) => {
  const text = given[key];
  return (text === undefined ? options[key].fallback : readValue(key, options[key] as never, text)) as (typeof options)[
    K
  ]["fallback"];
};

function launchOf(given: Given): Launch | undefined {
  const [local, slurm, parallel] = [valueOf("local", given), given.slurm, valueOf("parallel", given)];
  if (local !== undefined && slurm !== undefined) throw new UserError("expected --local or --slurm, found both");
  if (parallel !== undefined && slurm === undefined) {
    throw new UserError("expected --parallel with --slurm, found it alone");
  }
  if (slurm !== undefined) return { slurm, parallel: parallel ?? null };
  return local === undefined ? undefined : { local };
}

async function start(
  experiment: AnyExperiment,
  nameOrFile: string,
  known: Options,
  given: Given,
  args: readonly string[],
): Promise<number> {
  const onCommandLine = Object.entries(given).flatMap(([key, text]) =>
    text !== undefined && Object.hasOwn(known, key) ? [[key, textsOf(key, known[key], text)] as const] : []
  );
  const file = given.grid === undefined ? {} : gridOf(readText(given.grid), known, given.grid);
  const twice = onCommandLine.find(([key]) => Object.hasOwn(file, key));
  if (twice !== undefined) {
    throw new UserError(`expected --${twice[0]} once, found it on the command line and in ${given.grid}`);
  }
  const values = { ...file, ...Object.fromEntries(onCommandLine) };
  const pack = valueOf("pack", given);
  const plan = planSweep(experiment, { preset: given.preset, values, pack });
  const launch = launchOf(given) ?? { local: 1 };
  const created = new Date().toISOString();
  const name = given.name ??
    (given.out === undefined ? `${experiment.name}-${created.slice(0, 19).replaceAll(":", "-")}` : basename(given.out));
  if (!/^[\w.+=-]+$/.test(name) || name.startsWith(".")) {
    throw new UserError(`expected --name of letters, digits, . _ + = and -, found ${name}`);
  }
  const folder = given.out === undefined ? sweepFolder(name) : resolve(given.out);
  if (valueOf("dry-run", given)) {
    describe(plan, experiment, launch, folder, name);
    return 0;
  }
  const there = entriesOf(folder);
  if (there > 0) {
    throw new UserError(
      `expected a new name, found a folder with ${there} entries at ${
        shown(folder)
      }; go on with it by --resume=${name}, or name another`,
    );
  }
  const path = experimentNames().includes(nameOrFile)
    ? join(WORKSPACE, "experiments", `${nameOrFile}.ts`)
    : resolve(nameOrFile);
  Deno.mkdirSync(join(folder, "tasks"), { recursive: true });
  Deno.mkdirSync(join(folder, "logs"), { recursive: true });
  let sweep: Sweep;
  try {
    const snapshot = copyCode(path, join(folder, CODE));
    sweep = {
      name,
      experiment: experiment.name,
      file: relative(WORKSPACE, path),
      preset: given.preset ?? NO_PRESET,
      created,
      workspace: Deno.cwd(),
      snapshot,
      codeHash: codeHash(join(folder, CODE, relative(WORKSPACE, path)), join(folder, CODE)),
      commandLine: commandLine("./lab", ["sweep", ...args]),
      launch,
      ...plan,
    };
    writeSweep(folder, sweep);
    await translate(join(folder, CODE), sweep.file);
  } catch (error) {
    Deno.removeSync(folder, { recursive: true });
    throw error;
  }
  console.log(
    `${name}: ${count(plan.cells.length, "cell")} in ${count(plan.tasks.length, "task")}, in ${shown(folder)}`,
  );
  return await launchTasks(folder, sweep, plan.tasks.map((_, index) => index), launch);
}

/** Has the copy translated once, which every task that starts in the same second would do for itself. */
async function translate(code: string, file: string): Promise<void> {
  const args = ["cache", "--quiet", "--no-remote", "lib/tools/sweep/task.ts", file];
  await new Deno.Command(Deno.execPath(), { args, cwd: code, stdin: "null", stdout: "null", stderr: "null" }).output();
}

async function launchTasks(folder: string, sweep: Sweep, indices: readonly number[], launch: Launch): Promise<number> {
  if ("local" in launch) return await runPool(folder, sweep, indices, launch.local);
  const jobs = await submit({
    folder,
    tasks: indices,
    of: sweep.tasks.length,
    experiment: sweep.experiment,
    options: launch.slurm,
    parallel: launch.parallel,
  });
  console.log(
    `submitted ${jobs.length === 1 ? "job" : "jobs"} ${jobs.map(({ job }) => job).join(", ")}: ${
      shown(join(folder, "submit.sh"))
    }`,
  );
  console.log(`how they stand: ./lab sweep --status ${sweep.name}`);
  return 0;
}

function describe(plan: Plan, { name: experiment }: AnyExperiment, launch: Launch, folder: string, name: string): void {
  const replicas = plan.tasks.map(({ parts }) => parts.reduce((sum, { seeds }) => sum + seeds.length, 0));
  const total = replicas.reduce((sum, count) => sum + count, 0);
  console.log(
    `${name}: ${count(plan.cells.length, "cell")}, ${count(total, "replica")}, ${
      count(plan.tasks.length, "task")
    }; would be in ${shown(folder)}`,
  );
  for (const [index, task] of plan.tasks.entries()) {
    console.log(`task ${index} (${task.hash}): ${count(replicas[index], "replica")}: ${taskName(plan, task)}`);
  }
  if ("slurm" in launch) {
    const tasks = plan.tasks.map((_, index) => index);
    console.log(
      `\nsubmit.sh would be:\n\n${
        batchScript({ folder, tasks, of: tasks.length, experiment, options: launch.slurm, parallel: launch.parallel })
      }`,
    );
  }
}

const actions: Readonly<Record<(typeof ACTIONS)[number], (folder: string, given: Given) => Promise<number>>> = {
  async status(folder) {
    const sweep = readSweep(folder);
    const all = standings(folder, sweep);
    const [states, accounts] = [await queued(folder), await accounted(folder)];
    console.log(`${sweep.name}: ${countsOf(all)}, of ${count(sweep.tasks.length, "task")} of ${sweep.experiment}`);
    tellChanges(sweep);
    for (const { task, index, status, reason } of all) {
      if (status === "complete") continue;
      const queue = states.get(index) ?? (status === "running" ? undefined : accounts.get(index));
      const said = [
        queue && `Slurm: ${queue}`,
        reason,
        ...(status === "running" ? [textOf(sharedGpu(folder, task)), lastLine(folder, sweep, index)] : []),
      ];
      const more = said.filter((text) => text).join("; ");
      console.log(`task ${index} (${task.hash}; ${taskName(sweep, task)}): ${status}${more === "" ? "" : `: ${more}`}`);
    }
    return all.every(({ status }) => !["diverged", "failed", "crashed"].includes(status)) ? 0 : 1;
  },
  async resume(folder, given) {
    return await again(folder, given, ["waiting", "interrupted", "crashed"]);
  },
  async retry(folder, given) {
    const known = STATUSES.slice(3);
    const wanted = given.only === undefined ? known : given.only.split(",").map((text) => {
      const status = known.find((one) => one === text.trim());
      if (status === undefined) throw new UserError(`expected --only to be of ${known.join(", ")}, found ${text}`);
      return status;
    });
    return await again(folder, given, wanted);
  },
  async gather(folder) {
    return await gatherSweep(folder);
  },
};

async function again(folder: string, given: Given, wanted: readonly TaskStatus[]): Promise<number> {
  if (given.only !== undefined && given.retry === undefined) {
    throw new UserError("expected --only with --retry, found it alone");
  }
  const sweep = readSweep(folder);
  const launch = launchOf(given) ?? sweep.launch;
  const all = standings(folder, sweep);
  const states = await queued(folder);
  const indices = all.filter(({ status, index }) => wanted.includes(status) && !states.has(index)).map(({ index }) =>
    index
  );
  const left = all.filter(({ status, index }) => wanted.includes(status) && states.has(index)).length;
  if (left > 0) console.log(`${count(left, "task")} left to Slurm, which has them still`);
  if (indices.length === 0) {
    console.log(`${sweep.name}: ${countsOf(all)}; nothing to start`);
    return 0;
  }
  console.log(`${sweep.name}: ${count(indices.length, "task")} of ${sweep.tasks.length} to start`);
  tellChanges(sweep);
  return await launchTasks(folder, sweep, indices, launch);
}

/** Says that tasks run the code of the submission where that of the workspace has become another. */
function tellChanges(sweep: Sweep): void {
  const now = codeHash(join(WORKSPACE, sweep.file), WORKSPACE);
  if (sweep.codeHash === null || now === null || now === sweep.codeHash) return;
  const since = sweep.snapshot.time.slice(0, 16).replace("T", " ");
  console.log(
    `its tasks run the code as it was on ${since} UTC; the code here has changed since, which changes none of them`,
  );
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Last line that a running task has printed. */
function lastLine(folder: string, sweep: Sweep, index: number): string {
  for (const path of [taskLog(folder, sweep.tasks[index]), join(folder, "logs", `${index}.log`)]) {
    try {
      return Deno.readTextFileSync(path).trim().split("\n").at(-1) ?? "";
    } catch {
      continue;
    }
  }
  return "";
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function shown(path: string): string {
  const short = relative(Deno.cwd(), path);
  return short.startsWith("..") ? path : short;
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    throw new UserError(`expected --grid to name a file of JSON, found none at ${path}`);
  }
}

function entriesOf(folder: string): number {
  try {
    return [...Deno.readDirSync(folder)].length;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    if (error instanceof Deno.errors.NotADirectory) throw new UserError(`expected a folder at ${folder}, found a file`);
    throw error;
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    Deno.exit(reportError(error));
  }
}
