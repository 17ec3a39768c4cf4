/** Learning rates over time: a factor between 0 and 1 that the optimiser's kernel computes from the step. */
import type { PerReplica } from "../gpu/per_replica.ts";

export type { PerReplica } from "../gpu/per_replica.ts";

/** A factor of the learning rate as a function of the step, see `kernels/optim/schedule.part.wgsl`. */
export interface Schedule {
  /** Shape of the part after warm-up. */
  readonly shape: "constant" | "cosine" | "linear" | "triangle";
  /** Updates of linear warm-up, ≥ 0: update number t (from 0) has (t + 1)/warmup of that part's factor. */
  readonly warmup: PerReplica;
  /** Step at which the end is reached, warm-up included. */
  readonly steps: PerReplica;
  /** Factor at the end, in [0, 1]. */
  readonly floor: PerReplica;
}

/** Length and end of a schedule. */
export interface ScheduleOptions {
  /** Step at which the end is reached, warm-up included; it stays there. */
  readonly steps: PerReplica;
  /** Factor at the end, in [0, 1]; 0 by default. */
  readonly floor?: PerReplica;
}

/**
 * Factor 1.
 *
 * @returns The schedule.
 */
export function constantSchedule(): Schedule {
  return { shape: "constant", warmup: 0, steps: 0, floor: 1 };
}

/**
 * Half a cosine from 1 to the floor: `floor + (1 − floor)(1 + cos πx)/2` with x = (t − warmup)/(steps − warmup).
 *
 * @param options Length and floor.
 * @returns The schedule.
 */
export function cosineSchedule({ steps, floor = 0 }: ScheduleOptions): Schedule {
  return { shape: "cosine", warmup: 0, steps, floor };
}

/**
 * A straight line from 1 to the floor.
 *
 * @param options Length and floor.
 * @returns The schedule.
 */
export function linearSchedule({ steps, floor = 0 }: ScheduleOptions): Schedule {
  return { shape: "linear", warmup: 0, steps, floor };
}

/**
 * A straight line from the floor up to 1, which is reached halfway, and back.
 *
 * @param options Length and floor.
 * @returns The schedule.
 */
export function triangleSchedule({ steps, floor = 0 }: ScheduleOptions): Schedule {
  return { shape: "triangle", warmup: 0, steps, floor };
}

/**
 * Linear warm-up before a schedule, which then ends at the same step as without.
 *
 * @param warmup Updates until the full learning rate: the first one has 1/warmup of it.
 * @param schedule What follows; constant by default.
 * @returns The schedule.
 *
 * @example
 * ```ts
 * import { cosineSchedule, scheduleFactor, warmUp } from "./schedule.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const schedule = warmUp(10, cosineSchedule({ steps: 110, floor: 0.1 }));
 * assertAlmostEquals(scheduleFactor(schedule, 4), 0.5);
 * assertAlmostEquals(scheduleFactor(schedule, 60), 0.55);
 * assertAlmostEquals(scheduleFactor(schedule, 110), 0.1);
 * ```
 */
export function warmUp(warmup: PerReplica, schedule: Schedule = constantSchedule()): Schedule {
  return { ...schedule, warmup };
}

/** Number that `schedule.part.wgsl` has for each shape. */
export const SCHEDULE_CODES: Readonly<Record<Schedule["shape"], number>> = {
  constant: 0,
  cosine: 1,
  linear: 2,
  triangle: 3,
};

/**
 * The factor in float64.
 *
 * @param schedule Which.
 * @param step Updates done before, ≥ 0.
 * @param replica Whose; 0 by default.
 * @returns Factor in [0, 1].
 */
export function scheduleFactor(schedule: Schedule, step: number, replica = 0): number {
  const [warmup, steps, floor] = [schedule.warmup, schedule.steps, schedule.floor].map((value) =>
    typeof value === "number" ? value : value[replica]
  );
  const warm = Math.min(1, (step + 1) / Math.max(warmup, 1));
  const left = Math.min(1, Math.max(0, (steps - step) / Math.max(steps - warmup, 1)));
  const shapes = {
    constant: 1,
    cosine: Math.sin(Math.PI * left / 2) ** 2,
    linear: left,
    triangle: 2 * Math.min(left, 1 - left),
  };
  const shape = shapes[schedule.shape];
  return schedule.shape === "constant" ? warm : warm * (floor + (1 - floor) * shape);
}
