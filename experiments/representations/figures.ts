/** Figures of the experiment. */
import * as lab from "../../mod.ts";
import { layersOf, meanRisk, risksAt } from "./claims.ts";
import {
  BEYOND,
  conditionName,
  conditionsOf,
  CONTROL,
  DYNAMICS,
  KERNEL,
  lagged,
  LAGS,
  LINEAR,
  LINEAR_TASK,
  mainOf,
  OTHER,
  pasted,
  PHI,
  predictionAt,
  RAW,
  readOf,
  RIDGE,
  riskOf,
  type Setting,
  SMALL,
  STATE,
  TOKENS,
  wholeOf,
  without,
  withoutRandom,
} from "./setting.ts";

const MODEL = "transformer";

/** Rows of every replica as curves over 0, 1, … or over 1, 2, …. */
const over = (rows: readonly (readonly number[])[], from: number): lab.MeasuredCurve[] =>
  rows.map((y) => ({ x: y.map((_, at) => from + at), y: [...y] }));

/** Figures by name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { dimension: d, features: D, context: N, cuts, layers } = setting;
  const { depth: L, noise } = mainOf(setting);
  const main = conditionName(mainOf(setting));
  const setup = `d = ${d}, D = ${D}, L = ${L}, σ = ${noise}, N = ${N}`;
  const tokens = (series: string, quantity?: string) => over(risksAt(measured, series, quantity), 1);
  const byLayer = (series: string, quantity: string) => over(layersOf(measured, series, quantity), 0);
  const whole = (series: string, token: string): lab.MeasuredCurve => {
    const level = lab.statistics.mean(measured.last({ series, quantity: wholeOf(token) }));
    return { x: [0, layers], y: [level, level] };
  };
  const layer = { title: "layer", ticks: Array.from({ length: layers + 1 }, (_, at) => at) };
  const pair = { title: "pair n of the prompt" };
  const risk = { title: "mean (ŷ − y)²", scale: "log" } as const;
  const directions = (count: number) => `${count} random ${count === 1 ? "direction" : "directions"}`;

  const rivals = [RIDGE, KERNEL, OTHER, RAW];
  const conditions = conditionsOf(setting, [0]).names;
  const curvesOfMeans = (series: string): lab.MeasuredCurve[] => {
    const places = measured.perReplica({ series, quantity: "risk" });
    return places.map((curves) => ({
      x: [...curves[0].x],
      y: Array.from(curves[0].x, (_, at) => lab.statistics.mean(curves.map(({ y }) => y[at]))),
    }));
  };
  const flat = (series: string, name: string): lab.MeasuredCurve => {
    const level = lab.statistics.mean(meanRisk(measured, series, riskOf(name)));
    return { x: [1, setting.steps], y: [level, level] };
  };
  return {
    risk: lab.curves({
      title: "Risk at every token of in-context regression through a fixed representation",
      setup,
      lines: {
        [MODEL]: tokens(main),
        ...Object.fromEntries(rivals.map((name) => [name, tokens(main, riskOf(name))])),
      },
      by: "predictor",
      x: pair,
      y: risk,
    }),
    training: lab.curves({
      title: "Risk averaged over tokens in training",
      setup,
      lines: Object.fromEntries(conditions.map((name) => [name, curvesOfMeans(name)])),
      theory: Object.fromEntries(
        [RIDGE, KERNEL].map((name) => [name, Object.fromEntries(conditions.map((one) => [one, flat(one, name)]))]),
      ),
      by: "condition",
      x: { title: "step", scale: "log" },
      y: risk,
      strokes: { [RIDGE]: "solid", [KERNEL]: "dashed" },
    }),
    probes: lab.multiples({
      title: "Layers that hold the representation, its copy, and the prediction",
      setup: `${setup}; held-out R² of linear maps from the residual stream, layer 0 is the embedding`,
      panels: TOKENS.map((token) => ({
        title: `tokens of ${token}`,
        lines: Object.fromEntries(
          [PHI, BEYOND, CONTROL, predictionAt(token)].map((target) => [
            target,
            byLayer(main, readOf(target, token)),
          ]),
        ),
      })),
      by: "target",
      x: layer,
      y: { title: "held-out R²", domain: [-0.2, 1] },
    }),
    causes: lab.multiples({
      title: "Risk late in the prompt without what a probe reads",
      setup: `${setup}; a target, or random directions, erased from the stream at one layer`,
      panels: TOKENS.map((token) => ({
        title: `erased at tokens of ${token}`,
        lines: {
          [PHI]: byLayer(main, without(PHI, token)),
          [directions(D)]: byLayer(main, withoutRandom(D, token)),
          [predictionAt(token)]: byLayer(main, without(predictionAt(token), token)),
          ...(D > 1 && { [directions(1)]: byLayer(main, withoutRandom(1, token)) }),
        },
        theory: { "nothing erased": { [PHI]: whole(main, token) } },
      })),
      by: "erased",
      x: layer,
      y: risk,
    }),
    pasting: lab.multiples({
      title: "Linear regression by upper layers under a new embedding, which alone is trained",
      setup: `${D} inputs, σ = ${noise}; ${setting["paste-steps"]} steps of training`,
      panels: cuts.map((cut) => ({
        title: `blocks ${cut + 1} to ${layers} kept`,
        lines: {
          "trained, y-tokens show x": tokens(pasted(cut, "trained", "copied")),
          "trained, tokens as in training": tokens(pasted(cut, "trained", "apart")),
          "at their start, y-tokens show x": tokens(pasted(cut, "fresh", "copied")),
          "one layer, wholly trained": tokens(SMALL),
          "ridge regression": tokens(LINEAR_TASK, riskOf(LINEAR)),
        },
      })),
      by: "upper layers",
      x: pair,
      y: risk,
    }),
    dynamics: lab.multiples({
      title: "Dynamical systems: the representation of the window before, at the token that it predicts",
      setup: `window of ${setting.window} states, ${setup}; i is the window that ends at the token`,
      panels: [
        {
          title: "probes",
          lines: Object.fromEntries(LAGS.map((lag) => [lagged(lag), byLayer(DYNAMICS, readOf(lagged(lag), STATE))])),
          y: { title: "held-out R²", domain: [-0.2, 1] },
        },
        {
          title: "probes, beyond the last states",
          lines: Object.fromEntries(LAGS.map((lag) => [
            lagged(lag),
            byLayer(DYNAMICS, readOf(`${lagged(lag)} beyond states`, STATE)),
          ])),
          y: { title: "held-out R²", domain: [-0.2, 1] },
        },
        {
          title: "late risk without it",
          lines: {
            ...Object.fromEntries(LAGS.map((lag) => [lagged(lag), byLayer(DYNAMICS, without(lagged(lag), STATE))])),
            [directions(D)]: byLayer(DYNAMICS, withoutRandom(D, STATE)),
          },
          theory: { "nothing erased": { [lagged(0)]: whole(DYNAMICS, STATE) } },
          y: risk,
        },
      ],
      columns: 3,
      by: "target",
      x: layer,
    }),
    dynamics_risk: lab.curves({
      title: "Risk at every token of dynamical systems",
      setup: `window of ${setting.window} states, ${setup}`,
      lines: {
        [MODEL]: tokens(DYNAMICS),
        [RIDGE]: tokens(DYNAMICS, riskOf(RIDGE)),
        "ridge on states": tokens(DYNAMICS, riskOf(RAW)),
      },
      by: "predictor",
      x: { title: "states predicted so far" },
      y: risk,
    }),
  };
}
