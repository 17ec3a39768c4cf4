/**
 * Exact population loss of one layer of linear self-attention on in-context regression, and its gradient.
 *
 * A layer predicts `ŷ = Σ_i (x_qᵀ (P x_i + p y_i)) (v·x_i + v_y y_i)`. The part that is odd in w is `x_qᵀ K S w` with
 * `K = v_y P + p vᵀ` and S = Σ_i x_i x_iᵀ, the even part is `x_qᵀ (P S v + p v_y wᵀ S w)`. The target is odd, so that the even
 * part only adds its square, and
 *
 *   L = ½ s (E‖K S − I‖² + E|P S v + p v_y wᵀ S w|²).
 *
 * Its least value is that of K = c I, c = E S / E S², without an even part: for D ≥ 2 that is p = 0, v = 0 and P ∝ I alone.
 * So the best of all layers is the best step of gradient descent, and unique up to how c is split into P and v_y.
 *
 * @module
 */
import { product, transpose } from "../matrix.ts";
import { contextMoments, type RegressionLaw } from "./regression_law.ts";

/** Products of a layer's merged matrices that its prediction depends on; also the gradient with respect to them. */
export interface LayerParts {
  /** P (D, D), row-major. */
  readonly P: Float64Array;
  /** p (D). */
  readonly p: Float64Array;
  /** v (D). */
  readonly v: Float64Array;
  /** v_y. */
  readonly vy: number;
}

/** Loss and gradient. */
export interface LayerLoss {
  /** ½ E (ŷ − y)². */
  readonly loss: number;
  /** The part of the loss that predictions even in w add; zero for gradient descent. */
  readonly even: number;
  /** ∂L by parts. */
  readonly gradient: LayerParts;
}

/**
 * Effective step of a layer, `K = v_y P + p vᵀ`: `ŷ = x_qᵀ K Σ_i x_i y_i` but for what is even in w.
 *
 * @param parts Parts of the layer.
 * @returns K (D, D), row-major; (η/N) I for gradient descent.
 */
export function effectiveStep({ P, p, v, vy }: LayerParts): Float64Array {
  const D = p.length;
  return P.map((value, at) => vy * value + p[Math.floor(at / D)] * v[at % D]);
}

/**
 * Cuts the parts out of merged matrices of tokens in rows (x; y), where the prediction is minus the query's y.
 *
 * @param query W_Q W_Kᵀ (C, C), row-major, C = D + 1.
 * @param output W_V W_P (C, C).
 * @returns The parts.
 */
export function layerParts(query: ArrayLike<number>, output: ArrayLike<number>): LayerParts {
  const C = Math.sqrt(query.length), D = C - 1;
  return {
    P: Float64Array.from({ length: D * D }, (_, at) => query[Math.floor(at / D) * C + at % D]),
    p: Float64Array.from({ length: D }, (_, i) => query[i * C + D]),
    v: Float64Array.from({ length: D }, (_, i) => -output[i * C + D]),
    vy: -output[D * C + D],
  };
}

/**
 * Exact loss of a layer on fresh noiseless prompts, and its gradient. O(D³).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { layerLoss } from "./layer_loss.ts";
 * import { bestStep, oneStepLoss, uniformInputs } from "./regression_law.ts";
 * const law = uniformInputs({ dimension: 2, context: 10, range: 1 });
 * const zero = new Float64Array(2);
 * const layer = { P: Float64Array.of(1, 0, 0, 1), p: zero, v: zero, vy: bestStep(law) };
 * assertAlmostEquals(layerLoss(law, layer).loss, oneStepLoss(law, bestStep(law)));
 * assertAlmostEquals(layerLoss(law, layer).gradient.vy, 0);
 * ```
 *
 * @param law Law of the prompts; its noise is not read.
 * @param parts Parts of the layer.
 * @returns Loss and gradient.
 */
