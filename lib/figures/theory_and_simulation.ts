/** The project's signature picture: closed form, exact flow and simulation of the same quantity, in one set of axes. */

import type { Axis } from "./axes.ts";
import { type BandRow, describeBand } from "./band.ts";
import { type Caption, figure, smallMultiples } from "./compose.ts";
import { band, type Frame, meanLine, pointsWithInterval, theoryLine } from "./marks.ts";
import { type Rule, ruleAt } from "./rule.ts";
import { FigureError, type FigureRow, type Layer, type Spec } from "./spec.ts";
import { seriesScale } from "./series.ts";

/** One point of a theory curve. */
export type TheoryRow = {
  readonly x: number;
  readonly value: number;
  /**
   * Where the curve comes from: `paper closed form`, `exact flow` or `SGD noise theory`, which look the same in every
   * figure, or up to six names of one's own, such as `ridge regression`.
   */
  readonly series: string;
  /** Which mode or condition the curve belongs to; the same names as in the simulation's rows. */
  readonly group: string;
};

/** What to draw, and how. */
export interface TheoryAndSimulation extends Caption {
  /** Horizontal axis, of all panels. */
  x: Axis;
  /** Vertical axis, of all panels. */
  y: Axis;
  /** Theory curves; none by default. */
  theory?: readonly TheoryRow[];
  /** Mean and band over replicas, as `bandOver` returns them; none by default. */
  simulation?: readonly BandRow[];
  /** Title of the colour legend, needed where one panel shows more than one group: "mode", "N", … */
  groupTitle?: string;
  /** `line` draws a band and its mean, `points` an interval and a dot at each position; default `line`. */
  marks?: "line" | "points";
  /** Reference lines, drawn in every panel. */
  rules?: readonly Rule[];
  /** One panel a group, this many in a row; without it all groups share one panel. */
  columns?: number;
}

/**
 * Theory beside simulation: dark lines, dashed for the paper's closed form, solid for the exact flow, dotted for a
 * SGD noise theory level, other dashes for baselines under names of one's own; and for the simulation a coloured line in
 * a band over replicas, or points with intervals. Without a subtitle the figure says itself what the band is.
 *
 * On a logarithmic x axis rows at x = 0, which has no place there, are left out.
 *
 * @param options Rows, axes, caption; see {@link TheoryAndSimulation}.
 * @returns A complete specification with rows inline.
 * @throws {FigureError} If there is nothing to draw, groups are not named by `groupTitle`, or a curve cannot be shown as
 *   what it is: it is called `simulation`, it has no row that the x axis can show, or there are too many (`seriesScale`).
 *
 * @example
 * ```ts
 * import { theoryAndSimulation } from "./theory_and_simulation.ts";
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const spec = theoryAndSimulation({
 *   title: "A mode is learned",
 *   subtitle: "band: min–max of 8 replicas",
 *   description: "A logistic curve and the simulation around it.",
 *   x: { title: "SGD step" },
 *   y: { title: "a(t)" },
 *   theory: [0, 1, 2].flatMap((x) => [
 *     { x, value: x * x, series: "exact flow", group: "" },
 *     { x, value: 2 * x, series: "straight line", group: "" },
 *   ]),
 *   simulation: [0, 1, 2].map((x) => ({ x, mean: x * x, low: x * x - 0.1, high: x * x + 0.1, group: "", replicas: 8 })),
 * });
 * assertStringIncludes(await renderSvg(spec), "straight line");
 * ```
 */
export function theoryAndSimulation(options: TheoryAndSimulation): Spec {
  const { y, groupTitle, marks = "line", rules = [], columns } = options;
  // A dot at the first or last position would be cut by the frame of the panel.
  const x = marks === "points" ? { margin: 10, ...options.x } : options.x;
  const theory = drawable(options.theory ?? [], x);
  const simulation = drawable(options.simulation ?? [], x)
    .map(({ definition: _, ...row }) => ({ ...row, series: "simulation" }));
  const order = [...new Set([...simulation, ...theory].map((row) => row.group))];
  if (order.length === 0) throw new FigureError(`expected rows in theory or simulation, found none that can be drawn`);
  if (order.length > 1 && groupTitle === undefined && columns === undefined) {
    throw new FigureError(`expected groupTitle for ${order.length} groups (${order.join(", ")}), found none`);
  }
  const shown = new Set(theory.map((row) => row.series));
  if (shown.has("simulation")) throw new FigureError('expected series of theory, found "simulation", which has a band');
  const lost = options.theory?.find(({ series }) => !shown.has(series));
  if (lost !== undefined) {
    throw new FigureError(`expected rows of "${lost.series}" that a logarithmic x axis can show, found x = 0 alone`);
  }
  if (simulation.length > 0) shown.add("simulation");
  const panels = columns !== undefined;
  const frame: Frame = {
    x,
    y,
    ...(groupTitle === undefined || panels ? {} : { groups: { title: groupTitle, order } }),
    simulation: marks,
    sources: seriesScale(shown).domain,
  };
  const reference = rules.flatMap(ruleAt);
  const datasets: Record<string, readonly FigureRow[]> = {};
  const banded = (options.simulation ?? []).filter(({ replicas }) => replicas > 1);
  const caption = options.subtitle === undefined && banded.length > 0
    ? { ...options, subtitle: describeBand(banded) }
    : options;

  /** Layers of the rows that belong together, whose datasets are stored under names with the suffix. */
  function layers(belongs: (row: { readonly group: string }) => boolean, suffix: string): Layer[] {
    const simulated = simulation.filter(belongs);
    const predicted = theory.filter(belongs);
    const [simulationName, theoryName] = [`simulation${suffix}`, `theory${suffix}`];
    const result = [...reference];
    if (simulated.length > 0) {
      datasets[simulationName] = simulated;
      if (marks === "line") result.push(band(frame, simulationName), meanLine(frame, simulationName));
    }
    if (predicted.length > 0) {
      datasets[theoryName] = predicted;
      result.push(theoryLine(frame, theoryName));
    }
    if (simulated.length > 0 && marks === "points") result.push(...pointsWithInterval(frame, simulationName));
    return result;
  }

  if (!panels) {
    const all = layers(() => true, "");
    return figure(caption, datasets, all);
  }
  const perGroup = order.map((group, index) => ({
    title: group,
    layers: layers((row) => row.group === group, `_${index}`),
  }));
  return smallMultiples(caption, datasets, perGroup, columns);
}

/** Rows with a place on the x axis: all of them, but for x = 0 where the axis is logarithmic. */
function drawable<R extends { readonly x: number }>(rows: readonly R[], axis: Axis): readonly R[] {
  return axis.scale === "log" ? rows.filter((row) => row.x !== 0) : rows;
}
