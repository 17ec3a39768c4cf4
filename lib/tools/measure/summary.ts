/**
 * What a run of the tool ends with: figures, change points, their table, and warnings.
 *
 * @module
 */
import { writeFigure } from "../../figures/write.ts";
import { RunError } from "../../io/errors.ts";
import type { RunContext } from "../../run/experiment.ts";
import { changeTable } from "./change_table.ts";
import { type measureColumns, quantityOf } from "./columns.ts";
import type { Curves } from "./curves.ts";
import { curveFigure, spectrumFigure } from "./figures.ts";
import { type Measure, MEASURES } from "./measures.ts";
import type { measureOptions } from "./options.ts";
import type { Unsound } from "./sources.ts";
import type { SpectrumMeans } from "./spectrum_means.ts";

/** What a run of the tool is given. */
export type MeasureContext = RunContext<typeof measureOptions, typeof measureColumns>;

/**
 * Writes figures and change points, and prints the table of these.
 *
 * @param context Of the run.
 * @param curves What was measured.
 * @param spectra Spectra, for the heat map.
 */
export async function summarise(
  { configuration, write, png, log }: MeasureContext,
  curves: Curves,
  spectra: SpectrumMeans,
): Promise<void> {
  const changes = curves.changes();
  for (const change of changes) {
    const { change: name, criterion, median, low, high, found, replicas } = change;
    log("change", { ...quantityOf(change), change: name, criterion, median, low, high, found, replicas });
  }
  await write("change_points.json", JSON.stringify(changes, null, 2) + "\n", "changes of curves, with their criteria");
  for (const measure of configuration.measures) {
    if (measure === "spectrum") continue;
    const { title, help, note }: Measure = MEASURES[measure];
    const all = curves.of(measure);
    const kinds = {
      "": all.filter(({ circuit }) => circuit === "QK" || circuit === "OV"),
      "_weights": all.filter(({ circuit }) => circuit === "matrix"),
      "_all": all.filter(({ circuit }) => circuit === "all"),
    };
    for (const [suffix, own] of Object.entries(kinds)) {
      const byIndex = measure === "marginal-rank" || measure === "principal-angles";
      const group = byIndex ? "k" : suffix === "" ? "head" : suffix === "_weights" ? "weight" : "";
      const spec = curveFigure(own, { title, help, group, ...(note && { note }) }, (curve) => {
        if (byIndex) return String(curve.index);
        if (suffix === "") return String(curve.head);
        return shortName(curve.matrix);
      });
      if (spec !== null) await writeFigure(write, measure.replaceAll("-", "_") + suffix, spec, { png });
    }
  }
  const spec = spectrumFigure(spectra.all());
  if (spec !== null) await writeFigure(write, "spectrum", spec, { png });
  const table = changeTable(changes);
  if (table !== "") console.log(table);
}

/** The name without what it has in common with other layers. */
function shortName(name: string): string {
  return name.replace(/^.*?\d+\./, "").replace(/\.weight$/, "");
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
