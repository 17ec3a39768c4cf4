/** Context covariances: both kernels against float64, and both samplers against the Wishart law. */
import { assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { sampleCovariance, wishartCovariance } from "../../../kernels/tasks/sample_covariance.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { regressionPrompts, type Sampler } from "../../../lib/tasks/regression_prompts.ts";
import { waves } from "../../oracles/waves.ts";

const gpu = await openGpu();

/** Σ̂ = L X Xᵀ L / N in float64; x(i, n) is entry i of column n. */
function covarianceReference(x: (i: number, n: number) => number, N: number, sd: Float32Array): Float64Array {
  const D = sd.length;
  return Float64Array.from({ length: D * D }, (_, entry) => {
    const [i, j] = [Math.floor(entry / D), entry % D];
    let sum = 0;
    for (let n = 0; n < N; n++) sum += x(i, n) * x(j, n);
    return sd[i] * sd[j] * sum / N;
  });
}

const deviations = (R: number, D: number) => waves(R * D, 5).map((value) => 1.5 + value / 2);

Deno.test("sample_covariance: sums of given tokens; one token, odd sizes, N per replica, over 65 535 tokens and groups", async () => {
  for (const [B, D, contexts] of [[1, 1, [1]], [3, 5, [4, 17, 1]], [1, 2, [70_001]], [1_050_000, 2, [1]]] as const) {
    const [R, longest, STRIDE] = [contexts.length, Math.max(...contexts), 4 * Math.ceil(D / 4)];
    const C = longest * STRIDE;
    const values = waves(R * B * C, 1).map((value) => value + 0.5);
    const sd = deviations(R, D);
    using x = Tensor.from(values, [R, B, C]);
    using context = Tensor.from(contexts);
    using deviation = Tensor.from(sd, [R, D]);
    using covariance = sampleCovariance({ x, context, deviation }, { STRIDE }).covariance;
    const result = await covariance.read();
    let worst = 0;
    for (let item = 0; item < R * B; item++) {
      const r = Math.floor(item / B);
      const token = (i: number, n: number) => values[item * C + n * STRIDE + i];
      const exact = covarianceReference(token, contexts[r], sd.subarray(r * D, (r + 1) * D));
      exact.forEach((value, entry) => worst = Math.max(worst, Math.abs(value - result[item * D * D + entry])));
    }
    assertLess(worst, 1e-5, `(${B}, ${D}), N = ${contexts}`);
  }
});

Deno.test({
  name: "sample_covariance: a context that a software driver would cut short is refused",
  ignore: !gpu.adapter.software,
  fn: () => {
    using x = new Tensor([1, 1, 4 * 1_048_577]);
    using one = Tensor.from([1]);
    using deviation = Tensor.from([1], [1, 1]);
    assertThrows(
      () => sampleCovariance({ x, context: one, deviation }, { STRIDE: 4 }),
      ShapeError,
      "sample_covariance: expected at most",
    );
  },
});

Deno.test("sample_covariance: a token shorter than the dimension, or of unknown length, is refused", () => {
  using x = new Tensor([1, 1, 16]);
  using one = Tensor.from([1]);
  using deviation = new Tensor([1, 5]);
  const given: Record<string, number>[] = [{}, { STRIDE: 4 }, { STRIDE: 5 }];
  for (const sizes of given) {
    assertThrows(
      () => sampleCovariance({ x, context: one, deviation }, sizes),
      ShapeError,
      "sample_covariance: expected STRIDE ≥ D = 5 that divides C = 16, found",
    );
  }
});

Deno.test("wishart_covariance: A Aᵀ of given factors, fewer tokens than dimensions, over 65 535 groups", async () => {
  for (const [B, D, contexts] of [[1, 1, [1]], [3, 5, [9, 2, 5]], [1_050_000, 2, [2]]] as const) {
    const [R, C] = [contexts.length, Math.max(1, D * (D - 1) / 2)];
    const [factors, squares] = [waves(R * B * C, 1), waves(R * B * D, 2).map(Math.abs)];
    for (let k = 0; k < squares.length; k++) {
      if (k % D >= contexts[Math.floor(k / (B * D))]) squares[k] = 0;
    }
    const sd = deviations(R, D);
    using z = Tensor.from(factors, [R, B, C]);
    using chi = Tensor.from(squares, [R, B, D]);
    using context = Tensor.from(contexts);
    using deviation = Tensor.from(sd, [R, D]);
    using covariance = wishartCovariance({ z, chi, context, deviation }).covariance;
    const result = await covariance.read();
    let worst = 0;
    for (let item = 0; item < R * B; item++) {
      const r = Math.floor(item / B);
      const factor = (i: number, k: number) =>
        k >= D || k > i ? 0 : i === k ? Math.sqrt(squares[item * D + k]) : factors[item * C + i * (i - 1) / 2 + k];
      const exact = covarianceReference(factor, contexts[r], sd.subarray(r * D, (r + 1) * D));
      exact.forEach((value, entry) => worst = Math.max(worst, Math.abs(value - result[item * D * D + entry])));
    }
    assertLess(worst, 1e-5, `(${B}, ${D}), N = ${contexts}`);
  }
});

const SPECTRUM = [2, 1, 0.5];
const SAMPLERS = ["tokens", "statistics"] as const;

/** Covariances (B, D, D) of B prompts as a training step draws them. */
async function drawCovariances(sampler: Sampler, N: number, B: number, spectrum = SPECTRUM) {
  const D = spectrum.length;
  using seeds = Tensor.from(Uint32Array.of(sampler === "tokens" ? 31 : 47));
  using clock = Tensor.from(Uint32Array.of(0, 1, 1));
  using context = Tensor.from([N]);
  using deviation = Tensor.from(spectrum.map(Math.sqrt), [1, D]);
  using pools = new Tensor([1, 1, D]);
  using program = await record("prompts", () => {
    const law = { B, tasks: "commuting", pool: "fresh", sampler, longest: N, contexts: [N] } as const;
    return regressionPrompts({ seeds, clock, context, deviation, pools }, law).covariance;
  });
  program.replay();
  return await program.outputs.read();
}

/** Largest |mean − exact| in standard errors of the mean; `of` gives one number per prompt. */
function deviationInErrors(count: number, of: (item: number) => number, exact: number): number {
  let [sum, squares] = [0, 0];
  for (let item = 0; item < count; item++) {
    const value = of(item) - exact;
    sum += value;
    squares += value * value;
  }
  return Math.abs(sum) / Math.sqrt(squares - sum * sum / count);
}

for (const sampler of SAMPLERS) {
  Deno.test(`${sampler}: E Σ̂ = S and E[Σ̂ A Σ̂] = S A S + (S Aᵀ S + tr(A S) S)/N, also for N < D`, async () => {
    const [B, D] = [20_000, 3];
    const A = [[1, 0.3, -0.4], [-0.2, 0.7, 0.5], [0.6, -0.1, -0.8]];
    const S = SPECTRUM;
    const trace = S.reduce((sum, s, i) => sum + A[i][i] * s, 0);
    for (const N of [1, 2, 3, 8, 32]) {
      const sigma = await drawCovariances(sampler, N, B);
      for (let i = 0; i < D; i++) {
        for (let j = 0; j < D; j++) {
          const mean = deviationInErrors(B, (item) => sigma[item * 9 + i * D + j], i === j ? S[i] : 0);
          const product = (item: number) => {
            let sum = 0;
            for (let k = 0; k < D; k++) {
              for (let l = 0; l < D; l++) sum += sigma[item * 9 + i * D + k] * A[k][l] * sigma[item * 9 + l * D + j];
            }
            return sum;
          };
          const exact = S[i] * A[i][j] * S[j] + (S[i] * A[j][i] * S[j] + (i === j ? trace * S[i] : 0)) / N;
          // 90 statistics, standard normal if the law is right: one above 4.5 in 1 600 runs.
          assertLess(mean, 4.5, `E Σ̂[${i},${j}], N = ${N}`);
          assertLess(deviationInErrors(B, product, exact), 4.5, `E[Σ̂ A Σ̂][${i},${j}], N = ${N}`);
        }
      }
    }
  });

  Deno.test(`${sampler}: fewer tokens than dimensions give rank N`, async () => {
    const [B, D] = [50, 5];
    for (const N of [1, 2, 4]) {
      const sigma = await drawCovariances(sampler, N, B, [1, 1, 1, 1, 1]);
      for (let item = 0; item < B; item++) {
        const pivots = pivotedCholesky(Float64Array.from(sigma.subarray(item * D * D, (item + 1) * D * D)), D);
        assertGreater(pivots[N - 1] / pivots[0], 1e-6, `N = ${N}, prompt ${item}`);
        assertLess(Math.abs(pivots[N]) / pivots[0], 1e-6, `N = ${N}, prompt ${item}`);
      }
    }
  });
}

/** Pivots of a symmetric positive semi-definite matrix (D, D), largest first: as many above zero as its rank. */
function pivotedCholesky(a: Float64Array, D: number): number[] {
  const left = Array.from({ length: D }, (_, i) => i);
  const pivots: number[] = [];
  while (left.length > 0) {
    left.sort((i, j) => a[j * D + j] - a[i * D + i]);
    const p = left.shift()!;
    const pivot = a[p * D + p];
    pivots.push(pivot);
    if (pivot <= 0) return [...pivots, ...left.map(() => 0)];
    for (const i of left) for (const j of left) a[i * D + j] -= a[i * D + p] * a[p * D + j] / pivot;
  }
  return pivots;
}

/** Largest eigenvalue of a symmetric (3, 3) matrix, in closed form. */
function largestEigenvalue(a: ArrayLike<number>): number {
  const mean = (a[0] + a[4] + a[8]) / 3;
  const [x, y, z] = [a[0] - mean, a[4] - mean, a[8] - mean];
  const radius = Math.sqrt((x * x + y * y + z * z + 2 * (a[1] ** 2 + a[2] ** 2 + a[5] ** 2)) / 6);
  const determinant = x * (y * z - a[5] ** 2) - a[1] * (a[1] * z - a[5] * a[2]) + a[2] * (a[1] * a[5] - y * a[2]);
  const cosine = Math.max(-1, Math.min(1, determinant / (2 * radius ** 3)));
  return mean + 2 * radius * Math.cos(Math.acos(cosine) / 3);
}

/** Largest distance between the empirical distribution functions of two samples. */
function kolmogorovSmirnov(a: Float64Array, b: Float64Array): number {
  a.sort();
  b.sort();
  let [i, j, distance] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] <= b[j]) i++;
    else j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  return distance;
}

