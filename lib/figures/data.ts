/** The rows that a view of a specification draws: inherited or its own, named or inline, after its transforms. */

import { FigureError } from "./spec.ts";

/** A JSON object of unknown shape: specifications are walked as data, not by their union of a hundred types. */
export type Json = { readonly [key: string]: unknown };

/** Rows as Vega sees them. */
export type Rows = readonly Json[];

/** True for a plain object. */
export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Rows of a view.
 *
 * @param view A view of a specification.
 * @param path Where the view is, for messages: "layer[0]".
 * @param inherited Rows of the enclosing view, `undefined` where there are none.
 * @param datasets The specification's named datasets.
 * @returns The view's own rows if it has `data`, else the inherited ones, after the view's transforms; `undefined` if a
 *   composition leaves the data to its parts.
 * @throws {FigureError} If data is not inline, a name is unknown, or there are no rows.
 */
export async function rowsOf(
  view: Json,
  path: string,
  inherited: Rows | undefined,
  datasets: Json,
): Promise<Rows | undefined> {
  const rows = view.data === undefined || view.data === null ? inherited : ownRows(view.data, path, datasets);
  const transform = view.transform;
  if (rows === undefined || !Array.isArray(transform) || transform.length === 0) return rows;
  return await transformed(rows, transform, datasets);
}

function ownRows(data: unknown, path: string, datasets: Json): Rows {
  if (!isJson(data)) throw new FigureError(`expected an object as data of view ${path}, found ${data}`);
  const name = data.values === undefined && typeof data.name === "string" ? data.name : undefined;
  if (name !== undefined && !(name in datasets)) {
    throw new FigureError(
      `expected a dataset named "${name}" for view ${path}, found ${Object.keys(datasets).join(", ") || "none"}`,
    );
  }
  const values = name === undefined ? data.values : datasets[name];
  if (!Array.isArray(values)) {
    throw new FigureError(`expected inline rows in data.values of view ${path}, found ${Object.keys(data).join(", ")}`);
  }
  if (values.length === 0) throw new FigureError(`expected at least one row in the data of view ${path}, found none`);
  return values.map((value) => isJson(value) ? value : { data: value });
}

/** Runs the transforms in Vega itself, so that the check sees exactly the rows that would be drawn. */
async function transformed(rows: Rows, transform: readonly unknown[], datasets: Json): Promise<Rows> {
  const { parse, View } = await import("vega");
  const { compile } = await import("vega-lite");
  const { spec } = compile({
    datasets: JSON.parse(JSON.stringify(datasets)),
    data: { values: rows.map((row) => ({ ...row })) },
    transform: JSON.parse(JSON.stringify(transform)),
    mark: "point",
    encoding: {},
  });
  const source = spec.marks?.[0].from;
  if (source === undefined || !("data" in source) || typeof source.data !== "string") {
    throw new FigureError("expected Vega-Lite to name the transformed data, found a mark without data");
  }
  const view = new View(parse(spec), { renderer: "none" });
  try {
    await view.runAsync();
    return view.data(source.data);
  } finally {
    view.finalize();
  }
}
