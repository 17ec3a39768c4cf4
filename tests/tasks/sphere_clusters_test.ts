/** Clusters on the sphere, draw by draw against the float64 references of their kernels. */
import { assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { lawAtReference } from "../../kernels/random/law_at.ts";
import { projectedNoiseReference } from "../../kernels/tasks/projected_noise.ts";
import { vonMisesFisherReference } from "../../kernels/tasks/von_mises_fisher.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { integersBelow } from "../../lib/random/laws.ts";
import { sphereClusters, type SphereClustersOptions } from "../../lib/tasks/sphere_clusters.ts";
import { differingTensor, sample } from "./sample.ts";

await openGpu();

const SEEDS = [3, 1, 41];

Deno.test("sphere_clusters: centres, instances and samples as in double precision, κ per replica", async () => {
  const [D, K, N, B] = [5, 7, 20, 33];
  const concentration = [10, 50, 0];
  const sampler = sphereClusters({ dimension: D, classes: K, instances: N, batch: B, concentration });
  const batch = await sample(sampler, { seeds: SEEDS, step: 4, key: "train" });
  assertEquals([batch.z.shape, batch.instance.shape, batch.centres.shape], [[3, B, D], [3, B], [3, K, D]]);
  const keys = (what: string) => ({ key: `train ${what}`, listKey: `list ${what}` });
  for (const [r, seed] of SEEDS.entries()) {
    const centres = Array.from({ length: K }, (_, k) => {
      const row = lawAtReference([seed, 0, k, 1], Array(D).fill(1), "normal", keys("centres"), 1);
      return row.map((value) => value / Math.hypot(...row));
    });
    centres.flatMap((row) => [...row]).forEach((value, k) => {
      assertLess(Math.abs(value - batch.centres.values[r * K * D + k]), 1e-5);
    });
    for (let b = 0; b < B; b++) {
      const where = { seed, step: 4, item: b };
      const [instance] = integersBelow({ ...where, key: "train instance" }, N, 1);
      assertEquals(batch.instance.values[r * B + b], instance);
      const exact = vonMisesFisherReference(
        { ...where, key: "train vectors" },
        concentration[r],
        centres[instance % K],
      );
      exact.forEach((value, d) => assertLess(Math.abs(value - batch.z.values[(r * B + b) * D + d]), 1e-4));
    }
  }
});

Deno.test("sphere_clusters: laws per replica; those of projected noise as in double precision, the others as without", async () => {
  const [D, K, B] = [4, 3, 17];
  const options = { dimension: D, classes: K, batch: B, concentration: 10 };
  const law = ["normal", "von Mises–Fisher", "laplace"] as const;
  const spread = [1, 1, 0.5];
  const mixed = await sample(sphereClusters({ ...options, law, spread }), { seeds: SEEDS, step: 4, key: "train" });
  const plain = await sample(sphereClusters(options), { seeds: SEEDS, step: 4, key: "train" });
  assertEquals([mixed.instance, mixed.centres], [plain.instance, plain.centres]);
  assertEquals(mixed.z.values.slice(B * D, 2 * B * D), plain.z.values.slice(B * D, 2 * B * D));
  for (const [r, seed] of SEEDS.entries()) {
    const noise = law[r];
    if (noise === "von Mises–Fisher") continue;
    for (let b = 0; b < B; b++) {
      const c = r * K + Number(mixed.instance.values[r * B + b]) % K;
      const centre = Float64Array.from(mixed.centres.values.slice(c * D, (c + 1) * D), Number);
      const exact = projectedNoiseReference({ seed, step: 4, item: b, key: "train noise" }, noise, spread[r], centre);
      exact.forEach((value, d) => assertLess(Math.abs(value - Number(mixed.z.values[(r * B + b) * D + d])), 2e-5));
    }
  }
});

Deno.test("sphere_clusters: a replica alone has the bits of the ensemble; centres stay, samples change with the step", async () => {
  const sampler = sphereClusters({ dimension: 3, classes: 4, batch: 10, concentration: 5 });
  const together = await sample(sampler, { seeds: SEEDS });
  for (const [r, seed] of SEEDS.entries()) {
    assertEquals(differingTensor(together, await sample(sampler, { seeds: [seed] }), r), null);
  }
  const later = await sample(sampler, { seeds: SEEDS, step: 1, key: "other" });
  assertEquals(later.centres.values, together.centres.values);
  assertNotEquals(later.z.values, together.z.values);
});

Deno.test("sphere_clusters: what does not fit is refused in one line", () => {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const refusals: [Partial<SphereClustersOptions>, string][] = [
    [{ dimension: 1 }, "expected at least 2 dimensions, found 1"],
    [{ instances: 3 }, "expected at least 4 instances, one for every class, found 3"],
    [{ concentration: -1 }, "expected concentrations ≥ 0, found -1"],
    [{ concentration: [1, 2, 3] }, "expected 2 numbers for concentration, found 3"],
    [{ law: ["normal"] }, "expected 2 laws, found 1"],
    [{ law: "normal", spread: 0 }, "expected positive numbers for spread, found 0"],
  ];
  for (const [wrong, message] of refusals) {
    const options = { dimension: 2, classes: 4, batch: 4, concentration: 1, ...wrong };
    const call = () => sphereClusters(options)({ seeds, clock, key: "train" });
    assertEquals(assertThrows(call, RangeError).message, `sphere_clusters: ${message}`);
  }
});
