/** Claims, with criteria fixed before the run. */
import * as lab from "../../mod.ts";
import {
  CLASS_ERROR,
  ends,
  ERASED,
  erasedAt,
  EXACT,
  FIXED,
  type Kind,
  KINDS,
  levelName,
  LOGISTIC,
  MIXTURE,
  NEAR,
  NOISE,
  OTHERS,
  penalties,
  POSTERIOR,
  R2,
  riskAt,
  SCALED,
  seriesOf,
  type Setting,
  SIZES,
  SPECTRA,
  stepsOf,
  type Trained,
} from "./setting.ts";

const { claim, expect } = lab;
type Measured = lab.Measurements;
type Claim = lab.Claim<Measured>;

const PAPER = "arXiv 2306.04637";
const HERE = "beyond the paper";
const { differences, quotients } = lab.statistics;

/** Measure of {@linkcode selection}. */
const FACTOR =
  "the least factor, over fixed λ, by which the worse of its risks at the lowest and the highest noise exceeds the model's";

/** Of several groups the number shown is that which meets the criterion worst. */
const LARGEST = { shown: "worst", distance: (centre: number) => centre } as const;
const SMALLEST = { shown: "worst", distance: (centre: number) => -centre } as const;

/** A kind with its article, within a sentence and at its beginning. */
const a = (kind: Kind) => kind === "encoder" ? "an encoder" : "a decoder";
const A = (kind: Kind) => kind === "encoder" ? "An encoder" : "A decoder";

/** Risks of ridge at both ends of the noise levels, penalty by penalty, with straight lines between neighbours. */
export function fixedCurve(measured: Measured, setting: Setting, between = 8): [number, number][] {
  const [x, y] = ends(setting).map((sigma) =>
    penalties(setting).map((_, index) => measured.last({ series: FIXED, quantity: riskAt(sigma), index })[0])
  );
  return x.slice(1).flatMap((_, i) =>
    Array.from({ length: between + 1 }, (_, k): [number, number] => {
      const part = k / between;
      return [(1 - part) * x[i] + part * x[i + 1], (1 - part) * y[i] + part * y[i + 1]];
    })
  );
}

/** The least factor, over points of a curve, by which the worse of both coordinates exceeds that of a point. */
export const selection = (curve: readonly (readonly [number, number])[], [x, y]: readonly [number, number]) =>
  Math.min(...curve.map(([a, b]) => Math.max(a / x, b / y)));

/** {@linkcode selection} of every seed of a model. */
function selections(measured: Measured, setting: Setting, series: string): number[] {
  const curve = fixedCurve(measured, setting);
  const [x, y] = ends(setting).map((sigma) => measured.last({ series, quantity: riskAt(sigma) }));
  return x.map((value, r) => selection(curve, [value, y[r]]));
}

/** All claims. */
export function claims(setting: Setting): Claim[] {
  return [
    exactRisk(setting),
    ...KINDS.flatMap((kind) => [
      ...onLevels(setting, kind),
      ...(others(setting, kind) > 0 ? [...onOneLevel(setting, kind), ...onClasses(setting, kind)] : []),
      ...onProbes(setting, kind),
    ]),
  ];
}

/** Steps of models that were not trained on all noise levels. */
const others = (setting: Setting, kind: Kind) => stepsOf(setting, kind, OTHERS[0]);

function exactRisk(setting: Setting): Claim {
  return claim({
    id: "exact-ridge",
    statement: "Ridge with each noise level's own penalty has, on the test prompts, the risk that float64 spectra say.",
    source: `${HERE}: the targets .116 and .644 at d = 20, N = 20 are such risks`,
    measure: "risk on the test prompts over the exact one",
    predicted: 1,
    expect: expect.each(expect.estimate(lab.within(1, 0.15), "95 % interval over test prompts"), {
      of: "noise level",
      shown: "worst",
    }),
    values: (measured) => ({
      values: Object.fromEntries(setting.levels.map((sigma) => {
        const of = { series: EXACT, quantity: riskAt(sigma) };
        const [exact] = measured.theory(SPECTRA, of).y;
        const centre = measured.last(of)[0] / exact;
        const half = 1.96 * measured.last({ series: EXACT, quantity: `standard error, ${riskAt(sigma)}` })[0] / exact;
        return [levelName(sigma), { centre, low: centre - half, high: centre + half, replicas: 1 }];
      })),
      detail: setting.levels.map((sigma) => {
        const [exact] = measured.theory(SPECTRA, { series: EXACT, quantity: riskAt(sigma) }).y;
        return `${levelName(sigma)}: exact ${exact.toFixed(4)}`;
      }).join("; "),
    }),
  });
}

