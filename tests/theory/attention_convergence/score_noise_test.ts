/** What SGD noise does to scores, against simulations of prompts and of replicas in double precision. */
import { assertAlmostEquals, assertLess, assertThrows } from "@std/assert";
import { normals, uniforms } from "../../../lib/random/random.ts";
import { finiteContext } from "../../../lib/theory/attention_convergence/finite_context.ts";
import { attentionTo } from "../../../lib/theory/attention_convergence/problem.ts";
import { gradientMoment, scoreNoise } from "../../../lib/theory/attention_convergence/score_noise.ts";

const P = [0.5, 0.25, 0.25];

/** A prompt's counts and its labels, and the gradient of its loss with respect to the scores of a query. */
function promptGradient(
  q: ArrayLike<number>,
  query: number,
  N: number,
  at: { seed: number; key: string; step?: number; item: number },
) {
  const counts = new Float64Array(3);
  for (const u of uniforms({ ...at, key: `${at.key} tokens` }, N)) counts[u < 0.5 ? 0 : u < 0.75 ? 1 : 2]++;
  const w = normals({ ...at, key: `${at.key} labels` }, 3);
  const a = attentionTo(counts, q);
  const prediction = a.reduce((sum, value, m) => sum + value * w[m], 0);
  return a.map((value, m) => (prediction - w[query]) * value * (w[m] - prediction));
}

Deno.test("second moments of one prompt's gradient, fluctuation of counts included", () => {
  const [q, N, prompts] = [[0.2, 0.7, -0.9], 40, 40_000];
  const total = new Float64Array(9), squares = new Float64Array(9);
  for (let item = 0; item < prompts; item++) {
    const g = promptGradient(q, 1, N, { seed: 5, key: "moment", item });
    for (let i = 0; i < 9; i++) {
      const value = g[Math.floor(i / 3)] * g[i % 3];
      total[i] += value / prompts;
      squares[i] += value * value / prompts;
    }
  }
  gradientMoment({ probabilities: P, query: 1 }, N, q).forEach((expected, i) => {
    assertLess(Math.abs(total[i] - expected), 4 * Math.sqrt((squares[i] - total[i] ** 2) / prompts));
  });
});

Deno.test("mean and variance across 300 simulated replicas of SGD", () => {
  const [N, batch, replicas, steps, query] = [30, 16, 300, 60, 1];
  const problem = { probabilities: P, query };
  const run = { context: N, rate: 1, batch, steps: [20, steps], mean: finiteContext(problem, N) };
  const predicted = scoreNoise(problem, run);
  const found: number[][] = [[], []];
  for (let seed = 0; seed < replicas; seed++) {
    let q = [0, 0, 0];
    for (let step = 0; step < steps; step++) {
      const asked = uniforms({ seed, key: "queries", step }, batch).filter((u) => u < P[query]).length;
      const slope = new Float64Array(3);
      for (let item = 0; item < asked; item++) {
        promptGradient(q, query, N, { seed, key: "train", step, item }).forEach((g, m) => slope[m] += g / batch);
      }
      q = q.map((value, m) => value - slope[m]);
      const at = run.steps.indexOf(step + 1);
      if (at >= 0) found[at].push(q[query]);
    }
  }
  predicted.forEach(({ scores, covariance }, at) => {
    const mean = found[at].reduce((sum, value) => sum + value) / replicas;
    const variance = found[at].reduce((sum, value) => sum + (value - mean) ** 2, 0) / (replicas - 1);
    const expected = covariance[query * 3 + query];
    assertLess(Math.abs(mean - scores[query]), 4 * Math.sqrt(expected / replicas) + 0.02 * scores[query]);
    // Four standard errors of a variance, and what the closure at second moments leaves out at this small batch.
    assertAlmostEquals(variance / expected, 1, 4 * Math.sqrt(2 / replicas) + 0.1);
  });
});

Deno.test("arguments out of their domain are refused", () => {
  const run = { context: 10, rate: 1, batch: 8, steps: [1] };
  const problem = { probabilities: P, query: 0 };
  assertThrows(() => scoreNoise(problem, { ...run, batch: 0 }), RangeError, "expected a batch of at least 1, found 0");
  assertThrows(
    () => scoreNoise(problem, { ...run, steps: [2, 1] }),
    RangeError,
    "expected ascending integer steps from 0 on",
  );
});
