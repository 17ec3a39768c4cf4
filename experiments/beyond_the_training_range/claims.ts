/** Claims of the paper and beyond it, each with its criterion. */
import * as lab from "../../mod.ts";
import {
  BIMODAL,
  BY_POSITION,
  type Family,
  FUNCTIONS,
  INPUTS,
  LEAST_SQUARES,
  modelName,
  NARROW_INPUTS,
  NORMAL,
  queriesOf,
  seriesOf,
  type Setting,
  SORTED,
  STEEP,
  STEEPER,
  TABLE_2,
  type TrainingLaw,
  uniform,
  zeroError,
  zeroOf,
} from "./setting.ts";

const { expect } = lab;
const { mean, quotients } = lab.statistics;
type Claim = lab.Claim<lab.Measurements>;
type Measured = lab.Measurements;

const PAPER = "arXiv 2411.11465";

/** Numbers of a vector by replica: entry i of `quantity` at the end. */
const entries = (measured: Measured, series: string, quantity: string, indices: readonly number[]) =>
  indices.map((index) => measured.last({ series, quantity, index }));
/** Mean over entries, by replica. */
const meanOver = (columns: readonly (readonly number[])[]) =>
  columns[0].map((_, r) => mean(columns.map((one) => one[r])));
const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Errors of a series on a family, as shares of the zero predictor's on the same prompts, by σ and replica. */
export function shares(
  measured: Measured,
  series: string,
  family: Family,
  { sigmas }: Pick<Setting, "sigmas">,
  quantity: string = family.name,
): number[][] {
  return sigmas.map((_, index) =>
    quotients(measured.last({ series, quantity, index }), measured.last({ series, quantity: zeroOf(family), index }))
  );
}

/** Error within the training law at positions `from` … `to` − 1, as a share of the zero predictor's, by replica. */
export const insideError = (measured: Measured, series: string, from: number, to: number) =>
  meanOver(entries(measured, series, BY_POSITION, upTo(from, to)));

/** Boundary: the largest mean prediction of the steep function and the smallest one's size, their mean, by replica. */
export function boundaries(
  measured: Measured,
  series: string,
  setting: Setting,
  quantity: string = STEEP.mean,
): number[] {
  const columns = entries(measured, series, quantity, upTo(0, queriesOf(setting).length));
  return columns[0].map((_, r) => {
    const all = columns.map((one) => one[r]);
    return (Math.max(...all) - Math.min(...all)) / 2;
  });
}

/** Largest |y| of training under a uniform law. */
export const largest = ({ scale }: TrainingLaw) => scale ** 2 + scale;

/** All claims. */
export function claims(setting: Setting): Claim[] {
  return [...onErrors(setting), ...onBoundaries(setting), ...onPrompts(setting), ...onModels(setting)];
}

