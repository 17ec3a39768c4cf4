/** From layers to a complete specification: caption, house configuration and rows inline. */

import { selfDisplaying } from "./notebook.ts";
import { FigureError, type FigureRow, type Layer, SCHEMA, type Spec } from "./spec.ts";
import { CONFIG } from "./theme.ts";

/** Title, setting and size of a figure. */
export interface Caption {
  /** Title; one line. */
  title: string;
  /** Conditions: seeds, sizes, what the band is. */
  subtitle?: string | readonly string[];
  /** The figure in a sentence or two, for those who cannot see it. */
  description: string;
  /** Width of a panel in pixels; default 440, or 240 for small multiples. */
  width?: number;
  /** Height of a panel in pixels; default 280, or 160 for small multiples. */
  height?: number;
}

/** A panel of {@link smallMultiples}. */
export interface Panel {
  /** Title, which tells this panel from the others. */
  title: string;
  /** Marks, the lowest first. */
  layers: readonly Layer[];
}

/**
 * One panel: layers drawn in order over shared axes.
 *
 * @param caption Title, conditions, description, size.
 * @param datasets Rows by name, as the layers refer to them.
 * @param layers Marks, the lowest first.
 * @returns A complete, self-contained specification.
 *
 * @example
 * ```ts
 * import { figure } from "./compose.ts";
 * import { theoryLine } from "./marks.ts";
 * import { renderSvg } from "./render.ts";
 *
 * const rows = [1, 2, 4].map((x) => ({ x, value: 1 / x, series: "exact flow" }));
 * const frame = { x: { title: "N" }, y: { title: "loss" }, strokes: new Map([["exact flow", "solid" as const]]), measured: false };
 * await renderSvg(figure({ title: "Loss", description: "Falls." }, { rows }, [theoryLine(frame, "rows")]));
 * ```
 */
export function figure(
  caption: Caption,
  datasets: Readonly<Record<string, readonly FigureRow[]>>,
  layers: readonly Layer[],
): Spec {
  return selfDisplaying({
    ...head(caption, datasets),
    width: caption.width ?? 440,
    height: caption.height ?? 280,
    layer: [...layers],
  });
}

/**
 * Panels side by side with axes of their own; colours and strokes mean the same in all of them.
 *
 * @param caption Title, conditions, description, size of a panel.
 * @param datasets Rows by name, as the layers refer to them.
 * @param panels Titles and layers in reading order.
 * @param columns Panels in a row, ≥ 1.
 * @returns A complete, self-contained specification.
 * @throws {FigureError} If `columns` is not a positive integer.
 *
 * @example
 * ```ts
 * import { smallMultiples } from "./compose.ts";
 * import { theoryLine } from "./marks.ts";
 * import { renderSvg } from "./render.ts";
 *
 * const rows = [1, 2, 4].map((x) => ({ x, value: 1 / x, series: "exact flow" }));
 * const frame = { x: { title: "N" }, y: { title: "loss" }, strokes: new Map([["exact flow", "solid" as const]]), measured: false };
 * const panels = ["first", "second"].map((title) => ({ title, layers: [theoryLine(frame, "rows")] }));
 * await renderSvg(smallMultiples({ title: "Losses", description: "Both fall." }, { rows }, panels, 2));
 * ```
 */
export function smallMultiples(
  caption: Caption,
  datasets: Readonly<Record<string, readonly FigureRow[]>>,
  panels: readonly Panel[],
  columns: number,
): Spec {
  if (!Number.isInteger(columns) || columns < 1) {
    throw new FigureError(`expected columns to be a positive integer, found ${columns}`);
  }
  return selfDisplaying({
    ...head(caption, datasets),
    columns,
    // Plot areas of a row line up even where one panel's labels reach higher than its neighbour's.
    bounds: "flush",
    spacing: { row: 92, column: 84 },
    concat: panels.map(({ title, layers }) => ({
      width: caption.width ?? 240,
      height: caption.height ?? 160,
      title: { text: title, fontSize: 12, offset: PANEL_TITLE_OFFSET },
      layer: [...layers, OVERHANG],
    })),
  });
}

/** Pixels from the top of a panel, and of what sticks out of it, to its title. */
const PANEL_TITLE_OFFSET = 3;

/**
 * Vega puts a title above whatever sticks out of its panel, such as half of a label at the upper end of an axis, so that
 * titles of a row would differ in height: this invisible mark sticks out further in all of them.
 */
const OVERHANG: Layer = {
  data: { values: [{}] },
  mark: { type: "rect", x: 0, x2: 1, y: -7, y2: 0, opacity: 0, clip: false, tooltip: null, aria: false },
};

function head(caption: Caption, datasets: Readonly<Record<string, readonly FigureRow[]>>) {
  const subtitle = caption.subtitle;
  return {
    $schema: SCHEMA,
    title: {
      text: caption.title,
      ...(subtitle === undefined ? {} : { subtitle: typeof subtitle === "string" ? subtitle : [...subtitle] }),
    },
    description: caption.description,
    config: CONFIG,
    datasets: Object.fromEntries(Object.entries(datasets).map(([name, rows]) => [name, [...rows]])),
  };
}
