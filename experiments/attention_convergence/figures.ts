/** Figures. Titles say what is shown, not what came out. */
import * as lab from "../../mod.ts";
import { switchTime } from "./claims.ts";
import { EXACT, FIRST, type Kind, LIMIT, NOISE, type Scanned, scansOf, seriesOf, type Setting } from "./setting.ts";

/** Kinds of query with the law under which they are found. */
const KINDS = { balanced: "balanced", dominant: "imbalanced", rare: "imbalanced" } as const;

/** All figures by file name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { contexts, features: K, dominant: p, batch, lr, steps } = setting;
  const longest = contexts[contexts.length - 1];
  const of = (quantity: string, kind: keyof typeof KINDS, N = longest): lab.Quantity => ({
    series: seriesOf(KINDS[kind], N),
    quantity: `${quantity}, ${kind}`,
  });
  const named = <T>(names: readonly string[], valueOf: (name: string, index: number) => T) =>
    Object.fromEntries(names.map((name, index) => [name, valueOf(name, index)]));
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
  /** One quantity of each kind of query, measured and predicted. */
  const byKind = (quantity: string) => ({
    lines: named(kinds, (kind) => measured.curves(of(quantity, kind as typeof kinds[number]))),
    theory: { [EXACT]: named(kinds, (kind) => measured.theory(EXACT, of(quantity, kind as typeof kinds[number]))) },
  });
  const lengths = contexts.map((N) => `N = ${N}`);
  /** One quantity at each context length, measured and predicted. */
  const byLength = (kind: keyof typeof KINDS, quantity: string, theories: readonly string[], transformed = (
    curve: lab.MeasuredCurve,
    _N: number,
  ) => curve) => ({
    lines: named(
      lengths,
      (_, i) => measured.curves(of(quantity, kind, contexts[i])).map((one) => transformed(one, contexts[i])),
    ),
    theory: named(
      theories,
      (theory) =>
        named(lengths, (_, i) => transformed(measured.theory(theory, of(quantity, kind, contexts[i])), contexts[i])),
    ),
  });

  const x = { title: "step", scale: "log", domain: [1, steps] } as const;
  const task = `K = ${K}, p₁ = ${p}, N = ${longest}, η = ${lr}, ${batch} prompts a step`;
  const [target, fallen] = ["target score", "dominant score"].map((quantity) => of(quantity, "rare"));
  const change = switchTime(measured.theory(EXACT, target), measured.theory(EXACT, fallen));
  const scores = { "target score Qₖₖ": target, "dominant score Q₁ₖ": fallen };
  const strokes = { [EXACT]: "solid", [LIMIT]: "dotted", [FIRST]: "dashed", [NOISE]: "solid" } as const;
  const beyondLimit = (kind: "rare") => (curve: lab.MeasuredCurve, N: number) => {
    const limit = measured.theory(LIMIT, of("target score", kind, N));
    return { x: curve.x, y: curve.y.map((value, i) => value - limit.y[i]) };
  };
  const root = ({ x, y }: lab.MeasuredCurve) => ({ x, y: y.map(Math.sqrt) });

  return {
    stages: lab.multiples({
      title: "Scores, attention and loss by kind of query",
      setup: change === null
        ? task
        : [task, `dotted: switch of the rare queries in the exact theory, step ${Math.round(change)}`],
      panels: [
        {
          title: "scores of rare queries",
          lines: Object.fromEntries(Object.entries(scores).map(([name, of]) => [name, measured.curves(of)])),
          theory: {
            [EXACT]: Object.fromEntries(Object.entries(scores).map(([name, of]) => [name, measured.theory(EXACT, of)])),
          },
          y: { title: "score" },
        },
        { title: "attention to the target", ...byKind("attention"), y: { title: "attention", domain: [0, 1] } },
        { title: "loss", ...byKind("loss"), y: { title: "loss", scale: "log" } },
      ],
      columns: 1,
      x,
      by: "score or kind of query",
      strokes,
      rules: change === null ? [] : [{ x: change }],
    }),
    context_length: lab.multiples({
      title: "Loss by context length",
      setup: `K = ${K}, p₁ = ${p}; first order in 1/N knows no prompts that lack the feature`,
      panels: [
        { title: "rare queries", ...byLength("rare", "loss", [EXACT, FIRST]) },
        { title: "balanced queries", ...byLength("balanced", "loss", [EXACT, FIRST]) },
      ],
      columns: 2,
      x,
      y: { title: "loss", scale: "log" },
      by: "context",
      strokes,
    }),
    beyond_the_limit: lab.curves({
      title: "Target score of rare queries less that of the theory at N → ∞",
      setup: task.replace(`N = ${longest}, `, ""),
      ...byLength("rare", "target score", [EXACT, FIRST], beyondLimit("rare")),
      band: "interval95",
      x,
      y: { title: "difference of Qₖₖ" },
      by: "context",
      strokes,
    }),
    noise: lab.multiples({
      title: "Standard deviation of target scores among like queries",
      setup: `η = ${lr}, ${batch} prompts a step; no fit`,
      panels: [
        { title: "rare queries", ...byLength("rare", "variance", [NOISE], root) },
        { title: "balanced queries", ...byLength("balanced", "variance", [NOISE], root) },
      ],
      columns: 2,
      x,
      y: { title: "standard deviation of Qₖₖ", zero: true },
      by: "context",
      strokes,
    }),
    ...Object.fromEntries(
      ([["dominant", "dominant probability p₁"], ["features", "features K"]] as const).map(([axis, title]) => [
        `later_with_${axis}`,
        lateness(measured, setting, axis, title),
      ]),
    ),
  };
}

/** Time to a loss by kind of query along one axis of the further trainings. */
function lateness(
  measured: lab.Measurements,
  setting: Setting,
  axis: "dominant" | "features",
  title: string,
): lab.Spec | null {
  const points = scansOf(setting)[axis];
  const level = setting["scan-level"];
  const timeOf = (curve: lab.MeasuredCurve) => lab.crossingTime(curve, level, "down", { scale: "log", start: "none" });
  const names: readonly Kind["name"][] = ["rare", "dominant"];
  const at = (one: Scanned, kind: string) => ({ series: one.series, quantity: `loss, ${kind}` });
  return lab.points({
    title: `Steps to a loss of ${level}`,
    setup: axis === "dominant" ? `K = ${setting.features}` : `p₁ = ${setting.dominant}`,
    lines: Object.fromEntries(names.map((kind) => [
      kind === "rare" ? "rare queries" : "dominant query",
      points.map((one) => ({
        x: one[axis],
        values: measured.curves(at(one, kind)).map(timeOf).filter((time) => time !== null),
      })).filter(({ values }) => values.length > 0),
    ])),
    theory: {
      [EXACT]: Object.fromEntries(names.map((kind) => {
        const known = points.map((one) => ({ x: one[axis], y: timeOf(measured.theory(EXACT, at(one, kind))) }))
          .filter(({ y }) => y !== null);
        return [kind === "rare" ? "rare queries" : "dominant query", {
          x: known.map(({ x }) => x),
          y: known.map(({ y }) => y!),
        }];
      })),
    },
    by: "query",
    x: { title, ticks: points.map((one) => one[axis]) },
    y: { title: "steps", scale: "log" },
  });
}
