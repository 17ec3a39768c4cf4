/**
 * Figures of the tool: curves of a measure and spectra over training, in small multiples by layer.
 *
 * @module
 */
import { type Axis, position } from "../../figures/axes.ts";
import { bandOver } from "../../figures/band.ts";
import { heatMap } from "../../figures/heat_map.ts";
import { type Panel, smallMultiples } from "../../figures/compose.ts";
import type { FigureRow, Layer, Spec } from "../../figures/spec.ts";
import { groupScale } from "../../figures/theme.ts";
import type { MeasuredCurve, Measurements, Quantity } from "../../study/measurements.ts";
import { mean } from "../../statistics/summary.ts";
import { type Measure, type MeasureName, MEASURES } from "./measures.ts";
import { PERMUTED } from "./null.ts";

/** More curves than this in a panel are drawn as one band. */
const MOST_GROUPS = 12;
/** More panels than this go into further figures. */
const MOST_PANELS = 8;
/** Series and quantity of what is no matrix, or no measure of one. */
export const ALL_PARAMETERS = "all parameters";
/** Quantity of the spectra that heat maps show: the mean over heads and replicas of log₁₀ σ_i / σ_1. */
export const MEAN_SPECTRUM = "mean log10 of singular values";
/** More heads than this are not told apart in one heat map. */
const MOST_ROWS = 64;
/** Measures whose heads are shown in one heat map too. */
const BY_HEAD: readonly MeasureName[] = ["effective-rank", "frobenius-norm"];
const MOST_STEPS = 48;
const MOST_VALUES = 32;

/** Singular values of a panel at one step: the mean over heads and replicas of log₁₀ σ_i / σ_1. */
export interface SpectrumAt {
  /** Panel: circuit and layer, or name of a weight. */
  readonly panel: string;
  /** Step. */
  readonly step: number;
  /** Means. */
  readonly logs: readonly number[];
  /** Their indices, 0 … unless given. */
  readonly indices?: readonly number[];
}

/** A curve with all its replicas. */
interface ReplicatedCurve extends Quantity {
  readonly replicas: readonly MeasuredCurve[];
  /** The same of permuted entries; empty where that was not measured. */
  readonly permuted: MeasuredCurve;
}

/** Words of a figure. */
interface MeasureCaption {
  readonly measure: Measure;
  /** Kind of a panel's curves: `head`, `weight`, `k`. */
  readonly group: string;
  /** Ends of the vertical axis, the same in all figures of a measure. */
  readonly domain: readonly [number, number];
  /** Further words in the subtitle's first line: which of several figures it is, and of what. */
  readonly words: readonly string[];
}

/**
 * All figures of a run, from its rows.
 *
 * @param measured What was measured.
 * @param options Measures in the order in which they are drawn, and whether they are those of changes.
 * @returns Figures by name; of circuits, of other weights (`_weights`) and of all parameters (`_all`), at most eight panels
 *   each, further ones in `_2`, `_3`, …
 */
