/**
 * Figures of the tool: curves of a measure and spectra over training, in small multiples by layer.
 *
 * @module
 */
import { type Axis, position } from "../../figures/axes.ts";
import { multiples } from "../../figures/curves.ts";
import { bandOver } from "../../figures/band.ts";
import { heatMap } from "../../figures/heat_map.ts";
import { type Panel, smallMultiples } from "../../figures/compose.ts";
import type { FigureRow, Layer, Spec } from "../../figures/spec.ts";
import { groupScale } from "../../figures/theme.ts";
import type { MeasuredCurve, Measurements, Quantity } from "../../study/measurements.ts";
import { mean } from "../../statistics/summary.ts";
import { ACTIVATION_MEASURES, PROBE } from "./activations.ts";
import { compositionFigures, COMPOSITIONS } from "./composition_figures.ts";
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
/** Quantity of the line in heat maps of weights: how many σ lie above the Marchenko–Pastur edge, mean over weights and replicas. */
export const MEAN_ABOVE = "mean number of σ above the random edge";
/** More checkpoints than this are not marked one by one. */
const MOST_MARKED = 40;
/** Quantities that are no measures of one's own. */
const KNOWN: readonly string[] = [
  ...Object.keys(MEASURES),
  MEAN_SPECTRUM,
  MEAN_ABOVE,
  ...COMPOSITIONS,
];
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
  /** How many of them lie above the edge of a random matrix, where that is known. */
  readonly above?: number;
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
  /** Half of an interval of each value, where values have one. */
  readonly error?: (curve: Quantity, replica: number, step: number) => number | undefined;
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
  const own = [...new Set(measured.series.flatMap((series) => measured.quantities(series)))]
    .filter((quantity) => !KNOWN.includes(quantity));
  for (const measure of [...measures, ...own]) {
    if (measure === "spectrum") continue;
    const about = aboutOf(measure);
    const all = measured.series.flatMap((series) =>
      measured.places({ series, quantity: measure }).map((place): ReplicatedCurve => {
        const of = { series, quantity: measure, ...place };
        return { ...of, replicas: measured.curves(of), permuted: measured.theory(PERMUTED, of) };
      })
    );
    const kinds = {
      "": all.filter(isCircuit),
      "_activations": all.filter(isOfActivations),
      "_weights": all.filter((curve) => !isCircuit(curve) && !isOfAll(curve) && !isOfActivations(curve)),
      "_all": all.filter(isOfAll),
    };
    const byIndex = measure === "marginal-rank" || measure === "principal-angles";
    for (const [suffix, own] of Object.entries(kinds)) {
      const panels = sideBySide([...Map.groupBy(own, panelOf).values()]);
      const error = measure === "tail-exponent" ? errorsOf(measured) : undefined;
      const domain = extent(own, error);
      const count = Math.ceil(panels.length / MOST_PANELS);
      for (let part = 0; part < count; part++) {
        const curves = panels.slice(part * MOST_PANELS, (part + 1) * MOST_PANELS).flat();
        const name = measure.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_") + suffix + (part === 0 ? "" : `_${part + 1}`);
        const words = [
          ...(delta ? ["of M(t) − M(first step)"] : []),
          ...(count > 1 ? [`figure ${part + 1} of ${count}`] : []),
        ];
        const group = byIndex
          ? "k"
          : suffix === ""
          ? "head"
          : suffix === "_weights"
          ? "weight"
          : suffix === "_activations"
          ? "layer"
          : "";
        figures[name] = curveFigure(
          curves,
          { measure: about, group, domain, words, ...(error !== undefined && { error }) },
          (curve) =>
            suffix === "_activations"
              ? String(curve.layer ?? "all")
              : String(byIndex ? curve.index : suffix === "" ? curve.head : shortName(curve.series)),
        );
      }
    }
    if (!byIndex) {
      const depth = depthFigure([...kinds[""], ...kinds["_activations"], ...kinds["_weights"]], about);
      if (depth !== null) figures[`${measure.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_")}_depth`] = depth;
    }
  }
  Object.assign(figures, compositionFigures(measured));
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
      const above = measured.curve({ series, quantity: MEAN_ABOVE, ...(layer !== undefined && { layer }) }, 0);
      return curves[0].x.map((step, t): SpectrumAt => ({
        panel,
        step,
        ...(above.x.includes(step) && { above: above.y[above.x.indexOf(step)] }),
        logs: curves.map(({ y }) => y[t]),
        indices: own.map(({ index = 0 }) => index),
      }));
    });
  });
  const panels = sideBySide([...Map.groupBy(spectra, ({ panel }) => panel).values()], ([{ panel }]) => panel);
  for (let part = 0; part * MOST_PANELS < panels.length; part++) {
    const own = panels.slice(part * MOST_PANELS, (part + 1) * MOST_PANELS).flat();
    figures[`spectrum${part === 0 ? "" : `_${part + 1}`}`] = spectrumFigure(own);
  }
  return figures;
}

