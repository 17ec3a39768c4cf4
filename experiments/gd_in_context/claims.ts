/** Claims of the paper and of the exact theory, each with its criterion. */
import * as lab from "../../mod.ts";
import {
  EXACT,
  FRONT,
  FRONTS,
  GD,
  GD_PLUS,
  GD_PLUS_STEPS,
  GD_STEPS,
  iterated,
  lawOf,
  layers,
  MIXTURES,
  ONE,
  SEPARATE,
  type Setting,
  type Shift,
  shiftsOf,
  versus,
} from "./setting.ts";

const { expect } = lab;
const { quotients } = lab.statistics;
type Claim = lab.Claim<lab.Measurements>;

const PAPER = "arXiv 2212.07677";
const DERIVED = "exact loss of one layer, derived here";

const of = (series: string, quantity: string): lab.Quantity => ({ series, quantity });
/** Loss of a model at the end over that of a reference, on the same prompts. */
const over = (measured: lab.Measurements, series: string, reference: string) =>
  quotients(measured.last(of(series, "loss")), measured.last(of(series, versus("loss", reference))));

/** Step at which the effective step first reaches half of the best one, of every replica. */
export function learningTimes(measured: lab.Measurements, series: string, best: number): (number | null)[] {
  return measured.curves(of(series, "effective step")).map((curve) =>
    lab.crossingTime(curve, best / 2, "up", { start: "none" })
  );
}

/** Replicas of a recurrent model whose final loss is below half of what predicting zero loses. */
export function learned(measured: lab.Measurements, series: string, zero: number): boolean[] {
  return measured.last(of(series, "loss")).map((loss) => loss < zero / 2);
}

/** All claims. */
export function claims(setting: Setting): Claim[] {
  return [
    ...onOneLayer(setting),
    ...onShifts(setting),
    ...onIterations(setting),
    ...onDepth(setting),
    ...onSeparateTokens(setting),
    ...onSines(),
  ];
}