function onLevels(setting: Setting, kind: Kind): Claim[] {
  const [low, high] = ends(setting);
  const both = MIXTURE;
  const risk = (measured: Measured, trained: Trained, sigma: number) =>
    measured.last({ series: seriesOf(kind, trained), quantity: riskAt(sigma) });
  const bayes = (measured: Measured, sigma: number) => measured.last({ series: EXACT, quantity: riskAt(sigma) })[0];
  const at = (...sigmas: number[]) => <V>(of: (sigma: number) => V) =>
    Object.fromEntries(sigmas.map((sigma) => [levelName(sigma), of(sigma)]));
  return [
    claim({
      id: `${kind}-selects`,
      statement: `One ${kind} trained on all noise levels does better at both ends than ridge with any fixed λ.`,
      source: `${PAPER}, Fig. 2`,
      measure: FACTOR,
      expect: expect.ratio({ from: 1 }),
      values: (measured) => {
        const [x, y] = [low, high].map((sigma) =>
          measured.last({ series: EXACT, quantity: `${POSTERIOR}, ${riskAt(sigma)}` })[0]
        );
        const best = selection(fixedCurve(measured, setting), [x, y]);
        return {
          values: selections(measured, setting, seriesOf(kind, both)),
          predicted: best,
          detail: `${POSTERIOR} over levels: ${best.toFixed(3)}`,
        };
      },
    }),
    claim({
      id: `${kind}-bayes`,
      statement: `One ${kind} trained on all noise levels loses at each of them what that level's Bayes ridge loses.`,
      source: `${PAPER}, Fig. 2`,
      measure: "risk of the query over that of ridge with λ = d σ² on the same prompts",
      predicted: 1,
      expect: expect.each(expect.ratio({ to: 1.1 }), { of: "noise level", ...LARGEST }),
      values: (measured) => ({
        values: at(...setting.levels)((sigma) => quotients(risk(measured, both, sigma), bayes(measured, sigma))),
        detail: setting.levels.map((sigma) =>
          `${levelName(sigma)}: ${lab.statistics.mean(risk(measured, both, sigma)).toFixed(4)} against ${
            bayes(measured, sigma).toFixed(4)
          }`
        ).join("; "),
      }),
    }),
    claim({
      id: `${kind}-own-ridge`,
      statement: `On prompts of each end ${a(kind)} of all noise levels predicts nearer to that level's Bayes ridge.`,
      source: `${PAPER}, algorithm selection by prompt`,
      measure: "mean square distance from the level's Bayes ridge over that from the other end's",
      expect: expect.each(expect.ratio({ to: 1 }), { of: "noise level", ...LARGEST }),
      values: (measured) => {
        const near = (side: "low" | "high", sigma: number) =>
          measured.last({ series: seriesOf(kind, both), quantity: NEAR[side](sigma) });
        return {
          values: {
            [levelName(low)]: quotients(near("low", low), near("high", low)),
            [levelName(high)]: quotients(near("high", high), near("low", high)),
          },
        };
      },
    }),
    claim({
      id: `${kind}-posterior`,
      statement: `${
        A(kind)
      } of all noise levels is nearer to the exact posterior mean than to either Bayes ridge alone.`,
      source: HERE,
      measure: "mean square distance from the posterior mean, over that from the nearer ridge, both ends together",
      expect: expect.ratio({ to: 1 }),
      values: (measured) => {
        const sums = (["posterior", "low", "high"] as const).map((side) => {
          const [a, b] = [low, high].map((sigma) =>
            measured.last({ series: seriesOf(kind, both), quantity: NEAR[side](sigma) })
          );
          return a.map((value, r) => value + b[r]);
        });
        return { values: sums[0].map((value, r) => value / Math.min(sums[1][r], sums[2][r])) };
      },
    }),
  ];
}

function onOneLevel(setting: Setting, kind: Kind): Claim[] {
  const [low, high] = ends(setting);
  const single = { lowest: "lowest noise", highest: "highest noise" } as const;
  const risk = (measured: Measured, trained: Trained, sigma: number) =>
    measured.last({ series: seriesOf(kind, trained), quantity: riskAt(sigma) });
  // Models of all levels go on longer: they are compared where the others end.
  const mixture = (measured: Measured, sigma: number) =>
    measured.at({ series: seriesOf(kind, MIXTURE), quantity: riskAt(sigma) }, others(setting, kind));
  return [
    claim({
      id: `${kind}-one-level`,
      statement: `No ${kind} trained on one noise level does better at both ends than every fixed λ.`,
      source: "control",
      measure: FACTOR,
      expect: expect.each(expect.ratio({ to: 1 }), { of: "model", ...LARGEST }),
      values: (measured) => ({
        values: Object.fromEntries(
          Object.values(single).map((trained) => [trained, selections(measured, setting, seriesOf(kind, trained))]),
        ),
      }),
    }),
    claim({
      id: `${kind}-other-level`,
      statement: `At the noise level that it has not seen, ${a(kind)} of one level loses more than one of all levels.`,
      source: "control",
      measure: "risk of the query over that of the model of all levels after as many steps, same seed",
      expect: expect.each(expect.ratio({ from: 1 }), { of: "unseen level", ...SMALLEST }),
      values: (measured) => ({
        values: {
          [levelName(high)]: quotients(risk(measured, single.lowest, high), mixture(measured, high)),
          [levelName(low)]: quotients(risk(measured, single.highest, low), mixture(measured, low)),
        },
      }),
    }),
  ];
}

