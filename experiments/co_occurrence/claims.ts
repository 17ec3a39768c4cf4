/** Claims, with criteria fixed before the run. */
import * as lab from "../../mod.ts";
import { EQUAL, MOVED, MOVED_THREE, ONE, type Setting, THREE, UNIFORM } from "./setting.ts";

type Measured = lab.Measurements;
type Values<V> = lab.Found<V> | lab.Unmeasured;
const { claim, expect } = lab;
const { mean, quotients } = lab.statistics;

const PAPER = "arXiv 2410.09605";
const HERE = `derived here for the model of ${PAPER}`;
const inWords = (values: Readonly<Record<string, readonly number[]>>) =>
  Object.entries(values).map(([name, all]) => `${name} ${lab.threeDigits(mean(all))}`).join(", ");

/** End of phase 1: when the smallest margin first exceeds 0, a straight line between reports; null if it never does. */
export const endOfPhase1 = (margin: lab.MeasuredCurve) => lab.crossingTime(margin, 0, "up");

/** A curve at any step, a straight line between reports. */
export function valueAt({ x, y }: lab.MeasuredCurve, step: number): number {
  const after = Math.max(1, x.findIndex((at) => at >= step));
  const part = (step - x[after - 1]) / (x[after] - x[after - 1]);
  return y[after - 1] + part * (y[after] - y[after - 1]);
}

/** Integral over the steps by the trapezoidal rule. */
export const integral = ({ x, y }: lab.MeasuredCurve) =>
  x.slice(1).reduce((sum, step, i) => sum + (step - x[i]) * (y[i] + y[i + 1]) / 2, 0);

const rise = ({ y }: lab.MeasuredCurve) => y[y.length - 1] - y[0];
const curves = (measured: Measured, quantity: string, series = UNIFORM) => measured.curves({ series, quantity });

/** Values made of T₁ of each replica; nothing is judged if one has not classified all samples. */
function fromT1<V>(measured: Measured, series: string, values: (times: number[]) => lab.Found<V>): Values<V> {
  const times = curves(measured, "smallest margin", series).map(endOfPhase1);
  if (times.includes(null)) return { unmeasured: "some replica does not classify all samples" };
  const found = values(times as number[]);
  return {
    ...found,
    detail: [found.detail, `T₁ ${lab.threeDigits(mean(times as number[]))}`].filter(Boolean).join("; "),
  };
}

/** All claims under a setting. */
export function claims(setting: Setting): lab.Claim<Measured>[] {
  return [...onTwoWords(setting), ...onUnseen(setting), ...onThreeWords(setting)];
}

