import { assertAlmostEquals, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { linearCka, linearCkas } from "../../lib/metrics/cka.ts";
import { linearProbe, linearProbes } from "../../lib/metrics/linear_probe.ts";
import { trajectoryPca, trajectoryPcaReference } from "../../lib/metrics/trajectory_pca.ts";
import { gaussian } from "../linalg/matrices.ts";

await openGpu();

Deno.test("linearCka: orthogonal columns share what they share, rotations and scales do not count", async () => {
  // x = (e1, e2), y = (e1, e3) of orthonormal centred columns: ‖YᵀX‖² = 1, ‖XᵀX‖ = ‖YᵀY‖ = √2.
  const S = 8;
  const columns = [1, 2, 3].map((k) => Array.from({ length: S }, (_, s) => Math.cos(Math.PI * (s + 0.5) * k / S) + k));
  const joined = (picked: readonly number[]) =>
    Array.from({ length: S }, (_, s) => picked.map((k) => columns[k][s])).flat();
  const [x, y] = [joined([0, 1]), joined([0, 2])];
  assertAlmostEquals(linearCka(x, y, { S, P: 2, Q: 2 }), 0.5, 1e-12);
  assertAlmostEquals(linearCka(x, joined([2]), { S, P: 2, Q: 1 }), 0, 1e-12);
  assertEquals(linearCka(x, new Float64Array(S), { S, P: 2, Q: 1 }), 0);
  const turned = x.map((_, i) => i % 2 === 0 ? 7 * (x[i] + x[i + 1]) : 7 * (x[i - 1] - x[i]) + 3);
  assertAlmostEquals(linearCka(x, turned, { S, P: 2, Q: 2 }), 1, 1e-12);
  using left = Tensor.from([...x, ...x], [2, S, 2]);
  using right = Tensor.from([...y, ...turned], [2, S, 2]);
  using found = linearCkas(left, right);
  const [half, one] = await found.read();
  assertAlmostEquals(half, 0.5, 1e-5);
  assertAlmostEquals(one, 1, 1e-5);
});

Deno.test("linearProbe: R² is what the target's law says, on the host and on the GPU", async () => {
  // y = x w + σ ε with E‖x w‖² = 1: R² → 1 / (1 + σ²) for many samples.
  const [S, F, K, train] = [6000, 3, 2, 3000];
  const x = gaussian(S * F, 1), noise = gaussian(S * K, 2);
  const signal = (s: number, k: number) => (x[s * F] + (k === 0 ? x[s * F + 1] : -x[s * F + 2])) / Math.SQRT2;
  const targets = [0, 0.5, 1].map((sigma) =>
    Float32Array.from({ length: S * K }, (_, i) => 5 + signal(Math.floor(i / K), i % K) + sigma * noise[i])
  );
  using features = Tensor.from([...x, ...x, ...x], [3, S, F]);
  using wanted = Tensor.from(targets.flatMap((y) => [...y]), [3, S, K]);
  const found = await linearProbes(features, wanted, { train });
  for (const [index, sigma] of [0, 0.5, 1].entries()) {
    const r2 = linearProbe(x, targets[index], { S, F, K }, { train });
    // Standard error of a variance ratio over 3000 samples of two targets: about 2 %.
    assertAlmostEquals(r2, 1 / (1 + sigma ** 2), sigma === 0 ? 1e-9 : 0.05);
    assertAlmostEquals(found[index], r2, 1e-4);
  }
});

Deno.test("linearProbe: more features than samples take the shortest map; a strong ridge predicts the mean", async () => {
  const x = gaussian(20 * 30, 3), y = gaussian(20, 4);
  const sizes = { S: 20, F: 30, K: 1 };
  assertLess(linearProbe(x, y, sizes, { train: 10 }), 1);
  const ridge = 1e12;
  const strong = linearProbe(x, y, sizes, { train: 10, ridge });
  const mean = (from: number, to: number) => y.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  const [fitted, held] = [mean(0, 10), mean(10, 20)];
  const total = y.slice(10).reduce((sum, value) => sum + (value - held) ** 2, 0);
  assertAlmostEquals(strong, 1 - y.slice(10).reduce((sum, value) => sum + (value - fitted) ** 2, 0) / total, 1e-6);
  using features = Tensor.from(x, [20, 30]);
  using wanted = Tensor.from(y, [20, 1]);
  assertAlmostEquals((await linearProbes(features, wanted, { train: 10, ridge }))[0], strong, 1e-4);
  assertThrows(
    () => linearProbe(x, y, sizes, { train: 20 }),
    RangeError,
    "expected 2 to 19 samples to fit to, found 20",
  );
  await assertRejects(() => linearProbes(features, wanted, { train: 5, ridge: -1 }), RangeError, "expected ridge ≥ 0");
});

Deno.test("trajectoryPca: runs in a plane keep their distances; what is projected later takes no part", async () => {
  const F = 40;
  const [e, f] = [gaussian(F, 5), gaussian(F, 6)];
  const point = (a: number, b: number) => Array.from({ length: F }, (_, i) => 2 + a * e[i] + b * f[i]);
  const runs = [0, 1, 2].map((run) =>
    Float32Array.from(Array.from({ length: 5 + run }, (_, t) => point(t * (run + 1), t * t - run)).flat())
  );
  for (const fit of [trajectoryPcaReference(runs, F), await trajectoryPca(runs, F)]) {
    assertEquals(fit.scores.map(({ length }) => length / 2), [5, 6, 7]);
    assertAlmostEquals(fit.explained[0] + fit.explained[1], 1, 1e-5);
    const between = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Math.hypot(...Array.from(a, (value, index) => value - b[index]));
    const [first, last] = [fit.scores[0].subarray(0, 2), fit.scores[2].subarray(12, 14)];
    const apart = between(runs[0].subarray(0, F), runs[2].subarray(6 * F, 7 * F));
    assertAlmostEquals(between(first, last) / apart, 1, 1e-5);
    const projected = fit.project(runs[1].subarray(F, 2 * F));
    assertAlmostEquals(between(projected, fit.scores[1].subarray(2, 4)) / apart, 0, 1e-6);
  }
  await assertRejects(
    () => trajectoryPca([[1, 2, 3]], 2),
    RangeError,
    "expected whole points of 2 numbers, found 3 numbers",
  );
});
