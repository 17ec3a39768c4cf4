/**
 * Figures of composition scores between heads.
 *
 * @module
 */
import { multiples } from "../../figures/curves.ts";
import { smallMultiples } from "../../figures/compose.ts";
import type { FigureRow, Layer, Spec } from "../../figures/spec.ts";
import type { MeasuredCurve, Measurements } from "../../study/measurements.ts";

/** Quantities of composition scores. */
export const COMPOSITIONS = ["Q-composition", "K-composition", "V-composition"] as const;
/** Theory that composition scores of independent random heads follow. */
export const RANDOM_HEADS = "random heads, 1/√C";
/** Pairs whose curves are drawn. */
const MOST_PAIRS = 4;
/** More heads than this are not told apart along an axis. */
const MOST_HEADS = 48;

interface Pair {
  readonly later: string;
  readonly earlier: string;
  readonly curves: readonly MeasuredCurve[];
  readonly last: number;
}

/**
 * Figures of composition scores: the strongest pairs over training, and all pairs at the last step.
 *
 * @param measured What was measured.
 * @returns Figures by name; none where compositions were not measured.
 */
export function compositionFigures(measured: Measurements): Record<string, Spec | null> {
  const scores = COMPOSITIONS.map((quantity) => ({ quantity, pairs: pairsOf(measured, quantity) }));
  const [{ pairs: some }] = scores;
  if (some.length === 0) return {};
  const at = measured.series.find((series) =>
    measured.theory(RANDOM_HEADS, { series, quantity: "K-composition" }).y.length > 0
  );
  const [random] = at === undefined ? [] : measured.theory(RANDOM_HEADS, { series: at, quantity: "K-composition" }).y;
  const rules = random === undefined ? [] : [{ y: random, label: "1/√C" }];
  const curves = multiples({
    title: "Composition of heads",
    setup: [
      `the ${MOST_PAIRS} pairs that compose most at the last step`,
      ...(rules.length > 0 ? ["rule: random heads, 1/√C"] : []),
    ],
    by: "head ← earlier head",
    columns: 3,
    panels: scores.map(({ quantity, pairs }) => ({
      title: quantity,
      lines: Object.fromEntries(
        pairs.toSorted((a, b) => b.last - a.last).slice(0, MOST_PAIRS)
          .map(({ later, earlier, curves }) => [`${later} ← ${earlier}`, curves]),
      ),
      y: { title: "score", zero: true },
    })),
    rules,
  });
  const [later, earlier] = (["later", "earlier"] as const).map((side) => [...new Set(some.map((pair) => pair[side]))]);
  const isSmall = Math.max(later.length, earlier.length) <= MOST_HEADS;
  return { composition: curves, ...(isSmall && { composition_heads: matrices(scores, later, earlier) }) };
}

function pairsOf(measured: Measurements, quantity: string): Pair[] {
  return measured.series.flatMap((series) => {
    const named = /^(.*?)with layer (\d+) head (\d+)$/.exec(series);
    if (named === null) return [];
    const [, tower, layer, head] = named;
    return measured.places({ series, quantity }).map((place): Pair => {
      const curves = measured.curves({ series, quantity, ...place });
      const last = curves.reduce((sum, { y }) => sum + y[y.length - 1], 0) / curves.length;
      return { later: `${tower}${place.layer}.${place.head}`, earlier: `${tower}${layer}.${head}`, curves, last };
    });
  });
}

function matrices(
  scores: readonly { readonly quantity: string; readonly pairs: readonly Pair[] }[],
  later: readonly string[],
  earlier: readonly string[],
): Spec {
  const rows = scores.map(({ pairs }) =>
    pairs.map(({ later, earlier, last }): FigureRow => ({ later, earlier, score: last }))
  );
  const size = (count: number) => Math.min(420, Math.max(80, 20 * count));
  const cells = (dataset: string): Layer => ({
    data: { name: dataset },
    mark: { type: "rect" },
    encoding: {
      x: { field: "earlier", type: "nominal", title: "earlier head (layer.head)", sort: [...earlier] },
      y: { field: "later", type: "nominal", title: "head (layer.head)", sort: [...later] },
      color: { field: "score", type: "quantitative", title: "score", scale: { scheme: "viridis" } },
    },
  });
  return smallMultiples(
    {
      title: "Composition of heads at the last step",
      subtitle: "mean over replicas; blank: not in an earlier layer",
      description: "Q-, K- and V-composition of each head with those of earlier layers, as heat maps.",
      width: size(earlier.length),
      height: size(later.length),
    },
    Object.fromEntries(rows.map((own, index) => [`scores${index}`, own])),
    scores.map(({ quantity }, index) => ({ title: quantity, layers: [cells(`scores${index}`)] })),
    3,
  );
}