function onTwoWords(setting: Setting): lab.Claim<Measured>[] {
  const { lr, width, steps } = setting;
  const atT1 = (measured: Measured, times: readonly number[], quantity: string) =>
    curves(measured, quantity).map((curve, r) => valueAt(curve, times[r]));
  /** Share of what a quantity has moved since the start that it moves after T₁. */
  const shares = (measured: Measured, times: readonly number[], names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [
      name,
      curves(measured, name).map((curve, r) => (curve.y[curve.y.length - 1] - valueAt(curve, times[r])) / rise(curve)),
    ]));
  const moved = { ...MOVED.scores, ...MOVED.overlaps };
  const shareClaim = (id: string, statement: string, what: string, names: readonly string[], from: number) =>
    claim({
      id,
      statement,
      source: `${PAPER}, phase 2`,
      measure: `share of the change of ${what} over ${steps} steps that comes after T₁`,
      expect: expect.each(expect.mean({ from }), { of: "quantity", shown: "mean" }),
      values: (measured: Measured) =>
        fromT1(measured, UNIFORM, (times) => {
          const values = shares(measured, times, names);
          return { values, detail: inWords(values) };
        }),
    });
  const signs = (id: string, statement: string, groups: Readonly<Record<string, readonly [string, string]>>) =>
    claim({
      id,
      statement,
      source: `${PAPER}, phase 2`,
      measure: `whether ${Object.keys(groups).join(" and ")} is below 0 at step ${steps}`,
      expect: expect.each(expect.every(), { of: "sum", shown: "mean" }),
      values(measured: Measured) {
        const last = (quantity: string) => measured.last({ series: UNIFORM, quantity });
        const sums = Object.fromEntries(
          Object.entries(groups).map(([name, [a, b]]) => [name, last(a).map((value, r) => value + last(b)[r])]),
        );
        const values = Object.fromEntries(Object.entries(sums).map(([name, all]) => [name, all.map((sum) => sum < 0)]));
        return { values, detail: inWords(sums) };
      },
    });

  return [
    claim({
      id: "signals",
      statement:
        "When all samples are classified, both words are worth a positive output and the common token a negative one.",
      source: `${PAPER}, phase 1`,
      measure: "smallest of G₁, G₂ and −G₃ at T₁",
      expect: expect.mean({ from: 0.3 }),
      values: (measured: Measured) =>
        fromT1(measured, UNIFORM, (times) => {
          const [G1, G2, G3] = ["G₁", "G₂", "G₃"].map((name) => atT1(measured, times, name));
          return {
            values: times.map((_, r) => Math.min(G1[r], G2[r], -G3[r])),
            detail: inWords({ "G₁": G1, "G₂": G2, "G₃": G3 }),
          };
        }),
    }),
    claim({
      id: "loss-stays",
      statement: "The loss is still of order one when all samples are classified.",
      source: `${PAPER}, phase 1`,
      measure: "loss at T₁ over ln 2",
      expect: expect.mean({ from: 0.25 }),
      values: (measured: Measured) =>
        fromT1(
          measured,
          UNIFORM,
          (times) => ({ values: atT1(measured, times, "loss").map((loss) => loss / Math.LN2) }),
        ),
    }),
    claim({
      id: "attention-stays",
      statement: "Attention has barely moved when all samples are classified.",
      source: `${PAPER}, phase 1`,
      measure: "largest change of a score between the words and the common token, divided by √m, until T₁",
      expect: expect.mean({ to: 0.02 }),
      values: (measured: Measured) =>
        fromT1(measured, UNIFORM, (times) => {
          const all = [1, 2, 3, 4].map((i) => curves(measured, `single score ${i}`));
          return {
            values: times.map((time, r) =>
              Math.max(...all.map((one) => Math.abs(valueAt(one[r], time) - one[r].y[0]))) / Math.sqrt(width)
            ),
          };
        }),
    }),
    claim({
      id: "one-word-rises",
      statement: "The loss of samples with one word alone first rises.",
      source: `${PAPER}, phase 1`,
      measure: "largest loss of samples with one word over that at the start",
      expect: expect.ratio({ from: 1.02 }),
      values(measured: Measured) {
        const all = curves(measured, "loss, one word");
        const tops = all.map(({ x, y }) => x[y.indexOf(Math.max(...y))]);
        return {
          values: all.map(({ y }) => Math.max(...y) / y[0]),
          detail: `largest at step ${lab.threeDigits(mean(tops))} in the mean`,
        };
      },
    }),
    claim({
      id: "directions",
      statement:
        "In phase 2 the two words attend to each other more and to the common token less, and their values join each other against the common token's.",
      source: `${PAPER}, phase 2`,
      measure:
        `whether the mean score and the overlap of words 1 and 2 rise, and those with token 3 fall, from T₁ to ${steps}`,
      expect: expect.each(expect.every(), { of: "quantity", shown: "mean" }),
      values: (measured: Measured) =>
        fromT1(measured, UNIFORM, (times) => {
          const changes = Object.fromEntries(
            Object.keys(moved).map((name) => [
              name,
              curves(measured, name).map((curve, r) => curve.y[curve.y.length - 1] - valueAt(curve, times[r])),
            ]),
          );
          const values = Object.fromEntries(
            Object.entries(moved).map(([name, sign]) => [name, changes[name].map((change) => sign * change > 0)]),
          );
          return { values, detail: inWords(changes) };
        }),
    }),
    shareClaim(
      "scores-later",
      "Attention scores move more after all samples are classified than before.",
      "mean scores",
      Object.keys(MOVED.scores),
      0.5,
    ),
    shareClaim(
      "overlaps-later",
      "Overlaps of values move more after all samples are classified than before.",
      "overlaps",
      Object.keys(MOVED.overlaps),
      0.5,
    ),
    shareClaim(
      "phase-2-only",
      "Attention scores and overlaps of values move after all samples are classified only.",
      "mean scores and of overlaps",
      Object.keys(moved),
      0.9,
    ),
    claim({
      id: "sign-both",
      statement: "Both words together outweigh the common token.",
      source: `${PAPER}, phase 2`,
      measure: `whether G₁ + G₂ + G₃ is above 0 at step ${steps}`,
      expect: expect.every(),
      values(measured: Measured) {
        const [G1, G2, G3] = ["G₁", "G₂", "G₃"].map((quantity) => measured.last({ series: UNIFORM, quantity }));
        const sums = G1.map((value, r) => value + G2[r] + G3[r]);
        return { values: sums.map((sum) => sum > 0), detail: `mean ${lab.threeDigits(mean(sums))}` };
      },
    }),
    signs("signs-one", "The common token outweighs each word alone.", {
      "G₁ + G₃": ["G₁", "G₃"],
      "G₂ + G₃": ["G₂", "G₃"],
    }),
    claim({
      id: "balance",
      statement: "Samples with word 1 alone and with word 2 alone keep pulling about equally.",
      source: `${PAPER}, automatic balancing of gradients`,
      measure: "largest factor by which Σ g of the two kinds differ at any report",
      expect: expect.ratio({ to: 1.5 }),
      values(measured: Measured) {
        const of = (series: string, quantity = "g, word 1 over word 2") =>
          curves(measured, quantity, series).map(({ y }) => Math.exp(Math.max(...y.map((g) => Math.abs(Math.log(g))))));
        const others = inWords({
          [EQUAL]: of(EQUAL),
          [ONE]: of(ONE),
          "positive against negative": of(UNIFORM, "g, positive over negative"),
        });
        return { values: of(UNIFORM), detail: others };
      },
    }),
    claim({
      id: "identity",
      statement: "The norm Σ a a′ ⟨w, w′⟩ grows by the paper's identity.",
      source: `${PAPER}, identity for a = ±1; for any a ${HERE}`,
      measure: "growth of |u|² over the integral of 2 |a|² (1/n) Σ g y F along the run",
      predicted: 1,
      expect: expect.each(expect.mean({ from: 0.99, to: 1.01 }), { of: "law of a", shown: "worst" }),
      values(measured: Measured) {
        const ratios = (series: string) => {
          const pulls = curves(measured, "mean g y F", series);
          return curves(measured, "|u|²/|a|²", series).map((curve, r) => rise(curve) / (2 * lr * integral(pulls[r])));
        };
        return {
          values: { [UNIFORM]: ratios(UNIFORM), [EQUAL]: ratios(EQUAL) },
          detail: `${inWords({ [ONE]: ratios(ONE) })}, where steps of η |a|² = ${
            lab.threeDigits(lr * setting.neurons)
          } are no flow`,
        };
      },
    }),
    claim({
      id: "kept",
      statement: "Neurons and values grow by the same squared norm, so that their difference is kept.",
      source: HERE,
      measure: "change of |u|²/|a|² over that of ‖V‖² along the run",
      predicted: 1,
      expect: expect.each(expect.mean({ from: 0.99, to: 1.01 }), { of: "law of a", shown: "worst" }),
      values(measured: Measured) {
        const ratios = (series: string) => {
          const values = curves(measured, "‖V‖²", series);
          return curves(measured, "|u|²/|a|²", series).map((curve, r) => rise(curve) / rise(values[r]));
        };
        return {
          values: { [UNIFORM]: ratios(UNIFORM), [EQUAL]: ratios(EQUAL) },
          detail: inWords({ [ONE]: ratios(ONE) }),
        };
      },
    }),
    claim({
      id: "clock",
      statement: "The size of a sets the clock: phase 1 lasts inversely as long.",
      source: HERE,
      measure: "|a| T₁ for a from U(±1/√J) over that for a = ±1/√J, seed by seed",
      predicted: 1,
      expect: expect.ratio({ from: 0.9, to: 1.1 }),
      values(measured: Measured) {
        const [long, short] = [UNIFORM, EQUAL].map((series) =>
          curves(measured, "smallest margin", series).map(endOfPhase1)
        );
        if (long.includes(null) || short.includes(null)) {
          return { unmeasured: "some replica does not classify all samples" };
        }
        const [a, b] = [UNIFORM, EQUAL].map((series) => measured.first({ series, quantity: "|a|" }));
        return {
          values: long.map((time, r) => a[r] * time! / (b[r] * short[r]!)),
          detail: inWords({ [`T₁, ${UNIFORM}`]: long as number[], [`T₁, ${EQUAL}`]: short as number[] }),
        };
      },
    }),
    claim({
      id: "large-a-fast",
      statement: "With a = ±1 all samples are classified by step 50.",
      source: "this project's simulation in float64",
      measure: `whether T₁ is at most 50 for ${ONE}`,
      expect: expect.every(),
      values: (measured: Measured) => fromT1(measured, ONE, (times) => ({ values: times.map((time) => time <= 50) })),
    }),
    claim({
      id: "large-a-no-phase-2",
      statement: "With a = ±1 there is no second phase: scores and overlaps barely move.",
      source: "this project's simulation in float64",
      measure:
        `changes over ${steps} steps for ${ONE} over those for ${UNIFORM}, means of the two scores and of the two overlaps`,
      expect: expect.each(expect.mean({ to: 0.25 }), { of: "what moves", shown: "mean" }),
      values(measured: Measured) {
        const change = (series: string, names: Readonly<Record<string, number>>) => {
          const all = Object.entries(names).map(([name, sign]) =>
            curves(measured, name, series).map((curve) => sign * rise(curve))
          );
          return all[0].map((_, r) => mean(all.map((one) => one[r])));
        };
        const values = Object.fromEntries(
          Object.entries(MOVED).map(([what, names]) => {
            const main = change(UNIFORM, names);
            return [what, quotients(change(ONE, names), main)];
          }),
        );
        return { values, detail: inWords(values) };
      },
    }),
  ];
}

