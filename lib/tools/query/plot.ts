/**
 * An answer as a figure: curves, with a band where several rows share a position.
 *
 * @module
 */
import { closestString } from "@std/text/closest-string";
import { type Axis, position } from "../../figures/axes.ts";
import {
  bandOver,
  type BandRow,
  describeBand,
  figure,
  type FigureRow,
  groupScale,
  type Layer,
  PALETTE,
  type Spec,
  thin,
} from "../../figures/mod.ts";
import { UserError } from "../../io/errors.ts";
import { textOf } from "./cells.ts";
import type { AnswerColumn, Cell } from "./database.ts";

/** Columns and look of a plot. */
export interface Plot {
  /** Column of the horizontal position. */
  readonly x: string;
  /** Column of the vertical position. */
  readonly y: string;
  /** Column that tells curves apart by colour. */
  readonly color?: string;
  /** Title; the columns' names unless given. */
  readonly title?: string;
  /** Axes that are logarithmic: `x`, `y` or `xy`. */
  readonly log?: string;
  /** `line` or `points`; points where no curve has two positions, unless given. */
  readonly mark?: string;
}

/** A curve keeps the extremes of this many stretches of its axis. */
const INTERVALS = 500;
const KEYS = ["x", "y", "color", "title", "log", "mark"] as const;
const VALUES: Readonly<Record<string, readonly string[]>> = { log: ["x", "y", "xy"], mark: ["line", "points"] };

/**
 * Reads what `--plot` says.
 *
 * @param text `x=COLUMN,y=COLUMN`, and further keys of {@linkcode Plot}.
 * @returns What to show.
 * @throws {UserError} For a key that is unknown, missing or given twice, or a value that a key does not take.
 *
 * @example
 * ```ts
 * import { parsePlot } from "./plot.ts";
 *
 * const { x, color } = parsePlot("x=step,y=loss,color=replica");
 * if (x !== "step" || color !== "replica") throw new Error("not read");
 * ```
 */
export function parsePlot(text: string): Plot {
  const given = new Map<string, string>();
  for (const part of text.split(",")) {
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (key === undefined || value === "") {
      throw new UserError(`expected --plot as in "x=step,y=loss,color=replica", found ${JSON.stringify(part)} in it`);
    }
    if (!(KEYS as readonly string[]).includes(key)) {
      throw new UserError(
        `expected keys ${KEYS.join(", ")} in --plot, found ${key}; did you mean ${closestString(key, KEYS)}?`,
      );
    }
    if (given.has(key)) throw new UserError(`expected ${key} once in --plot, found it twice`);
    if (Object.hasOwn(VALUES, key) && !VALUES[key].includes(value)) {
      throw new UserError(`expected ${key} in --plot to be one of ${VALUES[key].join("|")}, found ${value}`);
    }
    given.set(key, value);
  }
  const [x, y] = ["x", "y"].map((key) => {
    const value = given.get(key);
    if (value === undefined) throw new UserError(`expected ${key}=COLUMN in --plot, found none`);
    return value;
  });
  return { ...Object.fromEntries(given), x, y };
}

/**
 * Draws an answer: one curve for each value of `color`, its mean and the range over rows that share a position.
 *
 * @param plot What to show.
 * @param columns Columns of the answer.
 * @param rows Its rows; those with NULL in a column that is shown are left out.
 * @returns A specification with its rows inline.
 * @throws {UserError} If a column is not there or holds no numbers, or nothing is left to show.
 */
