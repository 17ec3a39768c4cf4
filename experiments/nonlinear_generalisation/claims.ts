/** Claims of the paper, of the exact errors and beyond both, with criteria fixed before the run. */
import * as lab from "../../mod.ts";
import {
  BAYES,
  CLASSES,
  COPYING,
  DECODER,
  DECODER_SETS,
  isLarge,
  MAIN,
  type Model,
  ONE,
  ORDERS,
  pruneSeries,
  seriesOf,
  type Setting,
  shareSeries,
  sumSeries,
  TASK_SETS,
  THRESHOLD,
  UNCOVERED,
  within,
} from "./setting.ts";

type Measured = lab.Measurements;
type Groups = Record<string, number[]>;
const { claim, expect } = lab;
const { differences, mean, quotients } = lab.statistics;

const PAPER = "arXiv 2402.15607";
const HERE = `derived here for the tasks of ${PAPER}`;
const ASKED = `asked here of the setting of ${PAPER}`;
/** Error below which the paper calls a model right. */
const RIGHT = 0.01;
/** Reports that errors of trained models are averaged over. */
const LAST = 3;
/** Error at which examples that are needed are counted. */
const NEEDED = 0.05;

const digits = (value: number | null) => lab.threeDigits(value, "never");
const inWords = (groups: Readonly<Record<string, readonly (number | null)[]>>) =>
  Object.entries(groups).map(([name, values]) => {
    const found = values.filter((value) => value !== null);
    return `${name}: ${found.length < values.length ? "never" : digits(mean(found))}`;
  }).join("; ");

/** Error on unseen tasks at the end of training. */
export const endError = (measured: Measured, series: string) =>
  measured.curves({ series, quantity: "error, unseen tasks" }).map(({ y }) => mean(y.slice(-LAST)));

/** Steps until a curve that begins above it falls to a level, on straight lines over the logarithm of the step. */
export const stepsTo = (curve: lab.MeasuredCurve, level: number) =>
  lab.crossingTime(curve, level, "down", { scale: "log" });

/** Examples that are needed for an error, on straight lines over their logarithm; null if the longest prompts do not suffice. */
const examplesTo = (curve: lab.MeasuredCurve, error = NEEDED) =>
  lab.crossingTime(curve, error, "down", { scale: "log", start: "none" });

/** Error over lengths of test prompts with a share α′, of each replica. */
export const byLength = (measured: Measured, share: number) =>
  measured.curves({ series: shareSeries(share), quantity: "error" });

/** Which group is farthest from being at most, or at least, what is expected of it. */
const LARGEST = { shown: "worst", distance: (centre: number) => centre } as const;
const SMALLEST = { shown: "worst", distance: (centre: number) => -centre } as const;

/** Exponent of a power law by least squares of logarithms. */
export const exponent = (x: readonly number[], y: readonly number[]) =>
  lab.statistics.slope(x.map(Math.log), y.map(Math.log));

/** Errors with each share of neurons removed, from none on, of each replica. */
export const prunedErrors = (measured: Measured, model: Model, order: typeof ORDERS[number], index: number) =>
  measured.last({ series: pruneSeries(model, order), quantity: "error", index });

