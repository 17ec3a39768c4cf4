/**
 * The board on a terminal.
 *
 * @module
 */
import { bold } from "@std/fmt/colors";
import { claimsTable, type TableStyle } from "../../claims/terminal.ts";
import type { BoardEntry } from "./collect.ts";
import { countsInWords } from "../../claims/words.ts";

/**
 * A table of claims for each run, with source and criterion below each claim, and a last line that counts verdicts.
 *
 * @param entries Runs of the board.
 * @param style Colour and width.
 * @returns Lines joined by newlines.
 */
export function boardTable(entries: readonly BoardEntry[], style: TableStyle = {}): string {
  const sections = entries.map(({ experiment, preset, start, adapter, seeds, claims }) => {
    const about = `${start.slice(0, 10)}, ${seeds} ${seeds === 1 ? "seed" : "seeds"}, ${adapter}`;
    const head = `${experiment} --preset=${preset}`;
    const table = claimsTable(claims, { ...style, criterion: true });
    return [`${style.colour ? bold(head) : head}  ${about}: ${countsInWords(claims)}`, table].filter((part) => part)
      .join(
        "\n",
      );
  });
  const all = entries.flatMap(({ claims }) => claims);
  return [...sections, `${entries.length} ${entries.length === 1 ? "run" : "runs"}, claims: ${countsInWords(all)}`]
    .join(
      "\n\n",
    );
}