export function layerLoss(law: RegressionLaw, parts: LayerParts): LayerLoss {
  const { dimension: D, context: N, second: s, fourth: m } = law;
  const { first, square, trace } = contextMoments(law);
  const { P, p, v, vy } = parts;
  const K = effectiveStep(parts);
  const dK = K.map((value, at) => s * (square * value - (Math.floor(at / D) === at % D ? first : 0)));
  let odd = s * D;
  K.forEach((value, at) => odd += s * (square * value - (Math.floor(at / D) === at % D ? 2 * first : 0)) * value);

  const dP = dK.map((value) => vy * value);
  const dp = new Float64Array(D), dv = new Float64Array(D);
  let dvy = 0;
  const along = new Float64Array(D), back = new Float64Array(D);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j < D; j++) {
      dp[i] += dK[i * D + j] * v[j];
      dv[j] += dK[i * D + j] * p[i];
      dvy += dK[i * D + j] * P[i * D + j];
      along[i] += P[i * D + j] * v[j];
      back[j] += P[i * D + j] * p[i];
    }
  }
  // E[S v vᵀ S] = a v vᵀ + diag(b v² + N s² |v|²): pairs of tokens and the fourth moments of one.
  const a = N * (N - 1) * s * s + 2 * N * s * s, b = N * (m - 3 * s * s);
  let norm = 0, cross = 0, size = 0;
  for (let i = 0; i < D; i++) {
    norm += v[i] ** 2;
    cross += p[i] * along[i];
    size += p[i] ** 2;
  }
  const columns = new Float64Array(D);
  P.forEach((value, at) => columns[at % D] += value ** 2);
  const power = columns.reduce((sum, value) => sum + value, 0);
  const wish = 2 * D * square + D * trace;
  let even = s * (2 * vy * trace * cross + size * vy ** 2 * wish + N * s * s * norm * power);
  for (let i = 0; i < D; i++) {
    even += s * (a * along[i] ** 2 + b * v[i] ** 2 * columns[i]);
    for (let j = 0; j < D; j++) {
      dP[i * D + j] += s * (a * along[i] * v[j] + (b * v[j] ** 2 + N * s * s * norm) * P[i * D + j] +
        vy * trace * p[i] * v[j]);
      dv[j] += s * a * P[i * D + j] * along[i];
    }
    dv[i] += s * ((b * columns[i] + N * s * s * power) * v[i] + vy * trace * back[i]);
    dp[i] += s * (vy * trace * along[i] + wish * vy ** 2 * p[i]);
  }
  dvy += s * (trace * cross + wish * size * vy);
  return { loss: 0.5 * (odd + even), even: 0.5 * even, gradient: { P: dP, p: dp, v: dv, vy: dvy } };
}

/** The factors of a layer: W_Q, W_K, W_V and W_P (C, C), one after the other in one array. */
export type LayerFactors = Float64Array;

/**
 * Merged matrices of a factorised layer.
 *
 * @param factors W_Q, W_K, W_V, W_P, 4 C² numbers.
 * @returns `query` = W_Q W_Kᵀ and `output` = W_V W_P, (C, C).
 */
export function mergedLayer(
  factors: ArrayLike<number>,
): { readonly query: Float64Array; readonly output: Float64Array } {
  const [q, k, v, o] = split(factors);
  return { query: product(q, transpose(k)), output: product(v, o) };
}

/**
 * Gradient of the exact loss with respect to the factors of a layer.
 *
 * @param law Law of the prompts.
 * @param factors W_Q, W_K, W_V, W_P, 4 C² numbers, C = D + 1.
 * @returns The gradient, laid out as the factors.
 */
export function factorGradient(law: RegressionLaw, factors: LayerFactors): Float64Array {
  const [q, k, v, o] = split(factors);
  const C = law.dimension + 1, D = law.dimension;
  const { query, output } = mergedLayer(factors);
  const { gradient } = layerLoss(law, layerParts(query, output));
  const dQuery = new Float64Array(C * C), dOutput = new Float64Array(C * C);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j < D; j++) dQuery[i * C + j] = gradient.P[i * D + j];
    dQuery[i * C + D] = gradient.p[i];
    dOutput[i * C + D] = -gradient.v[i];
  }
  dOutput[D * C + D] = -gradient.vy;
  const out = new Float64Array(4 * C * C);
  [product(dQuery, k), product(transpose(dQuery), q), product(dOutput, transpose(o)), product(transpose(v), dOutput)]
    .forEach((part, index) => out.set(part, index * C * C));
  return out;
}

function split(factors: ArrayLike<number>): Float64Array[] {
  const each = factors.length / 4, all = Float64Array.from(factors);
  return [0, 1, 2, 3].map((index) => all.subarray(index * each, (index + 1) * each));
}
