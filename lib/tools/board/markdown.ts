/**
 * The board as Markdown: the same text for the same claims, so that a kept copy can be compared.
 *
 * @module
 */
import { basename } from "@std/path";
import type { BoardEntry } from "./collect.ts";
import { counts, measured, short } from "./numbers.ts";

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
    `Every claim of the newest kept run of each experiment and preset: ${
      counts(all)
    }. Each criterion was written into the log ` +
    "before the run. A claim that is not reproduced is a result. `deno task gallery RUN` rewrites this file.",
    ...entries.flatMap(section),
  ].join("\n\n") + "\n";
}

function section({ experiment, question, preset, folder, start, adapter, seeds, claims }: BoardEntry): string[] {
  const name = basename(folder);
  const rows = claims.map((claim) => {
    const { id, statement, source, criterion, predicted, verdict, detail = "" } = claim;
    return `| ${
      [id, statement, source, criterion, short(predicted), measured(claim), `**${verdict}** ${detail}`.trim()]
        .map(cell).join(" | ")
    } |`;
  });
  return [
    `## ${text(experiment)}, ${text(preset)}`,
    text(question),
    `Preset ${text(preset)}, ${start.slice(0, 10)}, ${seeds} ${seeds === 1 ? "seed" : "seeds"} on ${text(adapter)}: ` +
    `${counts(claims)}. Figures: [${text(name)}](${encodeURI(name)}/README.md).`,
    ...(claims.length === 0 ? [] : [
      [
        "| claim | statement | source | criterion, fixed before the run | predicted | measured [interval] | verdict |",
        "|---|---|---|---|---|---|---|",
        ...rows,
      ].join("\n"),
    ]),
  ];
}

function cell(words: string): string {
  return text(words).replaceAll("|", "\\|");
}

/** One line, in which nothing becomes a tag. */
function text(words: string): string {
  return words.replaceAll(/\s+/g, " ").replaceAll("<", "&lt;");
}
