/**
 * Effect of SGD noise on the scores of one query: covariance across replicas that start alike, and drift of their mean.
 *
 * A replica is θ + δ, θ the mean over replicas and C = E[δδᵀ]. Keeping second moments of δ, with g one prompt's gradient,
 *
 *     θ ← θ − η (∇L + ½ ∂³L : C),      C ← (1 − ηH) C (1 − ηH) + (η²/B) Cov(g).
 *
 * One prompt's gradient of query k is g_m = (r · w)(s_m · w) with r = a − e_k and s_m = a_m (e_m − a). As w ~ N(0, 1), Wick's rule gives
 *
 *     E_w[g_m g_l] = |r|² (s_m · s_l) + 2 (r · s_m)(r · s_l),      s_m · s_l = a_m a_l ([m=l] − a_m − a_l + |a|²),
 *
 * and only the share p_k of the prompts asks for it. The average over counts is taken at first order in 1/N, as in `flow.ts`: f(p) +
 * (1/2N) Σ_m (1/p_m) ∂²f/∂δ_m², by central differences. H and ∂³L are those of the loss at first order in 1/N. The drift is that of
 * O(η/B); nothing is sampled.
 */
import { product } from "../matrix.ts";
import { expectPositive } from "../linear_icl/problem.ts";
import { firstOrderContext } from "./flow.ts";
import { attentionTo, type FeatureQuery, featureQuery, type ScoreLoss } from "./problem.ts";

/** SGD from scores that all replicas share. */
export interface ScoreRun {
  /** Context length N; `Infinity` leaves out the fluctuation of counts. */
  readonly context: number;
  /** Learning rate η > 0. */
  readonly rate: number;
  /** Prompts a step, B ≥ 1, all queries together. */
  readonly batch: number;
  /** Ascending integer steps ≥ 0 at which to predict. */
  readonly steps: ArrayLike<number>;
  /** Loss whose gradient the mean follows: `finiteContext`'s, or by default that at first order in 1/N. */
  readonly mean?: ScoreLoss;
}

/** Prediction at one step, for the distribution across replicas. */
export interface ScorePrediction {
  /** Mean of the scores, (K). */
  readonly scores: Float64Array;
  /** Their covariance, (K, K). */
  readonly covariance: Float64Array;
  /** Mean over replicas of the loss. */
  readonly loss: number;
}

/** Relative width of the central differences over counts, and width of those over scores. */
const WIDTH = 1e-2;

/**
 * Second moment of one prompt's gradient, given that it asks for the query.
 *
 * @param problem Law of the features and the query.
 * @param context Context length N; the error is O(1/N²).
 * @param scores Scores of the query, (K).
 * @returns E[g gᵀ], (K, K).
 */
export function gradientMoment(problem: FeatureQuery, context: number, scores: ArrayLike<number>): Float64Array {
  const { K, p, k } = featureQuery(problem);
  const at = (counts: readonly number[]) => momentAt(attentionTo(counts, scores), k);
  const centre = at(p);
  if (context === Infinity) return centre;
  const total = centre.slice();
  for (let m = 0; m < K; m++) {
    const [above, below] = [1 + WIDTH, 1 - WIDTH].map((factor) =>
      at(p.map((value, j) => j === m ? value * factor : value))
    );
    const scale = 1 / (2 * context * p[m] * WIDTH ** 2);
    for (let i = 0; i < total.length; i++) total[i] += scale * (above[i] + below[i] - 2 * centre[i]);
  }
  return total;
}

function momentAt(a: Float64Array, k: number): Float64Array {
  const K = a.length;
  const square = a.reduce((sum, value) => sum + value * value, 0);
  const length = square - 2 * a[k] + 1; // |r|²
  const along = a.map((value, m) => value * (value - (m === k ? 1 : 0) - square + a[k])); // r · s_m
  const moment = new Float64Array(K * K);
  for (let m = 0; m < K; m++) {
    for (let l = 0; l < K; l++) {
      const overlap = a[m] * a[l] * ((m === l ? 1 : 0) - a[m] - a[l] + square);
      moment[m * K + l] = length * overlap + 2 * along[m] * along[l];
    }
  }
  return moment;
}

/** Hessian of a loss of the scores by central differences of its gradient, (K, K). */
function hessianOf(loss: ScoreLoss, scores: Float64Array): Float64Array {
  const K = scores.length, hessian = new Float64Array(K * K), moved = scores.slice(), width = 1e-4;
  for (let l = 0; l < K; l++) {
    moved[l] = scores[l] + width;
    const above = loss(moved).gradient;
    moved[l] = scores[l] - width;
    const below = loss(moved).gradient;
    moved[l] = scores[l];
    for (let m = 0; m < K; m++) hessian[m * K + l] = (above[m] - below[m]) / (2 * width);
  }
  return hessian;
}

