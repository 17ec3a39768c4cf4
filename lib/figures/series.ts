/**
 * Where curves come from, and the stroke of each source: those that the project knows, and a user's own baselines.
 */

import { FigureError } from "./spec.ts";
import { INK, PALETTE } from "./theme.ts";

/** Sources that always have the same stroke, in the order of the legend. */
export const SERIES = ["paper closed form", "exact flow", "SGD noise theory", "simulation"] as const;

/** Name of a source that always has the same stroke. */
export type Series = typeof SERIES[number];

interface Stroke {
  readonly dash: number[];
  readonly width: number;
  readonly color: string;
}

const STROKES: Readonly<Record<Series, Stroke>> = {
  "paper closed form": { dash: [5, 3], width: 1.5, color: INK },
  "exact flow": { dash: [1, 0], width: 1.2, color: INK },
  "SGD noise theory": { dash: [1, 2.5], width: 1.5, color: INK },
  "simulation": { dash: [1, 0], width: 3.2, color: PALETTE[0] },
};

/** Dashes of other sources, told from each other and from those above where colour is taken by groups. */
const OWN_DASHES: readonly (readonly number[])[] = [
  [8, 3, 1, 3],
  [11, 4],
  [7, 3, 1, 3, 1, 3],
  [2, 5],
  [11, 3, 4, 3],
  [2.5, 2.5],
];

/**
 * Scale domain and ranges for the sources of curves that a figure shows: dashes for the paper, dots for SGD noise theory,
 * solid for the exact flow, wide for the simulation. Any other name is a curve of one's own, such as a baseline: up to six
 * of them follow in the order of their first appearance, each with a dash and a colour of its own.
 *
 * @param present The sources shown, in any order; each appears once in the domain, known ones first, in the order of
 *   {@link SERIES}.
 * @returns `domain` (n names), `dash` (n dash patterns, pixels), `width` (n widths, pixels) and `color` (n colours,
 *   for figures whose colour does not tell groups apart).
 * @throws {FigureError} If a name is empty, or there are more than six of one's own: the first that has no stroke.
 *
 * @example
 * ```ts
 * import { seriesScale } from "./series.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const scale = seriesScale(["ridge regression", "simulation", "paper closed form"]);
 * assertEquals(scale.domain, ["paper closed form", "simulation", "ridge regression"]);
 * assertEquals(scale.dash[0], [5, 3]);
 * ```
 */
export function seriesScale(present: Iterable<string>): {
  domain: string[];
  dash: number[][];
  width: number[];
  color: string[];
} {
  const wanted = new Set(present);
  if (wanted.has("")) throw new FigureError('expected a name for every curve in series, found ""');
  const known = SERIES.filter((name) => wanted.has(name));
  const own = [...wanted].filter((name) => !isKnown(name));
  if (own.length > OWN_DASHES.length) {
    throw new FigureError(
      `expected at most ${OWN_DASHES.length} curves with names of their own in series, which strokes can tell apart, ` +
        `found ${own.length}: no stroke is left for "${own[OWN_DASHES.length]}"`,
    );
  }
  const strokes = [
    ...known.map((name) => STROKES[name]),
    ...own.map((_, index): Stroke => ({ dash: [...OWN_DASHES[index]], width: 1.8, color: PALETTE[index + 1] })),
  ];
  return {
    domain: [...known, ...own],
    dash: strokes.map(({ dash }) => dash),
    width: strokes.map(({ width }) => width),
    color: strokes.map(({ color }) => color),
  };
}

function isKnown(name: string): name is Series {
  return Object.hasOwn(STROKES, name);
}
