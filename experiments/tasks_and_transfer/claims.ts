/** Claims of the paper and beyond it, each with its criterion. */
import * as lab from "../../mod.ts";
import {
  CHANGE,
  distanceTo,
  DYNAMICS,
  type Given,
  givenOf,
  LEAST_SQUARES,
  narrowGiven,
  narrowSeries,
  penalised,
  PENALTIES,
  PRIOR_RIDGE,
  RIDGE,
  RIDGE_CHANGE,
  RISK,
  riskOf,
  SEEN,
  seriesOf,
  type Setting,
  ZERO,
} from "./setting.ts";

const { expect } = lab;
const { differences, mean, quotients } = lab.statistics;
type Measured = lab.Measurements;
type Claim = lab.Claim<Measured>;

const PAPER = "arXiv 2301.07067";
const upTo = (end: number) => Array.from({ length: end }, (_, index) => index);

/** Mean over the entries of a vector, all of them or from one on, by replica. */
export function meanOver(measured: Measured, series: string, quantity: string, entries: number, from = 0): number[] {
  const columns = upTo(entries).slice(from).map((index) => measured.last({ series, quantity, index }));
  return columns[0].map((_, r) => mean(columns.map((one) => one[r])));
}

/** Transfer gap: mean risk on new tasks minus that of ridge on the same prompts, which is Bayes for equal priors. */
export function gaps(measured: Measured, series: string, { pairs }: Pick<Setting, "pairs">): number[] {
  return differences(
    meanOver(measured, series, RISK, pairs),
    meanOver(measured, series, riskOf(RIDGE), pairs),
  );
}

/** Slope of ln change against ln n over positions that have at least `from` pairs before them, by replica. */
export function changeSlopes(
  measured: Measured,
  series: string,
  quantity: string,
  from: number,
  pairs: number,
): number[] {
  const counts = upTo(pairs - 1).map((index) => index + 1).filter((count) => count >= from);
  const columns = counts.map((count) => measured.last({ series, quantity, index: count - 1 }));
  return columns[0].map((_, r) => lab.statistics.slope(counts.map(Math.log), columns.map((one) => Math.log(one[r]))));
}

/**
 * Number of tasks at which half of the gap between the fewest tasks and endless ones is gone, on straight lines over its
 * logarithm.
 *
 * @param tasks Numbers of tasks, ascending.
 * @param found Gap at each of them.
 * @param endless Gap with endless tasks.
 * @returns The number; null if half is not gone at the most tasks.
 */
export function halfwayTasks(tasks: readonly number[], found: readonly number[], endless: number): number | null {
  return lab.crossingTime({ x: tasks, y: found }, (found[0] + endless) / 2, "down", { scale: "log", start: "none" });
}

/** All claims. */
export function claims(setting: Setting): Claim[] {
  return [...onRisk(setting), ...onTransfer(setting), ...onStability(setting)];
}

