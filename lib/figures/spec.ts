/** Types that every file of this folder shares: rows, Vega-Lite literals and the error they raise. */

import type { TopLevelSpec } from "vega-lite";

/** One flat record of plain values: what a log line, a table row and an inline Vega-Lite datum have in common. */
export type FigureRow = Readonly<Record<string, string | number | boolean | null>>;

/** A complete, self-contained Vega-Lite 6 specification as a typed literal. */
export type Spec = TopLevelSpec;

/** One view of a layered figure: a mark with its encoding, and the dataset it reads. */
export type Layer = Extract<Spec, { layer: unknown }>["layer"][number];

/** The Vega-Lite schema that every figure states and is checked against. */
export const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";

/** A figure that cannot be drawn as it was meant: the message names the view, the field and what was found. */
export class FigureError extends Error {
  /** Tells this error from others where only its text is kept. */
  override name = "FigureError";
}
