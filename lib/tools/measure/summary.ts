/**
 * End of a run of the tool: change points, their table, findings of the checks, and warnings.
 *
 * @module
 */
import { RunError } from "../../io/errors.ts";
import type { RunContext } from "../../run/experiment.ts";
import type { AuditFinding } from "./audit.ts";
import { changeTable } from "./change_table.ts";
import { changesOf } from "./changes.ts";
import type { measureColumns } from "./columns.ts";
import type { measureOptions } from "./options.ts";
import type { Unsound } from "./sources.ts";

/** Context of a run of the tool. */
export type MeasureContext = RunContext<typeof measureOptions, typeof measureColumns>;

const MOST_FINDINGS = 8;

/**
 * Writes change points, and prints their table.
 *
 * @param context Of the run.
 * @param own Names of measures of one's own.
 */
export async function summarise(
  { configuration, measured, write, log }: MeasureContext,
  own: readonly string[] = [],
): Promise<void> {
  if (configuration.audit) return;
  const changes = changesOf(measured, [...configuration.measures.filter((measure) => measure !== "spectrum"), ...own]);
  for (const change of changes) log("change", change);
  await write("change_points.json", JSON.stringify(changes, null, 2) + "\n", "changes of curves, with their criteria");
  const table = changeTable(changes);
  if (table !== "") console.log(table);
}

/**
 * Says what checks found: all of it under `--audit`, else the first of each check as a warning.
 *
 * @param context Of the run.
 * @param findings What was found.
 */
export async function reportFindings(
  { configuration, note, log, write }: MeasureContext,
  findings: readonly AuditFinding[],
): Promise<void> {
  for (const { check, finding } of findings) log("finding", { check, finding });
  if (configuration.audit) {
    await write("audit.json", JSON.stringify(findings, null, 2) + "\n", "what checks of the checkpoints found");
    if (findings.length === 0) console.log("audit: nothing found");
    for (const { check, finding } of findings) console.log(`${check}: ${finding}`);
    return;
  }
  for (const own of Map.groupBy(findings, ({ check }) => check).values()) {
    for (const { finding } of own.slice(0, MOST_FINDINGS)) note(`warning: ${finding}`);
    const more = own.length - MOST_FINDINGS;
    if (more > 0) note(`warning: … ${more} more of this kind; --audit lists them`);
  }
}

/**
 * Says which weights were skipped.
 *
 * @param context Of the run.
 * @param unsound Weights that were not finite.
 * @throws {RunError} If there are any, unless `--allow-nan`.
 */
export function report({ configuration, note }: MeasureContext, unsound: readonly Unsound[]): void {
  if (unsound.length === 0) return;
  for (const { path, tensor, entries } of unsound.slice(0, 10)) {
    note(`warning: skipped ${JSON.stringify(tensor)} of ${path}: ${entries} entries are NaN or infinite`);
  }
  if (unsound.length > 10) note(`warning: skipped ${unsound.length - 10} more`);
  if (configuration["allow-nan"]) return;
  const [{ path, tensor }] = unsound;
  throw new RunError(
    `expected finite weights, found NaN or infinity in ${JSON.stringify(tensor)} of ${path}` +
      `${unsound.length > 1 ? ` and ${unsound.length - 1} more` : ""}; the rest was measured, --allow-nan accepts that`,
  );
}
