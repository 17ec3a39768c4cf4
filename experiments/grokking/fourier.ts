/** Fourier analysis over a cyclic group of m elements, in float64: frequencies k = 1 … ⌊m/2⌋. */

/** Sums of rows against cosines and sines of one frequency. */
export interface Component {
  /** Frequency k ≥ 1. */
  readonly frequency: number;
  /** `Σ_s x[s, c] cos(2π k s / m) · norm` (C). */
  readonly cosine: Float64Array;
  /** The same with sines. */
  readonly sine: Float64Array;
}

/**
 * Coefficients of the columns of a matrix in the orthonormal basis of cosines and sines.
 *
 * @param x Rows (m, C), row-major.
 * @param m Elements of the group.
 * @returns A component for every frequency but 0: squares of all and of the mean's add up to those of x.
 */
export function components(x: ArrayLike<number>, m: number): Component[] {
  const C = x.length / m;
  return Array.from({ length: Math.floor(m / 2) }, (_, index) => {
    const k = index + 1;
    const [cosine, sine] = [new Float64Array(C), new Float64Array(C)];
    const norm = Math.sqrt((2 * k === m ? 1 : 2) / m);
    for (let s = 0; s < m; s++) {
      const angle = 2 * Math.PI * (k * s % m) / m;
      const [cos, sin] = [norm * Math.cos(angle), 2 * k === m ? 0 : norm * Math.sin(angle)];
      for (let c = 0; c < C; c++) {
        cosine[c] += cos * x[s * C + c];
        sine[c] += sin * x[s * C + c];
      }
    }
    return { frequency: k, cosine, sine };
  });
}

/**
 * The part of a matrix at chosen frequencies.
 *
 * @param parts Its components.
 * @param frequencies Which.
 * @param m Elements of the group.
 * @returns Rows (m, C), row-major, without the mean over rows.
 */
export function synthesis(parts: readonly Component[], frequencies: readonly number[], m: number): Float64Array {
  const C = parts[0].cosine.length;
  const y = new Float64Array(m * C);
  for (const { frequency: k, cosine, sine } of parts) {
    if (!frequencies.includes(k)) continue;
    const norm = Math.sqrt((2 * k === m ? 1 : 2) / m);
    for (let s = 0; s < m; s++) {
      const angle = 2 * Math.PI * (k * s % m) / m;
      const [cos, sin] = [norm * Math.cos(angle), norm * Math.sin(angle)];
      for (let c = 0; c < C; c++) y[s * C + c] += cos * cosine[c] + sin * sine[c];
    }
  }
  return y;
}

/** Power of each component: sum of its squared coefficients. */
export function powers(parts: readonly Component[]): number[] {
  return parts.map(({ cosine, sine }) => {
    let sum = 0;
    for (let c = 0; c < cosine.length; c++) sum += cosine[c] ** 2 + sine[c] ** 2;
    return sum;
  });
}

/**
 * Gini coefficient `Σ_i (2i − n − 1) x_i / (n Σ x)`, x ascending, i from 1: 0 if all are equal, near 1 if one has all.
 *
 * @param values Values (n) ≥ 0.
 * @returns 0 … 1 − 1/n; 0 if all are zero.
 */
export function gini(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const total = sorted.reduce((sum, x) => sum + x, 0);
  return total === 0 ? 0 : sorted.reduce((sum, x, index) => sum + (2 * (index + 1) - n - 1) * x, 0) / (n * total);
}

/**
 * Key frequencies: those with at least a share of the power, the strongest first.
 *
 * @param power Power of every frequency from 1.
 * @param share Smallest share of the total.
 * @returns At least one frequency, ascending.
 */
export function keyFrequencies(power: readonly number[], share: number): number[] {
  const total = power.reduce((sum, x) => sum + x, 0);
  const strongest = power.indexOf(Math.max(...power));
  return power.flatMap((x, index) => x >= share * total || index === strongest ? [index + 1] : []);
}
