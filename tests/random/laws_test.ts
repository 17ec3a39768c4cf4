import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { words } from "../../lib/random/random.ts";
import { bimodals, integersBelow, logistics, permutation } from "../../lib/random/laws.ts";
import { chiSquareCdf, kolmogorovSmirnov, normalCdf } from "../oracles/distributions.ts";

const draw = { seed: 5, key: "discrete" };

/** P-value of the χ² test that all cells are equally likely. */
function evenness(values: Iterable<number>, cells: number): number {
  const counts = new Float64Array(cells);
  let n = 0;
  for (const value of values) {
    counts[value]++;
    n++;
  }
  const statistic = counts.reduce((sum, count) => sum + (count - n / cells) ** 2 / (n / cells), 0);
  return 1 - chiSquareCdf(cells - 1, statistic);
}

Deno.test("integers below n: even, in range, and a prefix of longer draws", () => {
  for (const n of [1, 2, 6, 113, 1000]) {
    const values = integersBelow(draw, n, 20_000);
    assert(values.every((value) => value < n));
    if (n > 1) assert(evenness(values, n) > 1e-4, `n = ${n}`);
  }
  assertEquals(integersBelow(draw, 6, 3), integersBelow(draw, 6, 9).slice(0, 3));
});

Deno.test("integers below n: no bias where a remainder would double the lower third", () => {
  const n = 3 * 2 ** 30;
  const thirds = Array.from(integersBelow(draw, n, 20_000), (value) => Math.floor(value / 2 ** 30));
  assert(evenness(thirds, 3) > 1e-4);
  const remainders = Array.from(words(draw, 20_000), (word) => Math.floor(word % n / 2 ** 30));
  assertLess(evenness(remainders, 3), 1e-4);
});

Deno.test("integers below nothing are refused", () => {
  for (const below of [0, -1, 1.5, 2 ** 32, NaN]) {
    assertEquals(
      assertThrows(() => integersBelow(draw, below, 1), RangeError).message,
      `draw "discrete": expected an integer from 1 to 4294967295 to stay below, found ${below}`,
    );
  }
});

Deno.test("permutations: all 24 orders of 4 equally likely", () => {
  const orders = new Map<string, number>();
  const values = Array.from({ length: 20_000 }, (_, item) => {
    const order = permutation({ ...draw, item }, 4).join();
    if (!orders.has(order)) orders.set(order, orders.size);
    return orders.get(order)!;
  });
  assertEquals(orders.size, 24);
  assert(evenness(values, 24) > 1e-4);
  assertEquals(permutation(draw, 0), new Uint32Array());
  assertEquals(permutation(draw, 1), Uint32Array.of(0));
});

Deno.test("bimodal and logistic numbers follow their laws (Kolmogorov–Smirnov at 1e-4)", () => {
  const n = 20_000;
  const bimodal = bimodals(draw, n);
  assertLess(kolmogorovSmirnov(bimodal, (x) => (normalCdf(x - 1) + normalCdf(x + 1)) / 2), 2.23);
  assertLess(kolmogorovSmirnov(logistics(draw, n), (x) => 1 / (1 + Math.exp(-x))), 2.23);
  assertEquals(bimodals(draw, 7), bimodal.slice(0, 7));
});
