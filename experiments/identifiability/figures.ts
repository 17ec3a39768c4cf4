/** Figures. Titles say what is shown, not what came out. */
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

/** All figures by file name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { dimension: d, classes: C, concentration: kappa, steps } = setting;
  const main = mainOf(setting);
  const setup = `d = ${d}, C = ${C}, κ = ${kappa} unless said otherwise; ${steps} steps`;
  const last = (series: string, quantity: string) => measured.last({ series, quantity });
  const [TRAINED, RAW, PAPER] = ["features", "raw inputs", "features"];

  /** R² along one axis, of features and of raw inputs, with what the paper reports. */
  const along = (values: readonly number[], own: number, seriesOf: (value: number) => string) => {
    const all = [...values, own].sort((a, b) => a - b).map((x) => ({ x, series: x === own ? main : seriesOf(x) }));
    const points = (quantity: string) =>
      Array.from({ length: setting.replicas }, (_, r) => ({
        x: all.map(({ x }) => x),
        y: all.map(({ series }) => last(series, quantity)[r]),
      }));
    const known = all.filter(({ series }) => REPORTED[series] !== undefined);
    return {
      ticks: all.map(({ x }) => x),
      lines: { [TRAINED]: points(QUANTITIES.latents), [RAW]: points(QUANTITIES.raw) },
      theory: {
        "paper, after 50 000 steps": {
          [PAPER]: { x: known.map(({ x }) => x), y: known.map(({ series }) => REPORTED[series]) },
        },
      },
    };
  };
  const axes = {
    "concentration κ": along(setting.concentrations, kappa, ofConcentration),
    "dimension d": along(setting["other-dimensions"], d, ofDimension),
    "classes C": along(setting["other-classes"], C, ofClasses),
  };

  const followed = [...setting.concentrations, kappa].sort((a, b) => a - b).map(ofConcentration);
  const curves = (names: readonly string[], quantity: string) =>
    Object.fromEntries(names.map((name) => [name, measured.curves({ series: name, quantity })]));
  const singular = (series: string, quantity: string) =>
    Array.from({ length: setting.replicas }, (_, r) => ({
      x: Array.from({ length: d }, (_, index) => index + 1),
      y: Array.from({ length: d }, (_, index) => measured.last({ series, quantity, index })[r]),
    }));
  const level = (value: number) => ({ x: [1, d], y: [value, value] });
  const heads = { "free rows": [main, DIET], "rows of length one": [UNIT, DIET_UNIT] } as const;
  const maps = (quantity: string, which: 0 | 1) =>
    Object.fromEntries(Object.entries(heads).map(([name, series]) => [name, singular(series[which], quantity)]));
  const orthogonal = (value: number) => ({ "orthogonal map": { "rows of length one": level(value) } });
  const conditions = [main, UNIT, NORMAL, LAPLACE, DIET, DIET_UNIT];

  return {
    conditions: lab.multiples({
      title: "R² of a linear map to the latents",
      setup,
      panels: Object.entries(axes).map(([title, { lines, theory, ticks }]) => ({
        title,
        lines,
        theory,
        x: { title, scale: "log" as const, ticks },
      })),
      columns: 3,
      y: { title: "R², held out", domain: [0, 1] },
      by: "map from",
      band: "interval95",
      marks: "points",
    }),
    laws_and_heads: lab.bars({
      title: "R² by law of the latents and kind of head",
      setup: `d = ${d}, C = ${C}, κ = ${kappa}; ${setting.instances} instances`,
      values: {
        "features": Object.fromEntries(conditions.map((name) => [name, last(name, QUANTITIES.latents)])),
        "raw inputs": Object.fromEntries(conditions.map((name) => [name, last(name, QUANTITIES.raw)])),
        "untrained encoder": Object.fromEntries(
          conditions.map((name) => [name, measured.first({ series: name, quantity: QUANTITIES.latents })]),
        ),
      },
      by: "map from",
      y: { title: "R², held out" },
      band: "interval95",
    }),
    training: lab.multiples({
      title: "Features during training",
      setup: `${setup}; excess: beyond the cross-entropy of the exact posterior`,
      panels: [
        { title: "R² of latents", lines: curves(followed, QUANTITIES.latents), y: { title: "R²", domain: [0, 1] } },
        {
          title: "excess cross-entropy",
          lines: curves(followed, QUANTITIES.excess),
          y: { title: "nats", scale: "log" },
        },
        { title: "effective rank of the features", lines: curves(followed, QUANTITIES.rank), y: { title: "rank" } },
      ],
      columns: 3,
      x: { title: "step", scale: "log", domain: [1, steps] },
      by: "concentration",
    }),
    singular_values: lab.multiples({
      title: "Singular values of the fitted maps, largest first",
      setup: `d = ${d}, C = ${C}, κ = ${kappa}; an orthogonal map times κ has singular values κ alone`,
      panels: [
        { title: "latents to features, classes", lines: maps(QUANTITIES.map, 0), theory: orthogonal(kappa) },
        { title: "latents to features, DIET", lines: maps(QUANTITIES.map, 1), theory: orthogonal(kappa) },
        { title: "class vectors to rows, classes", lines: maps(QUANTITIES.vectorMap, 0), theory: orthogonal(1) },
        { title: "class vectors to rows, DIET", lines: maps(QUANTITIES.vectorMap, 1), theory: orthogonal(1) },
      ],
      columns: 2,
      x: { title: "singular value", ticks: Array.from({ length: d }, (_, index) => index + 1) },
      y: { title: "size", zero: true },
      by: "head",
      band: "interval95",
      marks: "points",
    }),
    directions: lab.multiples({
      title: "Singular values of the map from latents to features, seed by seed",
      setup: `${setup}; each panel is one seed`,
      panels: Array.from({ length: Math.min(8, setting.replicas) }, (_, r) => ({
        title: `seed ${r + 1} of ${setting.replicas}`,
        lines: Object.fromEntries(
          Array.from({ length: d }, (_, index) => [
            index === 0 ? "largest" : index === d - 1 ? "smallest" : `number ${index + 1}`,
            [measured.curve({ series: main, quantity: QUANTITIES.map, index }, r)],
          ]),
        ),
      })),
      columns: 4,
      x: { title: "step", scale: "log", domain: [1, steps] },
      y: { title: "size", domain: [0, 1.2 * kappa] },
      by: "singular value",
      each: "replica",
    }),
    loss_and_r2: lab.scatterPlot({
      title: "Unexplained share of the latents against excess cross-entropy",
      setup: `${setup}; a dot for each report and seed`,
      dots: Object.fromEntries([...followed, UNIT].map((series) => [
        series,
        measured.curves({ series, quantity: QUANTITIES.excess }).flatMap(({ y }, r) =>
          measured.curves({ series, quantity: QUANTITIES.latents })[r].y
            .map((r2, at) => ({ x: y[at], y: 1 - r2 }))
            .filter(({ x, y }) => x > 0 && y > 0)
        ),
      ])),
      by: "condition",
      x: { title: "excess cross-entropy (nats)", scale: "log" },
      y: { title: "1 − R²", scale: "log" },
    }),
  };
}
