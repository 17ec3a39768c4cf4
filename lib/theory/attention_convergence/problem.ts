/**
 * One softmax attention layer over K orthonormal features, with trained scores Q and fixed values (Huang, Cheng, Liang 2023,
 * arXiv 2310.05249): what every exact result depends on, its validation, and its moments of the attention.
 *
 * A prompt holds N tokens, feature m with probability p_m each, labels y_i = w · x_i with w ~ N(0, 1), and a query, feature k with
 * probability p_k. In feature coordinates the label of feature m is w_m, and tokens of one feature share their score Q_mk:
 *
 *     ŷ = Σ_m a_m w_m,      a_m = n_m e^{Q_mk} / Σ_j n_j e^{Q_jk},      n ~ Multinomial(N, p).
 *
 * Averaged over w the loss of query k is ℓ = ½ |a − e_k|², e_k the unit vector. Queries do not interact: gradient descent moves
 * column k of Q by −η p_k ∂E[ℓ]/∂Q_·k. Scores are determined up to a constant in each column, and Σ_m Q_mk stays what it was.
 */
import { expectLength } from "../linear_icl/problem.ts";

/** Law of the features, and the query whose scores are followed. */
export interface FeatureQuery {
  /** Probability p_m of each feature, (K), K ≥ 2, above 0 and summing to 1. */
  readonly probabilities: readonly number[];
  /** The query k, in [0, K). */
  readonly query: number;
}

/** A loss of the scores and its gradient. */
export interface ScoreGradient {
  /** Loss of the query, in [0, 1]. */
  readonly loss: number;
  /** Gradient of the query's share of the whole loss: p_k ∂loss/∂Q_mk, (K); its entries sum to 0. */
  readonly gradient: Float64Array;
}

/** A loss as a function of the scores Q_mk of one query, (K). */
export type ScoreLoss = (scores: ArrayLike<number>) => ScoreGradient;

/**
 * Checks a law of features and a query.
 *
 * @param problem The problem.
 * @returns Number of features K, the probabilities, the query k, and p_k.
 * @throws {RangeError} If there are fewer than two features, probabilities are not above 0 with sum 1, or there is no such query.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { featureQuery } from "./problem.ts";
 * const { K, pk } = featureQuery({ probabilities: [0.5, 0.25, 0.25], query: 1 });
 * assertEquals([K, pk], [3, 0.25]);
 * ```
 */
export function featureQuery(
  { probabilities: p, query: k }: FeatureQuery,
): { K: number; p: readonly number[]; k: number; pk: number } {
  const K = p.length;
  if (K < 2) throw new RangeError(`expected at least two features, found ${K}`);
  const wrong = p.find((value) => !(value > 0 && value < 1));
  if (wrong !== undefined) throw new RangeError(`expected probabilities of features between 0 and 1, found ${wrong}`);
  const sum = p.reduce((sum, value) => sum + value);
  if (Math.abs(sum - 1) > 1e-9) throw new RangeError(`expected probabilities of features with sum 1, found ${sum}`);
  if (!(Number.isInteger(k) && k >= 0 && k < K)) {
    throw new RangeError(`expected a query from 0 to ${K - 1}, found ${k}`);
  }
  return { K, p, k, pk: p[k] };
}

/**
 * Probabilities of a dominant feature, the first one, and K − 1 others that share the rest evenly: 1/K is the balanced law.
 *
 * @param features K ≥ 2.
 * @param dominant p_1, in (0, 1).
 * @returns Probabilities (K).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dominantLaw } from "./problem.ts";
 * assertEquals(dominantLaw(3, 0.5), [0.5, 0.25, 0.25]);
 * ```
 */
export function dominantLaw(features: number, dominant: number): number[] {
  return [dominant, ...new Array<number>(features - 1).fill((1 - dominant) / (features - 1))];
}

/**
 * Attention A_m = u_m e^{Q_mk} / Σ_j u_j e^{Q_jk} to each feature.
 *
 * @param weights Counts of the features in the context, or their probabilities, (K), ≥ 0 and not all 0.
 * @param scores Q_mk, (K).
 * @returns Attention (K), summing to 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { attentionTo } from "./problem.ts";
 * assertEquals([...attentionTo([1, 3], [Math.log(3), 0])], [0.5, 0.5]);
 * ```
 */
export function attentionTo(weights: ArrayLike<number>, scores: ArrayLike<number>): Float64Array {
  expectLength("scores", scores, weights.length);
  const largest = Math.max(...Array.from(scores));
  const attention = Float64Array.from(weights, (weight, m) => weight * Math.exp(scores[m] - largest));
  const sum = attention.reduce((sum, value) => sum + value);
  return attention.map((value) => value / sum);
}
