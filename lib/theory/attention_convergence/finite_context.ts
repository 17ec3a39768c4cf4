/**
 * The loss of the scores at a finite context length N, exactly.
 *
 * Features of one probability stay alike under gradient descent from Q = 0, so that they form a class c of g_c features with one
 * score: the target alone, and one class for each further probability. Given how many tokens M_c of each class a prompt holds, a
 * feature's share of its class is multinomial, and with u_c = e^{Q_c}, Z = Σ_c M_c u_c, E[Σ_{m∈c} n_m² | M] = M_c + M_c (M_c − 1)/g_c,
 *
 *     ℓ = ½ [Σ_c b_c − 2 M_k u_k/Z + 1],      b_c = (M_c + M_c (M_c − 1)/g_c) u_c²/Z².
 *
 * The sum over (M_c) with its multinomial law is the loss. A prompt without the query's feature, of probability (1 − p_k)^N, costs at
 * least ½ whatever the scores: that is a floor.
 */
import { type FeatureQuery, featureQuery, type ScoreLoss } from "./problem.ts";

/** Counts that carry less than this of the probability on either side are left out. */
const TAIL = 1e-13;

/**
 * Makes the exact loss at context length N.
 *
 * @param problem Law of the features and the query; probabilities take at most three classes: the target's, and two others.
 * @param context Context length N, a positive integer.
 * @returns The loss of the query as a function of its scores, which must agree within a class: their mean is taken.
 * @throws {RangeError} If the problem is out of its domain, has more classes, or N is no positive integer.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { finiteContext } from "./finite_context.ts";
 * // One token: it is the query's feature, or it is not.
 * const { loss } = finiteContext({ probabilities: [0.25, 0.25, 0.25, 0.25], query: 0 }, 1)([0, 0, 0, 0]);
 * assertAlmostEquals(loss, 0.75);
 * ```
 */
export function finiteContext(problem: FeatureQuery, context: number): ScoreLoss {
  const { K, p, k, pk } = featureQuery(problem);
  if (!(Number.isInteger(context) && context >= 1)) {
    throw new RangeError(`expected a context length that is a positive integer, found ${context}`);
  }
  const others = [...new Set(p.filter((_, m) => m !== k))];
  if (others.length > 2) {
    throw new RangeError(`expected features of at most two probabilities beside the query's, found ${others.length}`);
  }
  const classes = [[k], ...others.map((value) => p.flatMap((one, m) => m !== k && one === value ? [m] : []))];
  const C = classes.length;
  const terms = countsOf(context, classes.map((members) => members.length * p[members[0]]));
  return (scores) => {
    const q = classes.map((members) => members.reduce((sum, m) => sum + scores[m], 0) / members.length);
    const largest = Math.max(...q);
    const u = q.map((value) => Math.exp(value - largest));
    const [a, b, slope] = [new Float64Array(C), new Float64Array(C), new Float64Array(C)];
    let loss = 0;
    for (let t = 0; t < terms.length; t += C + 1) {
      const weight = terms[t];
      let [Z, B] = [0, 0];
      for (let c = 0; c < C; c++) Z += terms[t + 1 + c] * u[c];
      for (let c = 0; c < C; c++) {
        const M = terms[t + 1 + c], each = u[c] / Z;
        a[c] = M * each;
        b[c] = (M + M * (M - 1) / classes[c].length) * each * each;
        B += b[c];
      }
      loss += weight * (0.5 * (B + 1) - a[0]);
      for (let c = 0; c < C; c++) slope[c] += weight * (b[c] - a[c] * (B - a[0]));
      slope[0] -= weight * a[0];
    }
    const gradient = new Float64Array(K);
    classes.forEach((members, c) => members.forEach((m) => gradient[m] = pk * slope[c] / members.length));
    return { loss, gradient };
  };
}

/** Probability and counts of each class, one after the other, of all prompts but those in the tails. */
function countsOf(N: number, probabilities: readonly number[]): Float64Array {
  const logFactorial = new Float64Array(N + 1);
  for (let n = 1; n <= N; n++) logFactorial[n] = logFactorial[n - 1] + Math.log(n);
  const [first, second = 0] = probabilities;
  const rows: number[] = [];
  for (const [M0, P0] of binomial(logFactorial, N, first)) {
    const left = N - M0;
    if (probabilities.length === 2) rows.push(P0, M0, left);
    else {
      for (const [M1, P1] of binomial(logFactorial, left, second / (1 - first))) {
        if (P0 * P1 > TAIL) rows.push(P0 * P1, M0, M1, left - M1);
      }
    }
  }
  return Float64Array.from(rows);
}

/**
 * Binomial weights by count, without tails of less than {@linkcode TAIL}.
 *
 * Where both ends lie beyond seven standard deviations σ, so that terms are those of a bell, every ⌊σ/2⌋-th count stands for its
 * neighbours: the trapezoidal rule, whose error is of order exp(−2π² 2²), 1e-34.
 */
function binomial(logFactorial: Float64Array, n: number, p: number): (readonly [count: number, weight: number])[] {
  const [mean, deviation] = [n * p, Math.sqrt(n * p * (1 - p))];
  const stride = Math.min(mean, n - mean) > 7 * deviation ? Math.max(1, Math.floor(deviation / 2)) : 1;
  const weight = (x: number) =>
    stride * Math.exp(
      logFactorial[n] - logFactorial[x] - logFactorial[n - x] + x * Math.log(p) + (n - x) * Math.log1p(-p),
    );
  const counts = Array.from({ length: Math.floor(n / stride) + 1 }, (_, index) => index * stride);
  return counts.map((x) => [x, weight(x)] as const).filter(([, found]) => found > TAIL);
}
