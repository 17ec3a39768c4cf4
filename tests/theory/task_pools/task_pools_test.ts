/** Posteriors, evidence and mixtures against direct formulas, the GPU's baselines, and simulations with known answers. */
import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { choleskyReference } from "../../../lib/linalg/mod.ts";
import { dmmse, ridge } from "../../../lib/models/baselines/mod.ts";
import { normals, uniforms } from "../../../lib/random/random.ts";
import {
  fixedMixture,
  gaussianPosterior,
  mixturePredictions,
  poolPosterior,
  posteriorMixture,
  type RegressionPrompts,
  selectionSize,
} from "../../../lib/theory/mod.ts";

const VARIANCE = 0.125;

/** Prompts of tasks that `task` gives. */
function promptsOf(B: number, N: number, D: number, task: (b: number) => ArrayLike<number>): RegressionPrompts {
  const x = normals({ seed: 1, key: "task pools inputs" }, B * N * D);
  const noise = normals({ seed: 1, key: "task pools noise" }, B * N);
  const y = noise.map((value, pair) => {
    const w = task(Math.floor(pair / N));
    let sum = Math.sqrt(VARIANCE) * value;
    for (let i = 0; i < D; i++) sum += w[i] * x[pair * D + i];
    return sum;
  });
  return { x, y, dimension: D, context: N };
}

const tasks = (count: number, D: number, key: string) => normals({ seed: 2, key }, count * D);
const taskAt = (all: Float64Array, D: number) => (b: number) => all.subarray(b * D, (b + 1) * D);

Deno.test("the Gaussian posterior: evidence as the density of all labels at once has it, predictions as ridge regression on the GPU", async () => {
  await openGpu();
  for (const [B, N, D] of [[1, 1, 1], [5, 7, 3], [3, 9, 8]]) {
    const prompts = promptsOf(B, N, D, taskAt(tasks(B, D, "gaussian"), D));
    const { predictions, evidence } = gaussianPosterior(prompts, VARIANCE);
    for (let b = 0; b < B; b++) {
      for (let n = 0; n < N; n++) {
        // ln N(y; 0, X Xᵀ + σ² I) of the n earlier labels: with L Lᵀ the covariance, |L⁻¹ y|² and the product of L's diagonal.
        const [x, y] = [
          prompts.x as Float64Array,
          Float64Array.from(prompts.y as Float64Array).subarray(b * N, b * N + n),
        ];
        const row = (i: number) => x.subarray((b * N + i) * D, (b * N + i + 1) * D);
        const covariance = Float64Array.from({ length: n * n }, (_, at) => {
          const [i, j] = [Math.floor(at / n), at % n];
          return row(i).reduce((sum, value, k) => sum + value * row(j)[k], i === j ? VARIANCE : 0);
        });
        const lower = n === 0 ? new Float64Array() : choleskyReference(covariance, n);
        let expected = 0;
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < i; j++) y[i] -= lower[i * n + j] * y[j];
          y[i] /= lower[i * n + i];
          expected -= (Math.log(2 * Math.PI) + y[i] ** 2) / 2 + Math.log(lower[i * n + i]);
        }
        assertAlmostEquals(evidence[b * N + n], expected, 1e-9);
      }
    }
    using x = Tensor.from(prompts.x, [1, B, N, D]);
    using y = Tensor.from(prompts.y, [1, B, N]);
    using model = ridge({ lambda: VARIANCE });
    using found = model.apply({ x, y });
    (await found.read()).forEach((value, n) => assertAlmostEquals(predictions[n], value, 2e-5));
  }
});

Deno.test("the posterior over a pool: evidence as the mean of likelihoods has it, predictions as dMMSE on the GPU", async () => {
  await openGpu();
  for (const [B, N, D, M] of [[1, 1, 1, 1], [4, 6, 3, 5], [2, 5, 4, 700]]) {
    const pool = tasks(M, D, "pool");
    const prompts = promptsOf(B, N, D, (b) => taskAt(pool, D)(b % M));
    const { predictions, evidence } = poolPosterior(prompts, VARIANCE, pool);
    const density = (pair: number, m: number) => {
      let error = prompts.y[pair];
      for (let i = 0; i < D; i++) error -= pool[m * D + i] * prompts.x[pair * D + i];
      return Math.exp(-error * error / (2 * VARIANCE)) / Math.sqrt(2 * Math.PI * VARIANCE);
    };
    for (let pair = 0; pair < B * N; pair++) {
      const likelihoods = Array.from({ length: M }, (_, m) => {
        let product = 1;
        for (let earlier = pair - pair % N; earlier < pair; earlier++) product *= density(earlier, m);
        return product;
      });
      assertAlmostEquals(evidence[pair], Math.log(likelihoods.reduce((sum, one) => sum + one) / M), 1e-9);
    }
    using x = Tensor.from(prompts.x, [1, B, N, D]);
    using y = Tensor.from(prompts.y, [1, B, N]);
    using all = Tensor.from(pool, [1, M, D]);
    using model = dmmse({ pool: all, sigma: Math.sqrt(VARIANCE) });
    using found = model.apply({ x, y });
    (await found.read()).forEach((value, n) => assertAlmostEquals(predictions[n], value, 2e-4));
  }
});

