/**
 * The list of experiments in README.md: question, and verdicts of every kept run.
 *
 * @module
 */
import { countVerdicts } from "../claims/claim.ts";
import type { BoardEntry } from "./board/collect.ts";
import { basename } from "@std/path";
import { listItem } from "./markdown.ts";

const [FROM, TO] = ["<!-- experiments: written by ./lab gallery -->", "<!-- /experiments -->"];

/**
 * The list.
 *
 * @param entries Kept runs, those of one experiment together.
 * @param gallery Path of the gallery as links have it.
 * @returns Markdown, an item for each experiment.
 */
export function experimentsList(entries: readonly BoardEntry[], gallery = "results/gallery"): string {
  const names = [...new Set(entries.map(({ experiment }) => experiment))];
  return names.map((name) => {
    const own = entries.filter(({ experiment }) => experiment === name);
    const kept = own.map(({ folder, preset, claims }) => {
      const { reproduced = 0, "not reproduced": not = 0, inconclusive = 0 }: Record<string, number> = countVerdicts(
        claims,
      );
      return `[${preset}](${gallery}/${basename(folder)}/README.md) ${reproduced}/${not}/${inconclusive}`;
    });
    return listItem(`**[${name}](experiments/${name}.ts)** ${own[0].question} ${kept.join(", ")}`);
  }).join("\n");
}

/**
 * Puts the list between its two markers.
 *
 * @param readme Text with both markers.
 * @param list The list.
 * @returns The text with the list in place of what stood there.
 * @throws {Error} If a marker is missing.
 */
export function withExperimentsList(readme: string, list: string): string {
  const [start, end] = [readme.indexOf(FROM), readme.indexOf(TO)];
  if (start < 0 || end < start) throw new Error(`expected ${FROM} and ${TO} in README.md, found none`);
  return `${readme.slice(0, start)}${FROM}\n\n${list}\n\n${readme.slice(end)}`;
}
