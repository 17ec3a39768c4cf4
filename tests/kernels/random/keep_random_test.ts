import { assert, assertEquals } from "@std/assert";
import { keepRandom, keepRandomReference } from "../../../kernels/random/keep_random.ts";
import type { Place } from "../../../kernels/random/prompt_place.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { chiSquareCdf } from "../../oracles/distributions.ts";
import { KEYS, placeTensor, somePlaces } from "../../oracles/places.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

async function sparse(places: readonly Place[], [R, B, C]: readonly [number, number, number], K: number) {
  const values = waves(R * B * C, 1);
  using place = placeTensor(places, [R, B]);
  using w = Tensor.from(values, [R, B, C]);
  keepRandom(place, w, KEYS, K);
  return { values, result: await w.read() };
}

Deno.test("keep_random: the reference's entries stay, one entry, odd sizes, more columns than lanes", async () => {
  for (const [R, B, C, K] of [[1, 1, 1, 1], [3, 5, 7, 3], [2, 2, 131, 10], [1, 4, 20, 20], [1, 4, 6, 0]] as const) {
    const places = somePlaces(R, B);
    const { values, result } = await sparse(places, [R, B, C], K);
    places.forEach((place, item) => {
      const row = Float64Array.from(values.subarray(item * C, (item + 1) * C));
      const exact = keepRandomReference(place, row, KEYS, K);
      assertEquals([...result.subarray(item * C, (item + 1) * C)], [...exact]);
      assertEquals(exact.filter((value) => value !== 0).length, K);
    });
  }
});

Deno.test("keep_random: all supports equally likely, over 65 535 workgroups", async () => {
  // Every pair out of 4: 6 supports.
  const [B, C] = [1_050_000, 4];
  const places = Array.from({ length: B }, (_, b): Place => [1, 0, b, 0]);
  const { result } = await sparse(places, [1, B, C], 2);
  const counts = new Map<string, number>();
  for (let b = 0; b < B; b++) {
    const support = [0, 1, 2, 3].filter((c) => result[b * C + c] !== 0).join();
    counts.set(support, (counts.get(support) ?? 0) + 1);
  }
  assertEquals(counts.size, 6);
  const statistic = [...counts.values()].reduce((sum, count) => sum + (count - B / 6) ** 2 / (B / 6), 0);
  assert(1 - chiSquareCdf(5, statistic) > 1e-4, `${[...counts]}`);
});