function onOneLayer(setting: Setting): Claim[] {
  const law = lawOf(setting), best = lab.bestStep(law), floor = lab.oneStepLoss(law, best);
  const slope = Math.sqrt(setting.dimension) * best * setting.context * law.second;
  return [
    lab.claim({
      id: "1-loss",
      statement:
        "A trained layer of linear self-attention loses what one step of gradient descent with the best η loses.",
      source: `${PAPER}, Fig. 2`,
      measure: "test loss of the layer at the end over that of the best step on the same prompts",
      predicted: 1,
      expect: expect.ratio(lab.within(1, 0.02)),
      values: (measured) => ({
        values: over(measured, ONE, GD),
        detail: `test loss ${lab.statistics.mean(measured.last(of(ONE, "loss"))).toFixed(4)}, exact ${
          floor.toFixed(4)
        }`,
      }),
    }),
    lab.claim({
      id: "1-exact-loss",
      statement: "The exact population loss of the trained weights is the least that any such layer can have.",
      source: DERIVED,
      measure: "exact loss of the final weights over that of the best step",
      predicted: 1,
      expect: expect.ratio({ from: 1, to: 1.01 }),
      values: (measured) => ({
        values: measured.last(of(ONE, "exact loss of one layer")).map((loss) => loss / floor),
        detail: `best step ${floor.toFixed(5)}`,
      }),
    }),
    lab.claim({
      id: "1-effective-step",
      statement: "The trained layer's effective step η/N is that of the best gradient descent.",
      source: `${PAPER}, Proposition 1; value from moments`,
      measure: "mean diagonal of v_y P + p vᵀ at the end",
      predicted: best,
      expect: expect.mean(lab.within(best, 0.02)),
      values: (measured) => ({ values: measured.last(of(ONE, "effective step")) }),
    }),
    lab.claim({
      id: "1-off-diagonal",
      statement: "The trained layer's key-query matrix is a multiple of the identity on inputs.",
      source: `${PAPER}, Fig. 2 and appendix`,
      measure: "mean size of entries off the diagonal of v_y P + p vᵀ over the mean diagonal, at the end",
      expect: expect.mean({ to: 0.05 }),
      values: (measured) => ({ values: measured.last(of(ONE, "off-diagonal share")) }),
    }),
    lab.claim({
      id: "1-predictions",
      statement: "Predictions of the trained layer are those of one step of gradient descent.",
      source: `${PAPER}, Fig. 2, L2 of predictions`,
      measure: "mean |ŷ − ŷ_GD| over test prompts at the end",
      expect: expect.mean({ to: 0.05 }),
      values: (measured) => ({ values: measured.last(of(ONE, versus("difference", GD))) }),
    }),
    lab.claim({
      id: "1-slopes-cosine",
      statement: "The sensitivity ∂ŷ/∂x of the trained layer points where that of gradient descent does.",
      source: `${PAPER}, Fig. 2, model cosine`,
      measure: "mean cosine of ∂ŷ/∂x_q with that of the best step, over test prompts at the end",
      predicted: 1,
      expect: expect.mean({ from: 0.99 }),
      values: (measured) => ({ values: measured.last(of(ONE, versus("cosine", GD))) }),
    }),
    lab.claim({
      id: "1-slopes-difference",
      statement: "The sensitivity ∂ŷ/∂x of the trained layer is as long as that of gradient descent.",
      source: `${PAPER}, Fig. 2, model difference`,
      measure: "mean |∂ŷ/∂x_q − that of the best step| at the end, in units of c N s √D, the typical length",
      expect: expect.mean({ to: 0.1 }),
      values: (measured) => ({
        values: measured.last(of(ONE, versus("difference of slopes", GD))).map((length) => length / slope),
      }),
    }),
    lab.claim({
      id: "1-interpolation",
      statement:
        "Weights on the line between the trained layer, rescaled, and the constructed one lose no more than its ends.",
      source: `${PAPER}, Fig. 2, interpolated`,
      measure: "largest test loss on the line over that of the constructed weights",
      predicted: 1,
      expect: expect.ratio({ to: 1.02 }),
      values(measured) {
        const losses = MIXTURES.map((part) => measured.last(of(`mixture ${part}`, "loss")));
        return { values: losses.at(-1)!.map((end, r) => Math.max(...losses.map((loss) => loss[r])) / end) };
      },
    }),
    lab.claim({
      id: "1-learning-time",
      statement: "Adam on the exact gradient, from the same weights, says when each seed's layer learns.",
      source: DERIVED,
      measure: "step at which the effective step first reaches half of the best one, over that of the exact gradient",
      predicted: 1,
      expect: expect.ratio(lab.within(1, 0.1)),
      values(measured) {
        const [found, exact] = [ONE, EXACT].map((series) => learningTimes(measured, series, best));
        const both = found.flatMap((time, r) => time === null || exact[r] === null ? [] : [time / exact[r]]);
        const detail = `${both.length} of ${found.length} seeds cross; measured ${
          found.map((time) => time?.toFixed(0) ?? "never").join(", ")
        }; exact ${exact.map((time) => time?.toFixed(0) ?? "never").join(", ")}`;
        return both.length < found.length ? { unmeasured: detail } : { values: both, detail };
      },
    }),
  ];
}

