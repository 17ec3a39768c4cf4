/** Every encoded field must exist in its view's rows, and hold values that its scale can show. */

import { isJson, type Json, type Rows, rowsOf } from "./data.ts";
import { FigureError, type Spec } from "./spec.ts";

/** Fields that a view takes over from the views around it. */
interface Context {
  path: string;
  rows: Rows | undefined;
  encoding: Json;
  /** Channels with a logarithmic scale, which layers of one panel share. */
  log: ReadonlySet<string>;
}

const COMPOSITIONS = ["layer", "concat", "hconcat", "vconcat"] as const;
const QUANTITATIVE_SCALES = new Set(["linear", "log", "pow", "sqrt", "symlog"]);

/**
 * Check all views of a specification: single, layered, faceted, concatenated, repeated; own or inherited data; named
 * datasets; transforms (which Vega runs, so created fields count).
 *
 * @param spec A specification with inline data.
 * @throws {FigureError} If a field is missing, a quantitative field holds something other than finite numbers, or a
 *   logarithmic scale meets a number that is not positive, or a scale of given names a name that is none of them. The
 *   message names field, channel, view and what was found.
 */
export async function checkFields(spec: Spec): Promise<void> {
  const root: unknown = spec;
  if (!isJson(root)) throw new FigureError(`expected an object as specification, found ${root}`);
  const datasets = isJson(root.datasets) ? root.datasets : {};
  await check(root, { path: "top", rows: undefined, encoding: {}, log: new Set() });

  async function check(view: Json, context: Context): Promise<void> {
    const rows = await rowsOf(view, context.path, context.rows, datasets);
    const encoding = { ...context.encoding, ...(isJson(view.encoding) ? view.encoding : {}) };
    const log = view.layer === undefined ? context.log : new Set([...context.log, ...logChannels(view)]);
    const inner = (path: string) => ({ path, rows, encoding, log });

    if (view.facet !== undefined) checkChannels({ facet: view.facet }, inner(context.path));
    for (const name of COMPOSITIONS) {
      const parts = view[name];
      if (!Array.isArray(parts)) continue;
      for (const [index, part] of parts.entries()) {
        if (isJson(part)) await check(part, inner(`${context.path}.${name}[${index}]`));
      }
    }
    if (isJson(view.spec)) {
      for (const [label, part] of repeated(view.spec, view.repeat)) {
        await check(part, inner(`${context.path}.spec${label}`));
      }
    }
    if (view.mark !== undefined) {
      checkChannels(encoding, { path: context.path, rows, encoding, log: new Set([...log, ...logChannels(view)]) });
    }
  }
}

function checkChannels(encoding: Json, { path, rows, log }: Context): void {
  for (const [channel, definition] of Object.entries(encoding)) {
    // The far end of a band or a rule has the scale, and so the type, of its near end.
    const near = channel.replace(/2$/, "");
    const inherits = near !== channel && fieldUses(encoding[near]).some((use) => use.quantitative);
    for (const use of fieldUses(definition)) {
      const where = `channel ${channel} of view ${path}`;
      if (rows === undefined) throw new FigureError(`expected data for ${where}, found none in it or around it`);
      const values = rows.map((row) => valueOf(row, use.field));
      if (values.every((value) => value === undefined)) {
        const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))];
        throw new FigureError(
          `expected field "${use.field}" for ${where}, found ${fields.length === 0 ? "no field" : fields.join(", ")}`,
        );
      }
      if (use.names !== undefined) {
        const index = values.findIndex((value) => value !== undefined && !use.names?.includes(value));
        if (index >= 0) {
          throw new FigureError(
            `expected one of ${use.names.join(", ")} (scale.domain) in field "${use.field}" for ${where}, found ${
              describe(values[index])
            } in row ${index}`,
          );
        }
      }
      if (!use.quantitative && !inherits) continue;
      const positive = log.has(near) && !use.aggregated;
      values.forEach((value, index) => {
        const number = typeof value === "number" && Number.isFinite(value);
        if (number && (!positive || value > 0)) return;
        const kind = number ? "positive numbers on the log scale" : "finite numbers";
        throw new FigureError(
          `expected ${kind} in field "${use.field}" for ${where}, found ${describe(value)} in row ${index}`,
        );
      });
    }
    const datum = isJson(definition) ? definition.datum : undefined;
    if (log.has(channel) && typeof datum === "number" && !(datum > 0)) {
      throw new FigureError(
        `expected a positive datum on the log scale for channel ${channel} of view ${path}, found ${datum}`,
      );
    }
  }
}

