/**
 * The table of changes that ends a run on the terminal.
 *
 * @module
 */
import type { Change } from "./curves.ts";

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
 * const key = { layer: 0, head: 1, circuit: "QK", matrix: "blocks.0", measure: "effective-rank", index: 0 };
 * const interval = { median: 300, low: 290, high: 320, found: 3, replicas: 4 };
 * const table = changeTable([{ ...key, ...interval, change: "dip", criterion: "lowest" }]);
 * assertStringIncludes(table, "effective-rank  layer 0 QK head 1  dip      300  [290, 320]  3 of 4");
 * ```
 */
export function changeTable(changes: readonly Change[]): string {
  const shown = changes.filter(({ measure }) => MEASURES_SHOWN.includes(measure));
  if (shown.length === 0) return "";
  const cells = [
    ["measure", "of", "change", "step", "band", "replicas"],
    ...shown.slice(0, MOST_ROWS).map((change) => [
      change.measure,
      place(change),
      change.change,
      short(change.median),
      `[${short(change.low)}, ${short(change.high)}]`,
      `${change.found} of ${change.replicas}`,
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row.map((cell, column) => column === 3 ? cell.padStart(widths[3]) : cell.padEnd(widths[column])).join("  ")
      .trimEnd()
  );
  const more = changes.length - Math.min(shown.length, MOST_ROWS);
  return [...lines, ...(more > 0 ? [`… ${more} more in change_points.json`] : [])].join("\n");
}

function place({ circuit, layer, head, matrix }: Change): string {
  return circuit === "QK" || circuit === "OV" ? `layer ${layer} ${circuit} head ${head}` : matrix;
}

function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}