function onClasses(setting: Setting, kind: Kind): Claim[] {
  const [low] = ends(setting);
  const last = (measured: Measured, trained: Trained, quantity: string) =>
    measured.last({ series: seriesOf(kind, trained), quantity });
  const exact = (measured: Measured, quantity: string) => measured.last({ series: EXACT, quantity })[0];
  const both = "regression and classes" as const;
  return [
    claim({
      id: `${kind}-two-tasks-regression`,
      statement: `One ${kind} trained on regression and classification loses on regression what ridge loses.`,
      source: `${PAPER}, Fig. 2`,
      measure: "risk at the lowest noise over that of its Bayes ridge on the same prompts",
      predicted: 1,
      expect: expect.ratio({ to: 1.1 }),
      values: (measured) => ({
        values: quotients(last(measured, both, riskAt(low)), exact(measured, riskAt(low))),
      }),
    }),
    claim({
      id: `${kind}-two-tasks-classes`,
      statement: `One ${kind} trained on regression and classification errs as often as logistic regression.`,
      source: `${PAPER}, Fig. 2`,
      measure: "error of classes over that of logistic regression at the best of six penalties, same prompts",
      predicted: 1,
      expect: expect.ratio({ to: 1.1 }),
      values: (measured) => {
        const errors = last(measured, both, CLASS_ERROR);
        const best = measured.last({ series: EXACT, quantity: CLASS_ERROR });
        return {
          values: quotients(errors, exact(measured, LOGISTIC)),
          detail: [
            `error ${lab.statistics.mean(errors).toFixed(4)}, logistic regression ${
              exact(measured, LOGISTIC).toFixed(4)
            }`,
            ...best.map((value) => `Bayes classifier ${value.toFixed(4)}`),
          ].join(", "),
        };
      },
    }),
    claim({
      id: `${kind}-regression-alone`,
      statement: `${A(kind)} trained on regression alone errs more often in classification than one trained on both.`,
      source: `${PAPER}, single-task models on the other task`,
      measure: "error of classes over that of the model of both, same seed",
      expect: expect.ratio({ from: 1 }),
      values: (measured) => ({
        values: quotients(last(measured, "lowest noise", CLASS_ERROR), last(measured, both, CLASS_ERROR)),
      }),
    }),
    claim({
      id: `${kind}-classes-alone`,
      statement: `${A(kind)} trained on classification alone loses more in regression than one trained on both.`,
      source: `${PAPER}, single-task models on the other task`,
      measure: "risk at the lowest noise, each after its best factor on predictions, over the other's, same seed",
      expect: expect.ratio({ from: 1 }),
      values: (measured) => ({ values: quotients(last(measured, "classes", SCALED), last(measured, both, SCALED)) }),
    }),
    claim({
      id: `${kind}-price`,
      statement: `After as many steps, the ${kind} of both tasks does on each what the model of that task alone does.`,
      source: HERE,
      measure: "risk, or error of classes, of the model of both over that of the model of one, same seed",
      predicted: 1,
      expect: expect.each(expect.ratio({ to: 1.1 }), { of: "task", ...LARGEST }),
      values: (measured) => ({
        values: {
          regression: quotients(last(measured, both, riskAt(low)), last(measured, "lowest noise", riskAt(low))),
          classes: quotients(last(measured, both, CLASS_ERROR), last(measured, "classes", CLASS_ERROR)),
        },
      }),
    }),
  ];
}

/** R² of the probe after a layer, where the model predicts from all examples, at a step or at the end. */
export function probedAt(measured: Measured, setting: Setting, series: string, layer: number, step?: number) {
  const of = { series, quantity: R2, layer, index: setting.examples };
  return step === undefined ? measured.last(of) : measured.at(of, step);
}