function onShifts(setting: Setting): Claim[] {
  const all = shiftsOf(setting);
  const groups = (shifts: readonly Shift[], values: (shift: Shift) => number[]) =>
    Object.fromEntries(shifts.map((shift) => [shift.name, values(shift)]));
  return [
    lab.claim({
      id: "2-out-of-distribution",
      statement:
        "On other input ranges, context lengths and noises the trained layer loses what its step of gradient descent does.",
      source: `${PAPER}, out of distribution; exact loss derived here`,
      measure: "test loss of the layer over that of the training law's best step on the same prompts",
      predicted: 1,
      expect: expect.each(expect.ratio(lab.within(1, 0.05)), { of: "law", shown: "worst" }),
      values: (measured) => ({
        values: groups(
          all,
          ({ name }) => quotients(measured.last(of(name, "loss")), measured.last(of(name, versus("loss", GD)))),
        ),
      }),
    }),
    lab.claim({
      id: "2-exact",
      statement: "The exact loss of one step says what the trained layer loses on other laws.",
      source: "moments of uniform inputs, derived here",
      measure: "test loss of the layer over the exact loss of the step on that law",
      predicted: 1,
      expect: expect.each(expect.ratio(lab.within(1, 0.1)), { of: "law", shown: "worst" }),
      values: (measured) => ({
        values: groups(all, ({ name }) => {
          const [exact] = measured.theory(GD, of(name, "loss")).y;
          return measured.last(of(name, "loss")).map((loss) => loss / exact);
        }),
      }),
    }),
    lab.claim({
      id: "2-ridge",
      statement:
        "Ridge regression on the same prompts loses less than the trained layer: one step is not the whole of regression.",
      source: "control",
      measure: "loss of ridge regression over that of the layer, for every context of at least D pairs and every range",
      expect: expect.each(expect.ratio({ to: 1 }), { of: "law", shown: "worst" }),
      values: (measured) => ({
        values: groups(
          all.filter(({ of, task }) => of !== "noise" && task.context >= setting.dimension),
          ({ name }) => quotients(measured.last(of(name, "loss of ridge")), measured.last(of(name, "loss"))),
        ),
      }),
    }),
  ];
}

function onIterations(setting: Setting): Claim[] {
  const K = setting.iterations;
  /** Loss of every seed after each iteration; infinite where it is no longer finite. */
  const losses = (measured: lab.Measurements, damped: boolean, quantity = "loss") =>
    measured.curves(of(iterated(damped), quantity)).map(({ x, y }) =>
      Array.from({ length: K }, (_, k) => y[x.indexOf(k + 1)] ?? Infinity)
    );
  return [
    lab.claim({
      id: "3-damped",
      statement:
        "One trained layer that is applied again and again with damping goes on to learn, although it was trained once.",
      source: `${PAPER}, Fig. 3`,
      measure: `test loss after ${K} damped iterations below 0.7 of that after one`,
      expect: expect.share({ atLeast: 0.5 }, "seeds"),
      values: (measured) => ({
        values: losses(measured, true).map((all) => all[K - 1] < 0.7 * all[0]),
        detail: `losses ${losses(measured, true).map((all) => all[K - 1].toPrecision(3)).join(", ")}`,
      }),
    }),
    lab.claim({
      id: "3-follows-descent",
      statement: "The trained layer, iterated with damping, follows gradient descent with the same damped step.",
      source: `${PAPER}, Fig. 3`,
      measure:
        `test loss within 10 % of that of as many damped steps on the same prompts, at every one of ${K} iterations`,
      expect: expect.share({ atLeast: 0.5 }, "seeds"),
      values(measured) {
        const descent = losses(measured, true, versus("loss", GD));
        const far = losses(measured, true).map((all, r) =>
          Math.max(...all.map((loss, k) => Math.abs(loss / descent[r][k] - 1)))
        );
        return {
          values: far.map((one) => one <= 0.1),
          detail: `largest ${far.map((one) => one.toPrecision(2)).join(", ")}`,
        };
      },
    }),
    lab.claim({
      id: "3-undamped",
      statement: "Without damping, iterating the trained layer ends in larger losses than with it.",
      source: "the best single step exceeds 2/λ for the largest eigenvalues; derived here",
      measure: `test loss after ${K} undamped iterations above that after ${K} damped ones, or no longer finite`,
      expect: expect.share({ atLeast: 0.5 }, "seeds"),
      values(measured) {
        const [undamped, damped] = [false, true].map((one) => losses(measured, one).map((all) => all[K - 1]));
        return { values: undamped.map((loss, r) => loss > damped[r]) };
      },
    }),
  ];
}

