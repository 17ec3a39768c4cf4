import { assertEquals, assertLess } from "@std/assert";
import {
  type NoiseLaw,
  noiseNumber,
  projectedNoiseReference,
  projectNoise,
} from "../../../kernels/tasks/projected_noise.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Staging, Tensor } from "../../../lib/gpu/tensor.ts";
import { kolmogorovSmirnov, normalCdf } from "../../oracles/distributions.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

interface Sampled {
  readonly seeds: readonly number[];
  readonly laws: readonly (NoiseLaw | null)[];
  readonly spreads: readonly number[];
  /** Samples, centres and dimension. */
  readonly sizes: readonly [B: number, K: number, D: number];
}

/** Samples into a tensor of twos, which the caller frees; and the centre of each. */
function draw({ seeds, laws, spreads, sizes: [B, K, D] }: Sampled) {
  const R = seeds.length;
  const centres = waves(R * K * D, 4);
  const choices = Uint32Array.from({ length: R * B }, (_, k) => k * 7 % (2 * K));
  using seedTensor = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(4, 9, 1));
  using law = Tensor.from(Uint32Array.from(laws, noiseNumber));
  using spread = Tensor.from(spreads);
  using centre = Tensor.from(centres, [R, K, D]);
  using choice = Tensor.from(choices, [R, B, 1]);
  const z = Tensor.from(new Float32Array(R * B * D).fill(2), [R, B, D]);
  projectNoise({ seeds: seedTensor, clock, key: "noise" }, { law, spread, centre, choice }, z);
  const centreOf = (sample: number) => {
    const c = Math.floor(sample / B) * K + choices[sample] % K;
    return Float64Array.from(centres.subarray(c * D, (c + 1) * D));
  };
  return { z, centreOf };
}

async function read(sampled: Sampled) {
  const { z, centreOf } = draw(sampled);
  using _ = z;
  return { z: await z.read(), centreOf };
}

Deno.test("projected_noise: as in double precision, by replica; where there is no law, nothing changes; a replica alone", async () => {
  const [seeds, laws, spreads] = [[2, 3, 0xffff_ffff], ["normal", null, "laplace"] as const, [1, 1, 0.3]];
  for (const sizes of [[1, 1, 1], [33, 3, 5], [5, 2, 131]] as const) {
    const [B, , D] = sizes;
    const { z, centreOf } = await read({ seeds, laws, spreads, sizes });
    let worst = 0;
    for (let sample = 0; sample < 3 * B; sample++) {
      const r = Math.floor(sample / B);
      const law = laws[r];
      const where = { seed: seeds[r], key: "noise", step: 4, item: sample % B };
      const exact = law ? projectedNoiseReference(where, law, spreads[r], centreOf(sample)) : Array<number>(D).fill(2);
      exact.forEach((value, d) => worst = Math.max(worst, Math.abs(value - z[sample * D + d])));
    }
    assertLess(worst, 2e-5, `sizes ${sizes}`);
    const alone = await read({ seeds: seeds.slice(0, 1), laws: laws.slice(0, 1), spreads: [1], sizes });
    assertEquals(alone.z, z.slice(0, B * D));
  }
});

Deno.test("projected_noise: normal noise in two dimensions against the density of its angle", async () => {
  const [B, spread] = [20_000, 0.8];
  const { z, centreOf } = await read({ seeds: [1], laws: ["normal"], spreads: [spread], sizes: [B, 1, 2] });
  const v = centreOf(0);
  // Density ∝ 1 + √2π t Φ(t) e^(t²/2) at t = |v| cos φ / s; its integral by the trapezoidal rule, from −π to φ.
  const n = 2000;
  const f = (k: number) => {
    const t = Math.hypot(...v) * Math.cos(2 * Math.PI * k / n - Math.PI) / spread;
    return 1 + Math.sqrt(2 * Math.PI) * t * normalCdf(t) * Math.exp(t * t / 2);
  };
  const table = new Float64Array(n + 1);
  for (let k = 1; k <= n; k++) table[k] = table[k - 1] + (f(k - 1) + f(k)) / 2;
  const angles = Float64Array.from({ length: B }, (_, b) => {
    const [x, y] = z.subarray(2 * b, 2 * b + 2);
    assertLess(Math.abs(Math.hypot(x, y) - 1), 1e-6);
    return Math.atan2(v[0] * y - v[1] * x, v[0] * x + v[1] * y);
  });
  const cdf = (angle: number) => {
    const at = (angle + Math.PI) / (2 * Math.PI) * n;
    const k = Math.min(Math.floor(at), n - 1);
    return (table[k] + (at - k) * (table[k + 1] - table[k])) / table[n];
  };
  assertLess(kolmogorovSmirnov(angles, cdf), 2.23);
});

Deno.test("projected_noise: Laplace noise by the ratio of two components, and by the share on the other side", async () => {
  const B = 20_000;
  // Far noise has forgotten its centre; the ratio of two such magnitudes has the distribution function r / (1 + r).
  const far = await read({ seeds: [1], laws: ["laplace"], spreads: [1e6], sizes: [B, 1, 2] });
  const ratios = Float64Array.from({ length: B }, (_, b) => Math.abs(far.z[2 * b + 1] / far.z[2 * b]));
  assertLess(kolmogorovSmirnov(ratios, (r) => r / (1 + r)), 2.23);
  const quadrants = [0, 0, 0, 0];
  for (let b = 0; b < B; b++) quadrants[2 * Number(far.z[2 * b] > 0) + Number(far.z[2 * b + 1] > 0)]++;
  quadrants.forEach((count) => assertLess(Math.abs(count - B / 4), 4.5 * Math.sqrt(B * 3 / 16)));
  // In one dimension the sphere is ±1: P(v + s ξ < 0) = ½ e^(−v/s) for v > 0.
  const line = await read({ seeds: [1], laws: ["laplace"], spreads: [0.5], sizes: [B, 1, 1] });
  const [v] = line.centreOf(0);
  const other = line.z.filter((value) => Math.sign(value) !== Math.sign(v)).length;
  const p = 0.5 * Math.exp(-Math.abs(v) / 0.5);
  assertLess(Math.abs(other - B * p), 4.5 * Math.sqrt(B * p * (1 - p)));
});

Deno.test("projected_noise: over 65 535 workgroups, the last like the first", async () => {
  const B = 65_536 * 64 + 3;
  const { z, centreOf } = draw({ seeds: [1], laws: ["laplace"], spreads: [1], sizes: [B, 3, 2] });
  using _ = z, staging = new Staging(2);
  for (const b of [0, 65_535 * 64, 65_536 * 64, B - 1]) {
    const exact = projectedNoiseReference({ seed: 1, key: "noise", step: 4, item: b }, "laplace", 1, centreOf(b));
    const found = await staging.read(z, 2 * b, 2);
    exact.forEach((value, d) => assertLess(Math.abs(value - found[d]), 2e-5));
  }
});
