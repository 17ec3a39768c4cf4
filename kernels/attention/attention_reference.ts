/** Attention in float64. */
import { type Array64, array64 } from "../../lib/autodiff/array64.ts";
import type { AttentionLayout } from "./attention_layout.ts";

/** Sizes and options of a layout. */
export type AttentionSizes = Omit<AttentionLayout, "queries" | "keys">;

/**
 * Weights of all keys, `w_ij`, 0 for those that a query does not see.
 *
 * @param queries Rows that begin with the query, R·B·S of them.
 * @param keys Rows with key and value, R·B·T of them.
 * @param sizes Sizes and options.
 * @returns Weights (R, B, H, S, T).
 */
export function attentionPatternReference(queries: Array64, keys: Array64, sizes: AttentionSizes): Array64 {
  const { R, B, N, H, S, T, E, kind, causal, scale, average, keyAt } = sizes;
  const [rowQ, rowKv] = [queries.data.length / (N * S), keys.data.length / (N * T)];
  const weights = array64([R, B, H, S, T], () => 0);
  for (let row = 0; row < N * H * S; row++) {
    const [n, h, i] = [Math.floor(row / (H * S)), Math.floor(row / S) % H, row % S];
    const seen = causal ? i + 1 + T - S : T;
    const scores = Array.from({ length: seen }, (_, j) => {
      const [q, k] = [(n * S + i) * rowQ + h * E, (n * T + j) * rowKv + keyAt + h * E];
      let score = 0;
      for (let d = 0; d < E; d++) score += scale * queries.data[q + d] * keys.data[k + d];
      return score;
    });
    weights.data.set(weigh(scores, kind, average), row * T);
  }
  return weights;
}

function weigh(scores: readonly number[], kind: AttentionLayout["kind"], average: boolean): number[] {
  if (kind === "softmax") {
    const highest = scores.reduce((most, score) => Math.max(most, score));
    const powers = scores.map((score) => Math.exp(score - highest));
    const total = powers.reduce((sum, power) => sum + power);
    return powers.map((power) => power / total);
  }
  const share = average ? 1 / scores.length : 1;
  return scores.map((score) => share * (kind === "relu" ? Math.max(score, 0) : score));
}

/**
 * The weighted sum of values, `y_i = Σ_j w_ij v_j`.
 *
 * @param queries Rows that begin with the query, R·B·S of them.
 * @param keys Rows with key and value, R·B·T of them.
 * @param sizes Sizes and options.
 * @returns Outputs (R, B, S, H·E).
 */
export function attentionReference(queries: Array64, keys: Array64, sizes: AttentionSizes): Array64 {
  const { R, B, N, H, S, T, E, valueAt } = sizes;
  const weights = attentionPatternReference(queries, keys, sizes).data;
  const rowKv = keys.data.length / (N * T);
  const y = array64([R, B, S, H * E], () => 0);
  for (let row = 0; row < N * H * S; row++) {
    const [n, h, i] = [Math.floor(row / (H * S)), Math.floor(row / S) % H, row % S];
    for (let j = 0; j < T; j++) {
      const weight = weights[row * T + j];
      if (weight === 0) continue;
      const [out, value] = [(n * S + i) * H * E + h * E, (n * T + j) * rowKv + valueAt + h * E];
      for (let d = 0; d < E; d++) y.data[out + d] += weight * keys.data[value + d];
    }
  }
  return y;
}
