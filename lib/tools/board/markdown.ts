/**
 * The board as Markdown: the same text for the same claims, so that a kept copy can be compared.
 *
 * @module
 */
import { basename } from "@std/path";
import { claimsMarkdown, plain } from "../../claims/markdown.ts";
import { countsInWords } from "../../claims/words.ts";
import { paragraph } from "../markdown.ts";
import type { BoardEntry } from "./collect.ts";

/**
 * A page of the board.
 *
 * @param entries Runs of the board.
 * @returns Text ending with a newline.
 */
export function boardMarkdown(entries: readonly BoardEntry[]): string {
  const all = entries.flatMap(({ claims }) => claims);
  return [
    "# Claims",
    `Every claim of the newest kept run of each experiment and preset: ${countsInWords(all)}.`,
    "Each criterion was written into the log before the run. A claim that is not reproduced is a result. " +
    "`./lab gallery RUN` rewrites this file.",
    ...entries.flatMap(section),
  ].join("\n\n") + "\n";
}

function section({ experiment, question, preset, folder, start, adapter, seeds, claims }: BoardEntry): string[] {
  const name = basename(folder);
  return [
    `## ${plain(experiment)}, ${plain(preset)}`,
    plain(question),
    paragraph(
      `Preset ${plain(preset)}, ${start.slice(0, 10)}, ${seeds} ${seeds === 1 ? "seed" : "seeds"} on ${
        plain(adapter)
      }: ${countsInWords(claims)}. Figures: [${plain(name)}](${encodeURI(name)}/README.md).`,
    ),
    ...(claims.length === 0 ? [] : [claimsMarkdown(claims)]),
  ];
}
