/** Claims of the paper, and beyond it, each with the criterion that its measurement is held to. */
import * as lab from "../../mod.ts";
import {
  BEYOND,
  conditionName,
  conditionsOf,
  CONTROL,
  DYNAMICS,
  KERNEL,
  lagged,
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
  type Token,
  wholeOf,
  without,
  withoutRandom,
} from "./setting.ts";

const { expect } = lab;
const { differences, mean, quotients } = lab.statistics;
type Claim = lab.Claim<lab.Measurements>;
type Evidence = lab.Measurements;

const PAPER = "arXiv 2310.10616 (second-hand)";
const BEYOND_PAPER = "beyond the paper";

/** Risk at every token at the last report, [replica][token]. */
export function risksAt(measured: Evidence, series: string, quantity = "risk"): number[][] {
  return measured.perReplica({ series, quantity }).map((places) => places.map(({ y }) => y.at(-1)!));
}

/** Mean risk over tokens. */
export const meanRisk = (measured: Evidence, series: string, quantity?: string) =>
  risksAt(measured, series, quantity).map(mean);

/** A quantity by layer, [replica][layer]. */
export function layersOf(measured: Evidence, series: string, quantity: string): number[][] {
  return measured.perReplica({ series, quantity }).map((places) => places.map(({ y }) => y.at(-1)!));
}

/** Largest ratio of two risks over tokens, of every replica. */
const worstRatio = (risks: number[][], others: number[][]) =>
  risks.map((row, r) => Math.max(...row.map((value, n) => value / others[r][n])));

/** Index of the largest value. */
const peak = (values: readonly number[]) => values.indexOf(Math.max(...values));

/** Depth at which a curve over layers has made half of its way from the embedding to its peak; null where it hardly rises. */
export function halfRise(values: readonly number[]): number | null {
  const top = Math.max(...values);
  if (top - values[0] < 0.05) return null;
  const x = values.map((_, layer) => layer);
  return lab.crossingTime({ x, y: [...values] }, (values[0] + top) / 2, "up", { start: "none" });
}

/** All claims. */
export function claims(setting: Setting): Claim[] {
  return [
    ...onRisks(setting),
    ...onProbes(setting),
    ...onCauses(setting),
    ...onPasting(setting),
    ...onDynamics(setting),
  ];
}

function onRisks(setting: Setting): Claim[] {
  const conditions = conditionsOf(setting, [0]).names;
  const main = conditionName(mainOf(setting));
  const over = (measured: Evidence, name: string) => {
    const others = meanRisk(measured, main, riskOf(name));
    return quotients(meanRisk(measured, main), others);
  };
  return [
    lab.claim({
      id: "risk-optimal",
      statement: "At every token the risk of the trained transformer is that of ridge regression on Φ*.",
      source: PAPER,
      measure: "risk at the last report over that of Φ*-ridge on the same prompts, at the token where it is largest",
      predicted: 1,
      expect: expect.each(expect.ratio({ to: 1.1 }), { of: "condition (L, σ)", shown: "worst" }),
      values: (measured) => ({
        values: Object.fromEntries(conditions.map((name) => [
          name,
          worstRatio(risksAt(measured, name), risksAt(measured, name, riskOf(RIDGE))),
        ])),
        detail: `averaged over tokens, main condition: ${mean(over(measured, RIDGE)).toFixed(2)}`,
      }),
    }),
    lab.claim({
      id: "risk-knows-phi",
      statement: "The trained transformer predicts better than every regression that does not know Φ*.",
      source: `${BEYOND_PAPER}: raw and kernel ridge`,
      measure: `risk averaged over tokens, over the least of ${RAW}, ${OTHER} and ${KERNEL}`,
      expect: expect.ratio({ to: 1 }),
      values(measured) {
        const rivals = [RAW, OTHER, KERNEL].map((name) => meanRisk(measured, main, riskOf(name)));
        const words = [RAW, OTHER, KERNEL].map((name, at) => `${name} ${mean(rivals[at]).toFixed(3)}`);
        return {
          values: meanRisk(measured, main).map((risk, r) => risk / Math.min(...rivals.map((rival) => rival[r]))),
          detail: `model ${mean(meanRisk(measured, main)).toFixed(3)}, ${words.join(", ")}, ${RIDGE} ${
            mean(meanRisk(measured, main, riskOf(RIDGE))).toFixed(3)
          }`,
        };
      },
    }),
    lab.claim({
      id: "risk-gap",
      statement: "The trained transformer has more than half of what knowing Φ* is worth.",
      source: BEYOND_PAPER,
      measure: `(risk of ${KERNEL} − risk) / (risk of ${KERNEL} − risk of ${RIDGE}), risks averaged over tokens`,
      expect: expect.mean({ from: 0.5 }),
      values(measured) {
        const [kernel, ridge] = [KERNEL, RIDGE].map((name) => meanRisk(measured, main, riskOf(name)));
        return { values: meanRisk(measured, main).map((risk, r) => (kernel[r] - risk) / (kernel[r] - ridge[r])) };
      },
    }),
  ];
}