Deno.test("both samplers have the same distribution of entries and of the largest eigenvalue", async () => {
  const B = 20_000;
  // Exceeded once in 10 000 by two samples of the same law.
  const critical = Math.sqrt(-Math.log(0.5e-4) / B);
  for (const N of [1, 2, 3, 8, 32]) {
    const [tokens, statistics] = [await drawCovariances("tokens", N, B), await drawCovariances("statistics", N, B)];
    const views = {
      "Σ̂[0,0]": (s: Float32Array) => s[0],
      "Σ̂[2,2]": (s: Float32Array) => s[8],
      "Σ̂[1,0]": (s: Float32Array) => s[3],
      "Σ̂[2,1]": (s: Float32Array) => s[7],
      "largest eigenvalue": largestEigenvalue,
    };
    for (const [name, view] of Object.entries(views)) {
      const sample = (all: Float32Array) =>
        Float64Array.from({ length: B }, (_, item) => view(all.subarray(item * 9, item * 9 + 9)));
      assertLess(kolmogorovSmirnov(sample(tokens), sample(statistics)), critical, `${name}, N = ${N}`);
    }
  }
});

Deno.test("statistics: a million tokens concentrate on S, with standard deviation √(2/N) of its eigenvalues", async () => {
  const [B, N] = [20_000, 1_000_000];
  const sigma = await drawCovariances("statistics", N, B);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j <= i; j++) {
      let [sum, squares] = [0, 0];
      for (let item = 0; item < B; item++) {
        const error = sigma[item * 9 + i * 3 + j] - (i === j ? SPECTRUM[i] : 0);
        sum += error;
        squares += error * error;
      }
      const exact = Math.sqrt((i === j ? 2 : 1) * SPECTRUM[i] * SPECTRUM[j] / N);
      assertLess(Math.abs(sum / B), 4.5 * exact / Math.sqrt(B), `mean of [${i},${j}]`);
      assertLess(Math.abs(Math.sqrt(squares / B) / exact - 1), 4.5 / Math.sqrt(2 * B), `deviation of [${i},${j}]`);
    }
  }
  // Symmetric to the last bit.
  for (let item = 0; item < 100; item++) assertEquals(sigma[item * 9 + 1], sigma[item * 9 + 3]);
});
