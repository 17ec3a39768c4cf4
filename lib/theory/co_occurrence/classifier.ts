/**
 * Gradient descent of a softmax-attention classifier over orthonormal tokens, in float64; and what its flow keeps.
 *
 * `F = Σ_l Σ_j a_j w_jᵀ W_V X softmax(Xᵀ W_Kᵀ W_Q x_l / √m)`, logistic loss `L = (1/n) Σ log(1 + e^(−yF))` (Yang, Kailkhura, Wang and
 * Liang 2024, arXiv 2410.09605). Tokens are an orthonormal basis, so that `W_V x` is a column of W_V: tables V, K, Q have a row a token.
 *
 * @module
 */

/** Weights of one replica, row-major. */
export interface ClassifierWeights {
  /** Neurons (J, m). */
  readonly W: ArrayLike<number>;
  /** Values of the tokens (d, m). */
  readonly V: ArrayLike<number>;
  /** Keys of the tokens (d, m). */
  readonly K: ArrayLike<number>;
  /** Queries of the tokens (d, m). */
  readonly Q: ArrayLike<number>;
}

/** Training samples of a replica. */
export interface ClassifierProblem {
  /** Tokens of each sample, all of one length. */
  readonly tokens: readonly (readonly number[])[];
  /** Labels, ±1. */
  readonly labels: readonly number[];
  /** Fixed weights a (J) of the neurons. */
  readonly outer: ArrayLike<number>;
}

/** Loss and what it is made of. */
export interface ClassifierState {
  /** Mean of log(1 + e^(−yF)), natural logarithm. */
  readonly loss: number;
  /** F of each sample. */
  readonly outputs: Float64Array;
  /** Summed neurons u = Σ_j a_j w_j (m): W enters F by these alone. */
  readonly summed: Float64Array;
  /** G(μ) = u · W_V μ of each token (d). */
  readonly signals: Float64Array;
  /** ∂L/∂ of each weight, shaped as it. */
  readonly gradient: { readonly [name in keyof ClassifierWeights]: Float64Array };
}

/**
 * Computes the loss and its gradient. `∂L/∂w_j = a_j ∂L/∂u`: by descent with rate η, u descends with rate η |a|².
 *
 * @param problem Samples, labels and outer weights.
 * @param weights Weights.
 * @returns Loss, outputs, signals and gradient.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { classifier } from "./classifier.ts";
 *
 * // One neuron, width 1, one token: F = a w v.
 * const problem = { tokens: [[0]], labels: [1], outer: [2] };
 * const { loss, gradient } = classifier(problem, { W: [0.5], V: [3], K: [1], Q: [1] });
 * assertAlmostEquals(loss, Math.log1p(Math.exp(-3)), 1e-12);
 * assertAlmostEquals(gradient.V[0], -1 / (1 + Math.exp(3)), 1e-12);
 * ```
 */
export function classifier({ tokens, labels, outer }: ClassifierProblem, weights: ClassifierWeights): ClassifierState {
  const { W, V, K, Q } = weights;
  const [n, m] = [tokens.length, W.length / outer.length];
  const [d, L, root] = [V.length / m, tokens[0].length, Math.sqrt(m)];
  const gradient = {
    W: new Float64Array(W.length),
    V: new Float64Array(V.length),
    K: new Float64Array(K.length),
    Q: new Float64Array(Q.length),
  };
  const summed = new Float64Array(m), signals = new Float64Array(d), outputs = new Float64Array(n);
  for (let j = 0; j < outer.length; j++) for (let e = 0; e < m; e++) summed[e] += outer[j] * W[j * m + e];
  for (let t = 0; t < d; t++) for (let e = 0; e < m; e++) signals[t] += V[t * m + e] * summed[e];

  let loss = 0;
  const dSignals = new Float64Array(d), attention = new Float64Array(L * L), attended = new Float64Array(L);
  for (let s = 0; s < n; s++) {
    const sample = tokens[s];
    for (let l = 0; l < L; l++) {
      const row = attention.subarray(l * L, (l + 1) * L);
      for (let i = 0; i < L; i++) {
        let score = 0;
        for (let e = 0; e < m; e++) score += Q[sample[l] * m + e] * K[sample[i] * m + e];
        row[i] = score / root;
      }
      const largest = Math.max(...row);
      let total = 0;
      for (let i = 0; i < L; i++) total += row[i] = Math.exp(row[i] - largest);
      attended[l] = 0;
      for (let i = 0; i < L; i++) attended[l] += (row[i] /= total) * signals[sample[i]];
      outputs[s] += attended[l];
    }
    const margin = labels[s] * outputs[s];
    loss += (Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)))) / n;
    const dF = -labels[s] / (1 + Math.exp(margin)) / n;
    for (let l = 0; l < L; l++) {
      for (let i = 0; i < L; i++) {
        const [p, key, query] = [attention[l * L + i], sample[i] * m, sample[l] * m];
        dSignals[sample[i]] += dF * p;
        const dScore = dF * p * (signals[sample[i]] - attended[l]) / root;
        for (let e = 0; e < m; e++) {
          gradient.Q[query + e] += dScore * K[key + e];
          gradient.K[key + e] += dScore * Q[query + e];
        }
      }
    }
  }
  const dSummed = new Float64Array(m);
  for (let t = 0; t < d; t++) {
    for (let e = 0; e < m; e++) {
      gradient.V[t * m + e] = dSignals[t] * summed[e];
      dSummed[e] += dSignals[t] * V[t * m + e];
    }
  }
  for (let j = 0; j < outer.length; j++) for (let e = 0; e < m; e++) gradient.W[j * m + e] = outer[j] * dSummed[e];
  return { loss, outputs, summed, signals, gradient };
}

/**
 * Computes the mean pull `(1/n) Σ g y F` with `g = 1/(1 + e^(yF))`, which drives the norms of the flow.
 *
 * F is linear in u = Σ_j a_j w_j and in V, so that under gradient flow `d|u|²/dt = 2 |a|² pull` (for a = ±1 the paper's
 * `d/dt Σ_jj' a_j a_j' ⟨w_j, w_j'⟩ = (2 J/n) Σ g y F`) and `d‖V‖²/dt = 2 pull`: `|u|²/|a|² − ‖V‖²` is kept.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { meanPull } from "./classifier.ts";
 * assertAlmostEquals(meanPull([1, -1], [0, -2]), 1 / (1 + Math.exp(2)), 1e-12);
 * ```
 *
 * @param labels Labels ±1 (n).
 * @param outputs F of each sample (n).
 * @returns The mean.
 */
export function meanPull(labels: ArrayLike<number>, outputs: ArrayLike<number>): number {
  let sum = 0;
  for (let s = 0; s < labels.length; s++) {
    const margin = labels[s] * outputs[s];
    sum += margin / (1 + Math.exp(margin));
  }
  return sum / labels.length;
}
