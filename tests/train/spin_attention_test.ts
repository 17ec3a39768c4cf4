import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { PAPER_START, PAPER_WEIGHTS, randomSpinStart, randomSpinWeights } from "../../lib/models/spin_attention.ts";
import { spinNoise } from "../../lib/theory/attention_dmft/finite_size.ts";
import { SpinOrbit } from "../../lib/theory/attention_dmft/map.ts";
import { spinAttention, type SpinReplica } from "../../lib/train/spin_attention.ts";
import { everySteps } from "../../lib/train/training.ts";

await openGpu();

const system = { weights: PAPER_WEIGHTS, beta: 1, gamma: 220 / Math.sqrt(3), epsilon: 0.02 };
const of = (seeds: readonly number[]): SpinReplica[] => seeds.map((seed) => ({ seed, system, start: PAPER_START }));

async function outputs(replicas: readonly SpinReplica[], spins: number, steps: number): Promise<Float32Array> {
  using training = await spinAttention({ replicas, spins });
  for await (const { evaluations } of training.run({ reports: [steps] })) return evaluations.output;
  throw new Error("expected a report");
}

Deno.test("spins follow the map within what linear noise theory predicts", async () => {
  const [N, steps, R] = [30_000, 12, 96];
  const found = await outputs(of(Array.from({ length: R }, (_, r) => 60 + r)), N, steps);
  const orbit = new SpinOrbit(system, { window: PAPER_START, phase: 0 });
  for (let step = 0; step < steps; step++) orbit.step();
  const square = found.reduce((sum, a, i) => sum + (a - orbit.window[i % 3]) ** 2, 0) / found.length;
  const predicted = spinNoise(system, { window: PAPER_START, phase: 0 }, steps)[steps - 1];
  // 96 replicas whose error has one direction above all: 7 % for one standard deviation.
  assertAlmostEquals(Math.sqrt(square * N) / predicted, 1, 0.25);
});

Deno.test("a replica is the same alone and in an ensemble, a run that goes on the same as one that never ended", async () => {
  const others = { seed: 7, system: { ...system, weights: randomSpinWeights(2), beta: 2 }, start: randomSpinStart(1) };
  const both = await outputs([...of([5]), others], 300, 9);
  assertEquals(both.slice(3), await outputs([others], 300, 9));
  using first = await spinAttention({ replicas: [others], spins: 300 });
  for await (const _ of first.run({ reports: everySteps(1, 6) }));
  using second = await spinAttention({ replicas: [others], spins: 300, from: await first.state() });
  for await (const { evaluations, losses } of second.run({ reports: [9] })) {
    assertEquals(evaluations.output, both.slice(3));
    assert(losses.length === 3 && losses.every(([feature]) => Math.abs(feature) <= 1));
  }
});

Deno.test("spins are refused that cannot be counted, replicas that are none, several ε, short starts", async () => {
  const refused = (replicas: readonly SpinReplica[], spins: number, words: string) =>
    assertRejects(() => spinAttention({ replicas, spins }), RangeError, `spin_attention: ${words}`);
  await refused(of([1]), 100, "expected a multiple of 3 spins up to 50331648, found 100");
  await refused([], 3, "expected at least one replica, found none");
  const [replica] = of([1]);
  await refused([replica, { ...replica, system: { ...system, epsilon: 0 } }], 3, "expected one ε of all replicas");
  await refused([{ ...replica, start: [1] }], 3, "expected starts of 12 numbers, found 1");
});