function onDepth(setting: Setting): Claim[] {
  const zero = lab.oneStepLoss(lawOf(setting), 0);
  return setting.depths.flatMap((depth) => {
    const series = layers(depth);
    const claimOf = (
      id: string,
      parts: Pick<Claim, "statement" | "source"> & { readonly measure: string; readonly predicted?: number },
      expectation: lab.Expectation<readonly number[]>,
      of_: (measured: lab.Measurements) => number[],
    ) =>
      lab.claim({
        ...parts,
        id: `${depth}-layers-${id}`,
        measure: `${parts.measure}, seeds that have learned`,
        expect: expectation,
        values(measured: lab.Measurements) {
          const which = learned(measured, series, zero);
          const values = of_(measured).filter((_, r) => which[r]);
          const detail = `${values.length} of ${which.length} seeds have learned`;
          return values.length < 2 ? { unmeasured: detail } : { values, detail };
        },
      });
    const loss = (reference: string) => (measured: lab.Measurements) => over(measured, series, reference);
    return [
      lab.claim({
        id: `${depth}-layers-learn`,
        statement: `Recurrent models of ${depth} layers learn from most initial weights.`,
        source: `${PAPER}, implicit`,
        measure: "final test loss below half of the zero predictor's",
        expect: expect.share({ atLeast: 0.75 }, "seeds"),
        values: (measured: lab.Measurements) => ({ values: learned(measured, series, zero) }),
      }),
      claimOf(
        "beat-gd",
        {
          statement:
            `A recurrent model of ${depth} layers loses less than the best ${depth} steps of gradient descent.`,
          source: `${PAPER}, Fig. 3`,
          measure: "final test loss over that of gradient descent with the best η on the same prompts",
        },
        expect.ratio({ to: 0.98 }),
        loss(GD),
      ),
      claimOf(
        "beat-rates",
        {
          statement:
            `A recurrent model of ${depth} layers loses less than ${depth} steps with the best η of each step.`,
          source: "extension: as many free rates as steps",
          measure: "final test loss over that of gradient descent with an η per step",
        },
        expect.ratio({ to: 0.98 }),
        loss(GD_STEPS),
      ),
      claimOf(
        "match-gd-plus",
        {
          statement: `A recurrent model of ${depth} layers loses what the best GD++ of ${depth} steps loses.`,
          source: `${PAPER}, Fig. 3`,
          measure: "final test loss over that of GD++ with the best η and γ on the same prompts",
          predicted: 1,
        },
        expect.ratio({ from: 0.95, to: 1.05 }),
        loss(GD_PLUS),
      ),
      claimOf(
        "match-gd-plus-per-layer",
        {
          statement: `A recurrent model of ${depth} layers loses what GD++ with an η and a γ of each step loses.`,
          source: `${PAPER}, Fig. 3: five layers need sizes of each layer`,
          measure: "final test loss over that of GD++ with the best η and γ of each step on the same prompts",
          predicted: 1,
        },
        expect.ratio({ from: 0.95, to: 1.05 }),
        loss(GD_PLUS_STEPS),
      ),
      claimOf(
        "slopes",
        {
          statement:
            `The sensitivity ∂ŷ/∂x of a recurrent model of ${depth} layers is nearer to that of GD++ than to that of GD.`,
          source: `${PAPER}, Fig. 3, model cosine`,
          measure: "cosine of ∂ŷ/∂x_q with that of GD++ minus that with GD",
        },
        expect.mean({ from: 0 }),
        (measured) => {
          const cosine = (reference: string) => measured.last(of(series, versus("cosine", reference)));
          return cosine(GD_PLUS).map((value, r) => value - cosine(GD)[r]);
        },
      ),
    ];
  });
}

const SEPARATE_LEARNED = 0.5;

