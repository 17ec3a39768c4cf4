/**
 * Sweeps on this machine: a pool of processes.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { exitCodeOf } from "../../run/signals.ts";
import { createProgress, stderrTarget } from "../../run/progress.ts";
import { CODE, type Sweep, taskLog } from "./sweep_file.ts";
import { countsOf, standings, taskName, taskStanding } from "./status.ts";

/** Signals that end a pool. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const;

/**
 * Runs tasks, so many at a time. A signal ends them all, with their checkpoints.
 *
 * @param folder Folder of the sweep.
 * @param sweep The sweep.
 * @param indices Numbers of the tasks.
 * @param processes How many at a time.
 * @returns 0 if all of these tasks are complete, 1 if not, 128 + its number for the signal that ended the pool.
 */
export async function runPool(
  folder: string,
  sweep: Sweep,
  indices: readonly number[],
  processes: number,
): Promise<number> {
  const progress = await createProgress(stderrTarget(false));
  const running = new Map<number, Deno.ChildProcess>();
  let ended: (typeof ENDING)[number] | undefined;
  const handlers = ENDING.map((name) => {
    const handler = () => {
      ended = name;
      for (const child of running.values()) send(child, name);
    };
    Deno.addSignalListener(name, handler);
    return () => Deno.removeSignalListener(name, handler);
  });
  const waiting = [...indices];
  let [done, failed] = [0, 0];
  progress.start(indices.length, sweep.name);
  const show = () => progress.update(done, { running: running.size, failed });
  const timer = setInterval(show, 1000);

  const work = async (_: unknown, slot: number) => {
    for (let index = waiting.shift(); index !== undefined && ended === undefined; index = waiting.shift()) {
      const task = sweep.tasks[index];
      const path = taskLog(folder, task);
      Deno.mkdirSync(dirname(path), { recursive: true });
      const startedAt = performance.now();
      // The shell becomes the task: signals reach it, and it outlives this process whole if that is killed.
      const child = new Deno.Command("/bin/sh", {
        args: [
          "-c",
          'log=$1; shift; exec "$@" >>"$log" 2>&1',
          "sh",
          path,
          join(folder, CODE, "lab"),
          "sweep",
          `--task=${task.hash}`,
          `--out=${folder}`,
        ],
        // Where there are several GPUs, lab gives each process of the pool one of them.
        env: { ...threads(processes), ICL_LAB_SLOT: String(slot) },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      running.set(index, child);
      const { code } = await child.status;
      running.delete(index);
      const { status, reason } = taskStanding(folder, task);
      done++;
      if (status !== "complete") failed++;
      const said = status === "waiting" ? `ended with exit code ${code}: ${lastLine(path)}` : reason ?? "";
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
      progress.note(
        `task ${index} (${task.hash}; ${taskName(sweep, task)}): ${status} after ${seconds} s${said && `: ${said}`}`,
      );
      await show();
    }
  };
  await Promise.all(Array.from({ length: Math.min(processes, indices.length) }, work));
  clearInterval(timer);
  progress.stop();
  handlers.forEach((remove) => remove());
  const all = standings(folder, sweep);
  console.log(`${sweep.name}: ${countsOf(all)}`);
  if (ended !== undefined) return exitCodeOf(ended);
  return indices.every((index) => all[index].status === "complete") ? 0 : 1;
}

/** Where there is no GPU the driver's threads share the cores; a task alone keeps the driver's own choice. */
export function threads(processes: number, cores: number = navigator.hardwareConcurrency): Record<string, string> {
  if (processes === 1) return {};
  const each = Math.floor(cores / processes);
  // With one core a process, the driver computes in the thread that asks, which costs least.
  return { LP_NUM_THREADS: String(each < 2 ? 0 : each) };
}

function lastLine(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim().split("\n").at(-1) ?? "";
  } catch {
    return "";
  }
}

function send(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It has ended by itself.
  }
}