function onErrors(setting: Setting): Claim[] {
  const { layers, depths, range, points: N, sigmas } = setting;
  const main = (law: TrainingLaw) => seriesOf({ layers, attentionOnly: false }, law);
  const laws = [NORMAL, BIMODAL, uniform(range)];
  const byLaw = (values: (law: TrainingLaw) => number[]) =>
    Object.fromEntries(laws.map((law) => [law.name, values(law)]));
  const last = sigmas.length - 1, sigma = sigmas[last];
  const paper = TABLE_2["2 layers"][9] / TABLE_2.zero[9];
  const rising = (id: string, family: Family, statement: string) =>
    lab.claim({
      id,
      statement,
      source: `${PAPER}, Tables 1 and 2`,
      measure: `error of the model trained on N(0, 1) over the zero predictor's on ${family.name}`,
      expect: expect.ordered("rising", "σ"),
      values: (measured: Measured) => {
        const found = shares(measured, main(NORMAL), family, setting);
        return {
          values: Object.fromEntries(sigmas.map((sigma, i) => [`σ = ${sigma}`, found[i]])),
          detail: `shares ${found.map((one) => mean(one).toPrecision(2)).join(", ")}`,
        };
      },
    });
  return [
    lab.claim({
      id: "inside-learned",
      statement: "Within the training law every model predicts affine functions in context.",
      source: PAPER,
      measure: "error over positions 3 … N within the training law over the zero predictor's",
      expect: expect.each(expect.ratio({ to: 0.1 }), {
        of: "training law",
        shown: "worst",
        distance: (centre) => centre,
      }),
      values: (measured) => ({ values: byLaw((law) => insideError(measured, main(law), 2, N)) }),
    }),
    rising(
      "wider-functions",
      FUNCTIONS,
      "The wider the functions, the larger is the error as a share of their variance.",
    ),
    rising("wider-inputs", INPUTS, "The wider the inputs, the larger is the error as a share of the labels' variance."),
    lab.claim({
      id: "table-2",
      statement:
        `Two layers trained on N(0, 1) lose as large a share of the variance at σ = ${sigma} as the paper's two.`,
      source: `${PAPER}, Table 2, 2 layers and 4 heads: 119.4 of 199.3 at σ = 10`,
      measure: `error on functions of N(0, ${sigma}²) at x ~ N(0, 1) over the zero predictor's`,
      predicted: paper,
      expect: expect.ratio({ from: paper / 1.5, to: paper * 1.5 }),
      values: (measured) => {
        // The paper's number is that of two layers at σ = 10, whatever the main model and the largest σ are.
        if (![layers, ...depths].includes(2)) return { unmeasured: "no model of 2 layers" };
        if (sigma !== 10) return { unmeasured: `the last σ is ${sigma}, not 10` };
        return {
          values: shares(measured, seriesOf({ layers: 2, attentionOnly: false }, NORMAL), FUNCTIONS, setting)[last],
        };
      },
    }),
    lab.claim({
      id: "wider-training",
      statement: "The wider the training law, the smaller is the error on wide functions.",
      source:
        `${PAPER}, Table 1, 3 layers and 4 heads at σ = 10: 53.9 for N(0, 1), 22.7 for bimodal, 17.8 for U(−5, 5)`,
      measure: `error on functions of N(0, ${sigma}²) at x ~ U(−1, 1) over the zero predictor's`,
      expect: expect.ordered("falling", "training law"),
      values: (measured) => {
        const values = byLaw((law) => shares(measured, main(law), NARROW_INPUTS, setting)[last]);
        return {
          values,
          detail: Object.entries(values).map(([name, all]) => `${name}: ${mean(all).toPrecision(3)}`).join("; "),
        };
      },
    }),
    lab.claim({
      id: "no-algorithm",
      statement:
        "No model does what an algorithm would: least squares is exact on the prompts on which all of them fail.",
      source: PAPER,
      measure: `error at σ = ${sigma}, x ~ N(0, 1), over the zero predictor's, if least squares has less than 0.001`,
      expect: expect.each(expect.ratio({ from: 0.02 }), {
        of: "training law",
        shown: "worst",
        distance: (centre) => -centre,
      }),
      values: (measured) => {
        const exact = laws.flatMap((law) => shares(measured, main(law), FUNCTIONS, setting, LEAST_SQUARES)[last]);
        const detail = `least squares ${Math.max(...exact).toPrecision(2)}`;
        if (Math.max(...exact) >= 1e-3) return { unmeasured: detail };
        return { values: byLaw((law) => shares(measured, main(law), FUNCTIONS, setting)[last]), detail };
      },
    }),
    lab.claim({
      id: "clipping",
      statement:
        "Saturation alone explains the error on wide functions: it is that of exact predictions cut at the boundary.",
      source: "the paper's explanation, made a prediction here",
      measure:
        `share of the variance at σ = ${sigma}, x ~ N(0, 1), over E (|y| − B)₊² / E y² with each replica's boundary B`,
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.7, to: 1.4 }), { of: "training law", shown: "worst" }),
      values: (measured) => ({
        values: byLaw((law) => {
          const bounds = boundaries(measured, main(law), setting);
          const cut = bounds.map((bound) =>
            lab.clippedError(bound, FUNCTIONS.law(sigma)) / zeroError(FUNCTIONS, sigma)
          );
          return quotients(shares(measured, main(law), FUNCTIONS, setting)[last], cut);
        }),
      }),
    }),
  ];
}

