/** A quantity of many places over the steps, as colour: frequencies, heads of layers, eigenvalues. */

import type { MeasuredCurve } from "../study/measurements.ts";
import { type Axis, position } from "./axes.ts";
import { figure } from "./compose.ts";
import { captionOf, type FigureWords } from "./draw_panels.ts";
import type { FigureRow, Layer, Spec } from "./spec.ts";

/** Meaning of the colours. */
export interface ColorScale {
  /** Title of the legend, with the unit. */
  readonly title: string;
  /** Format of the legend's numbers (d3-format), as in `.0%`. */
  readonly format?: string;
  /** Colours; default `viridis`. `redblue` suits values on both sides of 0, `rainbow` a turn. */
  readonly scheme?: "viridis" | "magma" | "blues" | "redblue" | "rainbow";
  /** Ends of the scale; the extent of the data unless given. */
  readonly domain?: readonly [number, number];
}

/** Options of {@link heatMap}. */
export interface HeatMapOptions extends FigureWords {
  /**
   * A curve for each row of cells, which have the colours of its values. Names that are all numbers, as of frequencies,
   * make an axis of numbers that rises; other names are written out, the first on top.
   */
  readonly rows: Readonly<Record<string, MeasuredCurve>>;
  /** Horizontal axis; default `{ title: "step" }`. */
  readonly x?: Axis;
  /** Title of the vertical axis. */
  readonly y: { readonly title: string };
  /** Meaning of the colours. */
  readonly color: ColorScale;
}

/**
 * Draws curves as rows of coloured cells. A cell reaches from its step to the next one.
 *
 * @param options Words, rows, axes and colours. On a logarithmic x axis step 0 is left out.
 * @returns A complete specification, null if there is nothing to draw.
 *
 * @example
 * ```ts
 * import { heatMap } from "./heat_map.ts";
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const spec = heatMap({
 *   title: "Prefix matching of every head",
 *   setup: "seed 1",
 *   rows: { "layer 0, head 0": { x: [0, 10], y: [0.1, 0.1] }, "layer 1, head 0": { x: [0, 10], y: [0.1, 0.9] } },
 *   y: { title: "head" },
 *   color: { title: "prefix matching", domain: [0, 1] },
 * });
 * assertStringIncludes(await renderSvg(spec!), "layer 1, head 0");
 * ```
 */
export function heatMap(options: HeatMapOptions): Spec | null {
  const { x: axis = { title: "step" }, y, color } = options;
  const log = axis.scale === "log";
  const names = Object.keys(options.rows);
  const numeric = names.every((name) => name !== "" && Number.isFinite(Number(name)));
  const cells = names.flatMap((name) => {
    const { x, y: values } = options.rows[name];
    const shown = x.flatMap((_, index) => log && x[index] <= 0 ? [] : [index]);
    return shown.map((index, place) => {
      const from = x[index];
      const to = place + 1 < shown.length ? x[shown[place + 1]] : endOfLast(x[shown[0]], from, log);
      const row: FigureRow = numeric ? { low: Number(name) - 0.5, high: Number(name) + 0.5 } : { name };
      return { ...row, from, to, value: values[index] };
    });
  });
  if (cells.length === 0) return null;
  const layer: Layer = {
    data: { name: "cells" },
    mark: { type: "rect", clip: true },
    encoding: {
      x: rounded(position("x", axis, "from")),
      x2: { field: "to" },
      ...(numeric
        ? {
          y: rounded(
            position("y", {
              ...y,
              domain: [Math.min(...names.map(Number)) - 0.5, Math.max(...names.map(Number)) + 0.5],
            }, "low"),
          ),
          y2: { field: "high" },
        }
        : { y: { field: "name", type: "nominal", title: y.title, sort: names, axis: { grid: false } } }),
      color: colorChannel(color, "value"),
    },
  };
  const description = `${options.title}: ${color.title} by ${y.title} against ${axis.title}.`;
  const height = numeric ? 280 : Math.min(420, Math.max(60, 18 * names.length));
  return figure({ width: 520, height, ...captionOf(options, [], description) }, { cells }, [layer]);
}

/**
 * Colour channel of a field.
 *
 * @param color Title, format, colours and ends.
 * @param field Field of the rows that holds a finite number.
 * @returns A Vega-Lite channel.
 */
export function colorChannel({ title, format, scheme = "viridis", domain }: ColorScale, field: string) {
  return {
    field,
    type: "quantitative",
    title,
    scale: { scheme, ...(domain === undefined ? {} : { domain: [...domain] }) },
    ...(format === undefined ? {} : { legend: { format } }),
  } as const;
}

/** Ends of cells on whole pixels, so that no seams are seen between them. */
function rounded<P extends { readonly scale: object }>(channel: P): P {
  return { ...channel, scale: { ...channel.scale, round: true } };
}

/** Where the last cell of a row ends: a fiftieth of the axis further on. */
function endOfLast(first: number, last: number, log: boolean): number {
  if (first === last) return log ? last * 1.05 : last + 1;
  return log ? last * (last / first) ** 0.02 : last + (last - first) * 0.02;
}
