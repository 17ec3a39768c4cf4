/** When things happen in a run: the times that several claims and figures share. */
import { curveOf, type Evidence, indicesOf, measureOf } from "./evidence.ts";
import type { Intervention } from "./interventions.ts";

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

/** A main replica under an intervention that begins at a step. */
export interface Branch {
  readonly from: number;
  readonly intervention: Intervention;
  readonly replica: number;
}

/** Test accuracy under an intervention from the branch on; without one, that of the main run. */
export function branchCurve({ snapshots, branches, setting }: Evidence, { from, intervention, replica }: Branch) {
  const to = from + setting["branch-steps"];
  if (intervention !== "none") {
    return branches.filter((row) => row.from === from && row.intervention === intervention && row.replica === replica);
  }
  return snapshots.filter(({ step }) => step >= from && step <= to).map(({ step, points }) => ({
    step,
    testAccuracy: points[replica].testAccuracy,
  }));
}

/** When a main replica generalises under an intervention; the last step of the interventions if it does not. */
export function branchTime(evidence: Evidence, branch: Branch) {
  const { setting } = evidence;
  const rows = branchCurve(evidence, branch);
  const found = crossing(
    rows.map(({ step }) => step),
    rows.map(({ testAccuracy }) => testAccuracy),
    GENERALISED,
    true,
  );
  return { step: found ?? branch.from + setting["branch-steps"], reached: found !== null };
}

/** Pairs of times that both happened. */
export function bothOf<A extends string>(
  times: readonly Readonly<Record<A, number | null>>[],
  a: A,
  b: A,
): [number, number][] {
  return times.flatMap((one) => {
    const [first, second] = [one[a], one[b]];
    return first === null || second === null ? [] : [[first, second]];
  });
}
