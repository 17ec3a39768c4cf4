/**
 * A figure of unknown origin, made harmless: its data is inline, and nothing in it points anywhere.
 *
 * @module
 */
import { isJson, type Json } from "../../figures/data.ts";
import { FigureError } from "../../figures/spec.ts";

/** Keys that point to another place, or reach for the page around the figure. Rows may be named so. */
const DROPPED = ["usermeta", "$schema", "href", "url", "bind"];
/** Generators of rows out of nothing: a few letters could fill any memory. */
const GENERATORS = ["sequence", "graticule", "sphere"];
const MAX_DEPTH = 100;

/**
 * A copy of a Vega-Lite specification without links, images, bindings and settings of the viewer.
 *
 * The result can still be slow: a figure may hold as many rows as its file is long.
 *
 * @param spec Any JSON.
 * @returns An object, safe to hand to Vega with an interpreter of expressions and a loader that refuses everything.
 * @throws {FigureError} If it is no object, or its data is not inline.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { tameSpec } from "./tame_spec.ts";
 *
 * const data = { values: [{ url: 1 }] };
 * assertEquals(tameSpec({ usermeta: {}, data, mark: { type: "bar", href: "x" } }), { data, mark: { type: "bar" } });
 * assertThrows(() => tameSpec({ data: { url: "x.csv" }, mark: "bar" }), Error, "expected inline data, found data.url");
 * ```
 */
export function tameSpec(spec: unknown): Json {
  if (!isJson(spec)) throw new FigureError("expected a specification, found no JSON object");
  return walk(spec, 0) as Json;
}

function walk(node: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new FigureError(`expected at most ${MAX_DEPTH} levels, found more`);
  if (Array.isArray(node)) return node.map((item) => walk(item, depth + 1));
  if (!isJson(node)) return node;
  return Object.fromEntries(
    Object.entries(node).filter(([key]) => !DROPPED.includes(key)).map(([key, value]) => {
      if (key === "datasets") return [key, isJson(value) ? value : {}];
      if (key === "data" && isJson(value)) return [key, inline(value)];
      return [key, walk(value, depth + 1)];
    }),
  );
}

/** Data of a view: rows, or the name of a dataset. */
function inline(data: Json): Json {
  const found = ["url", ...GENERATORS].find((key) => key in data);
  if (found !== undefined) throw new FigureError(`expected inline data, found data.${found}`);
  const { values, name } = data;
  if (values !== undefined && !Array.isArray(values)) {
    throw new FigureError(`expected rows in data.values, found ${typeof values}`);
  }
  return { ...(values === undefined ? {} : { values }), ...(typeof name === "string" ? { name } : {}) };
}
