/** What the run has measured, and the comparisons that several claims share. */
import { type Claim, type Interval, type Judgement, meanInterval } from "../../lib/run/mod.ts";
import { fixedPoint } from "../../lib/theory/linear_icl/closed_form.ts";
import type { FixedPointRow } from "./fixed_point_study.ts";
import type { MainTheory } from "./main_study.ts";
import type { AlignmentRow, MirrorRow } from "./random_start_studies.ts";
import type { Setting } from "./setting.ts";
import type { ShiftRow } from "./shift_study.ts";
import { modeImbalances, productsOf, type State } from "./state.ts";

/** Everything that the run has measured. */
export interface Evidence {
  readonly setting: Setting;
  /** Report steps of the main ensemble. */
  readonly steps: readonly number[];
  /** State of each replica at each report. */
  readonly states: readonly (readonly State[])[];
  /** Batch loss of each replica at each report but the first. */
  readonly losses: readonly (Float32Array | null)[];
  readonly theory: MainTheory;
  readonly fixedPoints: readonly FixedPointRow[];
  readonly alignment: readonly AlignmentRow[];
  readonly mirror: readonly MirrorRow[];
  readonly shift: readonly ShiftRow[];
}

/** A claim about a run of this experiment. */
export type IclClaim = Claim<Evidence>;

/** Where a claim comes from. */
export const PAPER = "arXiv 2504.12916";
export const DERIVED = "exact finite-N flow, derived here";

export const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** Sample standard deviation of at least two values. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** The judgement of a claim that the run gave nothing to judge by. */
export function undecided(predicted: number, detail: string): Judgement {
  return { predicted, measured: 0, low: 0, high: 0, verdict: "inconclusive", detail };
}

export const last = <T>(values: readonly T[]) => values[values.length - 1];

/** Largest |prediction − mean over replicas| in units of each mode's scale, with the band its standard error allows. */
export function worstDeviation(
  cells: readonly { readonly predicted: number; readonly measured: readonly number[]; readonly scale: number }[],
): Interval & { readonly cell: number } {
  const deviations = cells.map(({ predicted, measured, scale }) => {
    const { centre, high } = meanInterval(measured);
    const [deviation, half] = [Math.abs(predicted - centre) / scale, (high - centre) / scale];
    return { centre: deviation, low: Math.max(0, deviation - half), high: deviation + half };
  });
  const cell = deviations.reduce((worst, { centre }, index) => centre > deviations[worst].centre ? index : worst, 0);
  return { ...deviations[cell], cell };
}

/** One cell per mode and report step: a_α over replicas against a theory, in units of the plateau. */
function modeCells(
  { setting, states }: Evidence,
  theory: readonly { readonly products: ArrayLike<number> }[],
) {
  return theory.flatMap(({ products }, report) =>
    plateauOf(setting).map((scale, mode) => ({
      predicted: products[mode],
      measured: states[report].map((state) => productsOf(state)[mode]),
      scale,
    }))
  );
}

/** Largest deviation of the modes from a theory, and where it is. */
export function modeDeviation(evidence: Evidence, theory: readonly { readonly products: ArrayLike<number> }[]) {
  const worst = worstDeviation(modeCells(evidence, theory));
  const modes = evidence.setting.spectrum.length;
  const step = evidence.steps[Math.floor(worst.cell / modes)];
  return { ...worst, detail: `largest for mode ${worst.cell % modes + 1} at step ${step}` };
}

/** Step at which a curve rises past a value, between reports by linear interpolation; null if it never does or starts above. */
export function halfTime(steps: readonly number[], curve: readonly number[], half: number): number | null {
  const after = curve.findIndex((value) => value >= half);
  if (after <= 0) return null;
  const fraction = (half - curve[after - 1]) / (curve[after] - curve[after - 1]);
  return steps[after - 1] + fraction * (steps[after] - steps[after - 1]);
}

/** Steps at which each mode of each replica passes half of its plateau. */
export function halfTimes({ setting, steps, states }: Evidence): { mode: number; times: (number | null)[] }[] {
  return setting.spectrum.map((_, mode) => ({
    mode,
    times: states[0].map((_, replica) =>
      halfTime(steps, states.map((at) => productsOf(at[replica])[mode]), plateauOf(setting)[mode] / 2)
    ),
  }));
}

/** The plateau of each mode, known before the run: the paper's fixed point. */
export const plateauOf = (setting: Setting) => Array.from(fixedPoint(setting));

/** Drift of p_α² − q_α² up to the last step of the mode where the exact flow drifts most; its scale is 2 |a_α| there. */
export function largestModeDrift({ states, theory }: Evidence) {
  const exact = Array.from(last(theory.exact).imbalances).map((value, mode) =>
    value - theory.exact[0].imbalances[mode]
  );
  const mode = exact.reduce((worst, value, index) => Math.abs(value) > Math.abs(exact[worst]) ? index : worst, 0);
  const measured = last(states).map((state, replica) =>
    modeImbalances(state)[mode] - modeImbalances(states[0][replica])[mode]
  );
  return { mode, exact: exact[mode], measured, scale: 2 * Math.abs(last(theory.exact).products[mode]) };
}
