/**
 * Marks: each function returns one Vega-Lite layer as a plain literal, to be put together with `figure` or `smallMultiples`.
 *
 * A layer names the dataset it reads, so that several layers share rows and a figure states every row once.
 */

import { type Axis, position } from "./axes.ts";
import type { Layer } from "./spec.ts";
import { groupScale, INK, PALETTE, type Series, seriesScale } from "./theme.ts";

/** Symbol of a line in a legend with dots: longer than a dot is wide, so that a dash pattern is recognised. */
const LEGEND_LINE = "M-1.7,0L1.7,0";

/** Axes, dataset and grouping that the layers of one panel have in common. */
export interface Frame {
  /** Horizontal axis. */
  x: Axis;
  /** Vertical axis. */
  y: Axis;
  /** Curves told apart by colour: field `group` of the rows. Without it every mark has the palette's first colour. */
  groups?: { title: string; order: readonly string[] };
  /** Sources told apart by stroke: field `series` of the rows. */
  sources: readonly Series[];
  /** Whether the simulation is drawn as a line in a band or as points with intervals; default `line`. */
  simulation?: "line" | "points";
}

/**
 * Shaded area between `low` and `high` against `x`, one per group.
 *
 * @param frame Axes and groups of the panel.
 * @param dataset Name of rows with `x`, `low`, `high`, and `group` if the frame has groups.
 * @returns One layer.
 *
 * @example
 * ```ts
 * import { band } from "./marks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = { x: { title: "SGD step" }, y: { title: "loss" }, sources: ["simulation"] as const };
 * assertEquals(band(frame, "simulation").data, { name: "simulation" });
 * ```
 */
export function band(frame: Frame, dataset: string): Layer {
  return {
    data: { name: dataset },
    mark: { type: "area", opacity: 0.25, line: false, clip: true, ...plainColor(frame) },
    encoding: {
      x: position("x", frame.x, "x"),
      y: position("y", frame.y, "low"),
      y2: { field: "high" },
      ...groupChannels(frame),
    },
  };
}

/**
 * Mean of the simulation: a wide coloured line along `x`, `mean`, one per group.
 *
 * @param frame Axes and groups of the panel.
 * @param dataset Name of rows with `x`, `mean`, `series`, and `group` if the frame has groups.
 * @returns One layer.
 *
 * @example
 * ```ts
 * import { meanLine } from "./marks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = { x: { title: "SGD step" }, y: { title: "loss" }, sources: ["simulation"] as const };
 * const { encoding } = meanLine(frame, "simulation");
 * assertEquals(Object.keys(encoding ?? {}), ["x", "y", "strokeDash", "strokeWidth", "stroke"]);
 * ```
 */
export function meanLine(frame: Frame, dataset: string): Layer {
  return {
    data: { name: dataset },
    mark: { type: "line", opacity: 0.85, clip: true, ...plainColor(frame) },
    encoding: {
      x: position("x", frame.x, "x"),
      y: position("y", frame.y, "mean"),
      ...groupChannels(frame),
      ...strokes(frame, "line"),
    },
  };
}

/**
 * Theory: thin dark lines along `x`, `value`, one per group and series; the stroke tells the series.
 *
 * @param frame Axes and groups of the panel.
 * @param dataset Name of rows with `x`, `value`, `series`, and `group` if the frame has groups.
 * @returns One layer.
 *
 * @example
 * ```ts
 * import { theoryLine } from "./marks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = { x: { title: "SGD step" }, y: { title: "loss" }, sources: ["paper closed form", "exact flow"] as const };
 * const { encoding } = theoryLine(frame, "theory");
 * assertEquals(Object.keys(encoding ?? {}), ["x", "y", "strokeDash", "strokeWidth", "stroke"]);
 * ```
 */
export function theoryLine(frame: Frame, dataset: string): Layer {
  return {
    data: { name: dataset },
    mark: { type: "line", color: INK, strokeWidth: 1.3, clip: true },
    encoding: {
      x: position("x", frame.x, "x"),
      y: position("y", frame.y, "value"),
      ...(frame.groups === undefined ? {} : { detail: { field: "group" } }),
      ...strokes(frame, "line"),
    },
  };
}

/**
 * Measured points with an interval: a rule from `low` to `high` and a dot at `mean`, for a few positions.
 *
 * @param frame Axes and groups of the panel.
 * @param dataset Name of rows with `x`, `mean`, `low`, `high`, `series`, and `group` if the frame has groups.
 * @returns Two layers: intervals below, dots above.
 *
 * @example
 * ```ts
 * import { pointsWithInterval } from "./marks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = { x: { title: "SGD step" }, y: { title: "loss" }, sources: ["simulation"] as const };
 * assertEquals(pointsWithInterval(frame, "simulation").length, 2);
 * ```
 */
export function pointsWithInterval(frame: Frame, dataset: string): Layer[] {
  const x = position("x", frame.x, "x");
  return [
    {
      data: { name: dataset },
      mark: { type: "rule", strokeWidth: 2, opacity: 0.8, ...plainColor(frame) },
      encoding: { x, y: position("y", frame.y, "low"), y2: { field: "high" }, ...groupChannels(frame) },
    },
    {
      data: { name: dataset },
      mark: {
        type: "point",
        filled: true,
        opacity: 1,
        size: 40,
        stroke: "white",
        strokeWidth: 1,
        ...plainColor(frame),
      },
      encoding: {
        x,
        y: position("y", frame.y, "mean"),
        ...groupChannels(frame),
        ...strokes(frame, "point"),
      },
    },
  ];
}

/** Colour of the simulation: one a group if the legend tells them apart, else the palette's first. */
function groupChannels(frame: Frame) {
  if (frame.groups === undefined) return {};
  return {
    color: {
      field: "group",
      type: "nominal",
      title: frame.groups.title,
      scale: groupScale(frame.groups.order),
      legend: { symbolType: "square", symbolStrokeWidth: 0, symbolOpacity: 0.9, symbolSize: 130 },
    },
  } as const;
}

function plainColor(frame: Frame): { color?: string } {
  return frame.groups === undefined ? { color: PALETTE[0] } : {};
}

/**
 * How a curve's source is told: dash, and width for lines, shape for points, colour unless groups take it. All of them
 * have the same domain, so that Vega-Lite merges them into one legend.
 */
function strokes(frame: Frame, marked: "line" | "point") {
  const { domain, dash, width, color } = seriesScale(frame.sources);
  const points = frame.simulation === "points";
  const channel = { field: "series", type: points ? "nominal" : "ordinal", title: "curve", sort: domain } as const;
  const scale = <T>(range: T[]) => ({ type: "ordinal", domain, range }) as const;
  const legend = points
    ? { symbolSize: 90, labelOffset: 9, symbolFillColor: frame.groups === undefined ? PALETTE[0] : INK }
    : { symbolType: "stroke" };
  const shapes = domain.map((name) => name === "simulation" ? "circle" : LEGEND_LINE);
  return {
    strokeDash: { ...channel, scale: scale(dash), legend },
    ...(points ? {} : { strokeWidth: { ...channel, scale: scale(width), legend } }),
    ...(marked === "point" ? { shape: { ...channel, scale: scale(shapes), legend } } : {}),
    ...(frame.groups === undefined ? { stroke: { ...channel, scale: scale(color), legend } } : {}),
  };
}
