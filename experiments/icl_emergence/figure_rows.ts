/** Rows, captions and rules that the experiment's figures share. */
import { bandOver, type BandRow, describeBand, type FigureRow, type Rule } from "../../lib/figures/mod.ts";
import { depth, type Evidence, headsOf, mean, seedsOf, windowsOf } from "./evidence.ts";
import { headCurve, type ReportCurve, type Series } from "./series.ts";

/** Rows of a curve of every seed. */
export function rowsOf(series: Series, group: string, curveOf: (replica: number) => ReportCurve): FigureRow[] {
  return seedsOf(series).flatMap((replica) => {
    const { x, y } = curveOf(replica);
    return y.map((value, report) => ({ step: x[report], replica, group, value }));
  });
}

/** Mean over the heads of a seed, each curve changed first if wanted. */
export function meanOverHeads(
  series: Series,
  quantity: string,
  replica: number,
  of: (values: readonly number[]) => readonly number[] = (values) => values,
): ReportCurve {
  const curves = headsOf(series).map((head) => of(headCurve(series, quantity, replica, head).y));
  return { x: series.steps, y: series.steps.map((_, report) => mean(curves.map((values) => values[report]))) };
}

/** Mean and band over seeds. */
export const over = (rows: readonly FigureRow[]) => bandOver(rows, { x: "step", value: "value", group: "group" });

/** A depth in words. */
export const layersName = (series: Series) => series.layers === 1 ? "1 layer" : `${series.layers} layers`;

/** Ensembles of all depths and the control, with their names. */
export function namedEnsembles({ depths, control }: Evidence): [string, Series][] {
  const all = depths.map((series): [string, Series] => [layersName(series), series]);
  return control ? [...all, ["2 layers, shuffled", control]] : all;
}

/** Task, sizes and optimiser, in a line. */
export function setupOf({ setting }: Evidence): string {
  const task = setting.task === "text" ? "bytes of a text" : `${setting.task}, V = ${setting.vocabulary}`;
  return `${task}, T = ${setting.length}, C = ${setting.width}, ${setting.heads} heads, AdamW ${setting.lr}`;
}

/** What figures with bands say below their title. */
export function caption(evidence: Evidence, rows: readonly BandRow[]): string {
  return `${setupOf(evidence)}; ${describeBand(rows)}`;
}

/** Start and end of the two-layer windows, mean over seeds, with a label where there is room for one. */
export function windowRules(evidence: Evidence, label = true): Rule[] {
  const two = depth(evidence, 2);
  const windows = two ? windowsOf(two, evidence).filter((window) => window !== null) : [];
  if (windows.length === 0) return [];
  return [
    { x: mean(windows.map(({ start }) => start)), ...(label && { label: "window" }) },
    { x: mean(windows.map(({ end }) => end)) },
  ];
}
