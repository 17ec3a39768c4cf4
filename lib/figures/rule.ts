/** Reference lines: a floor, a threshold, a predicted time. */

import { FigureError, type Layer } from "./spec.ts";

/** A reference line across the panel, with an optional label at its end. */
export interface Rule {
  /** Position of a vertical line, in the x axis' unit. */
  x?: number;
  /** Position of a horizontal line, in the y axis' unit. */
  y?: number;
  /** Text beside the line; none by default. */
  label?: string;
  /** Put the label of a horizontal line below it; default above. */
  below?: boolean;
  /** Put the label of a horizontal line at its left end; default right. */
  start?: boolean;
}

/**
 * Thin dotted reference line at a position.
 *
 * @param rule Exactly one of `x` and `y`.
 * @returns One layer for the line and, if there is a label, one for the text.
 * @throws {FigureError} If neither or both positions are given, or the position is not finite.
 *
 * @example
 * ```ts
 * import { ruleAt } from "./rule.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ruleAt({ y: 0.5, label: "floor" }).length, 2);
 * ```
 */
export function ruleAt(rule: Rule): Layer[] {
  const { x, y, label } = rule;
  if ((x === undefined) === (y === undefined)) {
    throw new FigureError(`expected exactly one of x and y in rule, found x ${x} and y ${y}`);
  }
  if (!Number.isFinite(x ?? y)) throw new FigureError(`expected a finite position in rule, found ${x ?? y}`);
  const data = { values: [{}] };
  const line = { type: "rule" as const, color: "#777777", strokeDash: [1, 3], strokeWidth: 1.2, clip: true };
  const text = { type: "text", color: "#666666", fontSize: 10.5 } as const;
  if (y !== undefined) {
    const encoding = { y: { datum: y } };
    const end = rule.start ? { align: "left", x: 6 } as const : { align: "right", x: "width" } as const;
    return [
      { data, mark: line, encoding },
      ...(label === undefined
        ? []
        : [{ data, mark: { ...text, text: label, ...end, dy: rule.below ? 9 : -7 }, encoding } satisfies Layer]),
    ];
  }
  const encoding = { x: { datum: x } };
  return [
    { data, mark: line, encoding },
    ...(label === undefined
      ? []
      : [{ data, mark: { ...text, text: label, align: "left", dx: 5, y: 8 }, encoding } satisfies Layer]),
  ];
}