/** Title and definition of a measure. */
function aboutOf(measure: string): Measure {
  const known: Readonly<Record<string, Measure>> = { ...MEASURES, ...ACTIVATION_MEASURES };
  if (measure.startsWith(PROBE)) {
    return { title: measure, help: "of held-out samples, by ridge regression on the others" };
  }
  return known[measure] ?? { title: measure, help: "a measure of --plugin" };
}

/** Half of the 95 % interval of each α, by its place, replica and step. */
function errorsOf(measured: Measurements): (curve: Quantity, replica: number, step: number) => number | undefined {
  return ({ series, layer, head }, replica, step) => {
    const place = { ...(layer !== undefined && { layer }), ...(head !== undefined && { head }) };
    const { x, y } = measured.curve({ series, quantity: "tail-error", ...place }, replica);
    const at = x.indexOf(step);
    return at < 0 ? undefined : 1.96 * y[at];
  };
}

/** Panels of folders that are compared beside each other, each place in turn. */
function sideBySide<T extends readonly unknown[]>(
  panels: readonly T[],
  titleOf: (panel: T) => string = ([first]) => panelOf(first as Quantity),
): T[] {
  return [...Map.groupBy(panels, (panel) => titleOf(panel).replace(FOLDER, "")).values()].flat();
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
  { measure: { title, help, note }, group, domain, words, error }: MeasureCaption,
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
  let [band, isTested, isFitted] = [false, false, false];
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
    const marked = new Set(steps).size <= MOST_MARKED;
    const layers = layersOf(`panel${index}`, stepAxis(steps), { title, domain }, group, order, marked);
    const bars = !many && error !== undefined ? intervals(own, grouped, error) : [];
    if (bars.length > 0) {
      isFitted = true;
      datasets[`interval${index}`] = bars;
      layers.push(intervalBars(`interval${index}`, stepAxis(steps), { title, domain }, group, order));
    }
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
    ...(isFitted ? ["bar: 95 % interval of the fit (1.96 standard errors)"] : []),
    ...(new Set(steps).size <= MOST_MARKED ? ["dots: checkpoints"] : []),
    ...(isTested ? ["dashed: the same entries in random places, mean over heads or weights"] : []),
  ];
  const text = { title: capital(title), subtitle: lines, description: `${capital(title)} against steps.` };
  return smallMultiples(text, datasets, drawn, columnsFor(panels.map(([panel]) => panel)));
}

/** Folder in front of a series, where several are compared. */
const FOLDER = /^[^:]*: /;

function isOfActivations({ series }: Pick<Quantity, "series">): boolean {
  return series.replace(FOLDER, "").startsWith("activations of ");
}

function isOfAll({ series }: Pick<Quantity, "series">): boolean {
  return series.replace(FOLDER, "") === ALL_PARAMETERS;
}

function isCircuit({ series }: Pick<Quantity, "series">): boolean {
  return /(?:^| )(?:QK|OV)$/.test(series);
}