export function plotOf(plot: Plot, columns: readonly AnswerColumn[], rows: readonly (readonly Cell[])[]): Spec {
  const at = Object.fromEntries(
    (["x", "y", "color"] as const).map((key) => [key, plot[key] === undefined ? -1 : indexOf(key, plot[key], columns)]),
  );
  const shown: FigureRow[] = [];
  const seen = new Map<string, number>();
  for (const row of rows) {
    const group = at.color < 0 ? "" : textOf(row[at.color], columns[at.color].type);
    if (row[at.x] === null || row[at.y] === null || (at.color >= 0 && row[at.color] === null)) continue;
    const [x, y] = [numberOf("x", plot.x, row[at.x]), numberOf("y", plot.y, row[at.y])];
    if (plot.log?.includes("x") && x <= 0 || plot.log?.includes("y") && y <= 0) continue;
    const place = `${group}\u0000${x}`;
    const replica = seen.get(place) ?? 0;
    seen.set(place, replica + 1);
    shown.push({ x, y, group, replica });
  }
  if (shown.length === 0) {
    const where = plot.log === undefined ? "" : ` with a place on logarithmic axes (${plot.log})`;
    throw new UserError(`expected rows with ${plot.x} and ${plot.y}${where} to plot, found none among ${rows.length}`);
  }
  const summary = bandOver(shown, { x: "x", value: "y", group: "group" });
  const order = [...new Set(summary.map(({ group }) => group))].toSorted(byNumber);
  const banded = summary.some(({ replicas }) => replicas > 1);
  const title = plot.title ?? `${plot.y} against ${plot.x}${plot.color === undefined ? "" : `, by ${plot.color}`}`;
  return figure(
    {
      title,
      ...(banded ? { subtitle: `mean and ${describeBand(summary).replace("replica", "row")} at a position` } : {}),
      description: `${title}: ${order.length} ${order.length === 1 ? "curve" : "curves"} from ${shown.length} rows.`,
    },
    { answer: thinned(summary, plot) },
    layersOf(plot, summary, order, banded),
  );
}

/** A log can hold more positions than a screen has pixels. */
function thinned(summary: readonly BandRow[], plot: Plot): BandRow[] {
  const spacing = plot.log?.includes("x") ? "log" : "linear";
  return thin(summary, { x: "x", y: ["mean", "low", "high"], intervals: INTERVALS, spacing, group: "group" });
}

function layersOf(plot: Plot, summary: readonly BandRow[], order: readonly string[], banded: boolean): Layer[] {
  const axis = (title: string, letter: string): Axis => ({
    title,
    scale: plot.log?.includes(letter) ? "log" : "linear",
  });
  const points = plot.mark === undefined
    ? new Set(summary.map(({ group }) => group)).size === summary.length
    : plot.mark === "points";
  const x = position("x", points ? { margin: 10, ...axis(plot.x, "x") } : axis(plot.x, "x"), "x");
  const y = (field: string) => position("y", axis(plot.y, "y"), field);
  const color = plot.color === undefined ? { value: PALETTE[0] } : {
    field: "group",
    type: "nominal",
    title: plot.color,
    scale: groupScale(order),
    legend: { symbolType: "square", symbolStrokeWidth: 0, symbolOpacity: 0.9, symbolSize: 130 },
  } as const;
  const data = { name: "answer" };
  const spread: Layer = points
    ? {
      data,
      mark: { type: "rule", strokeWidth: 2, opacity: 0.8 },
      encoding: { x, y: y("low"), y2: { field: "high" }, color },
    }
    : {
      data,
      mark: { type: "area", opacity: 0.25, clip: true },
      encoding: { x, y: y("low"), y2: { field: "high" }, color },
    };
  const centre: Layer = points
    ? { data, mark: { type: "point", filled: true, opacity: 1, size: 45 }, encoding: { x, y: y("mean"), color } }
    : { data, mark: { type: "line", strokeWidth: 2, clip: true }, encoding: { x, y: y("mean"), color } };
  return banded ? [spread, centre] : [centre];
}

function indexOf(key: string, name: string, columns: readonly AnswerColumn[]): number {
  const index = columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
  if (index >= 0) return index;
  const names = columns.map((column) => column.name);
  throw new UserError(`expected ${key} in --plot to be one of the columns ${names.join(", ")}, found ${name}`);
}

function numberOf(key: string, name: string, cell: Cell): number {
  const value = typeof cell === "bigint" ? Number(cell) : cell;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new UserError(`expected finite numbers in ${key}=${name} of --plot, found ${JSON.stringify(textOf(cell))}`);
}

/** Numbers by size, texts as they came. */
function byNumber(a: string, b: string): number {
  const [first, second] = [Number(a), Number(b)];
  return a === "" || b === "" || Number.isNaN(first) || Number.isNaN(second) ? 0 : first - second;
}