function onProbes(setting: Setting): Claim[] {
  const main = conditionName(mainOf(setting)), last = setting.layers;
  const read = (measured: Evidence, target: string, token: Token) => layersOf(measured, main, readOf(target, token));
  const inner = (values: readonly number[]) => values.slice(1, last);
  return [
    lab.claim({
      id: "probe-u-shape",
      statement: "The error of a linear probe for Φ* at x-tokens is U-shaped in depth.",
      source: PAPER,
      measure: "least error 1 − R² of the inner layers over the lesser of those of the embedding and of the last layer",
      expect: expect.ratio({ to: 0.8 }),
      values: (measured) => ({
        values: read(measured, PHI, "x").map((values) =>
          (1 - Math.max(...inner(values))) / (1 - Math.max(values[0], values[last]))
        ),
      }),
    }),
    lab.claim({
      id: "probe-beyond",
      statement:
        "Inner layers hold of Φ* what no affine map of x gives, and more of it than of another representation.",
      source: `${BEYOND_PAPER}: control of the probe`,
      measure: `R² of ${BEYOND} at x-tokens less that of ${CONTROL}, at the inner layer where the first is largest`,
      expect: expect.mean({ from: 0.2 }),
      values(measured) {
        const control = read(measured, CONTROL, "x");
        const found = read(measured, BEYOND, "x");
        const layers = found.map((values) => 1 + peak(inner(values)));
        return {
          values: found.map((values, r) => values[layers[r]] - control[r][layers[r]]),
          detail: `layers ${layers.join(", ")}; R² ${mean(found.map((values, r) => values[layers[r]])).toFixed(2)}`,
        };
      },
    }),
    lab.claim({
      id: "probe-prediction",
      statement: "The error of a linear probe for the ridge prediction at x-tokens falls with every layer.",
      source: PAPER,
      measure: "R² of the prediction at x-tokens, embedding first",
      expect: expect.ordered("rising", "layer"),
      values(measured) {
        const found = read(measured, predictionAt("x"), "x");
        const layers = Array.from({ length: last + 1 }, (_, layer) => layer);
        return {
          values: Object.fromEntries(layers.map((layer) => [`layer ${layer}`, found.map((values) => values[layer])])),
          detail: layers.map((layer) => mean(found.map((values) => values[layer])).toFixed(2)).join(", "),
        };
      },
    }),
    lab.claim({
      id: "probe-order",
      statement: "Layers first compute the representation, then copy it to y-tokens, then predict.",
      source: PAPER,
      measure: `depth at which R² has made half of its way from the embedding to its peak: ${BEYOND} at x-tokens, at ` +
        "y-tokens, then the prediction at x-tokens",
      expect: expect.ordered("rising", "stage"),
      values(measured) {
        const stages = {
          representation: read(measured, BEYOND, "x").map(halfRise),
          copy: read(measured, BEYOND, "y").map(halfRise),
          prediction: read(measured, predictionAt("x"), "x").map(halfRise),
        };
        const words = Object.entries(stages).map(([name, depths]) =>
          `${name} ${depths.map((depth) => depth?.toFixed(1) ?? "never").join(", ")}`
        );
        const detail = words.join("; ");
        if (Object.values(stages).flat().includes(null)) return { unmeasured: `a stage is missing: ${detail}` };
        return { values: stages as Record<keyof typeof stages, number[]>, detail };
      },
    }),
    lab.claim({
      id: "probe-copy",
      statement: "Φ*(x) can be read at the token of its label.",
      source: PAPER,
      measure: `R² of ${PHI} at y-tokens, at the layer where it is largest`,
      expect: expect.mean({ from: 0.5 }),
      values: (measured) => ({ values: read(measured, PHI, "y").map((values) => Math.max(...values)) }),
    }),
    lab.claim({
      id: "probe-copy-beyond",
      statement: "At the token of its label Φ*(x) is more than its input carried over.",
      source: `${BEYOND_PAPER}: control of the probe`,
      measure: `R² of ${BEYOND} at y-tokens less that of ${CONTROL}, at the layer where the first is largest`,
      expect: expect.mean({ from: 0.2 }),
      values(measured) {
        const control = read(measured, CONTROL, "y");
        return {
          values: read(measured, BEYOND, "y").map((values, r) => Math.max(...values) - control[r][peak(values)]),
        };
      },
    }),
  ];
}