/** Numbers of a separate implementation, of one seed: loss of samples with one word, at this step. */
const NOTES = { step: 2000, losses: { [UNIFORM]: 0.351, [EQUAL]: 0.109 } };

function onUnseen({ steps }: Setting): lab.Claim<Measured>[] {
  const last = (measured: Measured, series: string, quantity: string) => measured.last({ series, quantity });
  return [
    claim({
      id: "unseen-classified",
      statement: "Samples that were never trained on are classified by their words all the same.",
      source: `asked here; ${PAPER} trains and judges on the same samples`,
      measure: `share of unseen samples that are classified at step ${steps}`,
      expect: expect.mean({ from: 0.9 }),
      values: (measured: Measured) => ({
        values: last(measured, UNIFORM, "accuracy, unseen"),
        detail: inWords(Object.fromEntries(
          [EQUAL, ONE, THREE].map((series) => [series, last(measured, series, "accuracy, unseen")]),
        )),
      }),
    }),
    claim({
      id: "unseen-lose-more",
      statement: "Unseen samples lose more than those trained on, whose noise is learned by heart.",
      source: "asked here",
      measure: `loss of unseen samples over that of the samples trained on, at step ${steps}`,
      expect: expect.ratio({ from: 1.25 }),
      values: (measured: Measured) => ({
        values: last(measured, UNIFORM, "loss, unseen").map((loss, r) => loss / last(measured, UNIFORM, "loss")[r]),
        detail: inWords(Object.fromEntries(
          [UNIFORM, EQUAL, ONE, THREE].map((series) => [series, last(measured, series, "loss, unseen")]),
        )),
      }),
    }),
    claim({
      id: "notes-one-word",
      statement:
        "The losses at step 2000 of a separate implementation are those of samples with one word, under both laws of a.",
      source:
        "one seed of a separate implementation; read so after a first run of the same seeds, as their total loss for a = ±1/√J is not 0.109",
      measure: `loss of samples with one word at step ${NOTES.step}, over those`,
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.85, to: 1.15 }), { of: "law of a", shown: "worst" }),
      values(measured: Measured) {
        if (steps < NOTES.step) return { unmeasured: `fewer than ${NOTES.step} steps` };
        const at = (series: string, quantity: string) =>
          curves(measured, quantity, series).map((curve) => valueAt(curve, NOTES.step));
        const entries = Object.entries(NOTES.losses);
        return {
          values: Object.fromEntries(
            entries.map(([law, loss]) => [law, at(law, "loss, one word").map((value) => value / loss)]),
          ),
          detail:
            `one word: ${inWords(Object.fromEntries(entries.map(([law]) => [law, at(law, "loss, one word")])))}; ` +
            `all: ${inWords(Object.fromEntries(entries.map(([law]) => [law, at(law, "loss")])))}`,
        };
      },
    }),
  ];
}

