/**
 * Marks: each function returns one Vega-Lite layer as a plain literal, to be put together with `figure` or `smallMultiples`.
 *
 * A layer names the dataset it reads, so that several layers share rows and a figure states every row once.
 */

import { position } from "./axes.ts";
import { type Frame, groupChannels, lineChannels, plainColor, shadeChannels, strokes } from "./channels.ts";
import type { Layer } from "./spec.ts";
import { INK } from "./theme.ts";

export type { Frame } from "./channels.ts";

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
 * const frame = { x: { title: "SGD step" }, y: { title: "loss" }, strokes: new Map(), measured: true };
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
 * const frame = { x: { title: "SGD step" }, y: { title: "loss" }, strokes: new Map(), measured: true };
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
 * Curves of single replicas: thin lines along `x`, `value`, one per group and replica.
 *
 * @param frame Axes and groups of the panel.
 * @param dataset Name of rows with `x`, `value`, `replica`, and `group` if the frame has groups.
 * @returns One layer.
 */
export function replicaLine(frame: Frame, dataset: string): Layer {
  return {
    data: { name: dataset },
    mark: { type: "line", strokeWidth: 1.5, opacity: 0.7, clip: true, ...plainColor(frame) },
    encoding: {
      x: position("x", frame.x, "x"),
      y: position("y", frame.y, "value"),
      detail: { field: "replica", type: "nominal" },
      ...lineChannels(frame),
    },
  };
}

/**
 * Theory: thin dark lines along `x`, `value`, one per group and series. The stroke tells the series, and where the panel
 * has groups, a dark shade of the group's colour tells the group.
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
 * const frame = { x: { title: "SGD step" }, y: { title: "loss" }, strokes: new Map([["exact flow", "solid" as const]]), measured: false };
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
      ...shadeChannels(frame),
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
 * const frame = { x: { title: "SGD step" }, y: { title: "loss" }, strokes: new Map(), measured: true };
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