/** How a channel uses a field. */
interface FieldUse {
  field: string;
  quantitative: boolean;
  aggregated: boolean;
  /** All that the scale can show, where it is told. */
  names?: readonly unknown[];
}

/** Every `{ field: "…" }` within a channel: the channel itself, its conditions, its sort, parts of lists. */
function fieldUses(node: unknown): FieldUse[] {
  if (Array.isArray(node)) return node.flatMap(fieldUses);
  if (!isJson(node)) return [];
  const nested = Object.values(node).flatMap(fieldUses);
  if (typeof node.field !== "string") return nested;
  const scale = isJson(node.scale) ? node.scale.type : undefined;
  const quantitative = node.type === "quantitative" || (typeof scale === "string" && QUANTITATIVE_SCALES.has(scale));
  const domain = isJson(node.scale) ? node.scale.domain : undefined;
  const listed = (node.type === "nominal" || node.type === "ordinal") && Array.isArray(domain) &&
    node.bin === undefined;
  const use = { field: node.field, quantitative, aggregated: node.aggregate !== undefined };
  return [listed ? { ...use, names: domain } : use, ...nested];
}

/** Positions whose scale is logarithmic in a view or in any of its layers, which share scales unless told otherwise. */
function logChannels(view: Json): string[] {
  const own = Object.entries(isJson(view.encoding) ? view.encoding : {}).flatMap(([channel, definition]) =>
    isJson(definition) && isJson(definition.scale) && definition.scale.type === "log" ? [channel] : []
  );
  const scales = isJson(view.resolve) && isJson(view.resolve.scale) ? view.resolve.scale : {};
  const layers = Array.isArray(view.layer) ? view.layer.filter(isJson) : [];
  const shared = layers.flatMap(logChannels).filter((channel) => scales[channel] !== "independent");
  return [...own, ...shared];
}

/** The views that a repeat stands for, with `{ repeat: … }` replaced by each field; the view itself if none repeats. */
function repeated(view: Json, repeat: unknown): [label: string, view: Json][] {
  if (Array.isArray(repeat)) return repeat.map((field) => [`[${field}]`, substitute(view, "repeat", String(field))]);
  if (!isJson(repeat)) return [["", view]];
  return Object.entries(repeat).reduce<[string, Json][]>(
    (views, [by, fields]) =>
      (Array.isArray(fields) ? fields : []).flatMap((field) =>
        views.map(([label, part]): [string, Json] => [`${label}[${field}]`, substitute(part, by, String(field))])
      ),
    [["", view]],
  );
}

function substitute(view: Json, by: string, field: string): Json {
  return JSON.parse(JSON.stringify(view), (_, node) => isJson(node) && node.repeat === by ? field : node);
}

/** A field's value by Vega's rules: the name as it is, with escaped dots, or a path into nested objects. */
function valueOf(row: Json, field: string): unknown {
  if (field in row) return row[field];
  const plain = field.replaceAll("\\", "");
  if (plain in row) return row[plain];
  return field.split(/[.[\]]+/).filter((part) => part !== "").reduce<unknown>(
    (value, part) => isJson(value) || Array.isArray(value) ? (value as Json)[part] : undefined,
    row,
  );
}

function describe(value: unknown): string {
  if (value === undefined) return "no value";
  return typeof value === "string" ? `"${value}"` : String(value);
}
