/** Figures of the experiment. */
import * as lab from "../../mod.ts";
import {
  EXACT,
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

const STEP = { title: "step" } as const;

/** Figures by name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { dimension: D, context: N, depths, damping, range } = setting;
  const setup = `D = ${D}, N = ${N}, inputs from U(−${range}, ${range})`;
  const law = lawOf(setting), best = lab.bestStep(law);
  const one = (quantity: string) => measured.curves({ series: ONE, quantity });
  const flat = (value: number, { x }: lab.MeasuredCurve = one("loss")[0] ?? { x: [], y: [] }) => ({
    x,
    y: x.map(() => value),
  });
  const separate = (quantity: string) => measured.curves({ series: SEPARATE, quantity });
  const shifts = shiftsOf(setting);
  const at = (kind: Shift["of"], quantity: string) =>
    shifts.filter(({ of }) => of === kind).map(({ name, value }) => ({
      x: value,
      values: measured.last({ series: name, quantity }),
    }));
  const exact = (kind: Shift["of"]) => {
    const found = shifts.filter(({ of }) => of === kind);
    return {
      x: found.map(({ value }) => value),
      y: found.map(({ name }) => measured.theory(GD, { series: name, quantity: "loss" }).y[0]),
    };
  };
  const kinds: Record<Shift["of"], string> = {
    range: "factor on the range of inputs",
    context: "pairs of the context",
    noise: "standard deviation of the labels' noise",
  };
  const [LAYER, RIDGE] = ["trained layer", "ridge regression"];
  return {
    one_step: lab.multiples({
      title: "A layer of linear self-attention becomes a step of gradient descent",
      setup,
      panels: [
        {
          title: "loss on test prompts",
          lines: { [LAYER]: one("loss") },
          theory: { "best step": { [LAYER]: flat(lab.oneStepLoss(law, best)) } },
          y: { title: "½ (ŷ − y)²" },
        },
        {
          title: "effective step η/N",
          lines: { [LAYER]: one("effective step") },
          theory: {
            "best step": { [LAYER]: flat(best) },
            ...(measured.has({ series: EXACT, quantity: "effective step" }) &&
              { [EXACT]: { [LAYER]: lab.meanCurve(measured.curves({ series: EXACT, quantity: "effective step" })) } }),
          },
          y: { title: "η/N" },
        },
        { title: "cosine of ∂ŷ/∂x", lines: { [LAYER]: one(versus("cosine", GD)) }, y: { title: "cosine" } },
        {
          title: "difference of predictions",
          lines: { [LAYER]: one(versus("difference", GD)) },
          y: { title: "|ŷ − ŷ_GD|" },
        },
      ],
      x: STEP,
      strokes: { "best step": "dashed", [EXACT]: "dotted" },
    }),
    learning_times: lab.curves({
      title: "When each seed learns, and when Adam on the exact gradient does",
      setup,
      lines: Object.fromEntries(one("effective step").map((curve, r) => [`seed ${r + 1}`, [curve]])),
      theory: {
        [EXACT]: Object.fromEntries(
          measured.curves({ series: EXACT, quantity: "effective step" }).map((curve, r) => [`seed ${r + 1}`, curve]),
        ),
      },
      by: "seed",
      each: "replica",
      x: STEP,
      y: { title: "effective step η/N" },
    }),
    interpolation: lab.points({
      title: "Loss between the trained layer and the constructed one",
      setup,
      lines: {
        loss: MIXTURES.map((part) => ({
          x: part,
          values: measured.last({ series: `mixture ${part}`, quantity: "loss" }),
        })),
      },
      x: { title: "part of the constructed weights" },
      y: { title: "½ (ŷ − y)²", zero: true },
    }),
    ...Object.fromEntries((["range", "context", "noise"] as const).map((kind) => [
      `other_${kind}`,
      lab.points({
        title: `Loss of the trained layer by ${kinds[kind]}`,
        setup,
        lines: { [LAYER]: at(kind, "loss"), [RIDGE]: at(kind, "loss of ridge") },
        theory: { "exact loss of the step": { [LAYER]: exact(kind) } },
        by: "predictor",
        x: { title: kinds[kind] },
        y: { title: "½ (ŷ − y)²" },
      }),
    ])),
    iterated: lab.curves({
      title: "One trained layer, applied again and again",
      setup: `${setup}; damped by ${damping}`,
      lines: {
        undamped: measured.curves({ series: iterated(false), quantity: "loss" }),
        damped: measured.curves({ series: iterated(true), quantity: "loss" }),
      },
      theory: {
        "gradient descent": {
          undamped: measured.theory(GD, { series: iterated(false), quantity: "loss" }),
          damped: measured.theory(GD, { series: iterated(true), quantity: "loss" }),
        },
      },
      by: "iteration",
      x: { title: "iterations" },
      y: { title: "½ (ŷ − y)²", scale: "log" },
    }),
    depth: lab.multiples({
      title: "Recurrent models against as many steps of descent",
      setup,
      panels: depths.map((depth) => {
        const curves = measured.curves({ series: layers(depth), quantity: "loss" });
        return {
          title: layers(depth),
          lines: { "trained model": curves },
          theory: Object.fromEntries([GD, GD_STEPS, GD_PLUS, GD_PLUS_STEPS].map((name) => [
            name,
            { "trained model": measured.theory(name, { series: layers(depth), quantity: "loss" }) },
          ])),
        };
      }),
      x: STEP,
      y: { title: "½ (ŷ − y)²", scale: "log" },
      each: "replica",
    }),
    separate_tokens: lab.multiples({
      title: "Two layers on separate tokens: loss, and what moves a token of the first layer",
      setup: `D = ${setting["separate-dimension"]}, N = ${
        setting["separate-context"]
      }; softmax first, then linear attention`,
      panels: [
        {
          title: "loss on test prompts",
          lines: { "loss of the model": separate("loss") },
          theory: Object.fromEntries([GD, "GD, two steps"].map((name) => [
            name,
            { "loss of the model": measured.theory(name, { series: SEPARATE, quantity: "loss" }) },
          ])),
          y: { title: "½ (ŷ − y)²", zero: true },
        },
        {
          title: "share of the partner in what moves a token of layer 1",
          lines: {
            "inputs, by their labels": separate("share of its label in what moves an input"),
            "labels, by their inputs": separate("share of its input in what moves a label"),
          },
          y: { title: "share", domain: [0, 1] },
        },
      ],
      columns: 2,
      x: STEP,
      by: "curve of",
      each: "replica",
      strokes: { [GD]: "dashed", "GD, two steps": "dotted" },
    }),
    sines: lab.curves({
      title: "Sine functions: a layer behind a perceptron, one step behind a perceptron, a layer alone",
      setup: `N = ${setting["sine-context"]} points; dotted: the best predictor that sees none of them`,
      lines: Object.fromEntries(FRONTS.map((series) => [series, measured.curves({ series, quantity: "loss" })])),
      by: "model",
      x: STEP,
      y: { title: "½ (ŷ − y)²", scale: "log" },
      rules: [{ y: measured.theory("best without context", { series: FRONTS[0], quantity: "loss" }).y[0] }],
    }),
  };
}
