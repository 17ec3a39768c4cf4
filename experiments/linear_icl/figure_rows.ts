/** Rows of the experiment's figures: names of modes, simulation as bands over replicas, theory by series. */
import { bandOver, type BandRow, describeBand, type TheoryRow } from "../../lib/figures/mod.ts";
import type { Evidence } from "./evidence.ts";
import type { TheoryPoint } from "./main_study.ts";

/** Modes go by their eigenvalue, and by their number too where eigenvalues are equal. */
export function modeName(spectrum: readonly number[], mode: number): string {
  const s = spectrum[mode];
  return spectrum.indexOf(s) === spectrum.lastIndexOf(s) ? `s = ${s}` : `s = ${s}, mode ${mode + 1}`;
}

/** Subtitle of the main ensemble's figures: what was trained, and what the band is. */
export function caption({ setting }: Evidence, band: readonly BandRow[]): string {
  const { context, batch, lr, tasks, pool } = setting;
  const law = `${tasks} tasks${pool === "fresh" ? "" : ` from a pool of ${pool}`}`;
  return `N = ${context}, batch ${batch}, η = ${lr}, ${law}; ${describeBand(band, "range")}`;
}

/** Rows for `bandOver` out of one value per report and replica. */
export function replicaRows(
  steps: readonly number[],
  groups: readonly string[],
  value: (report: number, replica: number, group: number) => number,
  replicas: number,
) {
  return groups.flatMap((group, index) =>
    steps.flatMap((x, report) =>
      Array.from({ length: replicas }, (_, replica) => ({ x, group, replica, value: value(report, replica, index) }))
    )
  );
}

/** Bands over replicas. */
export function over(rows: ReturnType<typeof replicaRows>): BandRow[] {
  return bandOver(rows, { x: "x", value: "value", group: "group" });
}

const seriesOf = ({ theory }: Evidence) =>
  [["paper closed form", theory.paper ?? []], ["exact flow", theory.exact]] as const;

/** Theory curves of a quantity that every mode has. */
export function modeTheory(evidence: Evidence, value: (point: TheoryPoint, mode: number) => number): TheoryRow[] {
  const { spectrum } = evidence.setting;
  return seriesOf(evidence).flatMap(([series, points]) =>
    spectrum.flatMap((_, mode) =>
      points.map((point) => ({ x: point.step, value: value(point, mode), series, group: modeName(spectrum, mode) }))
    )
  );
}

/** Theory curves of a quantity that the ensemble has once. */
export function wholeTheory(evidence: Evidence, group: string, value: (point: TheoryPoint) => number): TheoryRow[] {
  return seriesOf(evidence).flatMap(([series, points]) =>
    points.map((point) => ({ x: point.step, value: value(point), series, group }))
  );
}
