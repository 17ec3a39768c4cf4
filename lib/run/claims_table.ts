/**
 * The table of claims that ends a run on the terminal.
 *
 * @module
 */
import { bold, dim, green, red, yellow } from "@std/fmt/colors";
import type { JudgedClaim, Verdict } from "./claims.ts";

const PAINT: Record<Verdict, (text: string) => string> = {
  "reproduced": green,
  "not reproduced": red,
  "inconclusive": yellow,
};

/**
 * Claims as an aligned table, a statement below each row. The two error columns appear if any claim has them.
 *
 * @param judged Claims with their numbers.
 * @param colour Whether to paint verdicts.
 * @returns Lines joined by newlines; empty for no claims.
 *
 * @example
 * ```ts
 * import { claimsTable } from "./claims_table.ts";
 *
 * const claim = { id: "null-blocks", statement: "p1 stays 0", source: "§3", criterion: "|p1| ≤ 1e-3" };
 * const table = claimsTable([{ ...claim, predicted: 0, measured: 1, low: 0, high: 2, verdict: "inconclusive" }], false);
 * if (!table.includes("null-blocks  inconclusive          0         1  [0, 2]")) throw new Error(table);
 * ```
 */
export function claimsTable(judged: readonly JudgedClaim[], colour: boolean): string {
  if (judged.length === 0) return "";
  const compared = judged.some(({ errors }) => errors !== undefined);
  const head = [
    "claim",
    "verdict",
    "predicted",
    "measured",
    "band",
    ...(compared ? ["paper error", "exact error"] : []),
  ];
  const rows = judged.map((claim) => [
    claim.id,
    claim.verdict,
    short(claim.predicted),
    short(claim.measured),
    `[${short(claim.low)}, ${short(claim.high)}]`,
    ...(compared ? [percent(claim.errors?.paper), percent(claim.errors?.exact)] : []),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const rightAligned = [2, 3, 5, 6];
  const pad = (cell: string, column: number) =>
    rightAligned.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  const paint = (paintWith: (text: string) => string, text: string) => colour ? paintWith(text) : text;

  const lines = [paint(bold, head.map(pad).join("  ").trimEnd())];
  judged.forEach((claim, index) => {
    const cells = rows[index].map(pad);
    cells[1] = paint(PAINT[claim.verdict], cells[1]);
    lines.push(cells.join("  ").trimEnd());
    lines.push(paint(dim, `  ${claim.statement} (${claim.source})`));
    if (claim.detail) lines.push(paint(dim, `  ${claim.detail}`));
  });
  return lines.join("\n");
}

/** Four significant digits, without trailing zeros. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function percent(error: number | undefined): string {
  return error === undefined ? "" : `${Number((100 * error).toPrecision(2))} %`;
}
