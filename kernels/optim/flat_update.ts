/** The common part of optimisers: one pass over a flat buffer of parameters. */
import { currentGpu } from "../../lib/gpu/device.ts";
import type { Sizes } from "../../lib/gpu/kernel.ts";
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import update from "./flat_update.wgsl" with { type: "text" };
import schedule from "./schedule.part.wgsl" with { type: "text" };

/** WGSL files of an optimiser's kernel; it adds its own, with `prepare`, `load`, `store` and `change`. */
export const flatFiles: WgslFiles = {
  "kernels/shared/accurate.part.wgsl": accurate,
  "kernels/optim/schedule.part.wgsl": schedule,
  "kernels/optim/flat_update.wgsl": update,
};

/** Arguments that every optimiser's kernel takes. */
export type FlatInput = "chunks" | "hyper" | "norm" | "clock" | "gradients" | "parameters";

/**
 * Axes of the arguments that every optimiser's kernel takes.
 *
 * - `chunks` (K, 4), u32: for every 64 elements the first element of their block (R, …), its elements per replica, its
 *   elements, and 1 if it decays plus twice the parameter's number. Blocks start at multiples of 64.
 * - `hyper` (R, 16): (lr, weight decay, largest norm, 0), (warmup, steps, floor, 0) of the schedule, and the
 *   optimiser's own.
 * - `norm` (R): norm of the gradient, compared with the largest one; zeros for no clipping.
 * - `clock` (3): its step counts the updates done before.
 * - `gradients` and `parameters` (P): P a multiple of 64; the latter are updated in place.
 */
export const flatInputs: Readonly<Record<FlatInput, readonly string[]>> = {
  chunks: ["K", "4"],
  hyper: ["R", "16"],
  norm: ["R"],
  clock: ["3"],
  gradients: ["P"],
  parameters: ["P"],
};

/**
 * Counts the workgroups of an optimiser's kernel.
 *
 * @param sizes Axes of the call and its constants.
 * @returns Number of workgroups.
 */
export function flatGroups({ P, QUADS }: Sizes): number {
  return Math.ceil(P / (4 * QUADS * 64));
}

/**
 * Chooses how many groups of four elements an invocation takes. On a software driver its overhead must serve many
 * elements; on a GPU neighbouring invocations should read neighbouring memory. Elements do not depend on it.
 *
 * @returns A divisor of 16.
 */
export function flatQuads(): number {
  return currentGpu().adapter.software ? 16 : 1;
}
