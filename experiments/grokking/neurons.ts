/** Which frequency a neuron belongs to. */
import type { GroupTable } from "./measures.ts";

/**
 * The frequency that explains most of each live neuron: the share of its variance over pairs in cosines and sines of k a
 * and k b and in their products.
 *
 * @param neurons Rows (pairs, N).
 * @param table The table.
 * @param N Neurons.
 * @returns Best frequency of every live neuron, and how much it explains; neurons that never vary are left out.
 */
export function neuronFrequencies(neurons: Float32Array, { sides, group: { order: m } }: GroupTable, N: number) {
  const inside = sides.flatMap(([a, b], pair) => a < 0 || b < 0 ? [] : [{ a, b, pair }]);
  const K = Math.floor(m / 2);
  const waves = Array.from({ length: K + 1 }, (_, k) =>
    Array.from({ length: m }, (_, x) => {
      const angle = 2 * Math.PI * (k * x % m) / m;
      return [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)] as const;
    }));
  const found: { frequency: number; explained: number }[] = [];
  for (let neuron = 0; neuron < N; neuron++) {
    const values = inside.map(({ pair }) => neurons[pair * N + neuron]);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    if (variance < 1e-9) continue;
    let best = { frequency: 0, explained: 0 };
    for (let k = 1; k <= K && 2 * k < m; k++) {
      // Coefficients of cos ka, sin ka, cos kb, sin kb and the four products, orthonormal over the table.
      const c = new Float64Array(8);
      inside.forEach(({ a, b }, index) => {
        const x = values[index] - mean;
        const [[ca, sa], [cb, sb]] = [waves[k][a], waves[k][b]];
        c[0] += x * ca;
        c[1] += x * sa;
        c[2] += x * cb;
        c[3] += x * sb;
        c[4] += x * ca * cb;
        c[5] += x * ca * sb;
        c[6] += x * sa * cb;
        c[7] += x * sa * sb;
      });
      const explained = c.reduce((sum, y) => sum + (y / values.length) ** 2, 0) / variance;
      if (explained > best.explained) best = { frequency: k, explained };
    }
    found.push(best);
  }
  return found;
}