export function measureFigures(
  measured: Measurements,
  { measures, delta = false }: { readonly measures: readonly MeasureName[]; readonly delta?: boolean },
): Record<string, Spec | null> {
  const figures: Record<string, Spec | null> = {};
  for (const measure of measures) {
    if (measure === "spectrum") continue;
    const all = measured.series.flatMap((series) =>
      measured.places({ series, quantity: measure }).map((place): ReplicatedCurve => {
        const of = { series, quantity: measure, ...place };
        return { ...of, replicas: measured.curves(of), permuted: measured.theory(PERMUTED, of) };
      })
    );
    const kinds = {
      "": all.filter(isCircuit),
      "_weights": all.filter((curve) => !isCircuit(curve) && curve.series !== ALL_PARAMETERS),
      "_all": all.filter(({ series }) => series === ALL_PARAMETERS),
    };
    const byIndex = measure === "marginal-rank" || measure === "principal-angles";
    for (const [suffix, own] of Object.entries(kinds)) {
      const panels = [...Map.groupBy(own, panelOf).values()];
      const domain = extent(own);
      const count = Math.ceil(panels.length / MOST_PANELS);
      for (let part = 0; part < count; part++) {
        const curves = panels.slice(part * MOST_PANELS, (part + 1) * MOST_PANELS).flat();
        const name = measure.replaceAll("-", "_") + suffix + (part === 0 ? "" : `_${part + 1}`);
        const words = [
          ...(delta ? ["of M(t) − M(first step)"] : []),
          ...(count > 1 ? [`figure ${part + 1} of ${count}`] : []),
        ];
        const group = byIndex ? "k" : suffix === "" ? "head" : suffix === "_weights" ? "weight" : "";
        figures[name] = curveFigure(
          curves,
          { measure: MEASURES[measure], group, domain, words },
          (curve) => String(byIndex ? curve.index : suffix === "" ? curve.head : shortName(curve.series)),
        );
      }
    }
  }
  for (const measure of BY_HEAD.filter((measure) => measures.includes(measure))) {
    const rows = rowsOfHeads(measured, measure);
    if (Object.keys(rows).length > MOST_ROWS) continue;
    const { title, help } = MEASURES[measure];
    const setup = measured.replicas(firstOf(measured, measure)).length > 1 ? `${help}; replica 0` : help;
    const words = { title: `${capital(title)} of every head`, setup, y: { title: "head" }, color: { title } };
    figures[`${measure.replaceAll("-", "_")}_heads`] = heatMap({ ...words, rows });
  }
  const spectra = measured.series.flatMap((series) => {
    const places = measured.places({ series, quantity: MEAN_SPECTRUM });
    return [...Map.groupBy(places, ({ layer }) => layer)].flatMap(([layer, own]) => {
      const curves = own.map((place) => measured.curve({ series, quantity: MEAN_SPECTRUM, ...place }, 0));
      const panel = panelOf({ series, ...(layer !== undefined && { layer }) });
      return curves[0].x.map((step, t): SpectrumAt => ({
        panel,
        step,
        logs: curves.map(({ y }) => y[t]),
        indices: own.map(({ index = 0 }) => index),
      }));
    });
  });
  const panels = [...Map.groupBy(spectra, ({ panel }) => panel).values()];
  for (let part = 0; part * MOST_PANELS < panels.length; part++) {
    const own = panels.slice(part * MOST_PANELS, (part + 1) * MOST_PANELS).flat();
    figures[`spectrum${part === 0 ? "" : `_${part + 1}`}`] = spectrumFigure(own);
  }
  return figures;
}

/** Curves of a measure of every head of models of several layers, in the first replica, layer by layer. */
function rowsOfHeads(measured: Measurements, quantity: MeasureName): Record<string, MeasuredCurve> {
  const rows: Record<string, MeasuredCurve> = {};
  for (const series of measured.series.filter((series) => isCircuit({ series }))) {
    const places = measured.places({ series, quantity }).toSorted((a, b) => (a.layer ?? 0) - (b.layer ?? 0));
    if (new Set(places.map(({ layer }) => layer)).size < 2) continue;
    for (const place of places) {
      const curve = measured.curves({ series, quantity, ...place })[0];
      if (curve.x.length > 1) rows[`${series} layer ${place.layer}, head ${place.head}`] = curve;
    }
  }
  return rows;
}

function firstOf(measured: Measurements, quantity: MeasureName): Quantity {
  const series = measured.series.find((series) => measured.has({ series, quantity })) ?? "";
  return { series, quantity, ...measured.places({ series, quantity })[0] };
}

