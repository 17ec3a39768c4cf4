/** Figures of the experiment. */
import * as lab from "../../mod.ts";
import { fixedCurve, probedAt } from "./claims.ts";
import {
  CLASS_ERROR,
  ends,
  ERASED,
  erasedAt,
  EXACT,
  KINDS,
  levelName,
  LOGISTIC,
  MIXTURE,
  NOISE,
  POSTERIOR,
  probedExamples,
  R2,
  riskAt,
  seriesOf,
  type Setting,
  SIZES,
  TRAINED,
  type Trained,
  weightAt,
} from "./setting.ts";

/** Figures by name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { dimension: d, examples: N, levels, replicas, layers } = setting;
  const setup = `d = ${d}, ${N} examples, noise levels ${levels.join(", ")}`;
  return {
    selection: selectionFigure(measured, setting, `${setup}; a dot a seed, ${replicas} seeds`),
    two_tasks: twoTasks(measured, setting, `d = ${d}, ${N} examples; a dot a seed, ${replicas} seeds`),
    risks: risks(measured, setting, setup),
    chosen_ridge: lab.multiples({
      title: "Which ridge a model of all noise levels follows",
      setup: [
        setup,
        "weight of the highest noise's ridge in the predictions: 0 is the lowest noise's, 1 the highest's",
      ],
      panels: KINDS.map((kind) => ({
        title: kind,
        lines: Object.fromEntries(
          ends(setting).map((sigma) => [
            `prompts with ${levelName(sigma)}`,
            measured.curves({ series: seriesOf(kind, MIXTURE), quantity: weightAt(sigma) }),
          ]),
        ),
      })),
      by: "prompts",
      x: { title: "step" },
      y: { title: "weight" },
      rules: [{ y: 0 }, { y: 1 }],
    }),
    probes: probes(measured, setting, `${setup}; ln σ by linear probes, R² of held-out prompts`),
    erased: erasedFigure(measured, setting, `${setup}; one direction of the stream at the query erased after a layer`),
    probes_by_examples: lab.points({
      title: "Noise level in the decoder's stream, by examples read",
      setup: `${setup}; decoder of all noise levels, R² of held-out prompts`,
      lines: Object.fromEntries(
        Array.from({ length: layers }, (_, at) => at + 1).map((layer) => [
          `after layer ${layer}`,
          probedExamples(setting).map((index) => ({
            x: index,
            values: measured.last({ series: seriesOf("decoder", MIXTURE), quantity: R2, layer, index }),
          })),
        ]),
      ),
      theory: Object.fromEntries([POSTERIOR, SIZES].map((theory) => [theory, {
        "examples themselves": measured.theory(theory, { series: NOISE, quantity: R2 }),
      }])),
      by: "read from",
      x: { title: "examples before the query", ticks: probedExamples(setting) },
      y: { title: "R² of ln σ" },
    }),
  };
}

/** Names of trainings in legends. */
const SHOWN: Readonly<Record<Trained, string>> = {
  "all noise levels": "all noise levels",
  "lowest noise": "lowest noise alone",
  "highest noise": "highest noise alone",
  "regression and classes": "regression and classes",
  classes: "classes alone",
};

/** Colours of trainings, the same in both planes. */
const COLORS = Object.fromEntries(TRAINED.map((one, at) => [SHOWN[one], lab.PALETTE[at]]));

/** Shapes of architectures. */
const SHAPES = { encoder: "circle", decoder: "triangle-up" } as const;

