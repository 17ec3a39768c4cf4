/** The figure that most questions need: a quantity against the steps, measured and predicted, one colour a condition. */

import type { MeasuredCurve } from "../study/measurements.ts";
import type { Axis } from "./axes.ts";
import { type CurvesLook, drawPanels, type FigureWords, type Theories } from "./draw_panels.ts";
import type { Rule } from "./rule.ts";
import { FigureError, type Spec } from "./spec.ts";

/** Options of {@link curves}. */
export interface CurvesOptions extends FigureWords, CurvesLook {
  /** Curves of all replicas by group: a condition, a mode, a depth. Groups without curves are left out. */
  readonly lines: Readonly<Record<string, readonly MeasuredCurve[]>>;
  /** Theory's curves by theory and group; none by default. */
  readonly theory?: Theories;
  /** Horizontal axis; default `{ title: "step" }`. */
  readonly x?: Axis;
  /** Vertical axis. */
  readonly y: Axis;
  /** One panel a group, this many in a row; without it all groups share one panel. */
  readonly panels?: number;
  /** Reference lines, in every panel. */
  readonly rules?: readonly Rule[];
}

/**
 * Draws curves of replicas as a mean in a band (or one line a replica), and theory dark on top of it.
 *
 * Colour tells groups apart, the stroke a theory. The subtitle says the setup and what the band is. On a logarithmic x
 * axis step 0, which has no place there, is left out. Groups are drawn in the order of `lines`; JavaScript puts names that
 * are whole numbers first, in ascending order.
 *
 * @param options FigureWords, curves, axes and look.
 * @returns A complete specification, null if there is nothing to draw.
 * @throws {FigureError} If groups share a panel and `by` is missing, a number is not finite, or theories cannot be told
 *   apart.
 *
 * @example
 * ```ts
 * import { curves } from "./curves.ts";
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const steps = [0, 1, 2, 3];
 * const falling = (rate: number) => ({ x: steps, y: steps.map((step) => Math.exp(-rate * step)) });
 * const spec = curves({
 *   title: "Loss by depth",
 *   setup: "batch 8",
 *   lines: { "1 layer": [falling(1), falling(1.1)], "2 layers": [falling(2), falling(2.2)] },
 *   theory: { "exact flow": { "1 layer": falling(1.05) } },
 *   y: { title: "loss (nats)" },
 *   by: "depth",
 * });
 * assertStringIncludes(await renderSvg(spec!), "batch 8; band: range of 2 replicas");
 * ```
 */
export function curves(options: CurvesOptions): Spec | null {
  const { lines, theory = {}, x = { title: "step" }, y, panels, rules = [] } = options;
  if (panels === undefined) return drawPanels(options, [{ title: "", x, y, rules, lines, theory }], options);
  const groups = [...new Set([lines, ...Object.values(theory)].flatMap((groups) => Object.keys(groups)))];
  const contents = groups.map((group) => ({
    title: group,
    x,
    y,
    rules,
    lines: { [group]: lines[group] ?? [] },
    theory: Object.fromEntries(
      Object.entries(theory).flatMap(([name, groups]) => groups[group] ? [[name, { [group]: groups[group] }]] : []),
    ),
  }));
  // Titles tell the panels apart: colours need not.
  const { by: _, ...look } = options;
  return drawPanels(options, contents, look, panels);
}

/** Values of all replicas at a position. */
export interface ValuesAt {
  /** Position. */
  readonly x: number;
  /** One finite value a replica; none is left out. */
  readonly values: readonly number[];
}

/** Options of {@link points}. */
export interface PointsOptions extends Omit<CurvesOptions, "lines" | "x" | "marks" | "each"> {
  /** Values at a few positions, by group. */
  readonly lines: Readonly<Record<string, readonly ValuesAt[]>>;
  /** Horizontal axis. */
  readonly x: Axis;
}

