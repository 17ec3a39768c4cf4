/**
 * The look of every figure: one palette, one type face, and one meaning for each stroke.
 *
 * Colour tells modes or conditions apart; the stroke tells where a curve comes from. Theory is drawn dark and thin on top
 * of the simulation, which is a wide coloured line in a band, so that agreement is seen as a dark line inside a coloured
 * one and disagreement as a dark line beside it. Where modes share a panel, dark is a dark shade of the mode's colour.
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

/** Viridis from its violet to its green, at equal distances. */
const VIRIDIS = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39"];

/** How much of a colour's light a theory curve keeps: dark inside its band, and still of that colour beside it. */
const SHADE = 0.52;

/**
 * Colour scale of theory curves that share a panel: a dark shade of the colour that {@link groupScale} gives their group.
 *
 * @param groups Names in the order of the legend, without repetition.
 * @returns A Vega-Lite scale with the same domain.
 *
 * @example
 * ```ts
 * import { shadeScale } from "./theme.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shadeScale(["s = 4", "s = 2"]), { domain: ["s = 4", "s = 2"], range: ["#003b5d", "#6f3100"] });
 * ```
 */
export function shadeScale(groups: readonly string[]): { domain: string[]; range: string[] } {
  const range = groups.map((_, index) => {
    if (groups.length <= PALETTE.length) return mixed(PALETTE[index], PALETTE[index], 0);
    const place = index / (groups.length - 1) * (VIRIDIS.length - 1);
    const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
    return mixed(VIRIDIS[below], VIRIDIS[below + 1], place - below);
  });
  return { domain: [...groups], range };
}

/** A colour between two, darker by {@link SHADE}. */
function mixed(a: string, b: string, weight: number): string {
  const channels = [1, 3, 5].map((at) => {
    const [from, to] = [a, b].map((color) => parseInt(color.slice(at, at + 2), 16));
    return Math.round(SHADE * (from + weight * (to - from))).toString(16).padStart(2, "0");
  });
  return `#${channels.join("")}`;
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