Deno.test("a pool of many tasks comes to the Gaussian posterior, evidence included", () => {
  const [B, N, D] = [6, 4, 2];
  const prompts = promptsOf(B, N, D, taskAt(tasks(B, D, "few"), D));
  const [many, limit] = [
    poolPosterior(prompts, VARIANCE, tasks(200_000, D, "many")),
    gaussianPosterior(prompts, VARIANCE),
  ];
  many.predictions.forEach((value, n) => assertAlmostEquals(value, limit.predictions[n], 0.03));
  // Some hundreds of the tasks are near that of a prompt: their number is known to some percent.
  many.evidence.forEach((value, n) => assertAlmostEquals(value, limit.evidence[n], 0.1));
});

/** Prompts of which a part has a task of the pool, and both predictors on them. */
function mixed(B: number, odds: number) {
  const [N, D, M] = [8, 3, 6];
  const [pool, fresh] = [tasks(M, D, "mixed pool"), tasks(B, D, "mixed fresh")];
  const coins = uniforms({ seed: 3, key: "mixed coins" }, B);
  const share = 1 / (1 + Math.exp(-odds));
  const prompts = promptsOf(B, N, D, (b) => coins[b] < share ? taskAt(pool, D)(b % M) : taskAt(fresh, D)(b));
  const parts = { first: poolPosterior(prompts, VARIANCE, pool), second: gaussianPosterior(prompts, VARIANCE) };
  return { prompts, parts };
}

Deno.test("mixtures: either fit finds the log odds that predictions were made with, and leaves what the other cannot explain", () => {
  const { parts } = mixed(100, 0);
  for (const odds of [-2, -0.7, 0, 2.7]) {
    const [fixed, posterior] = (["fixed", "posterior"] as const).map((kind) => mixturePredictions(parts, odds, kind));
    assertAlmostEquals(fixedMixture(fixed, parts).logOdds, odds, 1e-6);
    assertAlmostEquals(posteriorMixture(posterior, parts).logOdds, odds, 1e-3);
    assertLess(fixedMixture(fixed, parts).rest, 1e-12);
    assertLess(posteriorMixture(posterior, parts).rest, 1e-7);
    assertLess(1e-3, posteriorMixture(fixed, parts).rest);
    assertLess(1e-3, fixedMixture(posterior, parts).rest);
  }
  const zero = fixedMixture(parts.second.predictions, parts);
  assertEquals(zero.logOdds, -14);
  assertLess(zero.rest, 1e-10);
  assertThrows(
    () => fixedMixture(parts.second.predictions, { first: parts.second, second: parts.second }),
    RangeError,
    "expected two predictors that differ, found the same twice",
  );
  assertThrows(
    () => posteriorMixture([1], parts),
    RangeError,
    "posteriorMixture: expected as many predictions of each, found 1, 800 and 800",
  );
});

Deno.test("mixtures: where a part of the prompts is of the pool, the posterior mixture with these prior odds loses least", () => {
  for (const odds of [-1.5, 0, 1.5]) {
    const { prompts, parts } = mixed(4000, odds);
    const loss = (at: number, kind: "fixed" | "posterior") => {
      const predictions = mixturePredictions(parts, at, kind);
      return predictions.reduce((sum, value, n) => sum + (value - prompts.y[n]) ** 2, 0) / predictions.length;
    };
    const tried = Array.from({ length: 41 }, (_, k) => (k - 20) / 4);
    const losses = tried.map((at) => loss(at, "posterior"));
    // The labels are a noisy version of the best predictions: their fit has the true odds up to sampling.
    assertAlmostEquals(posteriorMixture(prompts.y, parts).logOdds, odds, 0.4);
    assertAlmostEquals(tried[losses.indexOf(Math.min(...losses))], odds, 0.5);
    assertLess(loss(odds, "posterior"), Math.min(...tried.map((at) => loss(at, "fixed"))));
  }
});

Deno.test("selection: both free energies are equal there, and the simple solution has the smaller one before", () => {
  for (const [gain, extra] of [[0.5, 100], [0.01, 3], [1, 2.72], [1, 1e6]]) {
    const n = selectionSize(gain, extra)!;
    const complexLess = (n: number) => -gain * n + extra * Math.log(n);
    assertAlmostEquals(complexLess(n) / (gain * n), 0, 1e-6);
    assert(complexLess(n * 0.999) > complexLess(n * 1.001), `${gain}, ${extra}`);
  }
  assertEquals(selectionSize(1, 2.7), null);
  assertEquals(selectionSize(1, -1), null);
  assertThrows(() => selectionSize(0, 1), RangeError, "expected a loss gain above 0, found 0");
});

Deno.test("posteriors: sizes that do not fit are refused", () => {
  const prompts = { x: [1, 2], y: [1], dimension: 1, context: 1 };
  assertThrows(() => gaussianPosterior(prompts, 1), RangeError, "expected inputs (B, 1, 1) and labels (B, 1), found 2");
  assertThrows(() => gaussianPosterior({ ...prompts, x: [1] }, 0), RangeError, "expected a variance above 0, found 0");
  assertThrows(() => poolPosterior({ ...prompts, x: [1] }, 1, []), RangeError, "expected a pool of tasks of 1 numbers");
});
