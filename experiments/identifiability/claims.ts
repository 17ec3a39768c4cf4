/** Claims of the paper and predictions of its theory, with criteria fixed before the run. */
import * as lab from "../../mod.ts";
import {
  DIET,
  DIET_UNIT,
  LAPLACE,
  mainOf,
  NORMAL,
  ofClasses,
  ofConcentration,
  ofDimension,
  QUANTITIES,
  REPORTED,
  type Setting,
  UNIT,
} from "./setting.ts";

const { expect } = lab;
const { differences, quotients } = lab.statistics;
type Measured = lab.Measurements;
type Claim = lab.Claim<Measured>;

const PAPER = "arXiv 2410.21869";
const TABLE = `${PAPER}, table 3`;
const THEOREM = `${PAPER}, theorem 1`;
/** Least R² that counts as recovered. */
const RECOVERED = 0.9;
const HERE = `derived here from ${THEOREM}`;

const last = (measured: Measured, series: string, quantity: string) => measured.last({ series, quantity });
const r2 = (measured: Measured, series: string) => last(measured, series, QUANTITIES.latents);
const inWords = (values: readonly number[]) =>
  values.length === 0 ? "not measured" : lab.statistics.mean(values).toFixed(3);
/** Means of R² by series. */
const means = (measured: Measured, series: readonly string[]) =>
  series.map((name) => `${name}: ${inWords(r2(measured, name))}`).join("; ");
const reported = (series: string) => REPORTED[series];
const difference = (a: string, b: string) =>
  reported(a) === undefined || reported(b) === undefined ? undefined : reported(a) - reported(b);

/** Singular values of a replica's map at the end, largest first. */
function singularValues(measured: Measured, series: string, quantity: string): number[][] {
  const places = measured.places({ series, quantity });
  const all = places.map(({ index }) => measured.last({ series, quantity, index }));
  return all[0].map((_, r) => all.map((values) => values[r]));
}

/** Largest over smallest. */
const conditionNumbers = (values: readonly (readonly number[])[]) =>
  values.map((each) => Math.max(...each) / Math.min(...each));

/**
 * Exponent p of `1 − R² ∝ excess^p` late in training: slope of the least-squares line through logarithms, from the first
 * report at which the excess is below half of its start.
 *
 * @param excess Excess cross-entropy along the run.
 * @param explained R² along it.
 * @returns The exponent; null if fewer than three such reports have a positive excess.
 */