/** Dots of models, a line of predictors, and named marks, over axes that all of them share. */
function plane(
  { title, subtitle, description }: lab.Caption,
  axes: { readonly x: lab.Axis; readonly y: lab.Axis },
  dots: readonly { readonly x: number; readonly y: number; readonly trained: Trained; readonly model: string }[],
  line: { readonly points: readonly (readonly [number, number])[]; readonly name: string } | null,
  marks: readonly { readonly x: number; readonly y: number; readonly name: string; readonly below?: boolean }[],
): lab.Spec {
  const order = TRAINED.filter((one) => dots.some(({ trained }) => trained === one)).map((one) => SHOWN[one]);
  const models = KINDS.filter((kind) => dots.some(({ model }) => model === kind));
  const channels = (x: string, y: string) => ({
    x: lab.position("x", { margin: 14, ...axes.x }, x),
    y: lab.position("y", { margin: 14, ...axes.y }, y),
  });
  const shape = {
    field: "model",
    type: "nominal",
    title: "model",
    scale: { domain: models, range: models.map((one) => SHAPES[one]) },
    legend: { symbolFillColor: "#555555", symbolStrokeWidth: 0 },
  } as const;
  const color = {
    field: "trained",
    type: "nominal",
    title: "trained on",
    scale: { domain: order, range: order.map((one) => COLORS[one]) },
    legend: { symbolType: "square", symbolStrokeWidth: 0, symbolSize: 130 },
  } as const;
  const text = (below: boolean): lab.Layer => ({
    data: { name: "marks" },
    transform: [{ filter: `datum.below === ${below}` }],
    mark: { type: "text", color: lab.INK, fontSize: 10.5, align: "left", dx: 8, dy: below ? 10 : -8 },
    encoding: { ...channels("x", "y"), text: { field: "name" } },
  });
  return lab.figure(
    { title, subtitle, description, width: 460, height: 360 },
    {
      dots: dots.map(({ x, y, trained, model }) => ({ x, y, trained: SHOWN[trained], model })),
      line: (line?.points ?? []).map(([x, y], at) => ({ x, y, at })),
      marks: marks.map(({ x, y, name, below = false }) => ({ x, y, name, below })),
    },
    [
      ...(line === null ? [] : [
        {
          data: { name: "line" },
          mark: { type: "line", color: lab.INK, strokeWidth: 1.4, clip: true },
          encoding: { ...channels("x", "y"), order: { field: "at", type: "quantitative" } },
        } satisfies lab.Layer,
      ]),
      {
        data: { name: "dots" },
        mark: { type: "point", filled: true, size: 75, opacity: 0.8 },
        encoding: { ...channels("x", "y"), color, shape },
      },
      {
        data: { name: "marks" },
        mark: { type: "point", shape: "cross", filled: true, color: lab.INK, size: 70 },
        encoding: channels("x", "y"),
      },
      text(false),
      text(true),
    ],
  );
}

/** Dots of the last report: a coordinate of each seed by two quantities. */
function dotsOf(measured: lab.Measurements, trained: readonly Trained[], x: string, y: string) {
  return KINDS.flatMap((model) =>
    trained.flatMap((one) => {
      const of = (quantity: string) => measured.last({ series: seriesOf(model, one), quantity });
      const ys = of(y);
      return of(x).map((value, r) => ({ x: value, y: ys[r], trained: one, model }));
    })
  );
}

function selectionFigure(measured: lab.Measurements, setting: Setting, subtitle: string): lab.Spec | null {
  const [low, high] = ends(setting);
  const shown: Trained[] = [MIXTURE, "lowest noise", "highest noise"];
  const dots = dotsOf(measured, shown, riskAt(low), riskAt(high));
  if (dots.length === 0) return null;
  const curve = fixedCurve(measured, setting);
  const exact = (quantity: string) => measured.last({ series: EXACT, quantity })[0];
  const [x, y] = [low, high].map((sigma) => exact(riskAt(sigma)));
  // Models of one level may be far outside: the axes end where the curve and the mixture's models are seen well.
  return plane(
    {
      title: "One transformer against ridge with every fixed λ",
      subtitle: [subtitle, "left of and below the line: no fixed λ does as well at both levels"],
      description:
        `Risk at the highest noise against risk at the lowest, of transformers and of ridge with a fixed penalty.`,
    },
    {
      x: { title: `risk at ${levelName(low)}`, scale: "log" },
      y: { title: `risk at ${levelName(high)}`, scale: "log" },
    },
    dots,
    { points: curve, name: "ridge, fixed λ" },
    [
      { x, y, name: "both Bayes ridges", below: true },
      {
        x: exact(`${POSTERIOR}, ${riskAt(low)}`),
        y: exact(`${POSTERIOR}, ${riskAt(high)}`),
        name: "posterior mean over levels",
      },
    ],
  );
}

