/** When things happen in a run: the times that claims and figures share, in steps, null for what did not happen. */
import * as lab from "../../mod.ts";
import { branchName, type Setting } from "./setting.ts";

/** Accuracy on the training pairs at which they count as memorised. */
export const MEMORISED = 0.99;
/** Accuracy on the test pairs at which a replica has generalised. */
const GENERALISED = 0.95;

/** Between two reports a curve is a straight line over the logarithm of the step. */
const LOG = { scale: "log" } as const;

/** Events of every replica, in words. */
const EVENTS = { memorised: "memorised", generalised: "generalised", testHalf: "test loss ½ ln p" };

/** Events of a main replica, which is looked into: circuit formation ends with a restricted loss of ½ ln p. */
const MAIN_EVENTS = {
  ...EVENTS,
  circuit: "circuit",
  /** From test pairs alone; no claim rests on it. */
  testCircuit: "circuit from test pairs alone",
  /** The distance of the OV circuits to the final subspace is half of its start. */
  subspace: "subspace",
  /** The learning coefficient, past its largest value, is half of it. */
  coefficient: "LLC halved",
  end: "end",
};

/** Times of one replica. */
export type Times = Readonly<Record<keyof typeof EVENTS, number | null>>;
/** Times of a main replica. */
export type MainTimes = Readonly<Record<keyof typeof MAIN_EVENTS, number | null>>;

/** Finds the times of every replica of a condition. */
export function timesOf(measured: lab.Measurements, { modulus }: Setting, series: string): Times[] {
  const half = Math.log(modulus) / 2;
  return measured.replicas({ series, quantity: "test loss" }).map((replica) => {
    const curve = (quantity: string) => measured.curve({ series, quantity }, replica);
    return {
      memorised: lab.crossingTime(curve("train accuracy"), MEMORISED, "up", LOG),
      generalised: lab.crossingTime(curve("test accuracy"), GENERALISED, "up", LOG),
      testHalf: lab.crossingTime(curve("test loss"), half, "down", LOG),
    };
  });
}

/** Finds the times of every main replica. */
export function mainTimes(measured: lab.Measurements, setting: Setting): MainTimes[] {
  const half = Math.log(setting.modulus) / 2;
  return timesOf(measured, setting, "main").map((times, replica) => {
    const curve = (quantity: string) => measured.curve({ series: "main", quantity }, replica);
    const [distance, coefficient] = [curve("distance OV"), curve("learning coefficient")];
    return {
      ...times,
      circuit: lab.crossingTime(curve("restricted loss"), half, "down", LOG),
      testCircuit: lab.crossingTime(curve("restricted loss, test pairs"), half, "down", LOG),
      subspace: lab.crossingTime(distance, distance.y[0] / 2, "down", LOG),
      coefficient: lab.halvingTime(coefficient),
      end: distance.x[distance.x.length - 1] ?? null,
    };
  });
}

/** Says when things happened in every replica, as in `memorised at 91, –, 136`. */
export function inWords(times: readonly Partial<MainTimes>[], ...events: (keyof MainTimes)[]): string {
  return events.map((event) => `${MAIN_EVENTS[event]} at ${inSteps(times.map((one) => one[event] ?? null))}`).join(
    "; ",
  );
}

/** Steps in words. */
export const inSteps = (times: readonly (number | null)[]) =>
  times.map((time) => time === null ? "–" : String(Math.round(time))).join(", ");

/** Test accuracy of every main replica under an intervention that begins at a step; `none`: as in the main run. */
export function branchCurves(measured: lab.Measurements, setting: Setting, intervention: string, from: number) {
  const to = from + setting["branch-steps"];
  const series = intervention === "none" ? "main" : branchName(intervention, from);
  return measured.curves({ series, quantity: "test accuracy" }).map(({ x, y }) => ({
    x: x.filter((step) => step >= from && step <= to),
    y: y.filter((_, index) => x[index] >= from && x[index] <= to),
  }));
}

/** Finds when every main replica generalises under an intervention; the last step of the interventions if it does not. */
export function branchTimes(measured: lab.Measurements, setting: Setting, intervention: string, from: number) {
  const until = { direction: "up", end: from + setting["branch-steps"], ...LOG } as const;
  return branchCurves(measured, setting, intervention, from)
    .map((curve) => lab.censoredCrossing(curve, GENERALISED, until));
}