/** Curves of one measure against steps, a panel for each circuit of each layer, a colour for each head or weight. */
function curveFigure(
  curves: readonly ReplicatedCurve[],
  { measure: { title, help, note }, group, domain, words }: MeasureCaption,
  groupOf: (curve: ReplicatedCurve) => string,
): Spec | null {
  const panels = [...Map.groupBy(curves, panelOf)];
  const names = new Set(panels.flatMap(([, own]) => own.map(groupOf)));
  const many = names.size > MOST_GROUPS;
  const grouped = (curve: ReplicatedCurve) => many ? `all ${names.size}` : groupOf(curve);
  const order = [...new Set(curves.map(grouped))];
  const steps = curves.flatMap(({ replicas }) => replicas.flatMap(({ x }) => x));
  if (steps.length === 0) return null;
  const datasets: Record<string, FigureRow[]> = {};
  let [band, isTested] = [false, false];
  const shared = panels.some(([, own]) => new Set(own.map(grouped)).size < own.length);
  const drawn = panels.map(([panel, own], index): Panel => {
    const rows = own.flatMap((curve) =>
      curve.replicas.flatMap(({ x, y }, replica) =>
        x.map((step, t) => ({
          step,
          value: y[t],
          group: grouped(curve),
          replica: `${curve.series} ${curve.head} ${curve.index} ${replica}`,
        }))
      )
    );
    const summary = bandOver(rows, { x: "step", value: "value", group: "group" });
    band ||= summary.some(({ replicas }) => replicas > 1);
    datasets[`panel${index}`] = summary;
    const layers = layersOf(`panel${index}`, stepAxis(steps), { title, domain }, group, order);
    const permuted = meanCurve(own.map((curve) => curve.permuted));
    if (permuted.length === 0) return { title: panel, layers };
    isTested = true;
    datasets[`null${index}`] = permuted;
    return { title: panel, layers: [...layers, nullLine(`null${index}`, stepAxis(steps), { title, domain })] };
  });
  const lines = [
    [help, ...words].join("; "),
    ...(note === undefined ? [] : [note]),
    ...(band
      ? [`line: mean; band: smallest to largest over replicas${many || shared ? " and heads or weights" : ""}`]
      : []),
    ...(isTested ? ["dashed: the same entries in random places, mean over heads or weights"] : []),
  ];
  const text = { title: capital(title), subtitle: lines, description: `${capital(title)} against steps.` };
  return smallMultiples(text, datasets, drawn, columnsFor(panels.map(([panel]) => panel)));
}

function isCircuit({ series }: Pick<Quantity, "series">): boolean {
  return /(?:^| )(?:QK|OV)$/.test(series);
}