function onRisk(setting: Setting): Claim[] {
  const { pairs, states, inputs } = setting;
  const { endless, falling } = givenOf(setting);
  const risk = (measured: Measured, one: Given, quantity = RISK, from = 0) =>
    meanOver(measured, seriesOf(one), quantity, pairs, from);
  const dynamics = (measured: Measured, quantity: string, from = 0) =>
    meanOver(measured, DYNAMICS, quantity, states - 1, from);
  // Where there are few pairs, least squares has no finite risk.
  const late = (entries: number) => Math.floor(2 * entries / 3);
  const bestRidge = (measured: Measured) => {
    const all = PENALTIES.map((penalty) => dynamics(measured, penalised(penalty)));
    return all.reduce((best, one) => mean(one) < mean(best) ? one : best);
  };
  const near = (
    id: string,
    statement: string,
    what: string,
    source: string,
    values: (measured: Measured) => number[],
    detail: (measured: Measured) => string,
  ) =>
    lab.claim({
      id,
      statement,
      source,
      measure: `mean risk over positions, ${what}`,
      predicted: 1,
      expect: expect.ratio({ to: 1.1 }),
      values: (measured: Measured) => ({ values: values(measured), detail: detail(measured) }),
    });
  const words = (named: Record<string, readonly number[]>) =>
    Object.entries(named).map(([name, all]) => `${name} ${mean(all).toPrecision(4)}`).join("; ");
  return [
    near(
      "bayes-noisy",
      "On noisy linear regression the model's risk is the Bayes risk.",
      "of the model over ridge with λ = σ²",
      PAPER,
      (measured) => quotients(risk(measured, endless), risk(measured, endless, riskOf(RIDGE))),
      (measured) =>
        words({
          model: risk(measured, endless),
          ridge: risk(measured, endless, riskOf(RIDGE)),
          "least squares": risk(measured, endless, riskOf(LEAST_SQUARES)),
          zero: risk(measured, endless, riskOf(ZERO)),
        }),
    ),
    near(
      "bayes-falling",
      "With weights of falling variance the model's risk is that of ridge weighted by the prior.",
      "of the model over ridge with λ_i = σ² i²",
      PAPER,
      (measured) => quotients(risk(measured, falling), risk(measured, falling, riskOf(PRIOR_RIDGE))),
      (measured) =>
        words({
          model: risk(measured, falling),
          "prior ridge": risk(measured, falling, riskOf(PRIOR_RIDGE)),
          ridge: risk(measured, falling, riskOf(RIDGE)),
          "least squares": risk(measured, falling, riskOf(LEAST_SQUARES)),
        }),
    ),
    lab.claim({
      id: "prior-beats-least-squares",
      statement: "With weights of falling variance the model beats least squares, which knows no prior.",
      source: PAPER,
      measure: "mean risk over the last third of positions, of the model over least squares",
      expect: expect.ratio({ to: 1 }),
      values: (measured) => {
        const [model, rival] = [RISK, riskOf(LEAST_SQUARES)].map((name) => risk(measured, falling, name, late(pairs)));
        return { values: quotients(model, rival) };
      },
    }),
    lab.claim({
      id: "prior-learned",
      statement: "The model has learned the falling prior: it is nearer to ridge weighted by it than to plain ridge.",
      source: "control",
      measure: "mean square distance of predictions, to ridge with λ_i = σ² i² over that to ridge with λ = σ²",
      expect: expect.ratio({ to: 1 }),
      values: (measured) => {
        const to = (predictor: string) => measured.last({ series: seriesOf(falling), quantity: distanceTo(predictor) });
        return { values: quotients(to(PRIOR_RIDGE), to(RIDGE)), detail: `${inputs} inputs` };
      },
    }),
    near(
      "dynamics-ridge",
      "On linear dynamics the model's risk is that of the best ridge regression on the past transitions.",
      "of the model over ridge with the best of the penalties",
      PAPER,
      (measured) => quotients(dynamics(measured, RISK), bestRidge(measured)),
      (measured) =>
        words({
          model: dynamics(measured, RISK),
          "best ridge": bestRidge(measured),
          "least squares": dynamics(measured, riskOf(LEAST_SQUARES)),
          zero: dynamics(measured, riskOf(ZERO)),
          "A known": [1],
        }),
    ),
    lab.claim({
      id: "dynamics-least-squares",
      statement: "On linear dynamics the model beats least squares on the past transitions.",
      source: PAPER,
      measure: "mean risk over the last third of states, of the model over least squares",
      expect: expect.ratio({ to: 1 }),
      values: (measured) => {
        const [model, rival] = [RISK, riskOf(LEAST_SQUARES)].map((name) => dynamics(measured, name, late(states - 1)));
        return { values: quotients(model, rival) };
      },
    }),
  ];
}