function twoTasks(measured: lab.Measurements, setting: Setting, subtitle: string): lab.Spec | null {
  const [low] = ends(setting);
  const dots = dotsOf(measured, ["lowest noise", "regression and classes", "classes"], riskAt(low), CLASS_ERROR);
  if (dots.length === 0) return null;
  const exact = (quantity: string) => measured.last({ series: EXACT, quantity })[0];
  const x = exact(riskAt(low));
  const bayes = measured.last({ series: EXACT, quantity: CLASS_ERROR });
  return plane(
    {
      title: "One transformer for regression and classification",
      subtitle,
      description: "Error of classes against risk of regression, of transformers trained on one task or on both.",
    },
    {
      x: { title: `risk of regression, ${levelName(low)}`, scale: "log" },
      y: { title: "wrong classes, part of prompts" },
    },
    dots,
    null,
    [
      { x, y: exact(LOGISTIC), name: "ridge; logistic regression" },
      ...bayes.map((y) => ({ x, y, name: "ridge; Bayes classifier", below: true })),
    ],
  );
}

function risks(measured: lab.Measurements, setting: Setting, setup: string): lab.Spec | null {
  const exact = (quantity: string) => measured.last({ series: EXACT, quantity })[0];
  const quantities = [
    ...ends(setting).map((sigma) => ({
      quantity: riskAt(sigma),
      title: `risk at ${levelName(sigma)}`,
      rule: { y: exact(riskAt(sigma)), label: "Bayes ridge", start: true },
    })),
    {
      quantity: CLASS_ERROR,
      title: "error of classes",
      rule: { y: exact(LOGISTIC), label: "logistic regression", start: true },
    },
  ];
  return lab.multiples({
    title: "Risk during training",
    setup,
    panels: KINDS.flatMap((kind) =>
      quantities.map(({ quantity, title, rule }) => ({
        title: `${kind}: ${title}`,
        lines: Object.fromEntries(
          TRAINED.filter((trained) => quantity === CLASS_ERROR || trained !== "classes").map((trained) => [
            SHOWN[trained],
            measured.curves({ series: seriesOf(kind, trained), quantity }),
          ]),
        ),
        rules: [rule],
        y: { title, scale: "log" as const },
      }))
    ),
    columns: 3,
    by: "trained on",
    x: { title: "step" },
  });
}

function probes(measured: lab.Measurements, setting: Setting, setup: string): lab.Spec | null {
  const { layers, examples: N } = setting;
  const bounds = [POSTERIOR, SIZES].map((theory) => {
    const { x, y } = measured.theory(theory, { series: NOISE, quantity: R2 });
    return { y: y[x.indexOf(N)], label: theory, below: theory === SIZES };
  });
  const depths = Array.from({ length: layers + 1 }, (_, layer) => layer);
  const shown: Trained[] = [MIXTURE, "lowest noise", "highest noise"];
  return lab.multiples({
    title: "Where a transformer knows the noise level of its prompt",
    setup,
    panels: KINDS.map((kind) => {
      const byLayer = (trained: Trained, step?: number) => {
        const at = depths.map((layer) => probedAt(measured, setting, seriesOf(kind, trained), layer, step));
        return (at[0] ?? []).map((_, r) => ({ x: depths, y: at.map((values) => values[r]) }));
      };
      return {
        title: kind,
        lines: {
          ...Object.fromEntries(shown.map((trained) => [SHOWN[trained], byLayer(trained)])),
          untrained: byLayer(MIXTURE, 0),
        },
      };
    }),
    by: "trained on",
    x: { title: "layers before the probe", ticks: depths },
    y: { title: "R² of ln σ at the query" },
    rules: bounds,
  });
}

function erasedFigure(measured: lab.Measurements, setting: Setting, setup: string): lab.Spec | null {
  const depths = Array.from({ length: setting.layers }, (_, at) => at + 1);
  return lab.multiples({
    title: "Risk without the direction that the noise level is read from",
    setup,
    panels: KINDS.flatMap((kind) =>
      ends(setting).map((sigma) => ({
        title: `${kind}, ${levelName(sigma)}`,
        lines: Object.fromEntries(ERASED.map((erased) => {
          const series = seriesOf(kind, MIXTURE);
          const whole = measured.last({ series, quantity: riskAt(sigma) });
          return [
            erased,
            whole.map((risk, r) => ({
              x: depths,
              y: depths.map((layer) => measured.last({ series, quantity: erasedAt(sigma, erased), layer })[r] / risk),
            })),
          ];
        })),
        rules: [{ y: 1 }],
      }))
    ),
    by: "erased",
    x: { title: "layers before the erasure", ticks: depths },
    y: { title: "risk over that of the whole model", scale: "log" },
  });
}
