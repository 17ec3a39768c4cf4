import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import {
  spinCountReference,
  spinCounts,
  spinGroups,
  spinMap,
  spinToken,
} from "../../../kernels/attention_dmft/spins.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import {
  packSpinWeights,
  PAPER_WEIGHTS,
  randomSpinStart,
  randomSpinWeights,
  type SpinSystem,
} from "../../../lib/models/spin_attention.ts";
import { drawKey } from "../../../lib/random/random.ts";
import { lyapunov } from "../../../lib/theory/attention_dmft/lyapunov.ts";
import { SpinOrbit } from "../../../lib/theory/attention_dmft/map.ts";
import { featureOrbit, firstFeature } from "../../../lib/theory/attention_dmft/orbits.ts";

const { adapter } = await openGpu();

const system = (seed: number): SpinSystem => {
  return { weights: seed === 0 ? PAPER_WEIGHTS : randomSpinWeights(seed), beta: 0.7, gamma: 5, epsilon: 0.1 };
};
const packed = (systems: readonly SpinSystem[]) => ({
  weights: Tensor.from(systems.flatMap(({ weights }) => packSpinWeights(weights)), [systems.length, 60]),
  couplings: Tensor.from(systems.flatMap(({ beta, gamma }) => [beta, gamma]), [systems.length, 2]),
});

Deno.test("spin_map: steps, tangents and features of orbits in double precision, of one orbit and of more than lanes", async () => {
  for (const R of [1, 67]) {
    const systems = Array.from({ length: R }, (_, seed) => system(seed));
    const { weights, couplings } = packed(systems);
    const starts = systems.map((_, seed) => randomSpinStart(seed));
    using past = Tensor.from(Float32Array.from(starts.flat()), [R, 12]);
    using tangent = Tensor.from(Float32Array.from(systems.flatMap(() => [1, ...Array(11).fill(0)])), [R, 12]);
    const { growth, y } = spinMap({ weights, couplings, window: past, tangent, epsilon: 0.1 }, { S: 3, K: 8 });
    const [grown, features, ends] = [await growth.read(), await y.read(), await past.read()];
    for (const r of new Set([0, R >> 1, R - 1])) {
      const start = { window: Array.from(starts[r], Math.fround), phase: 0 };
      const orbit = new SpinOrbit(systems[r], start);
      assertAlmostEquals(grown[r] / 8, lyapunov(orbit, 8, 1).spectrum[0], 1e-4);
      orbit.window.forEach((value, i) => assertAlmostEquals(ends[12 * r + i], value, 2e-5));
      featureOrbit(systems[r], start, 8).slice(-3)
        .forEach((value, s) => assertAlmostEquals(features[3 * r + s], value, 2e-5));
    }
    for (const tensor of [weights, couplings, growth, y]) tensor.destroy();
  }
});

Deno.test("spin_map: loops that a software driver would cut short are refused", () => {
  const { weights, couplings } = packed([system(0)]);
  using past = new Tensor([1, 12]);
  using tangent = new Tensor([1, 12]);
  const long = () => spinMap({ weights, couplings, window: past, tangent, epsilon: 0 }, { S: 1, K: 65_536 });
  if (adapter.software) assertThrows(long, ShapeError, "spin_map: expected at most 65535 loop iterations");
  for (const tensor of [weights, couplings]) tensor.destroy();
});

/** Counts of every third on the GPU, and what the same bits give on the host. */
async function counted(R: number, n: number, replicas: readonly number[], beta = 0.7) {
  const systems = Array.from({ length: R }, () => ({ ...system(0), beta }));
  const { weights, couplings } = packed(systems);
  const outputs = systems.map((_, r) => [0.25, -0.5 + r / R, 0.125].map(Math.fround));
  using seeds = Tensor.from(Uint32Array.from({ length: R }, (_, r) => 40 + r));
  using clock = Tensor.from(Uint32Array.of(9, 10, 1));
  using output = Tensor.from(outputs.flat(), [R, 3]);
  const G = spinGroups(n);
  using y = spinCounts({ seeds, clock, weights, couplings, output, n, key: drawKey("spins") }, { G }).y;
  const parts = await y.read();
  for (const tensor of [weights, couplings]) tensor.destroy();
  return replicas.flatMap((r) =>
    [0, 1, 2].map((third) => {
      const h = [0, 1, 2].reduce((sum, b) => sum + PAPER_WEIGHTS.o[5 * b + third] * outputs[r][b], 0);
      const chance = (1 + Math.tanh(beta * h)) / 2;
      const at = (3 * r + third) * G;
      return {
        found: parts.slice(at, at + G).reduce((sum, part) => sum + part, 0),
        expected: spinCountReference({ seed: 40 + r, key: "spins", step: 9, item: third }, chance, n),
      };
    })
  );
}

Deno.test("spin_counts: the host counts the same spins, of one spin, odd numbers, several groups, over 65 535 workgroups", async () => {
  for (const [R, n] of [[1, 1], [3, 67], [2, 4097], [1, 9001], [22_000, 1]]) {
    for (const { found, expected } of await counted(R, n, [0, R - 1])) {
      // Chances differ by a rounding, which turns one spin in 10⁷.
      assert(Math.abs(found - expected) <= 1, `R = ${R}, n = ${n}: ${found} against ${expected}`);
    }
  }
});

Deno.test("spin_counts: without a field spins are fair; a strong one sets all of them", async () => {
  for (const { found } of await counted(1, 100_000, [0], 0)) assert(Math.abs(found - 50_000) < 700, `${found}`);
  for (const { found } of await counted(1, 5000, [0], 1e4)) assert(found === 0 || found === 5000, `${found}`);
});

Deno.test("spin_token: attention over counted tokens is that of the map, at every phase", async () => {
  for (const phase of [0, 1, 2, 7]) {
    const systems = [system(0), system(1)];
    const { weights, couplings } = packed(systems);
    // Counts of 40 spins a third in two groups; the means that they give, newest first.
    const ups = systems.map((_, r) => Array.from({ length: 12 }, (_, i) => 2 + (7 * i + 3 * r) % 36));
    const means = ups.map((all) => all.map((up) => 2 * up / 40 - 1));
    using clock = Tensor.from(Uint32Array.of(phase, 9, 1));
    using counts = Tensor.from(ups.flatMap((all) => all.slice(0, 3).flatMap((up) => [up - 2, 2])), [2, 3, 2]);
    using past = Tensor.from(means.flatMap((all) => all.slice(3)), [2, 9]);
    using output = Tensor.from([0, 0, 0, 0, 0, 0], [2, 3]);
    using y = spinToken({ clock, weights, couplings, counts, window: past, output, n: 40, epsilon: 0.1 }).y;
    const [next, kept, feature] = [await output.read(), await past.read(), await y.read()];
    systems.forEach((one, r) => {
      const orbit = new SpinOrbit(one, { window: Array(12).fill(0), phase: phase % 4 });
      orbit.means.set(means[r]);
      orbit.step();
      for (let a = 0; a < 3; a++) assertAlmostEquals(next[3 * r + a], orbit.window[a], 1e-6, `phase ${phase}`);
      for (let i = 0; i < 9; i++) assertAlmostEquals(kept[9 * r + i], means[r][i], 1e-7);
      const first = [0, 1, 2].reduce((sum, s) => sum + one.weights.o[s] * means[r][s] / 3, 0);
      assertAlmostEquals(feature[r], first, 1e-6);
    });
    for (const tensor of [weights, couplings]) tensor.destroy();
  }
  assert(Math.abs(firstFeature(system(0), [0, 0, 0])) < 1e-12);
});
