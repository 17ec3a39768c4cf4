/** The matrix W of a linear regression task y = W x for every prompt. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { randomFiles } from "../random/random_fill.ts";
import code from "./task_matrix.wgsl" with { type: "text" };

/**
 * Builds W from fresh entries or from one of P pooled tasks chosen uniformly; dense, or diagonal in the eigenbasis.
 *
 * Constants: `DENSE` 1 for D² entries per task, 0 for D; `POOLED` 1 to choose from the pool; `STRIDE` the numbers that a row of
 * a fresh dense task takes, D by default.
 *
 * @param seeds One seed per replica (R).
 * @param clock Clock (3); its step enters the choice.
 * @param fresh Entries of a new task for each prompt (R, B, C), C = TASK or D · STRIDE.
 * @param pools Entries of the pooled tasks (R, P, TASK).
 * @param key Key of the draw that chooses.
 * @returns `task` (R, B, D, D).
 */
export const taskMatrix: KernelOf<"seeds" | "clock" | "fresh" | "pools", "task", "key"> = kernel({
  label: "task_matrix",
  code: { ...randomFiles, "kernels/tasks/task_matrix.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"], fresh: ["R", "B", "C"], pools: ["R", "P", "TASK"] },
  outputs: { task: ["R", "B", "D", "D"] },
  scalars: ["key"],
  groups: ({ R, B, D }) => Math.ceil(R * B * D * D / 64),
});
