/**
 * The table of changes that ends a run on the terminal.
 *
 * @module
 */
import type { Change } from "./changes.ts";

const MEASURES_SHOWN = ["effective-rank", "subspace-distance", "frobenius-norm", "parameter-norm"];
const MOST_ROWS = 40;

/**
 * Changes as an aligned table: of the main measures, and of each the ones that come first.
 *
 * @param changes All changes.
 * @returns Lines joined by newlines; empty for no changes.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { changeTable } from "./change_table.ts";
 *
 * const of = { series: "QK", quantity: "effective-rank", layer: 0, head: 1 };
 * const times = { median: 312.3, low: 290, high: 320, after: 300, before: 350, found: 3, replicas: 4 };
 * const table = changeTable([{ ...of, ...times, change: "drop", criterion: "first crossing" }]);
 * assertStringIncludes(table, "effective-rank  layer 0 QK head 1  drop    between 300 and 350  3 of 4");
 * ```
 */
export function changeTable(changes: readonly Change[]): string {
  const shown = changes.filter(({ quantity }) => MEASURES_SHOWN.includes(quantity));
  if (shown.length === 0) return "";
  const cells = [
    ["measure", "of", "change", "steps", "replicas"],
    ...shown.slice(0, MOST_ROWS).map((change) => [
      change.quantity,
      placeOf(change),
      change.change,
      change.after === change.before ? `at ${change.before}` : `between ${change.after} and ${change.before}`,
      `${change.found} of ${change.replicas}`,
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd());
  const more = changes.length - Math.min(shown.length, MOST_ROWS);
  return [...lines, ...(more > 0 ? [`… ${more} more in change_points.json`] : [])].join("\n");
}

function placeOf({ series, layer, head }: Change): string {
  return head === undefined ? series : `layer ${layer} ${series} head ${head}`;
}
