/**
 * The table of claims that ends a run on the terminal.
 *
 * @module
 */
import { bold, dim, green, red, yellow } from "@std/fmt/colors";
import type { JudgedClaim } from "./claim.ts";
import type { Verdict } from "./judgement.ts";
import { threeDigits } from "./judgement.ts";
import { intervalOf, notesOf, wrapped } from "./words.ts";

const PAINT: Record<Verdict, (text: string) => string> = {
  "reproduced": green,
  "not reproduced": red,
  "inconclusive": yellow,
  "trial": dim,
};

/** How a table is printed. */
export interface TableStyle {
  /** Whether to paint verdicts. */
  readonly colour?: boolean;
  /** Columns of the terminal; without it nothing is wrapped. */
  readonly width?: number;
  /** Whether a line says what counts as reproduced; default false. */
  readonly criterion?: boolean;
}

/**
 * Claims as an aligned table, with statement, detail, rivals, and the replicas that would settle them below each row.
 *
 * @param judged Claims with their numbers.
 * @param style Colour and width.
 * @returns Lines joined by newlines; empty for no claims.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { claimsTable } from "./terminal.ts";
 *
 * const claim = { id: "null-blocks", statement: "p1 stays 0.", source: "§3", criterion: "|p1| ≤ 1e-3" };
 * const numbers = { predicted: 0, measured: 1, low: 0, high: 2, replicas: 4, replicasToSettle: 9 };
 * const table = claimsTable([{ ...claim, ...numbers, verdict: "inconclusive" }]);
 * assertStringIncludes(table, "null-blocks  inconclusive          0         1  [0, 2]");
 * ```
 */
export function claimsTable(judged: readonly JudgedClaim[], style: TableStyle = {}): string {
  if (judged.length === 0) return "";
  const { colour = false, width = Infinity, criterion = false } = style;
  const paint = (paintWith: (text: string) => string, text: string) => colour ? paintWith(text) : text;
  const [head, ...rows] = columnsOf(judged);
  const lines = [paint(bold, head.join(GAP).trimEnd())];
  judged.forEach((claim, index) => {
    const cells = [...rows[index]];
    cells[1] = paint(PAINT[claim.verdict], cells[1]);
    const said = criterion ? [`criterion: ${claim.criterion}`] : [];
    const notes = [`${claim.statement} (${claim.source})`, ...said, ...notesOf(claim)];
    lines.push(cells.join(GAP).trimEnd());
    lines.push(...notes.flatMap((note) => wrapped(note, width - 2)).map((line) => paint(dim, `  ${line}`)));
  });
  return lines.join("\n");
}

const GAP = "  ";

/** Head and rows as cells of equal width. */
function columnsOf(judged: readonly JudgedClaim[]): string[][] {
  const table = [
    ["claim", "verdict", "predicted", "measured", "interval"],
    ...judged.map((claim) => [
      claim.id,
      claim.verdict,
      threeDigits(claim.predicted),
      threeDigits(claim.measured),
      intervalOf(claim),
    ]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const rightAligned = [2, 3];
  return table.map((row) =>
    row.map((cell, column) =>
      rightAligned.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])
    )
  );
}