/** Ends of all values, and of intervals about single ones, apart even where they are the same. */
function extent(curves: readonly ReplicatedCurve[], error?: MeasureCaption["error"]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const curve of curves) {
    for (const { x, y } of [...curve.replicas, curve.permuted]) {
      for (const [t, value] of y.entries()) {
        const half = curve.replicas.length === 1 ? error?.(curve, 0, x[t]) ?? 0 : 0;
        [low, high] = [Math.min(low, value - half), Math.max(high, value + half)];
      }
    }
  }
  const margin = high > low ? 0.02 * (high - low) : 0.02 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}

/** Intervals of single values; none where a group has several curves at a step. */
function intervals(
  curves: readonly ReplicatedCurve[],
  groupOf: (curve: ReplicatedCurve) => string,
  error: (curve: Quantity, replica: number, step: number) => number | undefined,
): FigureRow[] {
  if (curves.some(({ replicas }) => replicas.length > 1)) return [];
  return curves.flatMap((curve) =>
    curve.replicas.flatMap(({ x, y }) =>
      x.flatMap((step, t): FigureRow[] => {
        const half = error(curve, 0, step);
        return half === undefined ? [] : [{ x: step, low: y[t] - half, high: y[t] + half, group: groupOf(curve) }];
      })
    )
  );
}

function intervalBars(dataset: string, x: Axis, y: Axis, title: string, order: readonly string[]): Layer {
  return {
    data: { name: dataset },
    mark: { type: "rule", strokeWidth: 1.5, opacity: 0.6, clip: true },
    encoding: {
      x: position("x", x, "x"),
      y: position("y", y, "low"),
      y2: { field: "high" },
      color: { field: "group", type: "nominal", title, scale: groupScale(order), sort: [...order] },
    },
  };
}

/**
 * A measure against the layer, a panel for each circuit or kind of weight, a colour for each of a few steps.
 *
 * @param curves Curves of all places.
 * @param measure The measure.
 * @returns The figure; null for models of fewer than three layers.
 */
function depthFigure(curves: readonly ReplicatedCurve[], { title, help }: Measure): Spec | null {
  const panels = [...Map.groupBy(curves, (curve) => (FOLDER.exec(curve.series)?.[0] ?? "") + kindOf(curve))]
    .filter(([, own]) => new Set(own.map(({ layer }) => layer)).size >= 3);
  const shown = sideBySide(panels, ([name]) => name).slice(0, MOST_PANELS);
  const all = [...new Set(shown.flatMap(([, own]) => own.flatMap(({ replicas }) => replicas.flatMap(({ x }) => x))))];
  const steps = thinned(all.sort((a, b) => a - b), 4);
  const layers = [...new Set(shown.flatMap(([, own]) => own.map(({ layer = 0 }) => layer)))].sort((a, b) => a - b);
  return multiples({
    title: `${capital(title)} against depth`,
    setup: `${help}; mean over heads${
      panels.length > shown.length ? `; ${shown.length} of ${panels.length} panels` : ""
    }`,
    by: "step",
    x: { title: "layer", ticks: thinned(layers, 7) },
    y: { title },
    columns: columnsFor(shown.map(([name]) => name)),
    panels: shown.map(([name, own]) => ({
      title: name,
      lines: Object.fromEntries(steps.map((step) => [String(step), alongDepth(own, step)])),
    })),
  });
}

/** Means over heads by layer at a step, replica by replica. */
function alongDepth(curves: readonly ReplicatedCurve[], step: number): MeasuredCurve[] {
  const count = Math.max(...curves.map(({ replicas }) => replicas.length));
  return Array.from({ length: count }, (_, replica) => {
    const points = [...Map.groupBy(curves, ({ layer }) => layer)].flatMap(([layer, own]) => {
      const values = own.flatMap(({ replicas }) => {
        const at = replicas[replica]?.x.indexOf(step) ?? -1;
        return at < 0 ? [] : [replicas[replica].y[at]];
      });
      return layer === undefined || values.length === 0 ? [] : [{ x: layer, y: mean(values) }];
    }).sort((a, b) => a.x - b.x);
    return { x: points.map(({ x }) => x), y: points.map(({ y }) => y) };
  });
}