function onBoundaries(setting: Setting): Claim[] {
  const { layers, range, narrow } = setting;
  const main = (law: TrainingLaw) => seriesOf({ layers, attentionOnly: false }, law);
  const [wide, tight] = [uniform(range), uniform(narrow)];
  const top = largest(wide);
  return [
    lab.claim({
      id: "boundary-uniform",
      statement: `Trained on ${wide.name}, predictions of 9 x saturate near the largest |y| of training.`,
      source: `${PAPER}, boundary values: about ±30`,
      measure: "boundary of the steep function over the largest |y| of training",
      predicted: 1,
      expect: expect.ratio({ from: 0.83, to: 1.1 }),
      values: (measured) => {
        const found = boundaries(measured, main(wide), setting);
        return {
          values: found.map((one) => one / top),
          detail: `boundaries ${found.map((one) => one.toFixed(1)).join(", ")}`,
        };
      },
    }),
    lab.claim({
      id: "boundary-normal",
      statement:
        "Trained on N(0, 1), predictions of 10 x saturate too, near 12, although no |y| of training is the largest.",
      source: `${PAPER}, boundary values: 13.7 with 12 layers, 12 with 6`,
      measure: "boundary of the steep function",
      predicted: 12,
      expect: expect.mean({ from: 9, to: 15 }),
      values: (measured) => ({ values: boundaries(measured, main(NORMAL), setting) }),
    }),
    lab.claim({
      id: "boundary-moves",
      statement:
        "The boundary moves with the largest |y| of training: another range of the uniform law, another boundary.",
      source: "control",
      measure: `boundary over the largest |y| of training, ${tight.name} over ${wide.name}, paired by seed`,
      predicted: 1,
      expect: expect.ratio({ from: 0.8, to: 1.25 }),
      values: (measured) => {
        const of = (law: TrainingLaw) => boundaries(measured, main(law), setting).map((one) => one / largest(law));
        return { values: quotients(of(tight), of(wide)) };
      },
    }),
    lab.claim({
      id: "steeper-saturates",
      statement: `Of 40 x + 40 too, predictions of the model trained on ${wide.name} stay near the boundary.`,
      source: `${PAPER}, f = 40 x + 40`,
      measure: "boundary of 40 x + 40 over that of the steep function",
      expect: expect.ratio({ from: 0.5, to: 1.5 }),
      values: (measured) => ({
        values: quotients(
          boundaries(measured, main(wide), setting, STEEPER.mean),
          boundaries(measured, main(wide), setting),
        ),
      }),
    }),
    lab.claim({
      id: "steeper-chaotic",
      statement: `Of 40 x + 40 the model trained on ${wide.name} makes more of which points it is shown than of 9 x.`,
      source: `${PAPER}: chaotic far beyond the training range`,
      measure: "deviation of predictions over contexts at the same x, 40 x + 40 over the steep function",
      expect: expect.ratio({ from: 1.2 }),
      values: (measured) => ({
        values: quotients(
          measured.last({ series: main(wide), quantity: STEEPER.spread }),
          measured.last({ series: main(wide), quantity: STEEP.spread }),
        ),
      }),
    }),
  ];
}

function onPrompts(setting: Setting): Claim[] {
  const { layers, range, points: N, sigmas } = setting;
  const main = (law: TrainingLaw) => seriesOf({ layers, attentionOnly: false }, law);
  const laws = [NORMAL, uniform(range)];
  const byLaw = (values: (law: TrainingLaw) => number[]) =>
    Object.fromEntries(laws.map((law) => [law.name, values(law)]));
  const wide = sigmas.flatMap((sigma, index) => sigma >= 2 ? [index] : []);
  return [
    lab.claim({
      id: "sorting",
      statement: "Prompts sorted by x are predicted better than the same prompts in random order.",
      source: `${PAPER}: errors fall by up to a third`,
      measure: "error on wider functions, sorted over unsorted, geometric mean over σ ≥ 2",
      expect: expect.each(expect.ratio({ to: 1 }), {
        of: "training law",
        shown: "worst",
        distance: (centre) => centre,
      }),
      values: (measured) => ({
        values: byLaw((law) => {
          const [unsorted, inOrder] = [FUNCTIONS.name, SORTED].map((name) => entries(measured, main(law), name, wide));
          return unsorted[0].map((_, r) =>
            lab.statistics.geometricMean(unsorted.map((one, i) => inOrder[i][r] / one[r]))
          );
        }),
      }),
    }),
    lab.claim({
      id: "longer",
      statement:
        "Beyond the longest prompt of training predictions get worse, although the functions are those of training.",
      source: PAPER,
      measure: "error within the training law at positions N + 1 … 2 N over that at the last quarter of N",
      expect: expect.each(expect.ratio({ from: 1.5 }), {
        of: "training law",
        shown: "worst",
        distance: (centre) => -centre,
      }),
      values: (measured) => ({
        values: byLaw((law) =>
          quotients(
            insideError(measured, main(law), N, 2 * N),
            insideError(measured, main(law), Math.floor(3 * N / 4), N),
          )
        ),
      }),
    }),
  ];
}