/** ½ ∂³L : C, by second differences of the gradient along the columns of a root of C. */
function drift(loss: ScoreLoss, scores: Float64Array, C: Float64Array): Float64Array {
  const K = scores.length, root = rootOf(C), out = new Float64Array(K), centre = loss(scores).gradient;
  for (let j = 0; j < K; j++) {
    const along = root.filter((_, at) => at % K === j);
    const length = Math.hypot(...along);
    if (length === 0) continue;
    const unit = along.map((value) => value / length);
    const [above, below] = [WIDTH, -WIDTH].map((width) => loss(scores.map((q, m) => q + width * unit[m])).gradient);
    for (let m = 0; m < K; m++) out[m] += 0.5 * (above[m] + below[m] - 2 * centre[m]) * (length / WIDTH) ** 2;
  }
  return out;
}

/** Cholesky's root of a covariance, columns of directions without variance being 0. */
function rootOf(C: Float64Array): Float64Array {
  const K = Math.sqrt(C.length), root = new Float64Array(K * K);
  const smallest = 1e-12 * Math.max(...C.filter((_, at) => at % (K + 1) === 0));
  for (let j = 0; j < K; j++) {
    const dot = (i: number) => {
      let sum = C[i * K + j];
      for (let l = 0; l < j; l++) sum -= root[i * K + l] * root[j * K + l];
      return sum;
    };
    const pivot = dot(j);
    if (pivot <= smallest) continue;
    for (let i = j; i < K; i++) root[i * K + j] = dot(i) / Math.sqrt(pivot);
  }
  return root;
}

/**
 * Predicts mean and covariance of the scores across replicas along a run of SGD from Q = 0.
 *
 * Moments, Hessian and drift are renewed every 32 steps and when a score has moved by 0.01, which changes standard deviations by less than 1 %.
 *
 * @param problem Law of the features and the query.
 * @param run Context length, learning rate, batch and steps.
 * @returns One prediction for each of `run.steps`.
 * @throws {RangeError} If an argument is out of its domain.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { scoreNoise } from "./score_noise.ts";
 * const problem = { probabilities: [0.5, 0.5], query: 0 }, run = { context: 100, rate: 1, steps: [50] };
 * const [few] = scoreNoise(problem, { ...run, batch: 100 }), [many] = scoreNoise(problem, { ...run, batch: 400 });
 * assertAlmostEquals(few.covariance[0] / many.covariance[0], 4, 0.05);
 * ```
 */
export function scoreNoise(problem: FeatureQuery, run: ScoreRun): ScorePrediction[] {
  const { K, pk } = featureQuery(problem), { context, rate, batch } = run;
  expectPositive("rate", rate);
  if (!(Number.isInteger(batch) && batch >= 1)) throw new RangeError(`expected a batch of at least 1, found ${batch}`);
  const smooth = firstOrderContext(problem, context), mean = run.mean ?? smooth;
  let [scores, C]: Float64Array[] = [new Float64Array(K), new Float64Array(K * K)];
  let at: Float64Array | null = null, step = 0;
  let [keep, noise, pull] = [C, C, scores];
  return Array.from(run.steps, (target) => {
    if (!(Number.isInteger(target) && target >= step)) {
      throw new RangeError(`expected ascending integer steps from 0 on, found ${target} after ${step}`);
    }
    for (; step < target; step++) {
      const before = at;
      if (before === null || step % 32 === 0 || scores.some((q, m) => Math.abs(q - before[m]) > 1e-2)) {
        at = scores.slice();
        const g = smooth(scores).gradient;
        noise = gradientMoment(problem, context, scores)
          .map((value, i) => (pk * value - g[Math.floor(i / K)] * g[i % K]) * rate ** 2 / batch);
        keep = hessianOf(smooth, scores).map((value, i) => (i % (K + 1) === 0 ? 1 : 0) - rate * value);
        pull = drift(smooth, scores, C);
      }
      const { gradient } = mean(scores);
      scores = scores.map((q, m) => q - rate * (gradient[m] + pull[m]));
      C = product(keep, C, keep).map((value, i) => value + noise[i]);
    }
    const H = hessianOf(smooth, scores);
    const cost = H.reduce((sum, value, i) => sum + 0.5 * value * C[i], 0) / pk;
    return { scores: scores.slice(), covariance: C.slice(), loss: mean(scores).loss + cost };
  });
}