/**
 * Draws values of replicas at a few positions as a dot at their mean and a bar: against a size, a checkpoint, a factor.
 *
 * @param options As for {@link curves}, with values by position.
 * @returns A complete specification, null if there is nothing to draw.
 * @throws {FigureError} As {@link curves} does.
 *
 * @example
 * ```ts
 * import { points } from "./curves.ts";
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const spec = points({
 *   title: "Delay of the transition",
 *   lines: { frozen: [{ x: 100, values: [40, 44, 48] }, { x: 200, values: [20, 21, 25] }] },
 *   x: { title: "step of the intervention" },
 *   y: { title: "delay (steps)", zero: true },
 *   band: "interval95",
 * });
 * assertStringIncludes(await renderSvg(spec!), "bar: 95 % interval of the mean over 3 replicas");
 * ```
 */
export function points(options: PointsOptions): Spec | null {
  const lines = Object.entries(options.lines).map(([group, places]): [string, MeasuredCurve[]] => {
    const replicas = Math.max(0, ...places.map(({ values }) => values.length));
    return [
      group,
      Array.from({ length: replicas }, (_, replica) => {
        const own = places.filter(({ values }) => replica < values.length);
        return { x: own.map(({ x }) => x), y: own.map(({ values }) => values[replica]) };
      }),
    ];
  });
  return curves({ ...options, lines: Object.fromEntries(lines), marks: "points" });
}

/** A panel of {@link multiples}. */
export interface MultiplesPanel {
  /** Title of this panel. */
  readonly title: string;
  /** Curves of all replicas by group. */
  readonly lines: Readonly<Record<string, readonly MeasuredCurve[]>>;
  /** Theory's curves by theory and group; none by default. */
  readonly theory?: Theories;
  /** Horizontal axis, where it is not the figure's. */
  readonly x?: Axis;
  /** Vertical axis, where it is not the figure's. */
  readonly y?: Axis;
  /** Reference lines beside the figure's. */
  readonly rules?: readonly Rule[];
}

/** Options of {@link multiples}. */
export interface MultiplesOptions extends FigureWords, CurvesLook {
  /** Panels in reading order; those without anything to draw are left out. */
  readonly panels: readonly MultiplesPanel[];
  /** Panels in a row; default 2. */
  readonly columns?: number;
  /** Horizontal axis; default `{ title: "step" }`. */
  readonly x?: Axis;
  /** Vertical axis of panels without one of their own. */
  readonly y?: Axis;
  /** Reference lines, in every panel. */
  readonly rules?: readonly Rule[];
}

/**
 * Draws several quantities or conditions under one title, each panel as {@link curves} draws it; colours and strokes mean
 * the same in all of them.
 *
 * @param options FigureWords, panels and look.
 * @returns A complete specification, null if there is nothing to draw.
 * @throws {FigureError} As {@link curves} does, and if a panel has no vertical axis.
 *
 * @example
 * ```ts
 * import { multiples } from "./curves.ts";
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const curve = { x: [1, 10, 100], y: [3, 2, 1] };
 * const spec = multiples({
 *   title: "Loss and learning coefficient",
 *   panels: [
 *     { title: "losses", lines: { train: [curve], test: [curve] }, y: { title: "loss (nats)", scale: "log" } },
 *     { title: "learning coefficient", lines: { main: [curve] }, y: { title: "λ", zero: true } },
 *   ],
 *   x: { title: "step", scale: "log" },
 *   by: "quantity",
 *   columns: 1,
 * });
 * assertStringIncludes(await renderSvg(spec!), ">learning coefficient<");
 * ```
 */
export function multiples(options: MultiplesOptions): Spec | null {
  const { panels, columns = 2, rules = [] } = options;
  const contents = panels.map((panel) => {
    const y = panel.y ?? options.y;
    if (y === undefined) throw new FigureError(`expected y in panel "${panel.title}" or for all panels, found none`);
    return {
      title: panel.title,
      x: panel.x ?? options.x ?? { title: "step" },
      y,
      rules: [...rules, ...panel.rules ?? []],
      lines: panel.lines,
      theory: panel.theory ?? {},
    };
  });
  return drawPanels(options, contents, options, columns);
}
