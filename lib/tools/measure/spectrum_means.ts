/**
 * Spectra averaged over the matrices of a panel, for heat maps.
 *
 * @module
 */
import type { SpectrumAt } from "./figures.ts";

const FLOOR = 1e-12;

/** Running means of log₁₀ σ_i / σ_1 by panel and step. */
export class SpectrumMeans {
  readonly #sums = new Map<string, Map<number, { readonly logs: Float64Array; count: number }>>();

  /**
   * Adds a spectrum.
   *
   * @param panel Panel.
   * @param step Step.
   * @param s Singular values from the largest; shorter and longer ones than others of the panel are added where they are.
   */
  add(panel: string, step: number, s: Float32Array): void {
    let steps = this.#sums.get(panel);
    if (steps === undefined) this.#sums.set(panel, steps = new Map());
    let at = steps.get(step);
    if (at === undefined) steps.set(step, at = { logs: new Float64Array(s.length), count: 0 });
    if (s[0] === 0) return;
    at.count++;
    for (let i = 0; i < at.logs.length; i++) at.logs[i] += Math.log10(Math.max(FLOOR, (s[i] ?? 0) / s[0]));
  }

  /** Means of all panels, steps ascending. */
  all(): SpectrumAt[] {
    return [...this.#sums].flatMap(([panel, steps]) =>
      [...steps].filter(([, { count }]) => count > 0).sort(([a], [b]) => a - b)
        .map(([step, { logs, count }]) => ({ panel, step, logs: Array.from(logs, (value) => value / count) }))
    );
  }
}
