/**
 * How the tasks of a sweep stand, from their manifests.
 *
 * @module
 */
import { join } from "@std/path";
import { standing } from "../../run/liveness.ts";
import type { Manifest } from "../../run/manifest.ts";
import { cellName } from "../../run/cells.ts";
import { cellFolder } from "../../run/split_cells.ts";
import { type Sweep, taskFolder } from "./sweep_file.ts";
import type { SweepTask } from "./plan.ts";

/** How a task stands; `waiting` has no manifest yet, `diverged` has failed because a number was no longer finite. */
export type TaskStatus = "waiting" | "running" | "complete" | "interrupted" | "crashed" | "diverged" | "failed";

/** Statuses in the order in which they are counted. */
export const STATUSES: readonly TaskStatus[] = [
  "complete",
  "running",
  "waiting",
  "interrupted",
  "crashed",
  "diverged",
  "failed",
];

/** A task and how it stands. */
export interface TaskStanding {
  /** The task. */
  readonly task: SweepTask;
  /** Its number, from 0. */
  readonly index: number;
  /** How it stands. */
  readonly status: TaskStatus;
  /** Why it was interrupted, has failed or has crashed; null otherwise. */
  readonly reason: string | null;
  /** Its manifest; null where it has none. */
  readonly manifest: Manifest | null;
}

/**
 * How a task stands.
 *
 * @param folder Folder of the sweep.
 * @param task The task.
 * @returns Status, reason and manifest.
 */
export function taskStanding(folder: string, task: SweepTask): Omit<TaskStanding, "task" | "index"> {
  const own = taskFolder(folder, task);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(Deno.readTextFileSync(join(own, "manifest.json")));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return { status: "waiting", reason: null, manifest: null };
    }
    return { status: "crashed", reason: "its manifest cannot be read", manifest: null };
  }
  const { status, reason } = judged(own, manifest);
  if (status !== "diverged" || task.cells === undefined || task.cells.length < 2) return { status, reason, manifest };
  // One of its cells has diverged and taken the others with it: each then went on alone.
  const cells = task.cells.map((_, index) => {
    const cell = join(own, cellFolder(task.cells!, index));
    const manifest = manifestOf(cell);
    return manifest === null ? { status: "interrupted" as const, reason } : judged(cell, manifest);
  });
  const first = (...wanted: TaskStatus[]) => cells.find(({ status }) => wanted.includes(status));
  const found = first("running") ?? first("interrupted", "crashed") ?? first("failed", "diverged") ?? cells[0];
  return { ...found, manifest };
}

function judged(folder: string, manifest: Manifest): { status: TaskStatus; reason: string | null } {
  const { status, reason } = standing(folder, manifest);
  return { status: status === "failed" && isDivergence(reason) ? "diverged" : status, reason };
}

function manifestOf(folder: string): Manifest | null {
  try {
    return JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json")));
  } catch {
    return null;
  }
}

/** Whether a run has failed because a number was no longer finite. */
export function isDivergence(reason: string | null): boolean {
  return reason !== null && /\bdiverged at step\b|; the run diverged\b/.test(reason);
}

/** How all tasks of a sweep stand, in their order. */
export function standings(folder: string, { tasks }: Sweep): TaskStanding[] {
  return tasks.map((task, index) => ({ task, index, ...taskStanding(folder, task) }));
}

/**
 * Counts in words.
 *
 * @param all Tasks.
 * @returns Text such as `12 complete, 1 diverged`.
 */
export function countsOf(all: readonly Pick<TaskStanding, "status">[]): string {
  return STATUSES.flatMap((status) => {
    const count = all.filter((one) => one.status === status).length;
    return count === 0 ? [] : [`${count} ${status}`];
  }).join(", ");
}

/**
 * Names the cells and seeds of a task.
 *
 * @param sweep The sweep.
 * @param task The task.
 * @returns Text such as `lr=0.01, seeds 0 … 15`.
 */
export function taskName({ cells }: Pick<Sweep, "cells">, { parts }: SweepTask): string {
  return parts.map(({ cell, seeds }) => {
    const name = cellName(cells[cell]);
    const own = seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seedsInWords(seeds)}`;
    return name === "main" ? own : `${name}, ${own}`;
  }).join("; ");
}

function seedsInWords(seeds: readonly number[]): string {
  const consecutive = seeds.every((seed, index) => seed === seeds[0] + index);
  return consecutive && seeds.length > 2 ? `${seeds[0]} … ${seeds.at(-1)}` : seeds.join(", ");
}
