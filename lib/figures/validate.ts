/** A figure is checked before it is drawn: Vega-Lite itself ignores unknown channels and draws nothing for missing fields. */

import { closestString } from "@std/text/closest-string";
import type { ErrorObject, ValidateFunction } from "ajv";
import { checkFields } from "./fields.ts";
import { FigureError, type Spec } from "./spec.ts";

let compiling: Promise<ValidateFunction> | undefined;

/**
 * Check a specification against the Vega-Lite 6 schema, and every encoded field against the rows of its view.
 *
 * The schema is compiled on the first call of a process, which takes one to two seconds; later calls take milliseconds.
 *
 * @param spec A specification with inline data.
 * @throws {FigureError} If the schema is violated (naming the place, what is allowed there and what was found), a field
 *   does not exist in its view, a quantitative value is not finite, or a value on a logarithmic scale is not positive.
 *
 * @example
 * ```ts
 * import { validate } from "./validate.ts";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(
 *   () =>
 *     validate({
 *       data: { values: [{ step: 1 }] },
 *       mark: "point",
 *       encoding: { x: { field: "stpe", type: "quantitative" } },
 *     }),
 *   Error,
 *   'expected field "stpe" for channel x of view top, found step',
 * );
 * ```
 */
export async function validate(spec: Spec): Promise<void> {
  const check = await (compiling ??= compileSchema());
  if (!check(spec)) throw new FigureError(explain(check.errors ?? []));
  await checkFields(spec);
}

async function compileSchema(): Promise<ValidateFunction> {
  const { Ajv } = await import("ajv");
  const { default: schema } = await import("vega-lite/schema", { with: { type: "json" } });
  // The schema uses union types and string formats that ajv's strict mode would complain about.
  // Optimising the generated code takes far longer than it saves on a handful of figures.
  const code = { optimize: false };
  // Definitions that are written once, and not wherever they are used, take a fifth less of the time.
  return new Ajv({ strict: false, validateFormats: false, verbose: true, inlineRefs: false, code }).compile(schema);
}

/**
 * Says what is wrong in one line. A union fails with the complaints of all its branches; the branch that was meant is the
 * one that got furthest into the document, so the deepest complaint is the telling one.
 */
function explain(errors: readonly ErrorObject[]): string {
  const depth = (error: ErrorObject) => error.instancePath.split("/").length;
  const telling = errors.filter((error) => error.keyword !== "anyOf");
  const deepest = Math.max(...telling.map(depth));
  const candidates = telling.filter((error) => depth(error) === deepest);
  const worst = candidates.find((error) => error.keyword === "additionalProperties") ?? candidates[0] ?? errors[0];
  const place = worst.instancePath === "" ? "the top level" : worst.instancePath;
  const listed = (error: ErrorObject) => error.keyword === "enum" || error.keyword === "const";
  const siblings = candidates.filter((error) =>
    error.instancePath === worst.instancePath &&
    (error.keyword === worst.keyword || listed(error) && listed(worst))
  );
  if (worst.keyword === "additionalProperties") {
    const found = String(worst.params.additionalProperty);
    const known = siblings.flatMap((error) => Object.keys(error.parentSchema?.properties ?? {}));
    return `expected at ${place} only properties that Vega-Lite knows${nearest(found, known)}, found "${found}"`;
  }
  if (listed(worst)) {
    const found = JSON.stringify(worst.data);
    const known = [...new Set(siblings.flatMap((error) => error.params.allowedValues ?? error.params.allowedValue))];
    return `expected at ${place} one of ${known.join(", ")}${
      nearest(String(worst.data), known.map(String))
    }, found ${found}`;
  }
  return `expected at ${place} that it ${worst.message}, found ${JSON.stringify(worst.data)?.slice(0, 80)}`;
}

function nearest(found: string, known: readonly string[]): string {
  return known.length === 0 ? "" : ` (nearest: ${closestString(found, known)})`;
}
