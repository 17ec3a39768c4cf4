/**
 * Baselines against numbers computed elsewhere for the papers' settings, by Monte Carlo with fixed seeds.
 *
 * Those numbers are estimates too. A tolerance is three standard errors of the difference, taking them to be as noisy as
 * ours, plus half of their last digit; where they come from a single pool of tasks, it is three deviations between pools.
 */
import { assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import { normalFill, uniformFill } from "../../../kernels/random/random_fill.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import {
  type Baseline,
  bayesRidge,
  dmmse,
  gdPlusPlus,
  gradientDescent,
  leastSquares,
  priorRidge,
  ridge,
} from "../../../lib/models/baselines/mod.ts";

await openGpu();

/** Prompts of a linear task with noise, on both sides. */
interface Sample {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly labels: Float32Array;
}

/** What prompts are drawn from. */
interface Law {
  readonly R: number;
  readonly B: number;
  readonly N: number;
  readonly D: number;
  readonly noise: number;
  /** Task (D) of prompt b of replica r, given D fresh N(0, 1) numbers. */
  readonly task: (fresh: Float32Array, r: number, b: number) => ArrayLike<number>;
  /** Inputs uniform on (−½, ½) rather than N(0, 1). */
  readonly uniform?: boolean;
}

async function numbers(fill: typeof normalFill, key: string, R: number, I: number, C: number): Promise<Float32Array> {
  using seeds = Tensor.from(Uint32Array.from({ length: R }, (_, r) => r + 1));
  using clock = Tensor.from(Uint32Array.of(0, 1, 1));
  using y = fill({ seeds, clock, key }, { I, C });
  return await y.read();
}

async function draw({ R, B, N, D, noise, task, uniform = false }: Law): Promise<Sample> {
  let x = await numbers(uniform ? uniformFill : normalFill, "theory inputs", R, B, N * D);
  if (uniform) x = x.map((value) => value - 0.5);
  const fresh = await numbers(normalFill, "theory tasks", R, B, D);
  const labels = await numbers(normalFill, "theory noise", R, B, N);
  for (let prompt = 0; prompt < R * B; prompt++) {
    const w = task(fresh.subarray(prompt * D, (prompt + 1) * D), Math.floor(prompt / B), prompt % B);
    for (let pair = prompt * N; pair < (prompt + 1) * N; pair++) {
      labels[pair] *= noise;
      for (let i = 0; i < D; i++) labels[pair] += w[i] * x[pair * D + i];
    }
  }
  return { x: Tensor.from(x, [R, B, N, D]), y: Tensor.from(labels, [R, B, N]), labels };
}

function free({ x, y }: Sample): void {
  x.destroy();
  y.destroy();
}

interface Loss {
  readonly mean: number;
  /** Standard deviation between groups. */
  readonly deviation: number;
  /** Standard error of the mean. */
  readonly error: number;
}

/** Mean squared error of predictions over groups of prompts, at every position or the last one. */
async function lossOf(model: Baseline, { x, y, labels }: Sample, groups: number, last = false): Promise<Loss> {
  using prediction = model.apply({ x, y });
  const found = await prediction.read();
  model.destroy();
  const N = x.shape[2];
  const sums = new Float64Array(groups);
  for (let index = 0; index < labels.length; index++) {
    if (last && index % N !== N - 1) continue;
    sums[Math.floor(index * groups / labels.length)] += (found[index] - labels[index]) ** 2;
  }
  const each = sums.map((sum) => sum * groups / (last ? labels.length / N : labels.length));
  const mean = each.reduce((sum, value) => sum + value) / groups;
  const deviation = Math.sqrt(each.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (groups - 1));
  return { mean, deviation, error: deviation / Math.sqrt(groups) };
}

function assertLoss({ mean, error }: Loss, target: number, digit: number, name: string, scale = 1): void {
  assertAlmostEquals(scale * mean, target, 3 * Math.SQRT2 * scale * error + digit / 2, name);
}