/** Ends of all values, apart even where they are the same. */
function extent(curves: readonly ReplicatedCurve[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { replicas, permuted } of curves) {
    for (const { y } of [...replicas, permuted]) {
      for (const value of y) [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
  }
  const margin = high > low ? 0.02 * (high - low) : 0.02 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}

/** The name without what it has in common with other layers. */
function shortName(name: string): string {
  return name.replace(/^.*?\d+\./, "").replace(/\.weight$/, "");
}

/**
 * Heat maps of spectra over training, a panel for each circuit of each layer.
 *
 * @param spectra Spectra by panel and step.
 * @returns The figure, null if there is nothing to draw.
 */
export function spectrumFigure(spectra: readonly SpectrumAt[]): Spec | null {
  const panels = [...Map.groupBy(spectra, ({ panel }) => panel)];
  if (panels.length === 0) return null;
  const datasets: Record<string, FigureRow[]> = {};
  const drawn = panels.map(([title, own], index): Panel => {
    const kept = thinned(own, MOST_STEPS);
    const values = thinned(kept[0].logs.map((_, k) => k), MOST_VALUES);
    datasets[`panel${index}`] = kept.flatMap(({ step, logs }, t) => {
      const to = kept[t + 1]?.step ?? step + Math.max(1, step - (kept[t - 1]?.step ?? step - 1));
      const at = (k: number) => kept[0].indices?.[k] ?? k;
      return values.map((k, i) => ({
        step,
        to,
        index: at(k) + 0.5,
        next: (i + 1 < values.length ? at(values[i + 1]) : at(k) + 1) + 0.5,
        log: Math.max(-6, logs[k]),
      }));
    });
    return { title, layers: [heat(`panel${index}`)] };
  });
  const subtitle = "log₁₀ σ_i / σ_1, mean over heads and replicas; values below 10⁻⁶ are drawn as 10⁻⁶";
  const text = { title: "Singular values", subtitle, description: "Singular values against steps, as heat maps." };
  return smallMultiples(text, datasets, drawn, columnsFor(panels.map(([title]) => title)));
}

/** The panel of a curve or a spectrum, as `layer 0 QK`. */
function panelOf(of: Pick<Quantity, "series" | "layer">): string {
  if (of.layer === undefined) return of.series;
  return `layer ${of.layer} ${isCircuit(of) || of.series === "weights" ? of.series : "weights"}`;
}

function layersOf(dataset: string, x: Axis, y: Axis, title: string, order: readonly string[]): Layer[] {
  // A single curve needs no legend.
  const legend = order.length === 1 ? null : { symbolType: "stroke", symbolOpacity: 1, symbolStrokeWidth: 2 };
  const color = { field: "group", type: "nominal", title, scale: groupScale(order), sort: [...order], legend } as const;
  const data = { name: dataset };
  return [
    {
      data,
      mark: { type: "area", opacity: 0.22, clip: true },
      encoding: { x: position("x", x, "x"), y: position("y", y, "low"), y2: { field: "high" }, color },
    },
    {
      data,
      mark: { type: "line", strokeWidth: 2, clip: true },
      encoding: {
        x: position("x", x, "x"),
        y: position("y", y, "mean"),
        color,
      },
    },
  ];
}

/** Mean over curves at the steps that the first has. */
function meanCurve(curves: readonly MeasuredCurve[]): FigureRow[] {
  const some = curves.filter(({ x }) => x.length > 0);
  if (some.length === 0) return [];
  return some[0].x.map((step, t) => ({
    x: step,
    mean: mean(some.flatMap(({ y }) => y[t] === undefined ? [] : [y[t]])),
  }));
}

function nullLine(dataset: string, x: Axis, y: Axis): Layer {
  return {
    data: { name: dataset },
    mark: { type: "line", strokeWidth: 1.5, strokeDash: [5, 3], color: "#444444", clip: true },
    encoding: { x: position("x", x, "x"), y: position("y", y, "mean") },
  };
}

function heat(dataset: string): Layer {
  return {
    data: { name: dataset },
    mark: { type: "rect", clip: true },
    encoding: {
      x: { ...position("x", { title: "step" }, "step"), axis: { grid: false, tickCount: 5 } },
      x2: { field: "to" },
      y: {
        ...position("y", { title: "index i" }, "index"),
        scale: { zero: false, nice: false, reverse: true },
        axis: { grid: false, tickCount: 5, tickMinStep: 1 },
      },
      y2: { field: "next" },
      color: {
        field: "log",
        type: "quantitative",
        title: "log₁₀ σ_i / σ_1",
        scale: { scheme: "viridis" },
      },
    },
  };
}

function stepAxis(steps: readonly number[]): Axis {
  let [least, most] = [Infinity, 0];
  for (const step of steps) [least, most] = [Math.min(least, step), Math.max(most, step)];
  return { title: "step", ...(least > 0 && most > 100 * least ? { scale: "log" } : {}) };
}

function columnsFor(titles: readonly string[]): number {
  const pairs = titles.some((title) => / (QK|OV)\b/.test(title));
  return titles.length === 1 ? 1 : pairs ? 2 : Math.min(3, titles.length);
}

function thinned<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, index) => all[Math.round(index * (all.length - 1) / (most - 1))]);
}

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