export function lateExponent(excess: lab.MeasuredCurve, explained: lab.MeasuredCurve): number | null {
  const from = excess.y.findIndex((value) => value < excess.y[0] / 2);
  if (from < 0) return null;
  const points = excess.y.map((value, at) => [value, 1 - explained.y[at]]).slice(from)
    .filter(([value, rest]) => value > 0 && rest > 0).map(([value, rest]) => [Math.log(value), Math.log(rest)]);
  if (points.length < 3) return null;
  const [meanX, meanY] = [0, 1].map((axis) => lab.statistics.mean(points.map((point) => point[axis])));
  const across = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return across / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

/** Time at which a curve has made half of its way, on straight lines over the logarithm of time; null if it ends where it began. */
export function halfTime(curve: lab.MeasuredCurve): number | null {
  const [start, end] = [curve.y[0], curve.y[curve.y.length - 1]];
  return lab.crossingTime(curve, (start + end) / 2, end > start ? "up" : "down", { scale: "log", start: "none" });
}

/** All claims. */
export function claims(setting: Setting): Claim[] {
  return [...onClasses(setting), ...onSizes(setting), ...onLaws(setting), ...onMaps(setting), ...onTime(setting)];
}

function onClasses(setting: Setting): Claim[] {
  const main = mainOf(setting);
  const { dimension: d } = setting;
  return [
    lab.claim({
      id: "identified",
      statement: "Cross-entropy over classes recovers the latents up to a linear map.",
      source: TABLE,
      measure: `R² of latents of ${main} at the end`,
      predicted: reported(main),
      expect: expect.mean({ from: RECOVERED }),
      values: (measured) => ({
        values: r2(measured, main),
        detail: `raw inputs ${inWords(last(measured, main, QUANTITIES.raw))}`,
      }),
    }),
    lab.claim({
      id: "identified-as-reported",
      statement: "Cross-entropy over classes recovers the latents as well as the paper reports.",
      source: TABLE,
      measure: `R² of latents of ${main} at the end`,
      predicted: reported(main),
      expect: expect.mean({ from: 0.99 }),
      values: (measured) => ({
        values: r2(measured, main),
        detail: `after ${setting.steps} steps of ${setting.batch} samples; the paper trains for 50 000 of 1024`,
      }),
    }),
    lab.claim({
      id: "class-vectors",
      statement: "Rows of the head are class vectors up to a linear map.",
      source: THEOREM,
      measure: `R² of class vectors of ${main} at the end, on classes that the map was not fitted to`,
      predicted: 1,
      expect: expect.mean({ from: RECOVERED }),
      values: (measured) => ({ values: last(measured, main, QUANTITIES.vectors) }),
    }),
    lab.claim({
      id: "raw-inputs",
      statement: "Features tell more of the latents than raw inputs do.",
      source: "a separate implementation: 0.753 of raw inputs, 0.987 after 4000 steps",
      measure: `R² of ${main} at the end less that of raw inputs`,
      expect: expect.mean({ from: 0.1 }),
      values: (measured) => ({ values: differences(r2(measured, main), last(measured, main, QUANTITIES.raw)) }),
    }),
    lab.claim({
      id: "untrained",
      statement: "An untrained encoder tells less of the latents than raw inputs do.",
      source: "control",
      measure: `R² of ${main} at step 0 less that of raw inputs`,
      expect: expect.mean({ to: 0 }),
      values: (measured) => {
        const untrained = measured.first({ series: main, quantity: QUANTITIES.latents });
        return { values: differences(untrained, last(measured, main, QUANTITIES.raw)) };
      },
    }),
    lab.claim({
      id: "posterior",
      statement: "Cross-entropy comes near that of the exact posterior, its least value.",
      source: HERE,
      measure: `excess cross-entropy of ${main} at the end over that at step 0`,
      predicted: 0,
      expect: expect.mean({ from: -0.05, to: 0.05 }),
      values: (measured) => {
        const start = measured.first({ series: main, quantity: QUANTITIES.excess });
        const end = last(measured, main, QUANTITIES.excess);
        return { values: quotients(end, start), detail: `at the end ${inWords(end)} nats` };
      },
    }),
    ...setting["other-classes"].filter((few) => few <= d).flatMap((few): Claim[] => {
      const detail = (measured: Measured) => `R² of all latents ${inWords(r2(measured, ofClasses(few)))}`;
      return [
        lab.claim({
          id: `few-classes-${few}`,
          statement: `Fewer than d + 1 classes do not identify the latents (C = ${few}, d = ${d}).`,
          source: `${PAPER}, assumption of theorem 1; negative control`,
          measure: `R² of the part of latents that is normal to differences of class vectors, C = ${few}, at the end`,
          expect: expect.mean({ to: 0.5 }),
          values: (measured) => ({
            values: last(measured, ofClasses(few), QUANTITIES.untold),
            detail: detail(measured),
          }),
        }),
        lab.claim({
          id: `few-classes-${few}-told`,
          statement:
            `Fewer than d + 1 classes identify the part of latents that they depend on (C = ${few}, d = ${d}).`,
          source: HERE,
          measure: `R² of the part of latents along differences of class vectors, C = ${few}, at the end`,
          predicted: 1,
          expect: expect.mean({ from: RECOVERED }),
          values: (measured) => ({
            values: last(measured, ofClasses(few), QUANTITIES.told),
            detail: detail(measured),
          }),
        }),
      ];
    }),
  ];
}

function onSizes(setting: Setting): Claim[] {
  const main = mainOf(setting);
  const { dimension, classes, concentration, concentrations } = setting;
  const dimensions = [dimension, ...setting["other-dimensions"]].sort((a, b) => a - b);
  const seriesOf = (d: number) => d === dimension ? main : ofDimension(d);
  const other = (kappa: number): Claim =>
    lab.claim({
      id: `concentration-${kappa}`,
      statement: kappa > concentration
        ? `Concentrated latents are identified less well (κ = ${kappa} against ${concentration}).`
        : `Less concentrated latents are identified as well (κ = ${kappa} against ${concentration}).`,
      source: TABLE,
      measure: `R² with κ = ${concentration} less that with κ = ${kappa}, at the end`,
      predicted: difference(main, ofConcentration(kappa)),
      expect: expect.mean(kappa > concentration ? { from: 0.1 } : { from: -0.05, to: 0.05 }),
      values: (measured) => ({
        values: differences(r2(measured, main), r2(measured, ofConcentration(kappa))),
        detail: means(measured, [ofConcentration(kappa), main]),
      }),
    });
  return [
    ...concentrations.map(other),
    lab.claim({
      id: "dimensions",
      statement: "The more dimensions latents have, the less well are they identified.",
      source: TABLE,
      measure: `R² of latents for d = ${dimensions.join(", ")} at the end`,
      expect: expect.ordered("falling", "dimension"),
      values: (measured) => ({
        values: Object.fromEntries(dimensions.map((d) => [ofDimension(d), r2(measured, seriesOf(d))])),
        detail: `${means(measured, dimensions.map(seriesOf))}; paper ${
          dimensions.map((d) => reported(seriesOf(d)) ?? "none").join(", ")
        }`,
      }),
    }),
    ...setting["other-classes"].filter((C) => C > dimension).map((C): Claim =>
      lab.claim({
        id: `classes-${C}`,
        statement: C < classes
          ? `With fewer classes latents are identified less well (C = ${C} against ${classes}).`
          : `With more classes latents are identified as well (C = ${C} against ${classes}).`,
        source: TABLE,
        measure: `R² with ${classes} classes less that with ${C}, at the end`,
        predicted: difference(main, ofClasses(C)),
        expect: expect.mean(C < classes ? { from: 0.005 } : { from: -0.05, to: 0.05 }),
        values: (measured) => ({
          values: differences(r2(measured, main), r2(measured, ofClasses(C))),
          detail: means(measured, [ofClasses(C), main]),
        }),
      })
    ),
  ];
}

function onLaws(setting: Setting): Claim[] {
  const main = mainOf(setting);
  const against = (series: string, bounds: { from?: number; to?: number }, statement: string): Claim =>
    lab.claim({
      id: series === NORMAL ? "normal" : "laplace",
      statement,
      source: TABLE,
      measure: `R² of ${main} less that of ${series}, at the end`,
      predicted: difference(main, series),
      expect: expect.mean(bounds),
      values: (measured) => ({
        values: differences(r2(measured, main), r2(measured, series)),
        detail: means(measured, [series, main]),
      }),
    });
  return [
    against(
      NORMAL,
      { from: -0.05, to: 0.05 },
      "Latents of projected normal noise are identified as well as von Mises–Fisher ones.",
    ),
    against(
      LAPLACE,
      { from: 0.05 },
      "Latents of projected Laplace noise are identified less well than von Mises–Fisher ones.",
    ),
    ...[DIET, DIET_UNIT].map((series): Claim =>
      lab.claim({
        id: series === DIET ? "diet" : "diet-unit-rows",
        statement: series === DIET
          ? "Telling instances apart recovers the latents up to a linear map."
          : "Telling instances apart with rows of length one recovers the latents up to a linear map.",
        source: `${PAPER}, table 2`,
        measure: `R² of latents of ${series} at the end`,
        predicted: reported(series),
        expect: expect.mean({ from: RECOVERED }),
        values: (measured) => ({
          values: r2(measured, series),
          detail: `class vectors ${inWords(last(measured, series, QUANTITIES.vectors))}, paper 0.999`,
        }),
      })
    ),
  ];
}

function onMaps(setting: Setting): Claim[] {
  const main = mainOf(setting);
  const { concentration: kappa } = setting;
  const maps = (measured: Measured, series: string, quantity: string = QUANTITIES.map) =>
    singularValues(measured, series, quantity);
  const orthogonal = ([[UNIT, "classes", "unit"], [DIET_UNIT, "instances", "diet-unit"]] as const).flatMap(
    ([series, told, id]): Claim[] => [
      lab.claim({
        id: `${id}-orthogonal`,
        statement: `With rows of length one the map of latents is orthogonal (${told}).`,
        source: THEOREM,
        measure: `largest over smallest singular value of the map from latents to features of ${series}, at the end`,
        predicted: 1,
        expect: expect.ratio({ from: 1, to: 1.25 }),
        values: (measured) => ({ values: conditionNumbers(maps(measured, series)) }),
      }),
      lab.claim({
        id: `${id}-scale`,
        statement: `With rows of length one the map of latents stretches by κ (${told}).`,
        source: HERE,
        measure: `mean singular value of the map from latents to features of ${series} over κ, at the end`,
        predicted: 1,
        expect: expect.mean(lab.within(1, 0.1)),
        values: (measured) => ({
          values: maps(measured, series).map((values) => lab.statistics.mean(values) / kappa),
        }),
      }),
      lab.claim({
        id: `${id}-same-map`,
        statement: `With rows of length one latents and class vectors are turned alike (${told}).`,
        source: THEOREM,
        measure:
          `|κ⁻¹ A − B| / |B| of ${series} at the end, A the map of latents to features, B that of class vectors to rows`,
        predicted: 0,
        expect: expect.mean({ to: 0.2 }),
        values: (measured) => ({ values: last(measured, series, QUANTITIES.apart) }),
      }),
    ],
  );
  return [
    ...orthogonal,
    lab.claim({
      id: "free-rows",
      statement: "With free rows the map of latents is farther from an orthogonal one.",
      source: `${THEOREM}; control`,
      measure: `condition number of the map of latents of ${main} over that of ${UNIT}, at the end`,
      expect: expect.ratio({ from: 1 }),
      values: (measured) => {
        const [free, unit] = [main, UNIT].map((series) => conditionNumbers(maps(measured, series)));
        return { values: free.map((value, r) => value / unit[r]), detail: `of free rows ${inWords(free)}` };
      },
    }),
    lab.claim({
      id: "unit-rows",
      statement: "Rows of length one identify latents as well as free ones.",
      source: `${PAPER}, table 2 (0.990 of free rows, 0.986 of normalised ones)`,
      measure: `R² of ${main} less that of ${UNIT}, at the end`,
      predicted: 0.004,
      expect: expect.mean({ from: -0.05, to: 0.05 }),
      values: (measured) => ({
        values: differences(r2(measured, main), r2(measured, UNIT)),
        detail: means(measured, [UNIT, main, DIET_UNIT, DIET]),
      }),
    }),
  ];
}

function onTime(setting: Setting): Claim[] {
  const main = mainOf(setting);
  const curves = (measured: Measured, quantity: string) => measured.curves({ series: main, quantity });
  const before = (id: string, statement: string, first: string, second: string): Claim =>
    lab.claim({
      id,
      statement,
      source: "asked here",
      measure: `steps to half of the way of the ${second} over steps to half of the way of the ${first}, ${main}`,
      expect: expect.ratio({ from: 1 }),
      values: (measured) => {
        const [early, late] = [first, second].map((quantity) => curves(measured, quantity).map(halfTime));
        const values = late.map((time, r) => time === null || early[r] === null ? null : time / early[r]);
        const known = values.filter((value) => value !== null && value > 0) as number[];
        if (known.length < values.length) {
          return { unmeasured: `the ${first} or ${second} of a seed ends where it began` };
        }
        const words = (times: readonly (number | null)[]) => times.map((time) => time!.toFixed(0)).join(", ");
        return { values: known, detail: `${first}: ${words(early)}; ${second}: ${words(late)}` };
      },
    });
  return [
    lab.claim({
      id: "exponent",
      statement: "Late in training the unexplained share of the latents is proportional to the excess cross-entropy.",
      source: `${HERE}: both are of second order in the features' error`,
      measure: `exponent p of 1 − R² ∝ excess^p of ${main}, since the excess has halved`,
      predicted: 1,
      expect: expect.mean({ from: 0.75, to: 1.25 }),
      values: (measured) => {
        const explained = curves(measured, QUANTITIES.latents);
        const found = curves(measured, QUANTITIES.excess).map((excess, r) => lateExponent(excess, explained[r]));
        const values = found.filter((value) => value !== null);
        if (values.length < found.length) return { unmeasured: "the excess has not halved in every seed" };
        return { values };
      },
    }),
    before(
      "r2-before-loss",
      "Features become linear in the latents before the cross-entropy falls.",
      QUANTITIES.latents,
      QUANTITIES.excess,
    ),
    before(
      "rank-before-r2",
      "Features span the latents' dimensions before they become linear in them.",
      QUANTITIES.rank,
      QUANTITIES.latents,
    ),
  ];
}