function onTransfer(setting: Setting): Claim[] {
  const { pairs, dimension: d, small, product } = setting;
  const { endless, tasks, smallEndless, small: few, products } = givenOf(setting);
  const gap = (measured: Measured, one: Given) => gaps(measured, seriesOf(one), setting);
  const most = tasks[tasks.length - 1];
  const inWords = (groups: Readonly<Record<string, readonly number[]>>) =>
    Object.entries(groups).map(([name, all]) => `${name}: ${mean(all).toPrecision(3)}`).join("; ");
  /** Halfway numbers of tasks by replica, null where one is not reached. */
  const halfway = (measured: Measured, all: readonly Given[], end: Given) => {
    const [found, last] = [all.map((one) => gap(measured, one)), gap(measured, end)];
    return last.map((endless, r) => halfwayTasks(all.map(({ tasks }) => tasks), found.map((one) => one[r]), endless));
  };
  return [
    lab.claim({
      id: "gap-falls",
      statement: "The more training tasks, the smaller is the gap to the Bayes risk on new ones.",
      source: PAPER,
      measure: "transfer gap",
      expect: expect.ordered("falling", "number of tasks"),
      values: (measured) => {
        const values = Object.fromEntries(tasks.map((one) => [`T = ${one.tasks}`, gap(measured, one)]));
        return { values, detail: inWords({ ...values, endless: gap(measured, endless) }) };
      },
    }),
    lab.claim({
      id: "gap-closes",
      statement: `With ${most.tasks} training tasks new ones are predicted as well as after endless tasks.`,
      source: PAPER,
      measure: `transfer gap with ${most.tasks} tasks over that with endless ones`,
      predicted: 1,
      expect: expect.ratio({ to: 1.25 }),
      values: (measured) => {
        const [few, many] = [gap(measured, most), gap(measured, endless)];
        if ([...few, ...many].some((one) => one <= 0)) return { unmeasured: "a model loses less than ridge" };
        return { values: quotients(few, many) };
      },
    }),
    lab.claim({
      id: "one-task",
      statement: "With one training task the model learns the task and not to learn: on new ones it is as bad as zero.",
      source: "control",
      measure: "mean risk on new tasks over the zero predictor's, if that in training is at most 1.2 σ²",
      expect: expect.ratio({ from: 0.8 }),
      values: (measured) => {
        const series = seriesOf(tasks[0]);
        if (tasks[0].tasks !== 1) return { unmeasured: "no condition with one task" };
        const seen = meanOver(measured, series, SEEN, pairs).map((risk) => risk / setting.noise ** 2);
        const detail = `risk in training over σ²: ${seen.map((one) => one.toPrecision(3)).join(", ")}`;
        if (seen.some((one) => one > 1.2)) return { unmeasured: detail };
        return {
          values: quotients(
            meanOver(measured, series, RISK, pairs),
            meanOver(measured, series, riskOf(ZERO), pairs),
          ),
          detail,
        };
      },
    }),
    lab.claim({
      id: "dimension-squared",
      statement: "The number of training tasks that new ones need grows like the square of their dimension.",
      source: `${PAPER}, T ≈ d²/M`,
      measure: `tasks at which half of the gap is gone, d = ${d} over d = ${small}`,
      predicted: (d / small) ** 2,
      expect: expect.ratio({ from: (d / small) ** 2 / 1.5, to: (d / small) ** 2 * 1.5 }),
      values: (measured) => {
        const [large, little] = [halfway(measured, tasks, endless), halfway(measured, few, smallEndless)];
        const words = (all: readonly (number | null)[]) => all.map((one) => one?.toPrecision(3) ?? "never").join(", ");
        const detail = `d = ${d}: ${words(large)}; d = ${small}: ${words(little)}`;
        if ([...large, ...little].includes(null)) return { unmeasured: detail };
        return { values: quotients(large as number[], little as number[]), detail };
      },
    }),
    lab.claim({
      id: "product",
      statement:
        "Tasks and prompts of each count by their product: few tasks of several prompts transfer as many of one do.",
      source: `${PAPER}, T ≈ d²/M`,
      measure: `transfer gap, ${products[1].tasks} tasks of ${products[1].sequences} prompts over ${product} of one`,
      predicted: 1,
      expect: expect.ratio({ from: 1 / 1.5, to: 1.5 }),
      values: (measured) => {
        const [many, several] = products.map((one) => gap(measured, one));
        if ([...many, ...several].some((one) => one <= 0)) return { unmeasured: "a model loses less than ridge" };
        return {
          values: quotients(several, many),
          detail: inWords({ [seriesOf(products[1])]: several, [seriesOf(products[0])]: many }),
        };
      },
    }),
    lab.claim({
      id: "not-complexity",
      statement: "The gap depends on the number of training tasks and not on the size of the model.",
      source: PAPER,
      measure: `transfer gap with ${
        narrowGiven(setting).tasks
      } tasks, width ${setting.narrow} over width ${setting.width}`,
      predicted: 1,
      expect: expect.ratio({ from: 1 / 1.5, to: 1.5 }),
      values: (measured) => {
        const one = narrowGiven(setting);
        const [narrow, wide] = [gaps(measured, narrowSeries(one), setting), gap(measured, one)];
        if ([...narrow, ...wide].some((value) => value <= 0)) return { unmeasured: "a model loses less than ridge" };
        return { values: quotients(narrow, wide) };
      },
    }),
  ];
}

function onStability(setting: Setting): Claim[] {
  const { pairs, dimension: d } = setting;
  const { endless, tasks } = givenOf(setting);
  const from = 2 * d;
  const slopes = (measured: Measured, quantity: string) =>
    changeSlopes(measured, seriesOf(endless), quantity, from, pairs);
  const range = `n = ${from} … ${pairs - 1}`;
  return [
    lab.claim({
      id: "stability",
      statement: "One example counts the less, the more there are: its replacement changes predictions like 1/n.",
      source: `${PAPER}, stability O(1/m)`,
      measure: `slope of ln change against ln n, ${range}`,
      predicted: -1,
      expect: expect.mean({ from: -1.25, to: -0.75 }),
      values: (measured) => ({
        values: slopes(measured, CHANGE),
        detail: `ridge on the same prompts ${mean(slopes(measured, RIDGE_CHANGE)).toPrecision(3)}`,
      }),
    }),
    lab.claim({
      id: "stability-of-ridge",
      statement:
        "The model is as stable as ridge: its change falls with the length of the prompt as that of ridge does.",
      source: "ridge on the same prompts",
      measure: `slope of ln change against ln n minus that of ridge, ${range}`,
      predicted: 0,
      expect: expect.mean({ from: -0.2, to: 0.2 }),
      values: (measured) => ({ values: differences(slopes(measured, CHANGE), slopes(measured, RIDGE_CHANGE)) }),
    }),
    lab.claim({
      id: "memory-ignores-examples",
      statement: "A model that was trained on one task does not listen to its examples.",
      source: "control",
      measure: "mean change over positions, trained on one task over endless ones",
      expect: expect.ratio({ to: 0.3 }),
      values: (measured) => {
        if (tasks[0].tasks !== 1) return { unmeasured: "no condition with one task" };
        const [one, many] = [tasks[0], endless].map((given) => meanOver(measured, seriesOf(given), CHANGE, pairs - 1));
        return { values: quotients(one, many) };
      },
    }),
  ];
}
