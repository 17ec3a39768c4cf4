import { assertEquals, assertLess } from "@std/assert";
import { categoricalFill, categoricalReference } from "../../../kernels/random/categorical_fill.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";

await openGpu();

async function draw(seeds: readonly number[], probabilities: readonly (readonly number[])[], items: number) {
  using seed = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(3, 9, 1));
  using y = categoricalFill({ seeds: seed, clock, key: "test" }, probabilities, items);
  return await y.read();
}

const LAWS = [[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]];

Deno.test("categorical_fill: the host's categories, one item, one category, more items than lanes, replicas apart", async () => {
  for (const items of [1, 131]) {
    const values = await draw([4, 8], LAWS, items);
    const expected = LAWS.flatMap((law, r) =>
      Array.from(
        { length: items },
        (_, item) => categoricalReference({ seed: [4, 8][r], key: "test", step: 3, item }, law),
      )
    );
    assertEquals([...values], expected);
    assertEquals(await draw([8], [LAWS[1]], items), values.slice(items));
  }
  assertEquals([...await draw([1], [[1]], 3)], [0, 0, 0]);
});

Deno.test("categorical_fill: over 65 535 workgroups, shares within four standard errors", async () => {
  const items = 64 * 65_535 + 3;
  const values = await draw([1], [LAWS[0]], items);
  assertEquals(values[items - 1], categoricalReference({ seed: 1, key: "test", step: 3, item: items - 1 }, LAWS[0]));
  const counts = [0, 0, 0];
  for (const value of values) counts[value]++;
  counts.forEach((count, k) => assertLess(Math.abs(count / items - LAWS[0][k]), 4 * Math.sqrt(0.25 / items)));
});
