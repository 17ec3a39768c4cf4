/** From curves of replicas and theories to panels: what `curves`, `points` and `multiples` have in common. */

import type { MeasuredCurve } from "../study/measurements.ts";
import type { Axis } from "./axes.ts";
import { type BandDefinition, type BandRow, describeBand, summary } from "./band.ts";
import type { Frame } from "./channels.ts";
import { figure, smallMultiples } from "./compose.ts";
import { thin } from "./downsample.ts";
import { band, meanLine, pointsWithInterval, replicaLine, theoryLine } from "./marks.ts";
import { type Rule, ruleAt } from "./rule.ts";
import { FigureError, type FigureRow, type Layer, type Spec } from "./spec.ts";
import { assignStrokes, SIMULATION, type Stroke } from "./strokes.ts";

/** Theory's curves: by theory, and then by the group that each belongs to. */
export type Theories = Readonly<Record<string, Readonly<Record<string, MeasuredCurve>>>>;

/** FigureWords and size that every standard figure has. */
export interface FigureWords {
  /** Title: the quantity shown, not the result, since titles are written before the run. One line. */
  readonly title: string;
  /** Conditions, for the subtitle; what the bands are is added to the first line. */
  readonly setup?: string | readonly string[];
  /** The figure in a sentence, for those who cannot see it; made of the titles unless given. */
  readonly description?: string;
  /** Width of a panel in pixels. */
  readonly width?: number;
  /** Height of a panel in pixels. */
  readonly height?: number;
}

/** Colours, dashes and bands that tell the curves of a figure apart. */
export interface CurvesLook {
  /** Title of the legend of groups, needed where a panel shows more than one. */
  readonly by?: string;
  /** Drawing of a group's replicas: their mean in a band, or a line for each; default `band`. */
  readonly each?: "band" | "replica";
  /** `line` draws a band and its mean, `points` a bar and a dot at each position; default `line`. */
  readonly marks?: "line" | "points";
  /** Meaning of bands and bars; default `range`. */
  readonly band?: BandDefinition;
  /** Strokes of theories by name; the others are dashed, solid, dotted, and so on, as they come. */
  readonly strokes?: Readonly<Record<string, Stroke>>;
}

/** Content of a panel. */
export interface PanelContent {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly rules: readonly Rule[];
  /** Curves of the replicas by group. */
  readonly lines: Readonly<Record<string, readonly MeasuredCurve[]>>;
  readonly theory: Theories;
}

/** A curve with more positions is thinned to the extremes of this many stretches. */
const STRETCHES = 400;

type ReplicaRow = { readonly x: number; readonly value: number; readonly group: string; readonly replica: number };
type TheoryRow = { readonly x: number; readonly value: number; readonly series: string; readonly group: string };

/**
 * Draws panels: dark theory lines, told apart by their strokes, over coloured simulation in bands.
 *
 * On a logarithmic x axis positions at 0, which have no place there, are left out; so are groups without any position.
 *
 * @param words Title, setup, size.
 * @param contents Panels in reading order; those without anything to draw are left out.
 * @param look Legend, bands, strokes.
 * @param columns Panels in a row; without it there is one panel, without a title of its own.
 * @returns A complete specification; null if no panel has anything to draw.
 * @throws {FigureError} If a panel shows groups that `by` does not name, or theories cannot be told apart.
 */
export function drawPanels(
  words: FigureWords,
  contents: readonly PanelContent[],
  look: CurvesLook,
  columns?: number,
): Spec | null {
  const { by, each = "band", marks = "line", band: definition = "range" } = look;
  const panels = contents.map((content) => ({ ...content, ...rowsOf(content, each, marks, definition) }))
    .filter(({ bands, replicas, theories }) => bands.length + replicas.length + theories.length > 0);
  if (panels.length === 0) return null;
  const groupsOf = (panel: typeof panels[number]) => [
    ...new Set([...panel.bands, ...panel.replicas, ...panel.theories].map(({ group }) => group)),
  ];
  const crowded = panels.find((panel) => groupsOf(panel).length > 1);
  if (by === undefined && crowded !== undefined) {
    const groups = groupsOf(crowded);
    throw new FigureError(`expected "by", which names ${groups.length} groups (${groups.join(", ")}), found none`);
  }
  const order = [...new Set(panels.flatMap(groupsOf))];
  const theories = [...new Set(panels.flatMap((panel) => panel.theories.map(({ series }) => series)))];
  const bands = panels.flatMap((panel) => panel.bands);
  const shared = {
    ...(by === undefined ? {} : { groups: { title: by, order } }),
    strokes: assignStrokes(theories, look.strokes),
    measured: bands.length > 0,
    simulation: marks,
  };
  const datasets: Record<string, readonly FigureRow[]> = {};
  const layered = panels.map((panel, index) => {
    const suffix = columns === undefined ? "" : `_${index}`;
    // A dot at the first or last position would be cut by the frame of the panel.
    const x = marks === "points" ? { margin: 10, ...panel.x } : panel.x;
    const frame: Frame = { ...shared, x, y: panel.y };
    const [measured, single, predicted] = [`simulation${suffix}`, `replicas${suffix}`, `theory${suffix}`];
    const layers: Layer[] = panel.rules.flatMap(ruleAt);
    if (panel.replicas.length > 0) {
      datasets[single] = panel.replicas;
      layers.push(replicaLine(frame, single));
    }
    if (panel.bands.length > 0) datasets[measured] = panel.bands.map((row) => ({ ...row, series: SIMULATION }));
    if (panel.bands.length > 0 && marks === "line") layers.push(band(frame, measured), meanLine(frame, measured));
    if (panel.theories.length > 0) {
      datasets[predicted] = panel.theories;
      layers.push(theoryLine(frame, predicted));
    }
    if (panel.bands.length > 0 && marks === "points") layers.push(...pointsWithInterval(frame, measured));
    return { title: panel.title, layers };
  });
  const several = bands.filter(({ replicas }) => replicas > 1);
  const sentence = each === "replica"
    ? ["one line a replica"]
    : several.length === 0
    ? []
    : [describeBand(several, definition, marks === "line" ? "band" : "bar")];
  const caption = captionOf(words, sentence, describe(words, panels[0], columns));
  if (columns === undefined) return figure({ width: 520, ...caption }, datasets, layered[0].layers);
  return smallMultiples({ ...panelSize(Math.min(columns, panels.length)), ...caption }, datasets, layered, columns);
}

