/** Channels: what colour and stroke mean in all layers of a panel, and their legends. */

import type { Axis } from "./axes.ts";
import { SIMULATION, type Stroke, strokeScale } from "./strokes.ts";
import { groupScale, INK, PALETTE, shadeScale } from "./theme.ts";

/** Symbol of a line in a legend with dots: longer than a dot is wide, so that a dash pattern is recognised. */
const LEGEND_LINE = "M-2.6,0L2.6,0";

/** Legend of groups. Theory has the same one, or else Vega-Lite would not merge both. */
const GROUP_LEGEND = { symbolType: "square", symbolStrokeWidth: 0, symbolOpacity: 0.9, symbolSize: 130 } as const;

/** Axes, dataset and grouping that the layers of one panel have in common. */
export interface Frame {
  /** Horizontal axis. */
  x: Axis;
  /** Vertical axis. */
  y: Axis;
  /** Curves told apart by colour: field `group` of the rows. Without it every mark has the palette's first colour. */
  groups?: { title: string; order: readonly string[] };
  /** Theories told apart by stroke: field `series` of the rows. */
  strokes: ReadonlyMap<string, Stroke>;
  /** Whether the figure shows a simulation, rows whose `series` is `SIMULATION`. */
  measured: boolean;
  /** Whether the simulation is drawn as a line in a band or as points with intervals; default `line`. */
  simulation?: "line" | "points";
}

/** Colour of the simulation: one a group if the legend tells them apart, see also {@linkcode plainColor}. */
export function groupChannels(frame: Frame) {
  if (frame.groups === undefined) return {};
  return {
    color: {
      field: "group",
      type: "nominal",
      title: frame.groups.title,
      scale: groupScale(frame.groups.order),
      legend: GROUP_LEGEND,
    },
  } as const;
}

/** Colour of lines without bands: one a group. */
export function lineChannels({ groups }: Frame) {
  if (groups === undefined) return {};
  return {
    color: {
      field: "group",
      type: "nominal",
      title: groups.title,
      scale: groupScale(groups.order),
      sort: [...groups.order],
      legend: { symbolType: "stroke", symbolStrokeWidth: 2, symbolOpacity: 1 },
    },
  } as const;
}

/** Colour of theory: a shade of its group's. The legend shows the colour itself where the simulation has it. */
export function shadeChannels({ groups, measured }: Frame) {
  if (groups === undefined) return {};
  return {
    stroke: {
      field: "group",
      type: "nominal",
      title: groups.title,
      scale: shadeScale(groups.order),
      sort: [...groups.order],
      legend: measured ? GROUP_LEGEND : { symbolType: "stroke", symbolStrokeWidth: 2 },
    },
  } as const;
}

/** The palette's first colour, where no group takes one. */
export function plainColor(frame: Frame): { color?: string } {
  return frame.groups === undefined ? { color: PALETTE[0] } : {};
}

/**
 * How a curve's source is told: dash, and width for lines, shape for points, colour unless groups take it. All of them
 * have the same domain, so that Vega-Lite merges them into one legend.
 */
export function strokes(frame: Frame, marked: "line" | "point") {
  const { domain, dash, width, color } = strokeScale(frame.strokes, frame.measured);
  const points = frame.simulation === "points";
  const channel = { field: "series", type: points ? "nominal" : "ordinal", title: "curve", sort: domain } as const;
  const scale = <T>(range: T[]) => ({ type: "ordinal", domain, range }) as const;
  // One name says nothing where every figure has it.
  const alone = domain.length === 1 && domain[0] === SIMULATION;
  const legend = alone
    ? null
    : points
    ? { symbolSize: 90, labelOffset: 13, symbolFillColor: frame.groups === undefined ? PALETTE[0] : INK }
    : { symbolType: "stroke", symbolSize: 600 };
  const shapes = domain.map((name) => name === SIMULATION ? "circle" : LEGEND_LINE);
  return {
    strokeDash: { ...channel, scale: scale(dash), legend },
    ...(points ? {} : { strokeWidth: { ...channel, scale: scale(width), legend } }),
    ...(marked === "point" ? { shape: { ...channel, scale: scale(shapes), legend } } : {}),
    ...(frame.groups === undefined ? { stroke: { ...channel, scale: scale(color), legend } } : {}),
  };
}
