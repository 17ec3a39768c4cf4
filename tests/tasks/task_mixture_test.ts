import { assert, assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { linearRegression } from "../../lib/tasks/linear_regression.ts";
import { taskMixture } from "../../lib/tasks/task_mixture.ts";
import { sample } from "./sample.ts";

await openGpu();

const [B, N, D] = [400, 3, 2];
const task = { dimension: D, context: N, batch: B };
const low = linearRegression({ ...task, noise: 0.1 });
const high = linearRegression({ ...task, noise: 1 });
const both = { batch: B };
const shared = (shares: readonly (readonly number[])[]) =>
  sample((draw) => {
    const { x, y, w, sigma, component, of } = taskMixture({ low, high }, { ...both, shares })(draw);
    return { x, y, w, sigma, component, high: of.high, low: of.low };
  }, { seeds: shares.map(() => 5) });

Deno.test("task mixture: every prompt is that of its component, to the bit, and shares are those given", async () => {
  const shares = [[0.5, 0.5], [1, 0], [0, 1], [0.9, 0.1]];
  const mixed = await shared(shares);
  const alone = await Promise.all([low, high].map((sampler) => sample(sampler, { seeds: shares.map(() => 5) })));
  assertEquals(mixed.component.shape, [4, B]);
  for (let at = 0; at < 4 * B; at++) {
    const k = mixed.component.values[at];
    assertEquals([mixed.low.values[at], mixed.high.values[at]], k === 0 ? [1, 0] : [0, 1]);
    assertEquals(mixed.sigma.values[at], Math.fround(k === 0 ? 0.1 : 1));
    for (const [field, size] of [["x", N * D], ["y", N], ["w", D]] as const) {
      const [found, expected] = [mixed[field].values, alone[k][field].values];
      assertEquals(found.subarray(at * size, (at + 1) * size), expected.subarray(at * size, (at + 1) * size));
    }
  }
  const part = (r: number) => mixed.high.values.subarray(r * B, (r + 1) * B).reduce((sum, one) => sum + one, 0) / B;
  assertEquals([part(1), part(2)], [0, 1]);
  assert(Math.abs(part(0) - 0.5) < 0.1 && Math.abs(part(3) - 0.1) < 0.06, `found ${part(0)}, ${part(3)}`);
  // Replicas of one seed: the prompts that one with unequal shares puts elsewhere are those between the shares.
  const moved = Array.from(
    { length: B },
    (_, b) => mixed.component.values[b] === 0 && mixed.component.values[3 * B + b] === 1,
  );
  assertEquals(moved.includes(true), false);
});

Deno.test("task mixture: shares and components that do not fit are refused", () => {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const draw = { seeds, clock, key: "x" };
  const refused = (make: () => unknown, text: string) => assertThrows(make, RangeError, text);
  refused(() => taskMixture({ low }, both), "task_mixture: expected at least two components, found 1");
  refused(
    () => taskMixture({ low, high }, { ...both, shares: [0.5, 0.6] })(draw),
    "task_mixture: expected 2 shares ≥ 0 of sum 1, found 0.5, 0.6",
  );
  refused(
    () => taskMixture({ low, high }, { ...both, shares: [[0.5, 0.5]] })(draw),
    "task_mixture: expected shares of 2 replicas, found 1",
  );
  const longer = linearRegression({ ...task, context: N + 1 });
  refused(
    () => taskMixture({ low, longer }, both)(draw),
    `task_mixture: expected "x" of shape (2, 400, 3, 2) of component longer, found f32 (2, 400, 4, 2)`,
  );
});
