/**
 * The look of every figure: one palette, one type face, and one meaning for each stroke.
 *
 * Colour tells modes or conditions apart; the stroke tells where a curve comes from. Theory is drawn dark and thin on top
 * of the simulation, which is a wide coloured line in a band, so that agreement is seen as a dark line inside a coloured
 * one and disagreement as a dark line beside it.
 */

import type { Spec } from "./spec.ts";

/**
 * Colours of modes and conditions: Okabe & Ito's set without yellow (too pale on white) and black (kept for theory).
 *
 * Source: M. Okabe and K. Ito, "Color Universal Design", 2008. Distinguishable with the common forms of colour blindness.
 */
export const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C8C"] as const;

/** Colour of theory curves and of reference rules. */
export const INK = "#222222";

/** Where a curve comes from, in the order of the legend. */
export const SERIES = ["paper closed form", "exact flow", "SGD noise theory", "simulation"] as const;

/** Name of one source of curves. */
export type Series = typeof SERIES[number];

const STROKES: Record<Series, { dash: number[]; width: number; color: string }> = {
  "paper closed form": { dash: [5, 3], width: 1.5, color: INK },
  "exact flow": { dash: [1, 0], width: 1.2, color: INK },
  "SGD noise theory": { dash: [1, 2.5], width: 1.5, color: INK },
  "simulation": { dash: [1, 0], width: 3.2, color: PALETTE[0] },
};

/**
 * Scale domain and ranges for the sources of curves that a figure shows: dashes for the paper, dots for
 * SGD noise theory, solid for the rest, wide for the simulation.
 *
 * @param present The sources shown, in any order; each appears once in the domain, in the order of {@link SERIES}.
 * @returns `domain` (n names), `dash` (n dash patterns, pixels), `width` (n widths, pixels) and `color` (n colours,
 *   for figures whose colour does not tell groups apart).
 *
 * @example
 * ```ts
 * import { seriesScale } from "./theme.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const scale = seriesScale(["simulation", "paper closed form"]);
 * assertEquals(scale.domain, ["paper closed form", "simulation"]);
 * assertEquals(scale.dash[0], [5, 3]);
 * ```
 */
export function seriesScale(present: Iterable<Series>): {
  domain: Series[];
  dash: number[][];
  width: number[];
  color: string[];
} {
  const wanted = new Set(present);
  const domain = SERIES.filter((name) => wanted.has(name));
  return {
    domain,
    dash: domain.map((name) => STROKES[name].dash),
    width: domain.map((name) => STROKES[name].width),
    color: domain.map((name) => STROKES[name].color),
  };
}

/**
 * Colour scale for groups: the palette while it lasts, else Viridis up to its green, which stays readable on white.
 *
 * @param groups Names in the order of the legend, without repetition.
 * @returns A Vega-Lite scale with the domain fixed, so that a group keeps its colour in every panel.
 *
 * @example
 * ```ts
 * import { groupScale, PALETTE } from "./theme.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(groupScale(["s = 4", "s = 2"]), { domain: ["s = 4", "s = 2"], range: PALETTE.slice(0, 2) });
 * ```
 */
export function groupScale(
  groups: readonly string[],
): { domain: string[]; range: string[] } | { domain: string[]; scheme: { name: "viridis"; extent: number[] } } {
  const domain = [...groups];
  return groups.length <= PALETTE.length
    ? { domain, range: PALETTE.slice(0, groups.length) }
    : { domain, scheme: { name: "viridis", extent: [0, 0.85] } };
}

/** House configuration, carried by every specification so that it looks the same in any viewer. */
export const CONFIG: NonNullable<Spec["config"]> = {
  background: "white",
  padding: 12,
  font: "Inter, sans-serif",
  view: { stroke: null, continuousWidth: 440, continuousHeight: 280 },
  title: {
    anchor: "start",
    frame: "group",
    fontSize: 15,
    fontWeight: 600,
    color: INK,
    subtitleFontSize: 11.5,
    subtitleColor: "#555555",
    subtitlePadding: 5,
    subtitleLineHeight: 15,
    offset: 12,
  },
  axis: {
    labelFontSize: 11,
    labelColor: "#444444",
    titleFontSize: 12,
    titleFontWeight: 400,
    titleColor: INK,
    titlePadding: 8,
    domainColor: "#888888",
    tickColor: "#888888",
    tickSize: 4,
    gridColor: "#EBEBEB",
    labelFlush: false,
  },
  legend: {
    orient: "right",
    offset: 16,
    labelFontSize: 11,
    labelColor: "#444444",
    labelLimit: 260,
    titleFontSize: 11,
    titleFontWeight: 600,
    titleColor: INK,
    titleLimit: 260,
    symbolStrokeColor: INK,
    symbolSize: 220,
    rowPadding: 4,
  },
  header: { labelFontSize: 12, labelFontWeight: 600, titleFontSize: 12, labelColor: INK, titleColor: INK },
  range: { category: [...PALETTE] },
  line: { strokeCap: "round", strokeJoin: "round" },
};