function onThreeWords({ lr, width, steps }: Setting): lab.Claim<Measured>[] {
  const source = `extension of ${PAPER} to three words`;
  const moved = { ...MOVED_THREE.scores, ...MOVED_THREE.overlaps };
  const last = (measured: Measured, quantity: string) => measured.last({ series: THREE, quantity });
  const changes = (measured: Measured, times: readonly number[]) =>
    Object.fromEntries(
      Object.keys(moved).map((name) => [
        name,
        curves(measured, name, THREE).map((curve, r) => curve.y[curve.y.length - 1] - valueAt(curve, times[r])),
      ]),
    );
  return [
    claim({
      id: "three-attention-stays",
      statement: "Of three words, too, attention has barely moved when all samples are classified.",
      source,
      measure: "largest change of a score between the words and the common token, divided by √m, until T₁",
      expect: expect.mean({ to: 0.02 }),
      values: (measured: Measured) =>
        fromT1(measured, THREE, (times) => {
          const all = Array.from({ length: 9 }, (_, i) => curves(measured, `single score ${i + 1}`, THREE));
          return {
            values: times.map((time, r) =>
              Math.max(...all.map((one) => Math.abs(valueAt(one[r], time) - one[r].y[0]))) / Math.sqrt(width)
            ),
          };
        }),
    }),
    claim({
      id: "three-slower",
      statement: "Three words are told apart later than two, as each of them says less alone.",
      source: "asked here: the first pulls on a word are 1/4 of the samples instead of 1/3",
      measure: "T₁ of three words over that of two, a = ±1/√J, seed by seed",
      predicted: 4 / 3,
      expect: expect.ratio({ from: 1.1 }),
      values(measured: Measured) {
        const two = curves(measured, "smallest margin", EQUAL).map(endOfPhase1);
        if (two.includes(null)) return { unmeasured: "some replica does not classify all samples of two words" };
        return fromT1(measured, THREE, (times) => ({ values: times.map((time, r) => time / two[r]!) }));
      },
    }),
    claim({
      id: "three-one-missing-rises",
      statement: "The loss of samples that lack one of three words first rises.",
      source,
      measure: "largest loss of samples with two of the words over that at the start",
      expect: expect.ratio({ from: 1.02 }),
      values: (measured: Measured) => ({
        values: curves(measured, "loss, one missing", THREE).map(({ y }) => Math.max(...y) / y[0]),
      }),
    }),
    claim({
      id: "three-directions",
      statement:
        "Then the three words attend to each other more and to the common token less, and their values join against its.",
      source,
      measure:
        `whether mean scores and overlaps of the words rise, and those with the common token fall, from T₁ to ${steps}`,
      expect: expect.each(expect.every(), { of: "quantity", shown: "mean" }),
      values: (measured: Measured) =>
        fromT1(measured, THREE, (times) => {
          const found = changes(measured, times);
          const values = Object.fromEntries(
            Object.entries(moved).map(([name, sign]) => [name, found[name].map((change) => sign * change > 0)]),
          );
          return { values, detail: inWords(found) };
        }),
    }),
    claim({
      id: "three-later",
      statement: "Scores and overlaps of three words move more after all samples are classified than before.",
      source,
      measure: `share of the change over ${steps} steps that comes after T₁`,
      expect: expect.each(expect.mean({ from: 0.5 }), { of: "quantity", shown: "mean" }),
      values: (measured: Measured) =>
        fromT1(measured, THREE, (times) => {
          const found = changes(measured, times);
          const values = Object.fromEntries(
            Object.entries(found).map(([name, all]) => {
              const whole = curves(measured, name, THREE);
              return [name, all.map((change, r) => change / rise(whole[r]))];
            }),
          );
          return { values, detail: inWords(values) };
        }),
    }),
    claim({
      id: "three-signs",
      statement: "All three words together outweigh the common token, any two of them do not.",
      source,
      measure: `whether the sum of all G is above 0, and that without one word below 0, at step ${steps}`,
      expect: expect.each(expect.every(), { of: "sum", shown: "mean" }),
      values(measured: Measured) {
        const G = ["G₁", "G₂", "G₃", "G₄"].map((name) => last(measured, name));
        const sum = (left: number) => G[0].map((_, r) => G.reduce((sum, one, i) => i === left ? sum : sum + one[r], 0));
        const sums = { "all": sum(-1), "without word 1": sum(0), "without word 2": sum(1), "without word 3": sum(2) };
        const values = Object.fromEntries(
          Object.entries(sums).map(([name, all]) => [name, all.map((one) => name === "all" ? one > 0 : one < 0)]),
        );
        return { values, detail: inWords(sums) };
      },
    }),
    claim({
      id: "three-balance",
      statement: "Samples that lack one of three words keep pulling about equally.",
      source: `${source}, automatic balancing of gradients`,
      measure: "largest factor by which Σ g of the three kinds differ at any report",
      expect: expect.ratio({ to: 1.5 }),
      values: (measured: Measured) => ({
        values: curves(measured, "g, largest over smallest", THREE).map(({ y }) => Math.max(...y)),
      }),
    }),
    claim({
      id: "three-identity",
      statement: "The norms grow by the paper's identity with three words, too.",
      source: HERE,
      measure:
        "growth of |u|² over the integral of 2 |a|² (1/n) Σ g y F, and over |a|² times that of ‖V‖², along the run",
      predicted: 1,
      expect: expect.each(expect.mean({ from: 0.99, to: 1.01 }), { of: "law", shown: "worst" }),
      values(measured: Measured) {
        const [grown, pulls, values] = ["|u|²/|a|²", "mean g y F", "‖V‖²"].map((name) => curves(measured, name, THREE));
        return {
          values: {
            identity: grown.map((curve, r) => rise(curve) / (2 * lr * integral(pulls[r]))),
            kept: grown.map((curve, r) => rise(curve) / rise(values[r])),
          },
        };
      },
    }),
  ];
}