/**
 * Title, subtitle and description of a standard figure.
 *
 * @param words What the caller gives.
 * @param sentences What the figure itself says, added to the first line of the setup.
 * @param description What is said unless the caller gives it.
 * @returns A caption for `figure` and `smallMultiples`.
 */
export function captionOf(words: FigureWords, sentences: readonly string[], description: string) {
  const { title, setup = [], width, height } = words;
  const lines = typeof setup === "string" ? [setup] : [...setup];
  const first = [...lines.slice(0, 1), ...sentences].join("; ");
  const subtitle = [...(first === "" ? [] : [first]), ...lines.slice(1)];
  return {
    title,
    description: words.description ?? description,
    ...(subtitle.length === 0 ? {} : { subtitle }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
  };
}

/** Size of a panel that suits the number of panels in a row, in pixels. */
export function panelSize(columns: number): { width: number; height: number } {
  if (columns <= 1) return { width: 520, height: 190 };
  if (columns === 2) return { width: 300, height: 200 };
  return { width: columns === 3 ? 200 : 180, height: 140 };
}

function describe({ title }: FigureWords, { x, y }: PanelContent, columns: number | undefined): string {
  return `${title}: ${y.title} against ${x.title}${columns === undefined ? "" : ", in small panels"}.`;
}

function rowsOf(
  { lines, theory, x: axis }: PanelContent,
  each: "band" | "replica",
  marks: "line" | "points",
  definition: BandDefinition,
): { bands: BandRow[]; replicas: ReplicaRow[]; theories: TheoryRow[] } {
  const bands: BandRow[] = [];
  const replicas: ReplicaRow[] = [];
  for (const [group, curves] of Object.entries(lines)) {
    if (each === "replica") {
      curves.forEach((curve, replica) => {
        const rows = pointsOf(curve, axis, group).map(([x, value]) => ({ x, value, group, replica }));
        replicas.push(...thinned(rows, axis, ["value"]));
      });
    } else {
      const rows = bandsOf(curves.map((curve) => pointsOf(curve, axis, group)), group, definition);
      bands.push(...(marks === "line" ? thinned(rows, axis, ["low", "mean", "high"]) : rows));
    }
  }
  const theories = Object.entries(theory).flatMap(([series, groups]) =>
    Object.entries(groups).flatMap(([group, curve]) => {
      const rows = pointsOf(curve, axis, `${group} of ${series}`).map(([x, value]) => ({ x, value, series, group }));
      return thinned(rows, axis, ["value"]);
    })
  );
  return { bands, replicas, theories };
}

/** Positions and values that the x axis can show. */
function pointsOf({ x, y }: MeasuredCurve, axis: Axis, name: string): [number, number][] {
  if (x.length !== y.length) {
    throw new FigureError(`expected as many values as positions in ${name}, found ${y.length} for ${x.length}`);
  }
  return x.flatMap((at, index): [number, number][] => {
    if (axis.scale === "log" && at === 0) return [];
    if (!Number.isFinite(at) || !Number.isFinite(y[index])) {
      throw new FigureError(`expected finite numbers in ${name}, found ${y[index]} at ${axis.title} ${at}`);
    }
    return [[at, y[index]]];
  });
}

function bandsOf(curves: readonly [number, number][][], group: string, definition: BandDefinition): BandRow[] {
  const values = new Map<number, number[]>();
  for (const [x, value] of curves.flat()) {
    const found = values.get(x);
    if (found === undefined) values.set(x, [value]);
    else found.push(value);
  }
  return [...values].sort(([a], [b]) => a - b).map(([x, at]) => ({ x, group, ...summary(at, definition) }));
}

function thinned<R extends FigureRow & { readonly x: number }>(
  rows: readonly R[],
  axis: Axis,
  y: readonly (keyof R & string)[],
): readonly R[] {
  if (rows.length <= 2 * STRETCHES) return rows;
  return thin(rows, { x: "x", y, intervals: STRETCHES, spacing: axis.scale });
}
