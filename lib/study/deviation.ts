/**
 * How far what was measured is from a theory's curves.
 *
 * @module
 */
import { type Interval, largestDeviation } from "../statistics/mod.ts";
import type { Measurements, Quantity } from "./measurements.ts";

/** The largest deviation from a theory, with the 95 % interval of the mean over replicas, and where it is. */
export interface DeviationFrom extends Interval {
  /** Replicas that the mean is over. */
  readonly replicas: number;
  /** Which of the quantities, from 0. */
  readonly which: number;
  /** At which step. */
  readonly step: number;
}

/**
 * Finds where the mean over replicas is farthest from a theory: over all steps of several quantities, each in a unit of its
 * own.
 *
 * @param measured What was measured, and the theory's curves at the same steps.
 * @param theory Name of the theory.
 * @param quantities At least one quantity, and its unit, > 0.
 * @returns The largest deviation, ≥ 0.
 * @throws {RangeError} If theory and measurement of a quantity have other steps than those of the first one.
 *
 * @example
 * ```ts
 * import { deviationFrom } from "./deviation.ts";
 * import { Measurements } from "./measurements.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const measured = new Measurements();
 * const of = { series: "main", quantity: "loss" };
 * for (const [step, value] of [[0, 4], [10, 2]]) {
 *   measured.addTheory({ ...of, theory: "halving", step, value: value / 2 });
 *   for (const replica of [0, 1]) measured.add({ ...of, step, replica, value });
 * }
 * const { centre, step } = deviationFrom(measured, "halving", [{ of, scale: 4 }]);
 * assertEquals([centre, step], [0.5, 0]);
 * ```
 */
export function deviationFrom(
  measured: Measurements,
  theory: string,
  quantities: readonly { readonly of: Quantity; readonly scale: number }[],
): DeviationFrom {
  const found = quantities.map(({ of, scale }) => ({
    scale,
    predicted: measured.theory(theory, of),
    curves: measured.curves(of),
  }));
  const steps = found[0].predicted.x;
  for (const [index, { predicted, curves }] of found.entries()) {
    const other = [predicted, ...curves].find(({ x }) =>
      x.length !== steps.length || x.some((at, i) => at !== steps[i])
    );
    if (other === undefined) continue;
    throw new RangeError(
      `cannot compare ${quantities[index].of.quantity} with ${theory} because they are known at different steps`,
    );
  }
  const { which, ...deviation } = largestDeviation(
    steps.flatMap((_, report) =>
      found.map(({ scale, predicted, curves }) => ({
        scale,
        predicted: predicted.y[report],
        measured: curves.map(({ y }) => y[report]),
      }))
    ),
  );
  return { ...deviation, which: which % quantities.length, step: steps[Math.floor(which / quantities.length)] };
}
