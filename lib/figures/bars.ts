/** Values by name: one bar a case, with what the replicas leave open. */

import { type Axis, position } from "./axes.ts";
import { type BandDefinition, describeBand, summary } from "./band.ts";
import { groupChannels, plainColor } from "./channels.ts";
import { figure } from "./compose.ts";
import { captionOf, type FigureWords } from "./draw_panels.ts";
import { type Rule, ruleAt } from "./rule.ts";
import { FigureError, type Layer, type Spec } from "./spec.ts";
import { INK } from "./theme.ts";

/** Options of {@link bars}. */
export interface BarsOptions extends FigureWords {
  /** Values of all replicas by group and name. Names without values are left out. */
  readonly values: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  /** Title of the legend of groups, needed where there is more than one. */
  readonly by?: string;
  /** Title of the names; none by default. */
  readonly x?: { readonly title: string };
  /** Axis of the values; a linear one contains 0. */
  readonly y: Axis;
  /** Meaning of the lines on the bars; default `range`. */
  readonly band?: BandDefinition;
  /** Horizontal reference lines. */
  readonly rules?: readonly Rule[];
}

/**
 * Draws a bar for each name, side by side for each group, with a line for the range or interval over replicas.
 *
 * @param options Words, values and axes.
 * @returns A complete specification, null if there are no values.
 * @throws {FigureError} If there are several groups and `by` is missing, or the axis is logarithmic.
 *
 * @example
 * ```ts
 * import { bars } from "./bars.ts";
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const spec = bars({
 *   title: "Loss after pruning",
 *   values: { main: { "all heads": [1, 1.2], "without head 3": [2, 2.4] } },
 *   y: { title: "loss (nats)" },
 *   band: "interval95",
 * });
 * assertStringIncludes(await renderSvg(spec!), "line: 95 % interval of the mean over 2 replicas");
 * ```
 */
export function bars(options: BarsOptions): Spec | null {
  const { x, y, by, band = "range", rules = [] } = options;
  if (y.scale === "log") {
    throw new FigureError("cannot draw bars on a logarithmic axis because they have no foot: use points");
  }
  const rows = Object.entries(options.values).flatMap(([group, names]) =>
    Object.entries(names).flatMap(([name, values]) =>
      values.length === 0 ? [] : [{ group, name, zero: 0, ...summary(values, band) }]
    )
  );
  if (rows.length === 0) return null;
  const groups = [...new Set(rows.map(({ group }) => group))];
  const names = [...new Set(rows.map(({ name }) => name))];
  if (groups.length > 1 && by === undefined) {
    throw new FigureError(`expected "by", which names ${groups.length} groups (${groups.join(", ")}), found none`);
  }
  const frame = {
    x: { title: x?.title ?? "" },
    y,
    strokes: new Map(),
    measured: true,
    ...(groups.length > 1 ? { groups: { title: by!, order: groups } } : {}),
  };
  const across = {
    x: {
      field: "name",
      type: "nominal",
      title: x?.title ?? null,
      sort: names,
      axis: { grid: false, labelAngle: names.length > 6 ? -40 : 0 },
    },
    ...(groups.length > 1 ? { xOffset: { field: "group", type: "nominal" as const, sort: groups } } : {}),
  } as const;
  const layers: Layer[] = [
    ...rules.flatMap(ruleAt),
    {
      data: { name: "bars" },
      mark: { type: "bar", opacity: 0.75, ...plainColor(frame) },
      encoding: {
        ...across,
        y: position("y", { zero: true, ...y }, "mean"),
        y2: { field: "zero" },
        ...groupChannels(frame),
      },
    },
    {
      data: { name: "bars" },
      mark: { type: "rule", color: INK, strokeWidth: 1.5 },
      encoding: { ...across, y: position("y", { zero: true, ...y }, "low"), y2: { field: "high" } },
    },
  ];
  const several = rows.filter(({ replicas }) => replicas > 1).map((row) => ({ ...row, x: 0 }));
  const sentence = several.length === 0 ? [] : [describeBand(several, band).replace(/^band/, "line")];
  const caption = captionOf(options, sentence, `${options.title}: ${y.title} by name.`);
  return figure(
    { width: Math.max(240, Math.min(720, 60 * names.length * groups.length)), ...caption },
    { bars: rows },
    layers,
  );
}
