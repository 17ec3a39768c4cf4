/** Log rows of ensembles and of exact predictors. */
import type { RunContext } from "../../lib/run/mod.ts";
import { type Evidence, type Grounds, headsOf, seedsOf, windowsOf } from "./evidence.ts";
import { headCurve, type ReportCurve, scoreCurve, type Series, wholeCurve } from "./series.ts";
import type { columns, options } from "./setting.ts";
import { lossCurvature, normCurvature } from "./spectral_claims.ts";
import type { Baseline } from "./tasks.ts";

type Log = RunContext<typeof options, typeof columns, Evidence>["log"];

/** Appends what exact predictors lose. */
export function logBaselines(baselines: readonly Baseline[], log: Log): void {
  for (const { name, losses } of baselines) {
    losses.forEach((loss, position) => log("baseline", { name, position, loss }));
  }
}

/** Appends an ensemble's losses, score and windows, and only then what its heads have done. */
export function logSeries(series: Series, grounds: Grounds, log: Log): void {
  const { name: ensemble, steps, replicas, losses } = series;
  for (const replica of seedsOf(series)) {
    steps.forEach((step) => {
      const row = (step - 1 - steps[0]) * replicas + replica;
      if (step > steps[0]) log("train", { ensemble, step, replica, loss: losses[row] });
    });
    const whole = (quantity: string, { x, y }: ReportCurve) =>
      y.forEach((value, report) => log("measure", { ensemble, step: x[report], replica, head: -1, quantity, value }));
    for (const quantity of ["early loss", "late loss"] as const) {
      whole(quantity, wholeCurve(series, quantity, replica));
    }
    whole("score", scoreCurve(series, replica));
  }
  if (series.heads === 0) return;
  windowsOf(series, grounds).forEach((window, replica) => {
    const none = { start: -1, end: -1, before: 0, after: 0, explained: 0 };
    const { start, end, before, after, explained } = window ?? none;
    log("window", { ensemble, replica, start, end, drop: before - after, explained });
  });
  for (const replica of seedsOf(series)) {
    const row = (head: number, quantity: string, { x, y }: ReportCurve) =>
      y.forEach((value, report) => log("measure", { ensemble, step: x[report], replica, head, quantity, value }));
    row(-1, "parameter norm", wholeCurve(series, "parameter norm", replica));
    row(-1, "parameter norm curvature", normCurvature(series, replica));
    row(-1, "loss autocorrelation curvature", lossCurvature(series, replica));
    for (const quantity of Object.keys(series.perHead)) {
      for (const head of headsOf(series)) row(head, quantity, headCurve(series, quantity, replica, head));
    }
  }
}