/** Claims under a setting. */
export function claims(setting: Setting): lab.Claim<Measured>[] {
  const { share, shares, level, sums, pruned, "test-shares": testShares } = setting;
  const errors = (model: Model, sets: readonly string[]) => (measured: Measured) => {
    const values: Groups = Object.fromEntries(sets.map((set) => [set, endError(measured, seriesOf(model, set))]));
    return { values, detail: inWords(values) };
  };
  const ends = `error on unseen tasks, mean of the last ${LAST} reports`;
  const sets = { [ONE]: Object.keys(TASK_SETS), [DECODER]: DECODER_SETS };
  const covered = (model: Model) => sets[model].filter((set) => !UNCOVERED.some((one) => one === set));
  const threshold = `(M₁ − 1)^(−1/2) = ${digits(THRESHOLD)}`;
  const subject = { [ONE]: "one layer", [DECODER]: "a decoder" };
  const capital = { [ONE]: "One layer", [DECODER]: "A decoder" };
  const idOf = (id: string, model: Model) => model === ONE ? id : `decoder-${id}`;

  const taskClaims = (model: Model) => [
    claim({
      id: idOf("unseen-above", model),
      statement: `${capital[model]} that has seen a share of tasks of ${threshold} or more is right on the others.`,
      source: `${PAPER}, generalisation to unseen tasks`,
      measure: ends,
      expect: expect.each(expect.mean({ to: RIGHT }), { of: "set above the threshold", ...LARGEST }),
      values: errors(model, covered(model).filter(isLarge)),
    }),
    claim({
      id: idOf("unseen-below", model),
      statement: `${
        capital[model]
      } that has seen a smaller share of tasks than ${threshold} is wrong on some of the others.`,
      source: `${PAPER}, generalisation to unseen tasks; its condition is a sufficient one`,
      measure: `${ends}; sets below the threshold that show every pattern with both labels`,
      expect: expect.each(expect.mean({ from: RIGHT }), { of: "set below the threshold", ...SMALLEST }),
      values: errors(model, covered(model).filter((set) => !isLarge(set))),
    }),
  ];

  const sumClaims = (model: Model) => {
    const at = (chosen: readonly number[]) => (measured: Measured) => {
      const of = (series: string) => measured.last({ series, quantity: "error" });
      const values: Groups = Object.fromEntries(chosen.map((S1) => [`S₁ = ${S1}`, of(sumSeries(model, S1))]));
      return { values, detail: `${inWords(values)}; ${inWords({ "three training patterns": of(within(model)) })}` };
    };
    return ([
      [
        "sums-above",
        "is right on combinations of its patterns if their coefficients sum to 1 or more",
        (S1: number) => S1 >= 1,
        { to: RIGHT },
      ],
      [
        "sums-below",
        "is wrong on combinations of its patterns if their coefficients sum to less than 1",
        (S1: number) => S1 < 1,
        { from: RIGHT },
      ],
    ] as const).filter(([, , chosen]) => sums.some(chosen)).map(([id, words, chosen, bounds]) =>
      claim({
        id: idOf(id, model),
        statement: `${capital[model]} ${words}.`,
        source: `${PAPER}, patterns out of distribution`,
        measure: "error on tasks of three orthogonal combinations with coefficient sum S₁ each",
        expect: expect.each(expect.mean(bounds), { of: "sum", ...("to" in bounds ? LARGEST : SMALLEST) }),
        values: at(sums.filter(chosen)),
      })
    );
  };

  const pruneClaims = (model: Model) => {
    const added = (measured: Measured, order: typeof ORDERS[number], index: number) => {
      const whole = prunedErrors(measured, model, order, 0);
      return differences(prunedErrors(measured, model, order, index), whole);
    };
    const words = (measured: Measured, index: number) =>
      inWords(Object.fromEntries(ORDERS.map((order) => [order, prunedErrors(measured, model, order, index)])));
    const few = pruned.findIndex((share) => share >= 0.15) + 1;
    const many = pruned.map((share, i) => ({ share, index: i + 1 })).filter(({ share }) => share >= 0.15);
    if (many.length === 0) return [];
    return [
      claim({
        id: idOf("prune-small", model),
        statement: `${capital[model]} hardly loses anything with its smallest neurons.`,
        source: `${PAPER}, pruning by magnitude; 15 % of the neurons in its experiment`,
        measure: `error on unseen tasks with the smallest ${
          100 * pruned[few - 1]
        } % of neurons removed, less that without pruning`,
        expect: expect.mean({ to: RIGHT }),
        values: (measured: Measured) => ({
          values: added(measured, "smallest first", few),
          detail: words(measured, few),
        }),
      }),
      claim({
        id: idOf("prune-large", model),
        statement: `Removing the largest neurons of ${
          subject[model]
        } does harm that removing as many at random does not.`,
        source: `${PAPER}, pruning by magnitude: error Ω(R) with a share R of the large ones removed`,
        measure: "error on unseen tasks with the largest neurons removed, less that with as many at random",
        expect: expect.each(expect.mean({ from: RIGHT }), { of: "share of neurons", ...SMALLEST }),
        values: (measured: Measured) => ({
          values: Object.fromEntries(many.map(({ share, index }) => {
            const random = prunedErrors(measured, model, "random", index);
            const largest = prunedErrors(measured, model, "largest first", index);
            return [`${100 * share} %`, differences(largest, random)];
          })),
          detail: many.map(({ share, index }) => `${100 * share} %: ${words(measured, index)}`).join(" | "),
        }),
      }),
      claim({
        id: idOf("prune-order", model),
        statement: `${capital[model]} loses more with its largest neurons than with as many of its smallest.`,
        source: `${PAPER}, pruning by magnitude`,
        measure:
          "error on unseen tasks with the largest neurons removed, less that with as many of the smallest, mean over shares",
        expect: expect.mean({ from: RIGHT }),
        values(measured: Measured) {
          const by = (order: typeof ORDERS[number]) => many.map(({ index }) => added(measured, order, index));
          const [largest, smallest] = [by("largest first"), by("smallest first")];
          return {
            values: largest[0].map((_, r) => mean(many.map((_, i) => largest[i][r] - smallest[i][r]))),
            detail: inWords({ "largest first": largest.flat(), "smallest first": smallest.flat() }),
          };
        },
      }),
    ];
  };

  const trainedShares = [...shares, share].sort((a, b) => a - b);
  const ofShare = (alpha: number) => seriesOf(ONE, MAIN, alpha === share ? undefined : alpha);
  const last = (measured: Measured, quantity: string, series = seriesOf(ONE)) => measured.last({ series, quantity });
  const rows = (id: string, statement: string, quantity: string, measure: string) =>
    claim({
      id,
      statement,
      source: `${PAPER}, mechanism: rows of W_O W_V tend to the mean pattern and ±q`,
      measure: `${measure}, weighted by the squares of row norms, after training`,
      predicted: 1,
      expect: expect.mean({ from: 0.8 }),
      values: (measured: Measured) => ({
        values: last(measured, quantity),
        detail: `before training ${digits(mean(measured.first({ series: seriesOf(ONE), quantity })))}`,
      }),
    });
  const needed = (measured: Measured) => testShares.map((own) => byLength(measured, own).map((one) => examplesTo(one)));
  const neededGroups = (measured: Measured) =>
    Object.fromEntries(needed(measured).map((values, i) => [`α′ = ${testShares[i]}`, values]));
  const unreached = (groups: Readonly<Record<string, readonly (number | null)[]>>, what: string) => {
    const [name] = Object.entries(groups).find(([, values]) => values.includes(null)) ?? [];
    return name === undefined ? null : { unmeasured: `${what} is not reached in every replica at ${name}` };
  };

  return [
    ...taskClaims(ONE),
    claim({
      id: "coverage",
      statement:
        "One layer trained on tasks in which a pattern has one label only, or on two patterns only, fails on other tasks.",
      source: `${PAPER}, condition that training tasks cover all patterns and labels`,
      measure: ends,
      expect: expect.each(expect.mean({ from: 0.1 }), { of: "set", ...SMALLEST }),
      values: errors(ONE, UNCOVERED),
    }),
    ...taskClaims(DECODER),
    claim({
      id: "decoder-classes",
      statement: "A decoder that saw each pattern of one class with each of another fails on tasks within a class.",
      source: ASKED,
      measure: `${ends}, training on ${CLASSES}, less that of ${MAIN}`,
      expect: expect.mean({ from: 0.05 }),
      values(measured: Measured) {
        const [classes, mixed] = [CLASSES, MAIN].map((set) => endError(measured, seriesOf(DECODER, set)));
        const layer = endError(measured, seriesOf(ONE, CLASSES));
        const seen = last(measured, "error, seen tasks", seriesOf(DECODER, CLASSES));
        return {
          values: differences(classes, mixed),
          detail: inWords({ "two classes": classes, mixed, "seen tasks": seen, "one layer, two classes": layer }),
        };
      },
    }),
    claim({
      id: "attention",
      statement: "After training, attention lies on examples with the query's pattern.",
      source: `${PAPER}, mechanism: attention to these examples tends to 1`,
      measure: `sum of the attention to examples with the query's pattern, unseen tasks, α = ${share}`,
      predicted: 1,
      expect: expect.mean({ from: 0.9 }),
      values: (measured: Measured) => ({
        values: last(measured, "attention"),
        detail: `before training ${digits(mean(measured.first({ series: seriesOf(ONE), quantity: "attention" })))}`,
      }),
    }),
    claim({
      id: "attention-with-share",
      statement: "Attention concentrates the more, the fewer of the training examples are relevant.",
      source: ASKED,
      measure: `sum of the attention to examples with the query's pattern, tested with α = ${share}`,
      expect: expect.ordered("falling", "share α of training"),
      values(measured: Measured) {
        const values = Object.fromEntries(
          trainedShares.map((own) => [`α = ${own}`, last(measured, "attention", ofShare(own))]),
        );
        return { values, detail: inWords(values) };
      },
    }),
    rows(
      "rows",
      "Rows of W_O W_V point to the mean pattern and the label.",
      "mean pattern and label",
      "share of the rows of W_O W_V along the mean relevant pattern and the label",
    ),
    rows(
      "rows-patterns",
      "Among relevant patterns, rows of W_O W_V point to their mean.",
      "mean pattern",
      "share along their mean of the parts of the rows among relevant patterns",
    ),
    rows(
      "rows-sign",
      "Neurons that speak for a label are those that read this label in examples.",
      "label's sign",
      "share of rows whose label entry has the sign of their outer weight",
    ),
    ...sumClaims(ONE),
    ...sumClaims(DECODER),
    claim({
      id: "sums-attention",
      statement: "Attention of one layer to a combined pattern does not depend on the sum of its coefficients.",
      source: HERE + ": scores of the form a 1 + b 11ᵀ in relevant patterns tell orthogonal patterns apart by a alone",
      measure: "attention to examples with the query's pattern, over that of three training patterns",
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.9, to: 1.1 }), { of: "sum", shown: "worst" }),
      values(measured: Measured) {
        const of = (series: string) => last(measured, "attention", series);
        const own = of(within(ONE));
        const values = Object.fromEntries(
          sums.map((S1) => [`S₁ = ${S1}`, quotients(of(sumSeries(ONE, S1)), own)]),
        );
        return { values, detail: inWords(values) };
      },
    }),
    ...pruneClaims(ONE),
    ...pruneClaims(DECODER),
    claim({
      id: "steps-with-share",
      statement: "Steps of training fall with the share of relevant examples like α^(−2/3).",
      source: `${PAPER}, number of iterations`,
      measure: `exponent of the steps to an error of ${level} on unseen tasks with α, tested with α = ${share}`,
      predicted: -2 / 3,
      expect: expect.mean({ from: -0.77, to: -0.57 }),
      values(measured: Measured) {
        const steps = Object.fromEntries(trainedShares.map((own) => [
          `α = ${own}`,
          measured.curves({ series: ofShare(own), quantity: "error, unseen tasks" }).map((one) => stepsTo(one, level)),
        ]));
        const missing = unreached(steps, `an error of ${level}`);
        if (missing) return missing;
        const all = Object.values(steps) as number[][];
        return {
          values: all[0].map((_, r) => exponent(trainedShares, all.map((values) => values[r]))),
          detail: `steps ${inWords(steps)}`,
        };
      },
    }),
    claim({
      id: "examples-with-share",
      statement: "The larger the share of relevant examples in a test prompt, the fewer examples are needed.",
      source: `${PAPER}, examples of a test prompt at least of the order 1/α′`,
      measure: `examples to an error of ${NEEDED}`,
      expect: expect.ordered("falling", "share α′ of test prompts"),
      values(measured: Measured) {
        const groups = neededGroups(measured);
        return unreached(groups, `an error of ${NEEDED}`) ?? { values: groups as Groups, detail: inWords(groups) };
      },
    }),
    ...(testShares.includes(0.6) && testShares.length > 1
      ? [claim({
        id: "examples-least",
        statement: "Prompts of which a share of 0.6 of the examples is relevant need the fewest examples.",
        source: `${PAPER}, experiments: most efficient at α′ = 0.6`,
        measure: `examples to an error of ${NEEDED} at α′ = 0.6, over the fewest at any other share`,
        expect: expect.ratio({ to: 1 }),
        values(measured: Measured) {
          const groups = neededGroups(measured);
          const missing = unreached(groups, `an error of ${NEEDED}`);
          if (missing) return missing;
          const all = Object.entries(groups) as [string, number[]][];
          const [[, own]] = all.filter(([name]) => name === "α′ = 0.6");
          const others = all.filter(([name]) => name !== "α′ = 0.6").map(([, values]) => values);
          return {
            values: own.map((value, r) => value / Math.min(...others.map((values) => values[r]))),
            detail: inWords(groups),
          };
        },
      })]
      : []),
    claim({
      id: "examples-as-copying",
      statement: "One layer needs hardly more examples than copying from examples with the query's pattern does.",
      source: HERE,
      measure: `examples to an error of ${NEEDED}, over those of copying, ½ (1 − α′/2)^l wrong`,
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.8, to: 1.25 }), { of: "share α′", shown: "worst" }),
      values(measured: Measured) {
        const groups = neededGroups(measured);
        const of = (theory: string) =>
          testShares.map((own) => examplesTo(measured.theory(theory, { series: shareSeries(own), quantity: "error" })));
        const [copying, best] = [of(COPYING), of(BAYES)];
        const missing = unreached({ ...groups, copying }, `an error of ${NEEDED}`);
        if (missing) return missing;
        const values = Object.fromEntries(
          Object.entries(groups as Groups).map(([name, all], i) => [name, all.map((one) => one / copying[i]!)]),
        );
        return {
          values,
          detail: `${inWords(groups)}; copying ${copying.map(digits).join(", ")}; best ${best.map(digits).join(", ")}`,
        };
      },
    }),
  ];
}
