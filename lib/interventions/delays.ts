/** How much later something happens with an intervention than without: first crossings, some of which are never seen. */
import { meanInterval } from "../statistics/mod.ts";
import { crossingTime, type Curve } from "../metrics/change_points.ts";

/** Definition of an event: which quantity crosses which level. */
export interface CrossingOptions {
  /** Whether the level is reached from above (`down`) or from below (`up`). */
  readonly direction: "down" | "up";
  /** Last step: what has not happened until then happens later. */
  readonly end: number;
  /** Whether times are interpolated linearly in the step or in its logarithm; `linear` by default. */
  readonly scale?: "linear" | "log";
}

/** A time that may be a lower bound. */
export interface CensoredTime {
  /** Step, interpolated between reports; the last step where it was not seen. */
  readonly step: number;
  /** Whether it was not seen, so that the step is a lower bound. */
  readonly censored: boolean;
}

/** How much later one replica gets there. */
export interface Delay {
  /** Replica, 0 … R − 1. */
  readonly replica: number;
  /** Steps; a lower bound where it is censored. */
  readonly steps: number;
  /** Whether the replica never gets there with the intervention. */
  readonly censored: boolean;
}

/**
 * When a curve first reaches a level, or the last step if it does not.
 *
 * @param curve Steps and values.
 * @param level In the unit of the values.
 * @param options Direction, last step and scale.
 * @returns The step; the first one where the curve begins beyond the level.
 *
 * @example
 * ```ts
 * import { censoredCrossing } from "./delays.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const curve = { x: [0, 10], y: [0, 1] };
 * assertEquals(censoredCrossing(curve, 0.5, { direction: "up", end: 10 }), { step: 5, censored: false });
 * assertEquals(censoredCrossing(curve, 2, { direction: "up", end: 10 }), { step: 10, censored: true });
 * ```
 */
export function censoredCrossing(
  curve: Curve,
  level: number,
  { direction, end, scale }: CrossingOptions,
): CensoredTime {
  const step = crossingTime(curve, level, direction, { scale });
  return { step: step ?? end, censored: step === null };
}

/**
 * Delays of the replicas: steps from where the curve without an intervention first reaches a level to where the one with it
 * does. Where that never happens, the last step counts, and the delay is a lower bound.
 *
 * @param without A curve of each replica (R).
 * @param intervened The same with the intervention (R).
 * @param levels One level, or one of each replica (R); null leaves the replica out.
 * @param options Direction, last step and scale.
 * @returns Delays of the replicas that get there without the intervention, in order.
 *
 * @example
 * ```ts
 * import { delays } from "./delays.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const x = [0, 10, 20];
 * const [early, late, never] = [[0, 1, 1], [0, 0, 1], [0, 0, 0]].map((y) => ({ x, y }));
 * assertEquals(delays([early, early, never], [late, never, late], 0.5, { direction: "up", end: 20 }), [
 *   { replica: 0, steps: 10, censored: false },
 *   { replica: 1, steps: 15, censored: true },
 * ]);
 * ```
 */
export function delays(
  without: readonly Curve[],
  intervened: readonly Curve[],
  levels: number | readonly (number | null)[],
  options: CrossingOptions,
): Delay[] {
  return without.flatMap((curve, replica): Delay[] => {
    const level = typeof levels === "number" ? levels : levels[replica];
    if (level === null) return [];
    const own = censoredCrossing(curve, level, options);
    if (own.censored) return [];
    const late = censoredCrossing(intervened[replica], level, options);
    return [{ replica, steps: late.step - own.step, censored: late.censored }];
  });
}

/**
 * Delays in words: their mean and its 95 % interval, and how many transitions never came.
 *
 * @param delays At least two delays.
 * @returns For example `85 (26 … 142, 1 never)`, in steps.
 */
export function delaysInWords(delays: readonly Delay[]): string {
  const { centre, low, high } = meanInterval(delays.map(({ steps }) => steps));
  const never = delays.filter(({ censored }) => censored).length;
  return `${centre.toFixed(0)} (${low.toFixed(0)} … ${high.toFixed(0)}${never > 0 ? `, ${never} never` : ""})`;
}
