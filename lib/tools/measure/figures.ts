/**
 * Figures of the tool: curves of a measure and spectra over training, in small multiples by layer.
 *
 * @module
 */
import { type Axis, position } from "../../figures/axes.ts";
import { bandOver } from "../../figures/band.ts";
import { type Panel, smallMultiples } from "../../figures/compose.ts";
import type { FigureRow, Layer, Spec } from "../../figures/spec.ts";
import { groupScale } from "../../figures/theme.ts";
import type { ReplicatedCurve } from "./curves.ts";

/** More curves than this in a panel are drawn as one band. */
const MOST_GROUPS = 12;
/** More panels than this are left out, and said so. */
const MOST_PANELS = 32;
const MOST_STEPS = 48;
const MOST_VALUES = 32;

/** Singular values of a panel at one step: the mean over heads and replicas of log₁₀ σ_i / σ_1. */
export interface SpectrumAt {
  /** Panel: circuit and layer, or name of a weight. */
  readonly panel: string;
  /** Step. */
  readonly step: number;
  /** Means, index 0 …. */
  readonly logs: readonly number[];
}

/** Words of a figure. */
export interface MeasureCaption {
  /** Title of the vertical axis. */
  readonly title: string;
  /** What the value is, for the subtitle. */
  readonly help: string;
  /** What else a reader has to know, for the subtitle's second line. */
  readonly note?: string;
  /** What curves of a panel are: `head`, `weight`, `k`. */
  readonly group: string;
}

/**
 * Curves of one measure against steps, a panel for each circuit of each layer, a colour for each head or weight.
 *
 * @param curves Curves of the measure.
 * @param caption Words.
 * @param groupOf Which curve of a panel it is; curves that share it are one band with the replicas.
 * @returns The figure, null if there is nothing to draw.
 */
export function curveFigure(
  curves: readonly ReplicatedCurve[],
  caption: MeasureCaption,
  groupOf: (curve: ReplicatedCurve) => string,
): Spec | null {
  const panels = [...Map.groupBy(curves, panelOf)].slice(0, MOST_PANELS);
  const names = new Set(panels.flatMap(([, own]) => own.map(groupOf)));
  const many = names.size > MOST_GROUPS;
  const grouped = (curve: ReplicatedCurve) => many ? `all ${names.size}` : groupOf(curve);
  const order = [...new Set(curves.map(grouped))];
  const steps = curves.flatMap(({ replicas }) => [...replicas.values()].flatMap((own) => own.map(({ step }) => step)));
  if (new Set(steps).size === 0) return null;
  const datasets: Record<string, FigureRow[]> = {};
  let band = false;
  const shared = panels.some(([, own]) => new Set(own.map(grouped)).size < own.length);
  const drawn = panels.map(([title, own], index): Panel => {
    const rows = own.flatMap((curve) =>
      [...curve.replicas].flatMap(([replica, points]) =>
        points.map(({ step, value }) => ({
          step,
          value,
          group: grouped(curve),
          replica: `${curve.matrix} ${curve.head} ${curve.index} ${replica}`,
        }))
      )
    );
    const summary = bandOver(rows, { x: "step", value: "value", group: "group" });
    band ||= summary.some(({ replicas }) => replicas > 1);
    datasets[`panel${index}`] = summary;
    return {
      title,
      layers: layersOf(`panel${index}`, stepAxis(steps), { title: caption.title }, caption.group, order),
    };
  });
  const lines = [
    caption.help,
    ...(caption.note === undefined ? [] : [caption.note]),
    ...(band
      ? [`line: mean; band: smallest to largest over replicas${many || shared ? " and heads or weights" : ""}`]
      : []),
  ];
  const left = new Set(curves.map(panelOf)).size - panels.length;
  if (left > 0) lines.push(`${left} more panels are in the log`);
  const text = {
    title: capital(caption.title),
    subtitle: lines,
    description: `${capital(caption.title)} against steps.`,
  };
  return smallMultiples(text, datasets, drawn, columnsFor(panels.map(([title]) => title)));
}

/**
 * Heat maps of spectra over training, a panel for each circuit of each layer.
 *
 * @param spectra Spectra by panel and step.
 * @returns The figure, null if there is nothing to draw.
 */
export function spectrumFigure(spectra: readonly SpectrumAt[]): Spec | null {
  const panels = [...Map.groupBy(spectra, ({ panel }) => panel)].slice(0, MOST_PANELS);
  if (panels.length === 0) return null;
  const datasets: Record<string, FigureRow[]> = {};
  const drawn = panels.map(([title, own], index): Panel => {
    const kept = thinned(own, MOST_STEPS);
    const values = thinned(kept[0].logs.map((_, k) => k), MOST_VALUES);
    datasets[`panel${index}`] = kept.flatMap(({ step, logs }, t) => {
      const to = kept[t + 1]?.step ?? step + Math.max(1, step - (kept[t - 1]?.step ?? step - 1));
      return values.map((k, i) => ({
        step,
        to,
        index: k + 0.5,
        next: (values[i + 1] ?? k + 1) + 0.5,
        log: Math.max(-6, logs[k]),
      }));
    });
    return { title, layers: [heat(`panel${index}`)] };
  });
  const subtitle = "log₁₀ σ_i / σ_1, mean over heads and replicas; values below 10⁻⁶ are drawn as 10⁻⁶";
  const text = { title: "Singular values", subtitle, description: "Singular values against steps, as heat maps." };
  return smallMultiples(text, datasets, drawn, columnsFor(panels.map(([title]) => title)));
}

/**
 * The panel of a curve or a spectrum.
 *
 * @param key Circuit, layer, and name.
 * @returns For example `layer 0 QK`.
 */
export function panelOf({ circuit, layer, matrix }: { circuit: string; layer: number; matrix: string }): string {
  if (circuit === "all") return "all parameters";
  if (circuit === "matrix") return layer < 0 ? matrix : `layer ${layer} weights`;
  // Encoders and decoders count their layers apart.
  const part = /(?:encoder|decoder|vision|text)\w*|cross_attn|multihead_attn|crossattention/i.exec(matrix)?.[0];
  return `layer ${layer} ${circuit}${part === undefined ? "" : ` (${part})`}`;
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
