/** What the run has measured, and the times that several claims and figures share. */
import {
  type Claim,
  type Interval,
  judgeInterval,
  type Judgement,
  meanInterval,
  type Tolerance,
} from "../../lib/run/mod.ts";
import type { BranchRow } from "./branch_study.ts";
import type { Point, Snapshot } from "./history.ts";
import type { Intervention } from "./interventions.ts";
import type { Measured, Progress } from "./progress_study.ts";
import type { Replica, Setting } from "./setting.ts";

/** Everything that the run has measured. */
export interface Evidence {
  readonly setting: Setting;
  /** The ensemble, main replicas first. */
  readonly replicas: readonly Replica[];
  readonly snapshots: readonly Snapshot[];
  readonly progress: Progress;
  readonly branches: readonly BranchRow[];
}

/** A claim about a run of this experiment. */
export type GrokkingClaim = Claim<Evidence>;

/** Where claims come from. */
export const NANDA = "arXiv 2301.05217";
export const PAPER = "arXiv 2504.12916";

/** Accuracy on the training pairs at which they count as memorised. */
export const MEMORISED = 0.99;
/** Accuracy on the test pairs at which a replica has generalised. */
export const GENERALISED = 0.95;

/**
 * When a curve first reaches a level: between two reports where a straight line over the logarithm of the step does.
 *
 * @param steps Steps of the reports, ascending.
 * @param values Values at them.
 * @param level The level.
 * @param rising Whether it is reached from below.
 * @returns The step, or null if it is never reached.
 */
export function crossing(
  steps: readonly number[],
  values: readonly number[],
  level: number,
  rising: boolean,
): number | null {
  const reached = values.findIndex((value) => rising ? value >= level : value <= level);
  if (reached < 0) return null;
  if (reached === 0) return steps[0];
  const share = (level - values[reached - 1]) / (values[reached] - values[reached - 1]);
  const [from, to] = [Math.log(Math.max(1, steps[reached - 1])), Math.log(Math.max(1, steps[reached]))];
  return Math.exp(from + share * (to - from));
}

/** Times of one replica, in steps; null for what did not happen. */
export interface Times {
  readonly memorised: number | null;
  readonly generalised: number | null;
  /** Test loss below ½ ln p. */
  readonly testHalf: number | null;
}

/** Times of the main replicas, which are looked into. */
export interface MainTimes extends Times {
  /** Restricted loss below ½ ln p: circuit formation ends. */
  readonly circuit: number | null;
  /** The same of the restricted loss from test pairs alone; no claim rests on it. */
  readonly testCircuit: number | null;
  /** Distance of the OV circuits to the final subspace below half of its start. */
  readonly subspace: number | null;
}

/** One number of a replica at every snapshot. */
export function curveOf({ snapshots }: Evidence, replica: number, field: keyof Point): number[] {
  return snapshots.map(({ points }) => points[replica][field]);
}

/** One measure of a main replica at every snapshot. */
export function measureOf({ progress }: Evidence, replica: number, of: (measured: Measured) => number): number[] {
  return progress.measured.map((replicas) => of(replicas[replica]));
}

/** Times of a replica. */
export function timesOf(evidence: Evidence, replica: number): Times {
  const steps = evidence.snapshots.map(({ step }) => step);
  const half = Math.log(evidence.setting.modulus) / 2;
  return {
    memorised: crossing(steps, curveOf(evidence, replica, "trainAccuracy"), MEMORISED, true),
    generalised: crossing(steps, curveOf(evidence, replica, "testAccuracy"), GENERALISED, true),
    testHalf: crossing(steps, curveOf(evidence, replica, "testLoss"), half, false),
  };
}