function onProbes(setting: Setting, kind: Kind): Claim[] {
  const { layers: L, examples: N } = setting;
  const ofAll = (measured: Measured, layer: number) => probedAt(measured, setting, seriesOf(kind, MIXTURE), layer);
  const bound = (measured: Measured, theory: string) => {
    const { x, y } = measured.theory(theory, { series: NOISE, quantity: R2 });
    return y[x.indexOf(N)];
  };
  const layers = Array.from({ length: L + 1 }, (_, layer) => layer);
  return [
    claim({
      id: `${kind}-probe-control`,
      statement: `The embedding of the query does not know the noise level of ${a(kind)}'s prompt.`,
      source: "control",
      measure: "held-out R² of ln σ at the query before the first layer",
      predicted: 0,
      expect: expect.mean({ to: 0.02 }),
      values: (measured) => ({ values: ofAll(measured, 0) }),
    }),
    claim({
      id: `${kind}-probe-end`,
      statement: `Where ${
        a(kind)
      } of all noise levels predicts, the level is as linear in its stream as examples allow.`,
      source: HERE,
      measure: "held-out R² of ln σ after the last layer over that of its exact posterior mean",
      predicted: 1,
      expect: expect.mean({ from: 0.9 }),
      values: (measured) => ({
        values: quotients(ofAll(measured, L), bound(measured, POSTERIOR)),
        detail: `by layer ${
          layers.map((layer) => lab.statistics.mean(ofAll(measured, layer)).toFixed(3)).join(", ")
        }; posterior ${bound(measured, POSTERIOR).toFixed(3)}, sizes of labels ${bound(measured, SIZES).toFixed(3)}`,
      }),
    }),
    claim({
      id: `${kind}-probe-rises`,
      statement: `Every layer of ${a(kind)} of all noise levels makes the level more readable at the query.`,
      source: HERE,
      measure: "held-out R² of ln σ at the query",
      expect: expect.ordered("rising", "layer"),
      values: (measured) => ({
        values: Object.fromEntries(layers.map((layer) => [`layer ${layer}`, ofAll(measured, layer)])),
      }),
    }),
    claim({
      id: `${kind}-probe-first`,
      statement: `One layer of ${a(kind)} reads the noise level no better than the sizes of labels show it.`,
      source: HERE,
      measure: "held-out R² of ln σ after the first layer, less that from label sizes alone",
      expect: expect.mean({ to: 0 }),
      values: (measured) => ({ values: differences(ofAll(measured, 1), bound(measured, SIZES)) }),
    }),
    claim({
      id: `${kind}-probe-beyond`,
      statement: `After its last layer ${a(kind)} of all noise levels knows the level better than label sizes show it.`,
      source: HERE,
      measure: "held-out R² of ln σ after the last layer, less that from label sizes alone",
      expect: expect.mean({ from: 0 }),
      values: (measured) => ({ values: differences(ofAll(measured, L), bound(measured, SIZES)) }),
    }),
    claim({
      id: `${kind}-probe-trained`,
      statement: `Training on all noise levels makes the level more readable where ${a(kind)} predicts.`,
      source: "control: the same models before the first step",
      measure: "held-out R² of ln σ after the last layer, less that before training, same seed",
      expect: expect.mean({ from: 0 }),
      values: (measured) => ({
        values: differences(ofAll(measured, L), probedAt(measured, setting, seriesOf(kind, MIXTURE), L, 0)),
      }),
    }),
    claim({
      id: `${kind}-erased`,
      statement: `Before its last layer ${
        a(kind)
      } of all noise levels needs the direction that the level is read from.`,
      source: `${HERE}: causal check of the probe`,
      measure: `risk with that direction erased at the query after layer ${L - 1}, over the risk with a random one ` +
        "erased, geometric mean of both ends",
      expect: expect.ratio({ from: 1 }),
      values: (measured) => {
        const series = seriesOf(kind, MIXTURE);
        const lost = (sigma: number) => {
          const [own, random] = ERASED.map((erased) =>
            measured.last({ series, quantity: erasedAt(sigma, erased), layer: L - 1 })
          );
          return quotients(own, random);
        };
        const [x, y] = ends(setting).map(lost);
        return { values: x.map((value, r) => Math.sqrt(value * y[r])) };
      },
    }),
    ...(others(setting, kind) === 0 ? [] : [
      claim({
        id: `${kind}-probe-one-level`,
        statement: `${A(kind)} of all noise levels makes the level more readable than one that knows one level alone.`,
        source: "control",
        measure: "held-out R² of ln σ after the last layer, less that of the model of one level after as many steps",
        expect: expect.each(expect.mean({ from: 0 }), { of: "control", ...SMALLEST }),
        values: (measured: Measured) => {
          const at = (trained: Trained) =>
            probedAt(measured, setting, seriesOf(kind, trained), L, others(setting, kind));
          return {
            values: {
              "lowest noise": differences(at(MIXTURE), at("lowest noise")),
              "highest noise": differences(at(MIXTURE), at("highest noise")),
            },
          };
        },
      }),
    ]),
  ];
}
