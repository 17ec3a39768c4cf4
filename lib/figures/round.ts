/** Numbers as long as a figure needs them: five digits resolve a pixel, and files stay small. */

import { FigureError, type Spec } from "./spec.ts";

/**
 * Round to significant digits: the nearest decimal `m · 10^e` with `digits` digits in m.
 *
 * @param value Finite number.
 * @param digits Integer in [1, 17].
 * @returns The rounded number; integers up to 2⁵³ (steps, counts, seeds) are returned as they are.
 * @throws {FigureError} If `digits` is out of range.
 *
 * @example
 * ```ts
 * import { roundTo } from "./round.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(roundTo(0.123456789, 5), 0.12346);
 * assertEquals(roundTo(1234567, 5), 1234567);
 * ```
 */
export function roundTo(value: number, digits: number): number {
  if (!Number.isInteger(digits) || digits < 1 || digits > 17) {
    throw new FigureError(`expected digits to be an integer in [1, 17], found ${digits}`);
  }
  return Number.isSafeInteger(value) || !Number.isFinite(value) ? value : Number(value.toPrecision(digits));
}

/**
 * A copy of a specification whose data, and nothing else, is rounded.
 *
 * @param spec A specification with inline data (`data.values`, `datasets`).
 * @param digits Significant digits, integer in [1, 17].
 * @returns A deep copy.
 * @throws {FigureError} If `digits` is out of range.
 *
 * @example
 * ```ts
 * import { roundData } from "./round.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const spec = { data: { values: [{ a: 1 / 3 }] }, mark: "point", width: 1 / 3 } as const;
 * assertEquals(roundData({ ...spec, data: { values: [{ a: 1 / 3 }] } }, 3), {
 *   data: { values: [{ a: 0.333 }] }, mark: "point", width: 1 / 3,
 * });
 * ```
 */
export function roundData(spec: Spec, digits: number): Spec {
  return walk(spec, false) as Spec;

  function walk(node: unknown, isData: boolean): unknown {
    if (typeof node === "number") return isData ? roundTo(node, digits) : node;
    if (Array.isArray(node)) return node.map((item) => walk(item, isData));
    if (typeof node !== "object" || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, item]) => [key, walk(item, isData || key === "data" || key === "datasets")]),
    );
  }
}
