/**
 * Claims as a table of a page.
 *
 * @module
 */
import { escape } from "@std/html/entities";
import type { JudgedClaim } from "./claim.ts";
import { wordsOf } from "./words.ts";

/** Heads of the table. */
const HEADS = ["claim", "criterion, fixed before the run", "predicted", "measured [interval]", "verdict"];

/**
 * Claims as a table.
 *
 * @param claims Judged claims.
 * @returns HTML without script or address, text of the run escaped; empty for no claims.
 *
 * @example
 * ```ts
 * import { claimsHtml } from "./html.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const claim = { id: "a<b", statement: "It is.", source: "§3", criterion: "at most 2", verdict: "reproduced" as const };
 * const numbers = { predicted: null, measured: 1, low: 0.5, high: 1.5, replicas: 4, replicasToSettle: null };
 * assertStringIncludes(claimsHtml([{ ...claim, ...numbers }]), "a&lt;b");
 * ```
 */
export function claimsHtml(claims: readonly JudgedClaim[]): string {
  if (claims.length === 0) return "";
  return `<table>
<thead><tr>${HEADS.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>
${claims.map(row).join("\n")}
</tbody></table>`;
}

function row(claim: JudgedClaim): string {
  const { id, statement, source, criterion, verdict } = claim;
  const { predicted, measured, notes } = wordsOf(claim);
  return `<tr><th scope="row">${escape(id)}<small>${escape(`${statement} (${source})`)}</small></th>` +
    `<td data-name="criterion">${escape(criterion)}</td>` +
    `<td class="number" data-name="predicted">${predicted}</td>` +
    `<td class="number" data-name="measured">${measured}</td>` +
    `<td><span class="verdict ${verdict.replaceAll(" ", "-")}">${verdict}</span>` +
    `${notes.map((note) => `<small>${escape(note)}</small>`).join("")}</td></tr>`;
}
