/** Figures of the experiment. */
import * as lab from "../../mod.ts";
import { byLength, endError, prunedErrors, stepsTo } from "./claims.ts";
import {
  ALL_TASKS,
  BAYES,
  CLASSES,
  COPYING,
  DECODER,
  DECODER_SETS,
  MAIN,
  ONE,
  ORDERS,
  seriesOf,
  type Setting,
  shareSeries,
  sumSeries,
  TASK_SETS,
  THRESHOLD,
} from "./setting.ts";

/** Figures by name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { share, shares, length, neurons, steps, level, sums, pruned, "test-shares": testShares } = setting;
  const size = `M₁ = 6, M₂ = ${setting.irrelevant}, ${length} examples`;
  const setup = `${size}, α = ${share}, m = ${neurons}`;
  const errors = (series: string) => measured.curves({ series, quantity: "error, unseen tasks" });
  const models = [ONE, DECODER] as const;
  const error = { title: "error", zero: true } as const;
  const allShares = [...shares, share].sort((a, b) => a - b);
  const ofShare = (alpha: number) => seriesOf(ONE, MAIN, alpha === share ? undefined : alpha);
  const shown = ["24 tasks", MAIN, CLASSES, "12 tasks, both orders"];

  return {
    unseen_tasks: lab.bars({
      title: "Error on tasks that were not trained on",
      setup: [
        setup,
        `the paper asks for ${
          Math.ceil(THRESHOLD * ALL_TASKS.length)
        } tasks or more; the decoder was trained on the first ${DECODER_SETS.length} sets`,
      ],
      values: Object.fromEntries(models.map((model) => [
        model,
        Object.fromEntries(
          Object.keys(TASK_SETS).filter((set) => model === ONE || DECODER_SETS.includes(set)).map((set) => [
            set,
            endError(measured, seriesOf(model, set)),
          ]),
        ),
      ])),
      by: "model",
      x: { title: `training tasks, of ${ALL_TASKS.length}` },
      y: error,
    }),
    learning: lab.multiples({
      title: "Learning the tasks that are not trained on",
      setup,
      panels: models.map((model) => ({
        title: model,
        lines: Object.fromEntries(
          (model === ONE ? shown : DECODER_SETS).map((set) => [set, errors(seriesOf(model, set))]),
        ),
        x: { title: model === ONE ? "step of SGD" : "step of Adam" },
      })),
      columns: 2,
      y: error,
      by: "training tasks",
    }),
    shares: lab.multiples({
      title: "With fewer relevant examples the layer learns later, and looks more sharply",
      setup: `${size}, ${MAIN}, tested with α = ${share}`,
      panels: [
        {
          title: "error on unseen tasks",
          lines: Object.fromEntries(allShares.map((own) => [`α = ${own}`, errors(ofShare(own))])),
          y: error,
        },
        {
          title: "attention to the query's pattern",
          lines: Object.fromEntries(
            allShares.map((own) => [`α = ${own}`, measured.curves({ series: ofShare(own), quantity: "attention" })]),
          ),
          y: { title: "attention", domain: [0, 1] },
        },
      ],
      columns: 2,
      x: { title: "step", domain: [0, steps] },
      by: "training share",
    }),
    steps_with_share: lab.points({
      title: `Steps to an error of ${level} on unseen tasks`,
      setup: `${size}, ${MAIN}; the theory's level is fitted at the largest share`,
      lines: {
        [ONE]: allShares.map((own) => ({
          x: own,
          values: errors(ofShare(own)).map((one) => stepsTo(one, level)).filter((value) => value !== null),
        })).filter(({ values }) => values.length > 0),
      },
      theory: { "α^(−2/3)": { [ONE]: powerLaw(measured, setting, allShares, ofShare) } },
      x: { title: "share α of relevant examples in training", scale: "log", ticks: allShares },
      y: { title: "steps", scale: "log" },
    }),
    combinations: lab.points({
      title: "Error on combinations of the training patterns",
      setup: `${setup}; tasks of three patterns; dotted: S₁ = 1`,
      lines: Object.fromEntries(models.map((model) => [
        model,
        sums.map((S1) => ({ x: S1, values: measured.last({ series: sumSeries(model, S1), quantity: "error" }) })),
      ])),
      by: "model",
      x: { title: "sum S₁ of the coefficients" },
      y: error,
      rules: [{ x: 1 }],
    }),
    pruning: lab.multiples({
      title: "Error on unseen tasks with part of the neurons removed",
      setup,
      panels: models.map((model) => ({
        title: model,
        lines: Object.fromEntries(ORDERS.map((order) => [order, pruneCurves(measured, setting, model, order)])),
      })),
      columns: 2,
      x: { title: "share of neurons removed", domain: [0, Math.max(...pruned)] },
      y: error,
      by: "order",
    }),
    examples: lab.multiples({
      title: "Error by number of test examples, beside exact errors",
      setup: `${setup} in training`,
      panels: testShares.map((own) => {
        const of = { series: shareSeries(own), quantity: "error" };
        return {
          title: `α′ = ${own}`,
          lines: { [ONE]: byLength(measured, own) },
          theory: {
            [COPYING]: { [ONE]: measured.theory(COPYING, of) },
            [BAYES]: { [ONE]: measured.theory(BAYES, of) },
          },
        };
      }),
      columns: 3,
      x: { title: "examples", scale: "log" },
      y: error,
      strokes: { [COPYING]: "dashed", [BAYES]: "dotted" },
    }),
  };
}

/** Errors over the share of neurons that are removed, of each replica. */
function pruneCurves(
  measured: lab.Measurements,
  { pruned }: Setting,
  model: typeof ONE | typeof DECODER,
  order: typeof ORDERS[number],
): lab.MeasuredCurve[] {
  const shares = [0, ...pruned];
  const errors = shares.map((_, index) => prunedErrors(measured, model, order, index));
  return errors[0].map((_, r) => ({ x: shares, y: errors.map((all) => all[r]) }));
}

/** The theory's power law through the mean steps at the largest share. */
function powerLaw(
  measured: lab.Measurements,
  { level }: Setting,
  shares: readonly number[],
  seriesOfShare: (share: number) => string,
): lab.MeasuredCurve {
  const largest = shares[shares.length - 1];
  const steps = measured.curves({ series: seriesOfShare(largest), quantity: "error, unseen tasks" })
    .map((one) => stepsTo(one, level)).filter((value) => value !== null);
  if (steps.length === 0) return { x: [], y: [] };
  const at = lab.statistics.geometricMean(steps);
  return { x: shares, y: shares.map((share) => at * (share / largest) ** (-2 / 3)) };
}
