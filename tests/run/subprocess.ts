/**
 * The fixture experiment as a user starts it: a process with only the permissions an experiment is given.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { listCheckpoints } from "../../lib/checkpoint/mod.ts";
import type { LogRow } from "../../lib/run/columns.ts";
import { readLog } from "../../lib/run/log.ts";
import { readManifest } from "../../lib/run/manifest.ts";

/** Path of the fixture experiment. */
export const decay = fromFileUrl(import.meta.resolve("./fixtures/decay.ts"));

/** Path of the fixture experiment that can be resumed. */
export const walk = fromFileUrl(import.meta.resolve("./fixtures/walk.ts"));

/** Path of the fixture experiment that trains a transformer. */
export const copying = fromFileUrl(import.meta.resolve("./fixtures/copying.ts"));

/** Path of the fixture experiment that trains three times. */
export const stages = fromFileUrl(import.meta.resolve("./fixtures/stages.ts"));

/** Arguments of `deno` that start the fixture; `--no-prompt` because a terminal would be asked otherwise. */
export function denoArgs(
  args: readonly string[],
  permissions = ["--allow-read", "--allow-write=results"],
  program = decay,
): string[] {
  return ["run", "--no-prompt", ...permissions, program, ...args];
}

/** Output of a finished process. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, `env` added to this process's environment. */
export async function finished(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Said> {
  const command = new Deno.Command(program, { args: [...args], cwd, env, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs the fixture to its end. */
export function runDecay(args: readonly string[], cwd: string, permissions?: string[]): Promise<Said> {
  return finished(Deno.execPath(), denoArgs(args, permissions), cwd);
}

/** Runs the fixture that can be resumed to its end. */
export function runWalk(args: readonly string[], cwd: string): Promise<Said> {
  return finished(Deno.execPath(), denoArgs(args, undefined, walk), cwd);
}

/** Starts the fixture and waits until its log holds at least one number measured. */
export async function startDecay(args: readonly string[], cwd: string, log: string): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArgs(args),
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  for (let wait = 0; wait < 500; wait++) {
    if (measuredRows(log)) return child;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGKILL");
  throw new Error(`expected measure rows in ${log} within 10 s, found none: ${(await said(child)).stderr}`);
}

/** Collects the output of a started process until its end. */
export async function said(child: Deno.ChildProcess): Promise<Said> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** All rows of a log. */
export async function rowsOf(log: string): Promise<LogRow[]> {
  const rows: LogRow[] = [];
  for await (const row of readLog(log)) rows.push(row);
  return rows;
}

/** Runs a test in a folder of its own. */
export async function inFolder(use: (root: string) => Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync();
  try {
    await use(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function measuredRows(log: string): boolean {
  try {
    return Deno.readTextFileSync(log).includes('"kind":"measure"');
  } catch {
    return false;
  }
}

/**
 * Starts a run and kills it once it has saved some checkpoints.
 *
 * @param args Arguments of `deno`, which start the run.
 * @param cwd Working folder.
 * @param env Added to this process's environment.
 * @param folder The run's folder.
 * @param checkpoints How many to wait for.
 */
export async function killedRun(
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
  folder: string,
  checkpoints: number,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (let wait = 0; listCheckpoints(folder).length < checkpoints; wait++) {
    assert(wait < 3000, `expected ${checkpoints} checkpoints within 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGKILL");
  await child.status;
  assertEquals(readManifest(folder).status, "running");
}