/** Times of every main replica. */
export function mainTimes(evidence: Evidence): MainTimes[] {
  const steps = evidence.snapshots.map(({ step }) => step);
  const half = Math.log(evidence.setting.modulus) / 2;
  return indicesOf(evidence, "main").map((replica) => {
    const distances = measureOf(evidence, replica, ({ distances }) => distances.OV);
    return {
      ...timesOf(evidence, replica),
      testCircuit: crossing(
        steps,
        measureOf(evidence, replica, ({ testRestrictedLoss }) => testRestrictedLoss),
        half,
        false,
      ),
      circuit: crossing(steps, measureOf(evidence, replica, ({ restrictedLoss }) => restrictedLoss), half, false),
      subspace: crossing(steps, distances, distances[0] / 2, false),
    };
  });
}

/** Replicas of a condition. */
export function indicesOf({ replicas }: Evidence, condition: string): number[] {
  return replicas.flatMap((replica, index) => replica.condition === condition ? [index] : []);
}

/** Index of the report at or after a step. */
export function reportAt({ snapshots }: Evidence, step: number): number {
  const index = snapshots.findIndex((snapshot) => snapshot.step >= step - 1e-6);
  return index < 0 ? snapshots.length - 1 : index;
}

/** Test accuracy of a main replica under an intervention from the branch on; without one, that of the main run. */
export function branchCurve({ snapshots, branches, setting }: Evidence, intervention: Intervention, replica: number) {
  const [from, to] = [setting["branch-at"], setting["branch-at"] + setting["branch-steps"]];
  if (intervention !== "none") {
    return branches.filter((row) => row.intervention === intervention && row.replica === replica);
  }
  return snapshots.filter(({ step }) => step >= from && step <= to).map(({ step, points }) => ({
    step,
    testAccuracy: points[replica].testAccuracy,
  }));
}

/** When a main replica generalises under an intervention; the last step of the interventions if it does not. */
export function branchTime(evidence: Evidence, intervention: Intervention, replica: number) {
  const { setting } = evidence;
  const rows = branchCurve(evidence, intervention, replica);
  const found = crossing(
    rows.map(({ step }) => step),
    rows.map(({ testAccuracy }) => testAccuracy),
    GENERALISED,
    true,
  );
  return { step: found ?? setting["branch-at"] + setting["branch-steps"], reached: found !== null };
}

/** The judgement of a claim that the run gave nothing to judge by. */
export function undecided(predicted: number, detail: string): Judgement {
  return { predicted, measured: 0, low: 0, high: 0, verdict: "inconclusive", detail };
}

/** Geometric mean of positive ratios with its 95 % t-interval, compared with what counts as agreement. */
export function judgeRatios(predicted: number, ratios: readonly number[], tolerance: Tolerance): Judgement {
  if (ratios.length < 2) return undecided(predicted, `expected at least two replicas, found ${ratios.length}`);
  const { centre, low, high } = meanInterval(ratios.map(Math.log));
  // A spread over few replicas can be so wide that its end is no number any more.
  const interval: Interval = {
    centre: Math.exp(centre),
    low: Math.exp(Math.max(low, -50)),
    high: Math.exp(Math.min(high, 50)),
  };
  return judgeInterval(predicted, interval, tolerance);
}

/** Share of replicas for which something holds, with Wilson's interval: reproduced where it is at least `required`. */
export function judgeShare(holds: readonly boolean[], required: number, detail?: string): Judgement {
  const n = holds.length;
  if (n === 0) return undecided(1, "no replica to judge by");
  const share = holds.filter(Boolean).length / n;
  const z2 = 1.96 ** 2;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = Math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return {
    predicted: 1,
    measured: share,
    low: Math.max(0, centre - half),
    high: Math.min(1, centre + half),
    verdict: share >= required ? "reproduced" : "not reproduced",
    detail: `${holds.filter(Boolean).length} of ${n} replicas${detail === undefined ? "" : `; ${detail}`}`,
  };
}

/** Steps in words. */
export function inSteps(times: readonly (number | null)[]): string {
  return times.map((time) => time === null ? "–" : String(Math.round(time))).join(", ");
}