/** Risk without a target over the risk without random directions, at the layer below the last where its probe reads most. */
function erasureRatios(
  measured: Evidence,
  { series, target, token, directions, first }: {
    readonly series: string;
    readonly target: string;
    readonly token: string;
    readonly directions: number;
    /** First layer that counts. */
    readonly first: number;
  },
): { values: number[]; detail: string } {
  const read = layersOf(measured, series, readOf(target, token)).map((values) => values.slice(0, -1));
  const layers = read.map((values) => first + peak(values.slice(first)));
  const [erased, random] = [without(target, token), withoutRandom(directions, token)].map((quantity) =>
    layersOf(measured, series, quantity).map((values, r) => values[layers[r]])
  );
  const whole = measured.last({ series, quantity: wholeOf(token) });
  return {
    values: quotients(erased, random),
    detail: `layers ${layers.join(", ")}; risk ${mean(whole).toFixed(3)} with everything, ${
      mean(erased).toFixed(3)
    } without it, ${mean(random).toFixed(3)} without random directions`,
  };
}

function onCauses(setting: Setting): Claim[] {
  const series = conditionName(mainOf(setting)), D = setting.features;
  const cause = (id: string, statement: string, target: string, token: Token, directions: number) =>
    lab.claim({
      id,
      statement,
      source: `${BEYOND_PAPER}: causal check of the probe`,
      measure:
        `late risk without ${target} at ${token}-tokens over that without as many random directions, at the layer ` +
        "between embedding and last where the probe reads most",
      expect: expect.ratio({ from: 1.2 }),
      values: (measured: Evidence) => erasureRatios(measured, { series, target, token, directions, first: 1 }),
    });
  return [
    cause("cause-phi-x", "Predictions need what the probe reads of Φ* at x-tokens.", PHI, "x", D),
    cause("cause-phi-y", "Predictions need what the probe reads of Φ* at y-tokens.", PHI, "y", D),
    cause(
      "cause-prediction-x",
      "Predictions need what the probe reads of them at x-tokens.",
      predictionAt("x"),
      "x",
      1,
    ),
  ];
}

function onPasting(setting: Setting): Claim[] {
  const { cuts } = setting;
  const chance = 1 + mainOf(setting).noise ** 2;
  const risk = (measured: Evidence, cut: number, ...kind: ["trained" | "fresh", "copied" | "apart"]) =>
    meanRisk(measured, pasted(cut, ...kind));
  const perCut = (values: (cut: number) => number[]) =>
    Object.fromEntries(cuts.map((cut) => [`from block ${cut + 1}`, values(cut)]));
  const deepest = Math.max(...cuts);
  return [
    lab.claim({
      id: "paste-optimal",
      statement:
        "Upper layers under a new embedding, which alone is trained, do linear regression nearly as ridge does.",
      source: PAPER,
      measure: "risk averaged over tokens, over that of ridge; the best cut of every seed, y-tokens show x",
      predicted: 1,
      expect: expect.ratio({ to: 1.25 }),
      values(measured) {
        const ridge = meanRisk(measured, LINEAR_TASK, riskOf(LINEAR));
        const found = cuts.map((cut) => risk(measured, cut, "trained", "copied"));
        return {
          values: ridge.map((own, r) => Math.min(...found.map((values) => values[r])) / own),
          detail: `ridge ${mean(ridge).toFixed(3)}; ${
            cuts.map((cut, at) => `from block ${cut + 1} ${mean(found[at]).toFixed(3)}`).join(", ")
          }`,
        };
      },
    }),
    lab.claim({
      id: "paste-control",
      statement:
        "Upper layers under a new embedding predict better than the same layers at their start, under one trained alike.",
      source: `${PAPER}; control`,
      measure: "risk averaged over tokens, over that with upper layers at their start",
      expect: expect.each(expect.ratio({ to: 0.5 }), { of: "cut", shown: "worst" }),
      values: (measured) => ({
        values: perCut((cut) => {
          const fresh = risk(measured, cut, "fresh", "copied");
          return quotients(risk(measured, cut, "trained", "copied"), fresh);
        }),
      }),
    }),
    lab.claim({
      id: "paste-fresh-chance",
      statement: "Upper layers at their start under a trained embedding predict no better than chance.",
      source: `${PAPER}; control`,
      measure: "risk averaged over tokens, over E y²",
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.9 }), { of: "cut", shown: "worst" }),
      values: (measured) => ({
        values: perCut((cut) => risk(measured, cut, "fresh", "copied").map((value) => value / chance)),
      }),
    }),
    lab.claim({
      id: "one-layer-chance",
      statement:
        "A whole model of one layer, trained as long on the tokens of training, predicts no better than chance.",
      source: PAPER,
      measure: "risk averaged over tokens, over E y²",
      predicted: 1,
      expect: expect.ratio({ from: 0.9 }),
      values: (measured) => ({ values: meanRisk(measured, SMALL).map((value) => value / chance) }),
    }),
    lab.claim({
      id: "paste-needs-copy",
      statement:
        "The uppermost layers under a new embedding do not copy inputs themselves: they need y-tokens that show x.",
      source: BEYOND_PAPER,
      measure: `risk averaged over tokens from block ${
        deepest + 1
      } with tokens as trained, over that with y-tokens that show x`,
      expect: expect.ratio({ from: 1.2 }),
      values(measured) {
        const shown = risk(measured, deepest, "trained", "copied");
        return { values: quotients(risk(measured, deepest, "trained", "apart"), shown) };
      },
    }),
  ];
}

