/** Strokes of theories: a curve's colour tells its group, its stroke where it comes from. */

import { FigureError } from "./spec.ts";
import { INK, PALETTE } from "./theme.ts";

/** Name of what was measured in a legend of strokes. */
export const SIMULATION = "simulation";

/** Look of a curve whose colour is not taken by groups. */
interface Look {
  readonly dash: number[];
  readonly width: number;
  readonly color: string;
}

/** Stroke of a theory's curves. */
export type Stroke =
  | "dashed"
  | "solid"
  | "dotted"
  | "dash-dotted"
  | "long-dashed"
  | "dash-dot-dotted"
  | "wide-dotted"
  | "long-short-dashed"
  | "short-dashed";

const LOOKS: Readonly<Record<Stroke, Look>> = {
  "dashed": { dash: [5, 3], width: 1.5, color: INK },
  "solid": { dash: [1, 0], width: 1.2, color: INK },
  "dotted": { dash: [1, 2.5], width: 1.5, color: INK },
  "dash-dotted": { dash: [8, 3, 1, 3], width: 1.8, color: PALETTE[1] },
  "long-dashed": { dash: [11, 4], width: 1.8, color: PALETTE[2] },
  "dash-dot-dotted": { dash: [7, 3, 1, 3, 1, 3], width: 1.8, color: PALETTE[3] },
  "wide-dotted": { dash: [2, 5], width: 1.8, color: PALETTE[4] },
  "long-short-dashed": { dash: [11, 3, 4, 3], width: 1.8, color: PALETTE[5] },
  "short-dashed": { dash: [2.5, 2.5], width: 1.8, color: PALETTE[6] },
};

const MEASURED: Look = { dash: [1, 0], width: 3.2, color: PALETTE[0] };
const ORDER = Object.keys(LOOKS) as readonly Stroke[];

/**
 * Gives every theory of a figure a stroke: those that ask for one get it, the others take what is left, in the order
 * dashed, solid, dotted, and so on.
 *
 * @param theories Names, in the order of the legend.
 * @param chosen Strokes by name; none by default.
 * @returns A stroke for each name.
 * @throws {FigureError} If a name is empty or occurs twice, two theories ask for one stroke, or no stroke is left.
 *
 * @example
 * ```ts
 * import { assignStrokes } from "./strokes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...assignStrokes(["ridge", "flow"], { flow: "dashed" })], [["ridge", "solid"], ["flow", "dashed"]]);
 * ```
 */
export function assignStrokes(
  theories: readonly string[],
  chosen: Readonly<Record<string, Stroke>> = {},
): Map<string, Stroke> {
  const bad = theories.find((name) => name === "" || name === SIMULATION);
  if (bad !== undefined) throw new FigureError(`expected another name for a theory, found "${bad}"`);
  const asked = theories.flatMap((name) => chosen[name] ?? []);
  const twice = asked.find((stroke, index) => asked.indexOf(stroke) < index);
  if (twice !== undefined) throw new FigureError(`expected a stroke of its own for every theory, found ${twice} twice`);
  const left = ORDER.filter((stroke) => !asked.includes(stroke));
  return new Map(theories.map((name) => {
    const stroke = chosen[name] ?? left.shift();
    if (stroke === undefined) {
      throw new FigureError(
        `cannot draw more than ${ORDER.length} theories because no further stroke can be told apart: ` +
          `none is left for "${name}"`,
      );
    }
    return [name, stroke];
  }));
}

/**
 * Scale domain and ranges of the strokes that a figure shows.
 *
 * @param strokes Theories and their strokes, as {@link assignStrokes} gives them.
 * @param measured Whether the figure shows a simulation too.
 * @returns `domain` (n names), `dash` (n dash patterns, pixels), `width` (n widths, pixels) and `color` (n colours, for
 *   figures whose colour does not tell groups apart).
 */
export function strokeScale(strokes: ReadonlyMap<string, Stroke>, measured: boolean): {
  domain: string[];
  dash: number[][];
  width: number[];
  color: string[];
} {
  const looks = [...[...strokes.values()].map((stroke): Look => LOOKS[stroke]), ...(measured ? [MEASURED] : [])];
  return {
    domain: [...strokes.keys(), ...(measured ? [SIMULATION] : [])],
    dash: looks.map(({ dash }) => dash),
    width: looks.map(({ width }) => width),
    color: looks.map(({ color }) => color),
  };
}
