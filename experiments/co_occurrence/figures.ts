/** Figures of measurements alone. */
import * as lab from "../../mod.ts";
import { endOfPhase1 } from "./claims.ts";
import { EQUAL, ONE, type Setting, THREE, UNIFORM } from "./setting.ts";

/** Name of curves that join both words. */
const BOTH = "words 1 and 2";
const ONE_WORD = "one word, mean of 1 and 2";
const NEITHER = "neither word";
const COMMON = "common token, with words 1 and 2";
const ALL = "all three words";
const COMMON_OF_THREE = "common token, with the words";

/** Draws the figures of a run. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { samples, length, vocabulary, width, neurons, lr, steps } = setting;
  const curves = (quantity: string, series = UNIFORM) => measured.curves({ series, quantity });
  const byLaw = (quantity: string, changed = (curve: lab.MeasuredCurve, _law: string) => curve) =>
    Object.fromEntries(
      [UNIFORM, EQUAL, ONE].map((law) => [law, curves(quantity, law).map((curve) => changed(curve, law))]),
    );
  const ends = curves("smallest margin").map(endOfPhase1).filter((end) => end !== null);
  const sizes = `${samples} samples, L = ${length}, d = ${vocabulary}, m = ${width}, J = ${neurons}, η = ${lr}`;
  const end = ends.length === 0 ? null : lab.statistics.mean(ends);
  const threeEnds = curves("smallest margin", THREE).map(endOfPhase1).filter((end) => end !== null);
  const threeEnd = threeEnds.length === 0 ? null : lab.statistics.mean(threeEnds);
  const setup = end === null
    ? sizes
    : [sizes, `dotted: all samples are classified, step ${Math.round(end)} in the mean`];
  const rules = end === null ? [] : [{ x: end }];
  const from = (curve: lab.MeasuredCurve) => ({ x: curve.x, y: curve.y.map((value) => value - curve.y[0]) });
  const size = (law: string) => law === UNIFORM ? Math.sqrt(1 / 3) : law === EQUAL ? 1 : Math.sqrt(neurons);
  const x = { title: "step", domain: [0, steps] } as const;

  return {
    phases: lab.multiples({
      title: "Two phases: the words, then their relation",
      setup,
      panels: [
        {
          title: "loss of samples",
          lines: {
            [BOTH]: curves("loss, both words"),
            [ONE_WORD]: curves("loss, one word"),
            [NEITHER]: curves("loss, neither"),
          },
          y: { title: "loss" },
        },
        {
          title: "worth G of a token",
          lines: {
            [ONE_WORD]: curves("G₁").map((one, r) => lab.meanCurve([one, curves("G₂")[r]])),
            [COMMON]: curves("G₃"),
          },
          y: { title: "G" },
        },
        {
          title: "change of attention scores",
          lines: { [BOTH]: curves("score (1, 2)").map(from), [COMMON]: curves("score (3, 1 and 2)").map(from) },
          y: { title: "key · query" },
        },
        {
          title: "overlap of values",
          lines: { [BOTH]: curves("overlap (1, 2)"), [COMMON]: curves("overlap (3, 1 and 2)") },
          y: { title: "value · value" },
        },
      ],
      columns: 2,
      x,
      by: "words",
      rules,
    }),
    three_words: lab.multiples({
      title: "Three words: the same two phases",
      setup: threeEnd === null
        ? sizes
        : [sizes, `dotted: all samples are classified, step ${Math.round(threeEnd)} in the mean`],
      panels: [
        {
          title: "loss of samples",
          lines: {
            [ALL]: curves("loss, all words", THREE),
            "one word missing": curves("loss, one missing", THREE),
            "one word or none": curves("loss, one or none", THREE),
          },
          y: { title: "loss" },
        },
        {
          title: "worth G of a token",
          lines: {
            [ALL]: curves("G₁", THREE).map((one, r) =>
              lab.meanCurve([one, curves("G₂", THREE)[r], curves("G₃", THREE)[r]])
            ),
            [COMMON_OF_THREE]: curves("G₄", THREE),
          },
          y: { title: "G" },
        },
        {
          title: "change of attention scores",
          lines: {
            [ALL]: curves("score, words", THREE).map(from),
            [COMMON_OF_THREE]: curves("score, common", THREE).map(from),
          },
          y: { title: "key · query" },
        },
        {
          title: "overlap of values",
          lines: { [ALL]: curves("overlap, words", THREE), [COMMON_OF_THREE]: curves("overlap, common", THREE) },
          y: { title: "value · value" },
        },
      ],
      columns: 2,
      x,
      by: "words",
      rules: threeEnd === null ? [] : [{ x: threeEnd }],
    }),
    unseen: lab.multiples({
      title: "Samples trained on, and samples never seen",
      setup: `${sizes}; ${setting.unseen} unseen samples of each seed`,
      panels: [[UNIFORM, `two words, ${UNIFORM}`], [THREE, `three words, ${EQUAL}`]].map(([series, title]) => ({
        title,
        lines: { "trained on": curves("loss", series), "unseen": curves("loss, unseen", series) },
        y: { title: "loss", zero: true },
      })),
      columns: 2,
      x,
      by: "samples",
    }),
    law_of_a: lab.multiples({
      title: "Three laws of the outer weights a, in time |a| t",
      setup: sizes,
      panels: [
        {
          title: "samples classified",
          lines: byLaw("accuracy", ({ x, y }, law) => ({ x: x.map((step) => step * size(law)), y })),
          y: { title: "share" },
        },
        {
          title: "overlap of the words' values",
          lines: byLaw("overlap (1, 2)", ({ x, y }, law) => ({ x: x.map((step) => step * size(law)), y })),
          y: { title: "value · value" },
        },
      ],
      columns: 2,
      x: { title: "|a| · step", domain: [0, steps * Math.sqrt(1 / 3)] },
      by: "law of a",
    }),
    balance: lab.curves({
      title: "Pull of samples with word 1 alone over that with word 2 alone",
      setup: sizes,
      lines: byLaw("g, word 1 over word 2"),
      x: { title: "step", scale: "log", domain: [1, steps] },
      y: { title: "Σ g over Σ g", scale: "log" },
      by: "law of a",
    }),
    identity: lab.curves({
      title: "Growth of |u|²/|a|² and its identity",
      setup: [sizes, "identity: integral of 2 (1/n) Σ g y F over training"],
      lines: byLaw("|u|²/|a|²", from),
      theory: {
        identity: Object.fromEntries(
          [UNIFORM, EQUAL, ONE].map((
            law,
          ) => [law, lab.meanCurve(curves("mean g y F", law).map((one) => grown(one, lr)))]),
        ),
      },
      x,
      y: { title: "growth" },
      by: "law of a",
    }),
  };
}

/** Integrates the identity over the steps, by the trapezoidal rule. */
function grown({ x, y }: lab.MeasuredCurve, lr: number): lab.MeasuredCurve {
  let sum = 0;
  return { x, y: y.map((value, i) => i === 0 ? 0 : (sum += lr * (x[i] - x[i - 1]) * (value + y[i - 1]))) };
}