Deno.test("Carroll et al.: losses of ridge and of dMMSE on pools of 1 to 1024 tasks", async () => {
  const [R, B] = [16, 256];
  const noise = Math.sqrt(0.125);
  const settings = [
    {
      D: 8,
      N: 16,
      ridgeLoss: 2.69,
      inside: [[1, 0.125], [4, 0.62], [16, 0.94], [64, 1.24], [256, 1.46], [1024, 1.69]],
      outside: [[16, 9.3], [64, 7.5], [256, 6.1]],
    },
    { D: 4, N: 8, ridgeLoss: 1.66, inside: [[16, 0.98], [64, 1.16]], outside: [[16, 3.5], [64, 2.5]] },
  ];
  for (const { D, N, ridgeLoss, inside, outside } of settings) {
    const sizes = { R, B, N, D, noise };
    const fresh = await draw({ ...sizes, task: (w) => w });
    assertLoss(await lossOf(ridge({ lambda: 0.125 }), fresh, R * B), ridgeLoss, 0.01, `ridge, D = ${D}`);
    for (const [M, target] of inside) {
      const tasks = await numbers(normalFill, "theory pool", R, M, D);
      using pool = Tensor.from(tasks, [R, M, D]);
      const start = (r: number, b: number) => (r * M + b % M) * D;
      const pooled = await draw({ ...sizes, task: (_, r, b) => tasks.subarray(start(r, b), start(r, b) + D) });
      const loss = await lossOf(dmmse({ pool, sigma: noise }), pooled, R);
      assertAlmostEquals(loss.mean, target, 3 * loss.deviation + 0.005, `dMMSE, D = ${D}, M = ${M}`);
      const other = outside.find(([size]) => size === M);
      if (other) {
        const far = await lossOf(dmmse({ pool, sigma: noise }), fresh, R);
        assertAlmostEquals(far.mean, other[1], 3 * far.deviation + 0.05, `dMMSE elsewhere, D = ${D}, M = ${M}`);
      }
      free(pooled);
    }
    free(fresh);
  }
});

Deno.test("Bai et al.: ridge with the right and the wrong penalty, and the mixture that tells noise levels apart", async () => {
  const [B, D] = [4096, 20];
  const [weak, strong] = [0.2, 5];
  const targets: [number, number, number, number][] = [
    [10, 0.1, 0.524, 0.573],
    [10, 0.5, 1.005, 0.904],
    [20, 0.1, 0.116, 0.268],
    [20, 0.5, 1.44, 0.644],
    [40, 0.1, 0.02, 0.065],
    [40, 0.5, 0.506, 0.435],
  ];
  for (const [n, noise, first, second] of targets) {
    const sample = await draw({ R: 1, B, N: n + 1, D, noise, task: (w) => w.map((value) => value / Math.sqrt(D)) });
    const name = `${n} examples, σ = ${noise}`;
    const small = await lossOf(ridge({ lambda: weak }), sample, B, true);
    const large = await lossOf(ridge({ lambda: strong }), sample, B, true);
    assertLoss(small, first, 0.001, `${name}, λ = ${weak}`);
    assertLoss(large, second, 0.001, `${name}, λ = ${strong}`);
    // One predictor for both levels: with 20 examples and more it is all but as good as whoever knows the level.
    const mixed = await lossOf(bayesRidge({ sigmas: [0.1, 0.5], tau: Math.sqrt(1 / D) }), sample, B, true);
    if (n >= 20) assertLess(mixed.mean, 1.1 * Math.min(small.mean, large.mean), name);
    assertLess(mixed.mean, Math.max(small.mean, large.mean), name);
    free(sample);
  }
});

Deno.test("Li et al.: the prior of each weight beats ridge, ridge beats least squares", async () => {
  const [B, N, D, noise] = [2048, 21, 20, 0.5];
  const variances = Array.from({ length: D }, (_, i) => (i + 1) ** -2);
  const sample = await draw({
    R: 1,
    B,
    N,
    D,
    noise,
    task: (w) => w.map((value, i) => value * Math.sqrt(variances[i])),
  });
  const mean = variances.reduce((sum, value) => sum + value) / D;
  const informed = await lossOf(priorRidge({ variances, noise: noise ** 2 }), sample, B, true);
  const plain = await lossOf(ridge({ lambda: noise ** 2 / mean }), sample, B, true);
  const squares = await lossOf(leastSquares(), sample, B, true);
  assertGreater(plain.mean - informed.mean, 3 * Math.hypot(plain.error, informed.error));
  assertGreater(squares.mean, 2 * plain.mean);
  free(sample);
});

Deno.test("von Oswald et al.: the best losses of one and two steps of GD and of GD++", async () => {
  const [B, N, D] = [16_384, 11, 10];
  const sample = await draw({ R: 1, B, N, D, noise: 0, task: (w) => w, uniform: true });
  const half = async (model: Baseline) => await lossOf(model, sample, B, true);
  const once = await half(gradientDescent({ steps: 1, learningRate: 6.06 }));
  assertLoss(once, 0.2062, 1e-4, "one step", 0.5);
  for (const learningRate of [5.5, 6.6]) {
    const other = await half(gradientDescent({ steps: 1, learningRate }));
    assertGreater(other.mean, once.mean, `one step, η = ${learningRate}`);
  }
  assertLoss(await half(gradientDescent({ steps: 2, learningRate: 6 })), 0.157, 0.001, "two steps", 0.5);
  assertLoss(await half(gdPlusPlus({ steps: 2, learningRate: 11, gamma: 1.5 })), 0.116, 0.001, "GD++", 0.5);
  free(sample);
});
