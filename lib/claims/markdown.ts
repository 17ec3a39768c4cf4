/**
 * Claims in Markdown: a short list for each, no table.
 *
 * @module
 */
import type { JudgedClaim } from "./claim.ts";
import { threeDigits } from "./judgement.ts";
import { measuredOf, notesOf, wrapped } from "./words.ts";

/** Most characters of a line. */
const WIDTH = 118;

/**
 * Text of a run as text of a page: one line, in which nothing becomes markup or a tag.
 *
 * @param text Any text.
 * @returns Markdown.
 *
 * @example
 * ```ts
 * import { plain } from "./markdown.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(plain("a\nb <i> *c* d_e"), "a b &lt;i> \\*c\\* d_e");
 * ```
 */
export function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*[\]|]/g, "\\$&").replaceAll(/(?<!\w)_|_(?!\w)/g, "\\_")
    .replaceAll(/&(?=#|\w+;)/g, "&amp;").replaceAll("<", "&lt;");
}

/**
 * Claims as a list: name, verdict and numbers of each, and below them statement, criterion and notes.
 *
 * @param claims Judged claims.
 * @returns Lines joined by newlines; empty for no claims.
 *
 * @example
 * ```ts
 * import { claimsMarkdown } from "./markdown.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const claim = { id: "falls", statement: "The loss falls.", source: "§3", criterion: "at most 2" };
 * const numbers = { predicted: null, measured: 1, low: 0.5, high: 1.5, replicas: 4, replicasToSettle: null };
 * assertEquals(
 *   claimsMarkdown([{ ...claim, ...numbers, verdict: "reproduced" }]),
 *   "- **falls**: reproduced, 1 [0.5, 1.5]\n  - The loss falls. (§3)\n  - Criterion: at most 2",
 * );
 * ```
 */
export function claimsMarkdown(claims: readonly JudgedClaim[]): string {
  return claims.flatMap((claim) => {
    const { id, statement, source, criterion, predicted, verdict } = claim;
    const prediction = predicted === null ? "" : `, predicted ${threeDigits(predicted)}`;
    return [
      ...item("", `**${plain(id)}**: ${verdict}, ${measuredOf(claim)}${prediction}`),
      ...item("  ", plain(`${statement} (${source})`)),
      ...item("  ", `Criterion: ${plain(criterion)}`),
      ...notesOf(claim).flatMap((note) => item("  ", plain(note))),
    ];
  }).join("\n");
}

function item(indent: string, text: string): string[] {
  return wrapped(text, WIDTH - indent.length - 2).map((line, index) => `${indent}${index === 0 ? "- " : "  "}${line}`);
}
