import { assert, assertEquals } from "@std/assert";
import { integersAt, subsetAt } from "../../../kernels/random/integers_at.ts";
import { listPlaces } from "../../../kernels/random/list_place.ts";
import { drawAt } from "../../../kernels/random/prompt_place.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { integersBelow, permutation } from "../../../lib/random/laws.ts";
import { chiSquareCdf } from "../../oracles/distributions.ts";
import { KEYS, placeTensor, somePlaces } from "../../oracles/places.ts";

await openGpu();

Deno.test("integers_at: the integers of lib/random/laws, one, odd counts, more columns than lanes, large ranges", async () => {
  for (const [R, B, K, n] of [[1, 1, 1, 1], [3, 5, 7, 6], [2, 3, 131, 3 * 2 ** 30], [1, 4, 70, 2 ** 32 - 1]]) {
    const places = somePlaces(R, B);
    using place = placeTensor(places, [R, B]);
    using y = integersAt(place, KEYS, n, K);
    assertEquals([...await y.read()], places.flatMap((at) => [...integersBelow(drawAt(at, KEYS), n, K)]));
  }
});

Deno.test("subset_at: the first elements of the permutation of lib/random/laws, also all of them", async () => {
  for (const [R, B, K, C] of [[1, 1, 1, 1], [3, 5, 3, 7], [2, 3, 131, 131], [1, 2, 4, 1000]]) {
    const places = somePlaces(R, B);
    using place = placeTensor(places, [R, B]);
    using y = subsetAt(place, KEYS, C, K);
    assertEquals([...await y.read()], places.flatMap((at) => [...permutation(drawAt(at, KEYS), C).slice(0, K)]));
  }
});

Deno.test("integers_at and subset_at: over 65 535 workgroups, all equally likely up to the last", async () => {
  const even = (counts: Float64Array, n: number) => {
    const expected = n / counts.length;
    const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    assert(1 - chiSquareCdf(counts.length - 1, statistic) > 1e-4, `${counts}`);
  };
  using seeds = Tensor.from(Uint32Array.of(4));
  using many = listPlaces(seeds, 70_001);
  using integers = integersAt(many, KEYS, 7, 61);
  using subsets = subsetAt(many, KEYS, 5, 2);
  for (const [tensor, n] of [[integers, 7], [subsets, 5]] as const) {
    const values = await tensor.read();
    for (const part of [values, values.subarray(values.length - 10_000)]) {
      const counts = new Float64Array(n);
      for (const value of part) counts[value]++;
      even(counts, part.length);
    }
  }
});