function onDynamics({ features: D, layers }: Setting): Claim[] {
  const read = (measured: Evidence, target: string) => layersOf(measured, DYNAMICS, readOf(target, STATE));
  const causes = (measured: Evidence, lag: number) =>
    erasureRatios(measured, { series: DYNAMICS, target: lagged(lag), token: STATE, directions: D, first: 1 });
  return [
    lab.claim({
      id: "dynamics-optimal",
      statement: "On dynamical systems too the risk at every token is that of ridge regression on Φ* of the windows.",
      source: PAPER,
      measure:
        "risk at the last report over that of Φ*-ridge on the same trajectories, at the token where it is largest",
      predicted: 1,
      expect: expect.ratio({ to: 1.1 }),
      values(measured) {
        const ridge = risksAt(measured, DYNAMICS, riskOf(RIDGE));
        const words = [RIDGE, RAW].map((name) =>
          `${name} ${mean(meanRisk(measured, DYNAMICS, riskOf(name))).toFixed(3)}`
        );
        return {
          values: worstRatio(risksAt(measured, DYNAMICS), ridge),
          detail: `averaged over tokens: model ${mean(meanRisk(measured, DYNAMICS)).toFixed(3)}, ${words.join(", ")}`,
        };
      },
    }),
    lab.claim({
      id: "dynamics-copy",
      statement: "Φ* of the window before is copied to a token, that of the window before it is not.",
      source: PAPER,
      measure: `R² of ${lagged(1)} less that of ${lagged(2)}, each at the layer where it is largest`,
      expect: expect.mean({ from: 0.2 }),
      values(measured) {
        const [one, two] = [1, 2].map((lag) => read(measured, lagged(lag)).map((values) => Math.max(...values)));
        return {
          values: differences(one, two),
          detail: `${lagged(1)} ${mean(one).toFixed(2)}, ${lagged(2)} ${mean(two).toFixed(2)}`,
        };
      },
    }),
    lab.claim({
      id: "dynamics-copy-beyond",
      statement:
        "On dynamical systems more of Φ* of the window before is copied to a token than the states of that window.",
      source: `${BEYOND_PAPER}: control of the probe`,
      measure:
        `R² of what of ${lagged(1)} no affine map of the last states gives, less the same of ${lagged(2)}, each at ` +
        "the layer where it is largest",
      expect: expect.mean({ from: 0.1 }),
      values(measured) {
        const [one, two] = [1, 2].map((lag) =>
          read(measured, `${lagged(lag)} beyond states`).map((values) => Math.max(...values))
        );
        return { values: differences(one, two) };
      },
    }),
    lab.claim({
      id: "dynamics-cause",
      statement: "Predictions of the next state need what the probe reads of Φ* of the window before.",
      source: `${BEYOND_PAPER}: causal check of the probe`,
      measure: `late risk without ${lagged(1)} over that without as many random directions, at the layer from 1 to ${
        layers - 1
      } where the probe reads most`,
      expect: expect.ratio({ from: 1.2 }),
      values: (measured) => causes(measured, 1),
    }),
    lab.claim({
      id: "dynamics-no-cause",
      statement: "Predictions of the next state do not need what the probe reads of Φ* two windows before.",
      source: `${BEYOND_PAPER}: causal check of the probe`,
      measure: `late risk without ${lagged(2)} over that without as many random directions, at the layer from 1 to ${
        layers - 1
      } where the probe reads most`,
      expect: expect.ratio({ to: 1.1 }),
      values: (measured) => causes(measured, 2),
    }),
  ];
}
