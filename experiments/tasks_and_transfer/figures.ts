/** Figures. Titles say what is shown, not what came out. */
import * as lab from "../../mod.ts";
import { gaps, meanOver } from "./claims.ts";
import {
  CHANGE,
  DYNAMICS,
  type Given,
  givenOf,
  LEAST_SQUARES,
  narrowGiven,
  narrowSeries,
  penalised,
  PENALTIES,
  RIDGE,
  RIDGE_CHANGE,
  RISK,
  riskOf,
  SEEN,
  seriesOf,
  type Setting,
} from "./setting.ts";

/** Figures by name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { dimension: d, small, inputs, noise, pairs: N, states, width, narrow, layers, product } = setting;
  const { endless, falling, tasks, smallEndless, small: few, products } = givenOf(setting);
  const setup = `${layers} layer${layers === 1 ? "" : "s"} of width ${width}, σ = ${noise}`;
  const curvesOf = (series: string, quantity: string, entries: number, first = 1) => {
    const columns = Array.from({ length: entries }, (_, index) => measured.last({ series, quantity, index }));
    return columns[0].map((_, r) => ({
      x: columns.map((_, index) => index + first),
      y: columns.map((one) => one[r]),
    }));
  };
  /** Of a predictor that is the same for all replicas. */
  const curveOf = (series: string, quantity: string, entries: number, first = 1) =>
    curvesOf(series, quantity, entries, first)[0];
  const exact = (one: Given) => ({
    x: Array.from({ length: N }, (_, index) => index + 1),
    y: Array.from(
      { length: N },
      (_, index) => measured.theory("Bayes", { series: seriesOf(one), quantity: RISK, index }).y[0],
    ),
  });
  const MODEL = "transformer";
  const best = PENALTIES.reduce((best, one) =>
    meanOver(measured, DYNAMICS, penalised(one), states - 1)[0] <
        meanOver(measured, DYNAMICS, penalised(best), states - 1)[0]
      ? one
      : best
  );
  const of = (theory: Readonly<Record<string, lab.MeasuredCurve>>): lab.Theories =>
    Object.fromEntries(Object.entries(theory).map(([name, curve]) => [name, { [MODEL]: curve }]));
  const byTasks = (all: readonly Given[], values: (series: string) => number[]) =>
    all.map((one) => ({ x: one.tasks, values: values(seriesOf(one)) }));
  const gap = (series: string) => gaps(measured, series, setting);
  const flat = (all: readonly Given[], value: number) => ({
    x: [all[0].tasks, all[all.length - 1].tasks],
    y: [value, value],
  });
  const counts = Array.from({ length: N - 1 }, (_, i) => i + 1);
  const change = (one: Given) => curvesOf(seriesOf(one), CHANGE, N - 1);
  const anchor = change(endless)[0]?.y[2 * d - 1] ?? 1;
  const T = { title: "training tasks T", scale: "log", ticks: tasks.map((one) => one.tasks) } as const;
  // A model that happens to lose less than ridge on the test prompts has no place on a logarithmic axis.
  const positive = [...tasks, ...few, endless, smallEndless].every((one) =>
    gap(seriesOf(one)).every((value) => value > 0)
  );

  return {
    risk: lab.multiples({
      title: "Risk by position, beside exact predictors",
      setup,
      panels: [
        {
          title: `regression, d = ${d}`,
          lines: { [MODEL]: curvesOf(seriesOf(endless), RISK, N) },
          theory: of({
            "Bayes, exact": exact(endless),
            "least squares": curveOf(seriesOf(endless), riskOf(LEAST_SQUARES), N),
          }),
          x: { title: "position n" },
        },
        {
          title: `falling prior, d = ${inputs}`,
          lines: { [MODEL]: curvesOf(seriesOf(falling), RISK, N) },
          theory: of({
            "Bayes, exact": exact(falling),
            "ridge, λ = σ²": curveOf(seriesOf(falling), riskOf(RIDGE), N),
            "least squares": curveOf(seriesOf(falling), riskOf(LEAST_SQUARES), N),
          }),
          x: { title: "position n" },
        },
        {
          title: `dynamics, d = ${d}, in units of σ²`,
          lines: { [MODEL]: curvesOf(DYNAMICS, RISK, states - 1) },
          theory: of({
            "best ridge": curveOf(DYNAMICS, penalised(best), states - 1),
            "least squares": curveOf(DYNAMICS, riskOf(LEAST_SQUARES), states - 1),
          }),
          x: { title: "state n" },
        },
      ],
      columns: 3,
      by: "predictor",
      y: { title: "mean square error", scale: "log" },
      strokes: {
        "Bayes, exact": "solid",
        "best ridge": "dash-dotted",
        "ridge, λ = σ²": "dashed",
        "least squares": "dotted",
      },
    }),
    transfer: lab.points({
      title: "Transfer gap by number of training tasks",
      setup: [setup, "gap: risk on new tasks minus the Bayes risk on the same prompts; dashed: endless tasks"],
      lines: { [`d = ${d}`]: byTasks(tasks, gap), [`d = ${small}`]: byTasks(few, gap) },
      theory: {
        "endless tasks": {
          [`d = ${d}`]: flat(tasks, lab.statistics.mean(gap(seriesOf(endless)))),
          [`d = ${small}`]: flat(few, lab.statistics.mean(gap(seriesOf(smallEndless)))),
        },
      },
      by: "dimension",
      x: T,
      y: { title: "gap", scale: positive ? "log" : "linear" },
      strokes: { "endless tasks": "dashed" },
    }),
    new_and_training: lab.points({
      title: "Risk on new tasks and on those of training",
      setup: `d = ${d}, ${setup}`,
      lines: {
        "new tasks": byTasks(tasks, (series) => meanOver(measured, series, RISK, N)),
        "training tasks": byTasks(tasks, (series) => meanOver(measured, series, SEEN, N)),
      },
      theory: {
        "ridge": {
          "new tasks": flat(tasks, meanOver(measured, seriesOf(endless), riskOf(RIDGE), N)[0]),
        },
      },
      by: "tasks",
      x: T,
      y: { title: "mean square error", zero: true },
    }),
    stability: lab.curves({
      title: "Change of predictions when one of n examples is replaced",
      setup,
      lines: { "endless tasks": change(endless), "one task": tasks[0].tasks === 1 ? change(tasks[0]) : [] },
      theory: {
        "ridge": { "endless tasks": curveOf(seriesOf(endless), RIDGE_CHANGE, N - 1) },
        "1/n": { "endless tasks": { x: counts, y: counts.map((n) => anchor * 2 * d / n) } },
      },
      by: "trained on",
      x: { title: "examples n", scale: "log", ticks: [1, 2, 4, 8, 16, 32].filter((n) => n < N) },
      y: { title: "root mean square change", scale: "log" },
      strokes: { "ridge": "dashed", "1/n": "dotted" },
    }),
    controls: lab.bars({
      title: "Transfer gap with few prompts of each task, and of a smaller model",
      setup: `d = ${d}, ${setup}`,
      width: 560,
      values: {
        gap: Object.fromEntries([
          ...products.map((one): [string, number[]] => [`${one.tasks} tasks × ${one.sequences}`, gap(seriesOf(one))]),
          ...[product].flatMap((T) =>
            tasks.filter((one) => one.tasks === T).map((
              one,
            ): [string, number[]] => [`${T} tasks × ∞`, gap(seriesOf(one))])
          ),
          [`${narrowGiven(setting).tasks} tasks × ∞`, gap(seriesOf(narrowGiven(setting)))],
          [`the same, width ${narrow}`, gap(narrowSeries(narrowGiven(setting)))],
        ]),
      },
      x: { title: "training tasks × prompts of each" },
      y: { title: "gap" },
    }),
  };
}