/** A circuit with its tower, or what weights of all layers have in common in their names. */
function kindOf({ series }: Pick<Quantity, "series">): string {
  const name = series.replace(FOLDER, "");
  return isCircuit({ series }) || isOfActivations({ series }) ? name : shortName(name);
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
  let hasEdge = false;
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
    const edge = kept.flatMap(({ step, above }) => above === undefined ? [] : [{ step, edge: above + 0.5 }]);
    if (edge.length === 0) return { title, layers: [heat(`panel${index}`)] };
    hasEdge = true;
    datasets[`edge${index}`] = edge;
    return { title, layers: [heat(`panel${index}`), ...edgeLine(`edge${index}`)] };
  });
  const subtitle = [
    "log₁₀ σ_i / σ_1, mean over heads and replicas; values below 10⁻⁶ are drawn as 10⁻⁶",
    ...(hasEdge
      ? ["white line: values above it exceed the Marchenko–Pastur edge of random matrices of this norm"]
      : []),
  ];
  const text = { title: "Singular values", subtitle, description: "Singular values against steps, as heat maps." };
  return smallMultiples(text, datasets, drawn, columnsFor(panels.map(([title]) => title)));
}

/** The panel of a curve or a spectrum, as `layer 0 QK`. */
function panelOf(of: Pick<Quantity, "series" | "layer">): string {
  if (of.layer === undefined || isOfActivations(of)) return of.series;
  const folder = FOLDER.exec(of.series)?.[0] ?? "";
  const name = of.series.slice(folder.length);
  return `${folder}layer ${of.layer} ${isCircuit(of) || name === "weights" ? name : "weights"}`;
}

function layersOf(
  dataset: string,
  x: Axis,
  y: Axis,
  title: string,
  order: readonly string[],
  marked: boolean,
): Layer[] {
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
      mark: { type: "line", strokeWidth: 2, clip: true, ...(marked && { point: { size: 16, filled: true } }) },
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

/** Axes of heat maps of spectra: steps to the right, indices downwards. */
function heatAxis(channel: "x" | "y", field: string) {
  if (channel === "x") return { ...position("x", { title: "step" }, field), axis: { grid: false, tickCount: 5 } };
  return {
    ...position("y", { title: "index i" }, field),
    scale: { zero: false, nice: false, reverse: true },
    axis: { grid: false, tickCount: 5, tickMinStep: 1 },
  };
}

function heat(dataset: string): Layer {
  return {
    data: { name: dataset },
    mark: { type: "rect", clip: true },
    encoding: {
      x: heatAxis("x", "step"),
      x2: { field: "to" },
      y: heatAxis("y", "index"),
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

/** A line in a heat map, light on a dark rim, so that it is seen on all colours. */
function edgeLine(dataset: string): Layer[] {
  const rims = [["#222222", 3.5], ["#ffffff", 1.5]] as const;
  return rims.map(([color, strokeWidth]): Layer => ({
    data: { name: dataset },
    mark: { type: "line", interpolate: "step-after", color, strokeWidth, clip: true },
    encoding: {
      x: heatAxis("x", "step"),
      y: heatAxis("y", "edge"),
    },
  }));
}

function stepAxis(steps: readonly number[]): Axis {
  let [least, most] = [Infinity, 0];
  for (const step of steps) [least, most] = [Math.min(least, step), Math.max(most, step)];
  return { title: "step", ...(least > 0 && most > 100 * least ? { scale: "log" } : {}) };
}

function columnsFor(titles: readonly string[]): number {
  const folders = new Set(titles.flatMap((title) => FOLDER.exec(title)?.[0] ?? []));
  if (folders.size > 1) return Math.min(3, folders.size);
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
