/** Trajectories in a plane, such as those of a joint PCA, with named points to compare them with. */

import { type Axis, position } from "./axes.ts";
import { lineChannels, plainColor } from "./channels.ts";
import { figure } from "./compose.ts";
import { captionOf, type FigureWords } from "./draw_panels.ts";
import { FigureError, type Layer, type Spec } from "./spec.ts";
import { INK } from "./theme.ts";

/** A place in the plane. */
export interface PlanePoint {
  /** Horizontal position. */
  readonly x: number;
  /** Vertical position. */
  readonly y: number;
}

/** A place with a name beside it. */
export interface NamedPoint extends PlanePoint {
  /** Name, a few words. */
  readonly name: string;
  /** Side of the place on which the name stands; `right` by default. */
  readonly side?: "left" | "right";
}

/** Options of {@link paths}. */
export interface PathsOptions extends FigureWords {
  /** Paths by group, each from its beginning to its end. Groups without paths are left out. */
  readonly lines: Readonly<Record<string, readonly (readonly PlanePoint[])[]>>;
  /** Places to compare with, drawn dark. */
  readonly points?: readonly NamedPoint[];
  /** Horizontal axis. */
  readonly x: Axis;
  /** Vertical axis. */
  readonly y: Axis;
  /** Title of the legend, needed where there is more than one group. */
  readonly by?: string;
}

/**
 * Draws paths in a plane in the order of their places, with a dot at the end of each, and named places dark on top.
 *
 * @param options Words, paths, places and axes.
 * @returns A complete specification, null if there are no paths.
 * @throws {FigureError} If there are several groups and `by` is missing.
 *
 * @example
 * ```ts
 * import { paths } from "./paths.ts";
 * import { renderSvg } from "./render.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const spiral = Array.from({ length: 50 }, (_, t) => ({ x: t * Math.cos(t / 5), y: t * Math.sin(t / 5) }));
 * const spec = paths({
 *   title: "A spiral",
 *   lines: { outwards: [spiral] },
 *   points: [{ x: 0, y: 0, name: "centre" }],
 *   x: { title: "PC1" },
 *   y: { title: "PC2" },
 * });
 * assertStringIncludes(await renderSvg(spec!), ">centre<");
 * ```
 */
export function paths(options: PathsOptions): Spec | null {
  const { lines, points = [], by } = options;
  const [x, y] = [{ margin: 14, ...options.x }, { margin: 14, ...options.y }];
  const groups = Object.keys(lines).filter((group) => lines[group].some((path) => path.length > 0));
  if (groups.length === 0) return null;
  if (groups.length > 1 && by === undefined) {
    throw new FigureError(`expected "by", which names ${groups.length} groups (${groups.join(", ")}), found none`);
  }
  const rows = groups.flatMap((group) =>
    lines[group].flatMap((path, replica) => path.map((place, order) => ({ ...at(place), group, replica, order })))
  );
  const ends = groups.flatMap((group) =>
    lines[group].filter((path) => path.length > 0).map((path) => ({ ...at(path[path.length - 1]), group }))
  );
  const frame = {
    x,
    y,
    strokes: new Map(),
    measured: true,
    ...(by === undefined ? {} : { groups: { title: by, order: groups } }),
  };
  const place = { x: position("x", x, "x"), y: position("y", y, "y") };
  const named = points.map((point) => ({ ...at(point), name: point.name }));
  const side = (of: NamedPoint["side"]) =>
    points.filter((point) => (point.side ?? "right") === of).map(({ name }) => name);
  const layers: Layer[] = [
    {
      data: { name: "paths" },
      mark: { type: "line", strokeWidth: 1.6, opacity: 0.75, clip: true, ...plainColor(frame) },
      encoding: {
        ...place,
        detail: { field: "replica", type: "nominal" },
        order: { field: "order", type: "quantitative" },
        ...lineChannels(frame),
      },
    },
    {
      data: { name: "ends" },
      mark: { type: "circle", size: 70, opacity: 0.95, ...plainColor(frame) },
      encoding: { ...place, ...lineChannels(frame) },
    },
  ];
  if (named.length > 0) {
    layers.push({
      data: { name: "places" },
      mark: { type: "point", shape: "diamond", filled: true, size: 70, color: INK, opacity: 1 },
      encoding: place,
    });
    for (const [of, align] of [["right", "left"], ["left", "right"]] as const) {
      const own = new Set(side(of));
      if (own.size === 0) continue;
      layers.push({
        data: { values: named.filter(({ name }) => own.has(name)) },
        mark: { type: "text", align, dx: of === "right" ? 8 : -8, dy: -1, fontSize: 11, color: INK },
        encoding: { ...place, text: { field: "name" } },
      });
    }
  }
  const caption = captionOf(options, [], `${options.title}: paths in the plane of ${x.title} and ${y.title}.`);
  const datasets = { paths: rows, ends, ...(named.length === 0 ? {} : { places: named }) };
  return figure({ width: 420, height: 360, ...caption }, datasets, layers);
}

const at = ({ x, y }: PlanePoint) => ({ x, y });