function onModels(setting: Setting): Claim[] {
  const { layers, depths, points: N, sigmas } = setting;
  const all = [layers, ...depths].sort((a, b) => a - b);
  const last = sigmas.length - 1;
  const learned = (measured: Measured, layers: number, attentionOnly: boolean) =>
    insideError(measured, seriesOf({ layers, attentionOnly }, NORMAL), 2, N);
  const depthClaim = (
    id: string,
    statement: string,
    measure: string,
    of: (measured: Measured, layers: number) => number[],
  ) =>
    lab.claim({
      id,
      statement,
      source: `${PAPER}, Table 2`,
      measure,
      expect: expect.ordered("falling", "number of layers"),
      values: (measured: Measured) => {
        const values = Object.fromEntries(
          all.map((layers) => [modelName({ layers, attentionOnly: false }), of(measured, layers)]),
        );
        return {
          values,
          detail: Object.entries(values).map(([name, all]) => `${name}: ${mean(all).toPrecision(3)}`).join("; "),
        };
      },
    });
  return [
    depthClaim(
      "depth-inside",
      "The deeper the model, the smaller is its error within the training law N(0, 1).",
      "error over positions 3 … N within N(0, 1) over the zero predictor's",
      (measured, layers) => learned(measured, layers, false),
    ),
    depthClaim(
      "depth-outside",
      `The deeper the model trained on N(0, 1), the smaller is its error on functions of N(0, ${sigmas[last]}²).`,
      "error at x ~ N(0, 1) over the zero predictor's",
      (measured, layers) =>
        shares(measured, seriesOf({ layers, attentionOnly: false }, NORMAL), FUNCTIONS, setting)[last],
    ),
    lab.claim({
      id: "attention-only-one",
      statement: "One layer of attention without a perceptron does not learn affine functions in context.",
      source: `${PAPER}: error 48.8 at σ = 1 with 1 layer and 1 head`,
      measure: "error over positions 3 … N within N(0, 1) over the zero predictor's",
      expect: expect.ratio({ from: 0.25 }),
      values: (measured) => ({ values: learned(measured, 1, true) }),
    }),
    ...(layers === 1 ? [] : [
      lab.claim({
        id: "attention-only-deeper",
        statement: `Attention alone learns in context where it is ${layers} layers deep.`,
        source: `${PAPER}: error 1.17 at σ = 1 with 2 layers and 32 heads`,
        measure: `error over positions 3 … N within N(0, 1), ${layers} layers over one layer of attention only`,
        expect: expect.ratio({ to: 0.7 }),
        values: (measured: Measured) => ({
          values: quotients(learned(measured, layers, true), learned(measured, 1, true)),
        }),
      }),
      lab.claim({
        id: "perceptrons",
        statement: `With perceptrons ${layers} layers lose less than with attention alone.`,
        source: PAPER,
        measure: `error over positions 3 … N within N(0, 1), ${layers} layers with perceptrons over attention only`,
        expect: expect.ratio({ to: 0.8 }),
        values: (measured: Measured) => ({
          values: quotients(learned(measured, layers, false), learned(measured, layers, true)),
        }),
      }),
    ]),
  ];
}
