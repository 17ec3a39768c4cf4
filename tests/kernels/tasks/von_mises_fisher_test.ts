import { assert, assertEquals, assertLess } from "@std/assert";
import { unitRows, vonMisesFisher, vonMisesFisherReference } from "../../../kernels/tasks/von_mises_fisher.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Staging, Tensor } from "../../../lib/gpu/tensor.ts";
import { kolmogorovSmirnov } from "../../oracles/distributions.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

const SEEDS = [2, 0xffff_ffff];

/** Unit vectors (count, D). */
function unitVectors(count: number, D: number): Float32Array {
  const v = waves(count * D, 4);
  for (let first = 0; first < v.length; first += D) {
    const row = v.subarray(first, first + D);
    const norm = Math.hypot(...row);
    row.forEach((value, d) => row[d] = value / norm);
  }
  return v;
}

async function draw(seeds: number[], kappas: number[], [B, K, D]: [number, number, number], step = 4) {
  const R = seeds.length;
  const [centres, choices] = [unitVectors(R * K, D), Uint32Array.from({ length: R * B }, (_, k) => k * 7 % (2 * K))];
  using seedTensor = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(step, 9, 1));
  using kappa = Tensor.from(kappas);
  using centre = Tensor.from(centres, [R, K, D]);
  using choice = Tensor.from(choices, [R, B, 1]);
  using z = vonMisesFisher({ seeds: seedTensor, clock, key: "vmf" }, { kappa, centre, choice });
  const centreOf = (sample: number) => {
    const c = Math.floor(sample / B) * K + choices[sample] % K;
    return centres.subarray(c * D, (c + 1) * D);
  };
  return { z: await z.read(), centreOf };
}

Deno.test("von_mises_fisher: as in double precision, two dimensions and many, κ from 0 to 1000; a replica alone", async () => {
  for (const [B, K, D] of [[1, 1, 2], [33, 3, 3], [40, 5, 5], [20, 2, 131]] as [number, number, number][]) {
    for (const kappas of [[0, 10], [50, 1000], [1, 0.1]]) {
      const { z, centreOf } = await draw(SEEDS, kappas, [B, K, D]);
      let worst = 0;
      for (let sample = 0; sample < 2 * B; sample++) {
        const r = Math.floor(sample / B);
        const where = { seed: SEEDS[r], key: "vmf", step: 4, item: sample % B };
        const exact = vonMisesFisherReference(where, kappas[r], Float64Array.from(centreOf(sample)));
        exact.forEach((value, d) => worst = Math.max(worst, Math.abs(value - z[sample * D + d])));
      }
      // Gamma numbers are good to 2e-5, normal ones to 1e-5.
      assertLess(worst, 5e-5, `B ${B}, K ${K}, D ${D}, κ ${kappas}`);
      assertEquals((await draw([SEEDS[0]], [kappas[0]], [B, K, D])).z, z.slice(0, B * D));
    }
  }
});

Deno.test("von_mises_fisher: the component along the centre has its law, the others no direction", async () => {
  const B = 20_000;
  for (const [D, kappa] of [[3, 0], [3, 10], [3, 50], [5, 10], [5, 50]]) {
    const { z, centreOf } = await draw([1], [kappa], [B, 1, D]);
    const v = centreOf(0);
    const along = Float64Array.from({ length: B }, (_, b) => {
      const sample = z.subarray(b * D, (b + 1) * D);
      assertLess(Math.abs(Math.hypot(...sample) - 1), 1e-5);
      return sample.reduce((sum, value, d) => sum + value * v[d], 0);
    });
    if (D === 3) {
      // Density ∝ e^{κ w} in three dimensions.
      const cdf = (w: number) =>
        kappa === 0 ? (w + 1) / 2 : (Math.exp(kappa * (w - 1)) - Math.exp(-2 * kappa)) / (1 - Math.exp(-2 * kappa));
      assertLess(kolmogorovSmirnov(along, cdf), 2.23, `κ = ${kappa}`);
    } else {
      // Density ∝ (1 − w²) e^{κ w} in five: the antiderivative of the product by parts.
      const primitive = (w: number) =>
        Math.exp(kappa * (w - 1)) * ((1 - w * w) / kappa + 2 * w / kappa ** 2 - 2 / kappa ** 3);
      const cdf = (w: number) => (primitive(w) - primitive(-1)) / (primitive(1) - primitive(-1));
      assertLess(kolmogorovSmirnov(along, cdf), 2.23, `κ = ${kappa}`);
    }
    for (let d = 0; d < D; d++) {
      let [sum, squares] = [0, 0];
      for (let b = 0; b < B; b++) {
        const across = z[b * D + d] - along[b] * v[d];
        sum += across;
        squares += across * across;
      }
      assertLess(Math.abs(sum) / Math.sqrt(squares), 4.5, `D = ${D}, κ = ${kappa}, component ${d}`);
    }
  }
});

Deno.test("von_mises_fisher: two dimensions against the angle's density e^{κ cos φ}", async () => {
  const [B, kappa] = [20_000, 2];
  const { z, centreOf } = await draw([1], [kappa], [B, 1, 2]);
  const v = centreOf(0);
  // The integral of e^{κ cos φ} by the trapezoidal rule, from −π to φ.
  const n = 4000;
  const table = new Float64Array(n + 1);
  const f = (k: number) => Math.exp(kappa * Math.cos(2 * Math.PI * k / n - Math.PI));
  for (let k = 1; k <= n; k++) table[k] = table[k - 1] + (f(k - 1) + f(k)) / 2;
  const angles = Float64Array.from({ length: B }, (_, b) => {
    const [x, y] = z.subarray(2 * b, 2 * b + 2);
    return Math.atan2(v[0] * y - v[1] * x, v[0] * x + v[1] * y);
  });
  const cdf = (angle: number) => {
    const at = (angle + Math.PI) / (2 * Math.PI) * n;
    const k = Math.min(Math.floor(at), n - 1);
    return (table[k] + (at - k) * (table[k + 1] - table[k])) / table[n];
  };
  assertLess(kolmogorovSmirnov(angles, cdf), 2.23);
});

Deno.test("von_mises_fisher and unit_rows: over 65 535 workgroups, the last like the first", async () => {
  const B = 65_536 * 64 + 3;
  const { z, centreOf } = await draw([1], [5], [B, 3, 2]);
  for (const b of [0, 65_535 * 64, 65_536 * 64, B - 1]) {
    const exact = vonMisesFisherReference({ seed: 1, key: "vmf", step: 4, item: b }, 5, Float64Array.from(centreOf(b)));
    exact.forEach((value, d) => assertLess(Math.abs(value - z[2 * b + d]), 5e-5));
  }
  using y = Tensor.from(z.map((value, k) => value * (2 + k % 2)), [B, 2]);
  unitRows({ y });
  using staging = new Staging(2);
  const last = await staging.read(y, 2 * B - 2, 2);
  assertLess(Math.abs(Math.hypot(...last) - 1), 1e-6);
  assert(Math.sign(last[0]) === Math.sign(z[2 * B - 2]));
});
