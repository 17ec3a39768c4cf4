import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { singularValues } from "../../lib/linalg/svd.ts";
import { spectralMeasures } from "../../lib/metrics/spectral_measures.ts";
import {
  effectiveRank,
  marginalEffectiveRanks,
  nuclearNorm,
  participationRatio,
  spectralEntropy,
  spectralNorm,
  stableRank,
} from "../../lib/metrics/spectrum.ts";
import { gaussian, readAll } from "../linalg/matrices.ts";

await openGpu();

/** Geometric decay σ_i = q^i without end: p_i = (1 − q) q^i, and every sum is a geometric series. */
function geometric(q: number) {
  const entropy = -Math.log(1 - q) - q / (1 - q) * Math.log(q);
  return {
    s: Float64Array.from({ length: 400 }, (_, i) => q ** i),
    entropy,
    nuclear: 1 / (1 - q),
    stable: 1 / (1 - q * q),
    participation: (1 - q ** 4) / (1 - q * q) ** 2,
  };
}

Deno.test("spectral measures of n equal values among zeros, at any scale: n", () => {
  for (const n of [1, 3, 7]) {
    for (const scale of [1e-200, 1, 1e100]) {
      const s = Float64Array.from({ length: 9 }, (_, i) => i < n ? scale : 0);
      for (const measure of [effectiveRank, stableRank, participationRatio]) {
        assertAlmostEquals(measure(s), n, 1e-12, measure.name);
      }
      assertAlmostEquals(spectralEntropy(s), Math.log(n), 1e-12);
      assertAlmostEquals(nuclearNorm(s) / scale, n, 1e-12);
      assertEquals(spectralNorm(s), scale);
    }
  }
});

Deno.test("spectral measures of a geometric decay: closed forms, which leaving out leading values does not change", () => {
  for (const q of [0.1, 0.5, 0.9]) {
    const { s, entropy, nuclear, stable, participation } = geometric(q);
    assertAlmostEquals(spectralEntropy(s), entropy, 1e-9);
    assertAlmostEquals(nuclearNorm(s), nuclear, 1e-9);
    assertAlmostEquals(stableRank(s), stable, 1e-9);
    assertAlmostEquals(participationRatio(s), participation, 1e-9);
    for (const rank of marginalEffectiveRanks(s.toReversed(), 20)) assertAlmostEquals(rank, Math.exp(entropy), 1e-6);
  }
});

Deno.test("spectral measures of a zero matrix are 0", () => {
  for (const measure of [effectiveRank, spectralEntropy, stableRank, participationRatio, nuclearNorm, spectralNorm]) {
    assertEquals(measure([0, 0]), 0, measure.name);
  }
  assertEquals([...marginalEffectiveRanks([5, 0, 0], 2)], [1, 0, 0]);
});

Deno.test("spectralMeasures on the GPU: closed forms of a geometric decay and of equal values, at any scale", async () => {
  const N = 300;
  for (const scale of [1e-30, 1, 1e30]) {
    const { s, entropy, nuclear, stable, participation } = geometric(0.8);
    const equal = Float64Array.from({ length: N }, (_, i) => i < 5 ? scale : 0);
    using values = Tensor.from([...s.slice(0, N).map((value) => value * scale), ...equal, ...new Float64Array(N)], [
      3,
      N,
    ]);
    const measures = spectralMeasures(values, 4);
    assertEquals([measures.effectiveRanks.shape, measures.norms.shape], [[3, 5], [3, 4]]);
    const [ranks, norms] = await readAll(measures.effectiveRanks, measures.norms);
    const expectedRanks = [...Array(5).fill(Math.exp(entropy)), 5, 4, 3, 2, 1, ...Array(5).fill(0)];
    const expectedNorms = [nuclear * scale, scale, stable, participation, 5 * scale, scale, 5, 5, 0, 0, 0, 0];
    for (const [found, expected] of [[ranks, expectedRanks], [norms, expectedNorms]] as const) {
      found.forEach((value, k) => assertLess(Math.abs(value - expected[k]), 1e-5 * expected[k] || 1e-40, `${k}`));
    }
  }
});

Deno.test("spectralMeasures of random matrices, over more workgroups than a row has", async () => {
  const [B, N] = [20, 7];
  using a = Tensor.from(gaussian(B * N * N, 1), [4, 5, N, N]);
  using s = singularValues(a);
  const values = await s.read();
  const measures = spectralMeasures(s, 6);
  assertEquals(measures.effectiveRanks.shape, [4, 5, 7]);
  const [ranks, norms] = await readAll(measures.effectiveRanks, measures.norms);
  for (let b = 0; b < B; b++) {
    const own = values.slice(b * N, (b + 1) * N);
    const expected = [nuclearNorm(own), spectralNorm(own), stableRank(own), participationRatio(own)];
    expected.forEach((value, k) => assertAlmostEquals(norms[4 * b + k] / value, 1, 1e-5));
    marginalEffectiveRanks(own, 6).forEach((value, k) => assertAlmostEquals(ranks[7 * b + k] / value, 1, 1e-5));
  }
  const many = 64 * 65_540;
  using ones = Tensor.from(new Float32Array(many).fill(3), [many, 1]);
  const { effectiveRanks, norms: all } = spectralMeasures(ones);
  const [one] = await readAll(effectiveRanks, all);
  assertEquals(one.some((rank) => Math.abs(rank - 1) > 1e-6), false);
});

Deno.test("spectral measures: a value that is NaN, infinite or negative is refused by its index", () => {
  const one = [effectiveRank, spectralEntropy, stableRank, participationRatio, nuclearNorm, spectralNorm];
  for (const measure of [...one, (s: ArrayLike<number>) => marginalEffectiveRanks(s, 1)]) {
    const label = measure.name || "marginalEffectiveRanks";
    for (const [value, index] of [[NaN, 0], [Infinity, 1], [-Infinity, 2], [-1e-30, 2]]) {
      const s = [1, 1, 1].with(index, value);
      const message = `${label}: expected singular values that are finite and ≥ 0, found ${value} at index ${index}`;
      assertThrows(() => measure(s), RangeError, message);
      assertThrows(() => measure(Float32Array.from(s)), RangeError, `at index ${index}`);
    }
    measure([-0, 1]);
  }
});

Deno.test("spectralMeasures: a spectrum that is not finite leaves the others alone", async () => {
  using values = Tensor.from([NaN, 1, 1, 2, 2, 0, Infinity, 1, -1, 3, 3, 3], [4, 3]);
  const { effectiveRanks, norms } = spectralMeasures(values, 1);
  const [ranks] = await readAll(effectiveRanks, norms);
  for (const [place, expected] of [[2, 2], [3, 1], [6, 3], [7, 2]]) assertAlmostEquals(ranks[place], expected, 1e-5);
});

Deno.test("spectral measures: errors name what is out of range", () => {
  using s = new Tensor([4, 3]);
  const message = "expected 0 to 2 leading values to leave out, found 3";
  assertThrows(() => spectralMeasures(s, 3), RangeError, `spectralMeasures: ${message}`);
  assertThrows(() => marginalEffectiveRanks([1, 2, 3], 3), RangeError, `marginalEffectiveRanks: ${message}`);
});
