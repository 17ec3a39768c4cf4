/** One quantity against another, a dot for each case. */

import { type Axis, position } from "./axes.ts";
import { groupChannels, plainColor } from "./channels.ts";
import { figure, smallMultiples } from "./compose.ts";
import { captionOf, type FigureWords, panelSize } from "./draw_panels.ts";
import { colorChannel, type ColorScale } from "./heat_map.ts";
import { type Rule, ruleAt } from "./rule.ts";
import { FigureError, type FigureRow, type Layer, type Spec } from "./spec.ts";

/** A dot. */
export interface Dot {
  /** Horizontal position. */
  readonly x: number;
  /** Vertical position. */
  readonly y: number;
  /** Value that its colour shows, where the figure has a scale of colours. */
  readonly color?: number;
}

/** Dots up to which each has words of its own for a screen reader: with more, the figure's description has to do. */
const MOST_NAMED = 1000;

/** Options of {@link scatterPlot}. */
export interface ScatterPlotOptions extends FigureWords {
  /** Dots by group. Groups without dots are left out. */
  readonly dots: Readonly<Record<string, readonly Dot[]>>;
  /** Horizontal axis. */
  readonly x: Axis;
  /** Vertical axis. */
  readonly y: Axis;
  /** Title of the legend, where groups share a panel and colour tells them apart. */
  readonly by?: string;
  /** Meaning of the dots' own colours, instead of a colour for each group. */
  readonly color?: ColorScale;
  /** One square panel a group, this many in a row; without it all groups share one panel. */
  readonly panels?: number;
  /** Area of a dot in square pixels; 50 unless given. */
  readonly size?: number;
  /** Reference lines, in every panel. */
  readonly rules?: readonly Rule[];
}

/**
 * Draws dots: an embedding's plane, two quantities of all seeds.
 *
 * @param options Words, dots, axes and colours.
 * @returns A complete specification, null if there are no dots.
 * @throws {FigureError} If groups share a panel and neither `by` nor `color` is given, or a dot lacks its colour.
 *
 * @example
 * ```ts
 * import { scatterPlot } from "./scatter_plot.ts";
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const turn = Array.from({ length: 12 }, (_, n) => n / 12);
 * const circle = turn.map((t) => ({ x: Math.cos(2 * Math.PI * t), y: Math.sin(2 * Math.PI * t), color: t }));
 * const spec = scatterPlot({
 *   title: "Numbers on their circles",
 *   dots: { "k = 1": circle, "k = 5": circle },
 *   x: { title: "along cos kn", domain: [-1.2, 1.2] },
 *   y: { title: "along sin kn", domain: [-1.2, 1.2] },
 *   color: { title: "turn", scheme: "rainbow", domain: [0, 1] },
 *   panels: 2,
 * });
 * assertStringIncludes(await renderSvg(spec!), ">k = 5<");
 * ```
 */
export function scatterPlot(options: ScatterPlotOptions): Spec | null {
  const { x, y, by, color, panels, size = 50, rules = [] } = options;
  const groups = Object.keys(options.dots).filter((group) => options.dots[group].length > 0);
  if (groups.length === 0) return null;
  if (groups.length > 1 && by === undefined && color === undefined && panels === undefined) {
    throw new FigureError(`expected "by", which names ${groups.length} groups (${groups.join(", ")}), found none`);
  }
  const named = groups.reduce((count, group) => count + options.dots[group].length, 0) <= MOST_NAMED;
  const rowsOf = (group: string): FigureRow[] =>
    options.dots[group].map((dot): FigureRow => {
      if (color !== undefined && dot.color === undefined) {
        throw new FigureError(`expected a color for every dot of ${group}, found none at x ${dot.x}`);
      }
      return {
        x: dot.x,
        y: dot.y,
        ...(panels === undefined ? { group } : {}),
        ...(color === undefined ? {} : { color: dot.color! }),
      };
    });
  const frame = {
    x,
    y,
    strokes: new Map(),
    measured: true,
    ...(by === undefined || panels !== undefined ? {} : { groups: { title: by, order: groups } }),
  };
  const colored = color === undefined ? groupChannels(frame) : { color: colorChannel(color, "color") };
  const layers = (dataset: string): Layer[] => [
    ...rules.flatMap(ruleAt),
    {
      data: { name: dataset },
      mark: {
        type: "circle",
        size,
        opacity: 0.9,
        clip: true,
        ...(named ? {} : { aria: false }),
        ...(color === undefined ? plainColor(frame) : {}),
      },
      encoding: {
        x: position("x", { margin: 10, ...x }, "x"),
        y: position("y", { margin: 10, ...y }, "y"),
        ...colored,
      },
    },
  ];
  const caption = captionOf(options, [], `${options.title}: ${y.title} against ${x.title}.`);
  if (panels === undefined) {
    return figure({ width: 360, height: 320, ...caption }, { dots: groups.flatMap(rowsOf) }, layers("dots"));
  }
  const { width } = panelSize(panels);
  return smallMultiples(
    { width, height: width, ...caption },
    Object.fromEntries(groups.map((group, index) => [`dots_${index}`, rowsOf(group)])),
    groups.map((group, index) => ({ title: group, layers: layers(`dots_${index}`) })),
    panels,
  );
}