function onSeparateTokens(setting: Setting): Claim[] {
  const { "separate-dimension": dimension, "separate-context": context } = setting;
  const zero = lab.oneStepLoss(lab.uniformInputs({ dimension, context, range: setting.range }), 0);
  const which = (measured: lab.Measurements) =>
    measured.last(of(SEPARATE, "loss")).map((loss) => loss < SEPARATE_LEARNED * zero);
  const claimOf = (
    parts: Pick<Claim, "id" | "statement" | "source"> & { readonly measure: string; readonly predicted?: number },
    expectation: lab.Expectation<readonly number[]>,
    all: (measured: lab.Measurements) => { values: number[]; detail?: string },
  ) =>
    lab.claim({
      ...parts,
      measure: `${parts.measure}, seeds that have learned`,
      expect: expectation,
      values(measured: lab.Measurements) {
        const learned = which(measured);
        const { values, detail } = all(measured);
        const kept = values.filter((_, r) => learned[r]);
        const words = [`${kept.length} of ${learned.length} seeds have learned`, detail].filter(Boolean).join("; ");
        return kept.length < 2 ? { unmeasured: words } : { values: kept, detail: words };
      },
    });
  const last = (measured: lab.Measurements, quantity: string) => measured.last(of(SEPARATE, quantity));
  const first = (measured: lab.Measurements, quantity: string) => measured.first(of(SEPARATE, quantity));
  const digits = (values: readonly number[]) => values.map((value) => value.toPrecision(2)).join(", ");
  return [
    lab.claim({
      id: "separate-learn",
      statement: "Two layers, softmax first, learn from separate tokens of inputs and labels.",
      source: `${PAPER}, section on separate tokens`,
      measure: `final test loss below ${SEPARATE_LEARNED} of the zero predictor's`,
      expect: expect.share({ atLeast: 0.6 }, "seeds"),
      values: (measured: lab.Measurements) => ({ values: which(measured) }),
    }),
    claimOf(
      {
        id: "separate-one-step",
        statement: "Two layers on separate tokens lose what one step of gradient descent loses, not what two do.",
        source: `${PAPER}, section on separate tokens`,
        measure: "final test loss over that of the best step on the same prompts",
        predicted: 1,
      },
      expect.ratio({ from: 0.95, to: 1.1 }),
      (measured) => {
        const [one, two] = [GD, "GD, two steps"].map((name) => measured.theory(name, of(SEPARATE, "loss")).y[0]);
        return {
          values: over(measured, SEPARATE, GD),
          detail: `exact: one step ${one.toFixed(4)}, two steps ${(two / one).toFixed(3)} of it`,
        };
      },
    ),
    claimOf(
      {
        id: "separate-slopes",
        statement: "The sensitivity ∂ŷ/∂x of two layers on separate tokens points where that of one step does.",
        source: `${PAPER}, section on separate tokens`,
        measure: "mean cosine of ∂ŷ/∂x_q with that of the best step, over test prompts at the end",
        predicted: 1,
      },
      expect.mean({ from: 0.95 }),
      (measured) => ({ values: last(measured, versus("cosine", GD)) }),
    ),
    claimOf(
      {
        id: "separate-copies",
        statement: "The first layer copies: what moves a token there, beside itself, is its partner above all.",
        source: `${PAPER}, section on separate tokens`,
        measure:
          "share of the partner in ‖∂ token after layer 1/∂ other tokens‖², of inputs moved by their labels or labels by their " +
          "inputs, whichever is larger",
      },
      expect.mean({ from: 0.5 }),
      (measured) => {
        const names = ["share of its label in what moves an input", "share of its input in what moves a label"];
        const [inputs, labels] = names.map((name) => last(measured, name));
        return {
          values: inputs.map((value, r) => Math.max(value, labels[r])),
          detail: `inputs moved by their labels ${digits(inputs)}; labels by their inputs ${
            digits(labels)
          }; at the start ${digits(names.map((name) => lab.statistics.mean(first(measured, name))))}`,
        };
      },
    ),
    claimOf(
      {
        id: "separate-attention",
        statement: "Softmax attention of the first layer looks at partners far more than evenly.",
        source: `${PAPER}, section on separate tokens`,
        measure:
          "attention to the partner times the number of tokens, of inputs to labels or labels to inputs, whichever is larger",
      },
      expect.mean({ from: 3 }),
      (measured) => {
        const names = ["attention of inputs to their labels", "attention of labels to their inputs"];
        const [inputs, labels] = names.map((name) => last(measured, name));
        return {
          values: inputs.map((value, r) => Math.max(value, labels[r]) * (2 * context + 1)),
          detail: `inputs to their labels ${digits(inputs)}; labels to their inputs ${digits(labels)}`,
        };
      },
    ),
    claimOf(
      {
        id: "separate-copies-first",
        statement: "Copying comes first: the loss falls once the first layer copies, not before.",
        source: `${PAPER}, "copies first"`,
        measure:
          "step at which the partner's share is half way to its last value, over the step at which the loss is half way to its own",
      },
      expect.ratio({ to: 1 }),
      (measured) => ({
        values: lossAndCopying(measured).map(([copied, fell]) => copied / fell),
        detail: lossAndCopying(measured).map(([copied, fell]) => `${copied.toFixed(0)} and ${fell.toFixed(0)}`).join(
          ", ",
        ),
      }),
    ),
  ];
}

