/**
 * Spectra averaged over heads, weights and replicas of a layer, for heat maps.
 *
 * @module
 */
import type { RunContext } from "../../run/experiment.ts";
import type { ColumnTable } from "../../run/columns.ts";
import type { Options } from "../../run/option.ts";
import { MEAN_ABOVE, MEAN_SPECTRUM } from "./figures.ts";

const FLOOR = 1e-12;
const MOST_VALUES = 32;

interface Mean {
  readonly series: string;
  readonly layer: number | undefined;
  readonly steps: Map<number, { readonly logs: Float64Array; above: number; count: number }>;
}

/** Running means of log₁₀ σ_i / σ_1 by series, layer and step. */
export class MeanSpectra {
  readonly #means = new Map<string, Mean>();

  /**
   * Adds a spectrum.
   *
   * @param series Circuit, or `weights` of a layer, or name of a weight.
   * @param layer Layer, if there is one.
   * @param step Step.
   * @param s Singular values from the largest; beyond the length of the first of a series they are left out.
   * @param edge Marchenko–Pastur edge of random matrices of this shape and norm; NaN where there is none, as for circuits.
   */
  add(series: string, layer: number | undefined, step: number, s: Float32Array, edge: number): void {
    const key = `${series}\0${layer}`;
    let mean = this.#means.get(key);
    if (mean === undefined) this.#means.set(key, mean = { series, layer, steps: new Map() });
    const length = [...mean.steps.values()][0]?.logs.length ?? s.length;
    let at = mean.steps.get(step);
    if (at === undefined) mean.steps.set(step, at = { logs: new Float64Array(length), above: 0, count: 0 });
    if (s[0] === 0) return;
    at.count++;
    at.above += Number.isNaN(edge) ? NaN : s.reduce((count, value) => count + Number(value > edge), 0);
    for (let i = 0; i < length; i++) at.logs[i] += Math.log10(Math.max(FLOOR, (s[i] ?? 0) / s[0]));
  }

  /** Measures the means, steps ascending; of long spectra some 32 values. */
  measure<O extends Options, C extends ColumnTable>({ measure }: RunContext<O, C>): void {
    for (const { series, layer, steps } of this.#means.values()) {
      for (const [step, { logs, above, count }] of [...steps].sort(([a], [b]) => a - b)) {
        if (count === 0) continue;
        const of = { series, step, ...(layer !== undefined && { layer }) };
        if (Number.isFinite(above)) measure(of, { [MEAN_ABOVE]: [above / count] });
        const most = Math.min(MOST_VALUES, logs.length);
        for (let i = 0; i < most; i++) {
          const index = most === 1 ? 0 : Math.round(i * (logs.length - 1) / (most - 1));
          const at = { series, step, index, ...(layer !== undefined && { layer }) };
          measure(at, { [MEAN_SPECTRUM]: [logs[index] / count] });
        }
      }
    }
  }
}