/** Steps at which a partner's share, the larger of both ways, is half way to its last value, and at which the loss is. */
function lossAndCopying(measured: lab.Measurements): [copied: number, fell: number][] {
  const curves = (quantity: string) => measured.curves(of(SEPARATE, quantity));
  const ways = ["share of its label in what moves an input", "share of its input in what moves a label"].map(curves);
  return curves("loss").map((loss, r) => {
    const end = (curve: lab.MeasuredCurve) => curve.y[curve.y.length - 1];
    const share = end(ways[0][r]) > end(ways[1][r]) ? ways[0][r] : ways[1][r];
    const middle = (curve: lab.MeasuredCurve) => (curve.y[0] + end(curve)) / 2;
    const never = loss.x[loss.x.length - 1];
    const time = (curve: lab.MeasuredCurve, direction: "up" | "down") =>
      Math.max(1, lab.crossingTime(curve, middle(curve), direction) ?? never);
    return [time(share, "up"), time(loss, "down")];
  });
}

function onSines(): Claim[] {
  const loss = (measured: lab.Measurements, series: string) => measured.last(of(series, "loss"));
  const detail = (measured: lab.Measurements) =>
    FRONTS.map((series) => `${series} ${lab.statistics.mean(loss(measured, series)).toPrecision(3)}`).join(", ");
  return [
    lab.claim({
      id: "sine-one-step",
      statement:
        "On sine functions a perceptron and a layer of linear attention lose what a perceptron and one step of gradient descent lose.",
      source: `${PAPER}, sine waves`,
      measure: "final test loss of the layer behind a perceptron over that of one step behind a perceptron, same seed",
      predicted: 1,
      expect: expect.ratio({ from: 0.8, to: 1.25 }),
      values: (measured) => ({
        values: quotients(loss(measured, FRONT.layer), loss(measured, FRONT.descent)),
        detail: detail(measured),
      }),
    }),
    lab.claim({
      id: "sine-learns",
      statement: "A perceptron in front lets one layer learn sine functions in context.",
      source: `${PAPER}, sine waves`,
      measure: "final test loss over that of the best predictor that sees no context",
      expect: expect.ratio({ to: 0.5 }),
      values: (measured) => {
        const [without] = measured.theory("best without context", of(FRONT.layer, "loss")).y;
        return {
          values: loss(measured, FRONT.layer).map((value) => value / without),
          detail: `without context ${without.toPrecision(3)}`,
        };
      },
    }),
    lab.claim({
      id: "sine-needs-perceptron",
      statement: "Without a perceptron in front one layer does not learn sine functions in context.",
      source: "control",
      measure: "final test loss of the layer alone over that of the layer behind a perceptron, same seed",
      expect: expect.ratio({ from: 2 }),
      values: (measured) => ({ values: quotients(loss(measured, FRONT.alone), loss(measured, FRONT.layer)) }),
    }),
  ];
}
