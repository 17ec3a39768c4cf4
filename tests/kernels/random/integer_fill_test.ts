import { assertEquals, assertThrows } from "@std/assert";
import { integerFill, permutationFill } from "../../../kernels/random/integer_fill.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { integersBelow, permutation } from "../../../lib/random/laws.ts";

await openGpu();

const SEEDS = [7, 8, 4_000_000_000];
const seeds = Tensor.from(Uint32Array.from(SEEDS));
const clock = Tensor.from(Uint32Array.of(5, 9, 1));

/** Draws of every item of every replica, on the host. */
const draws = (key: string, I: number) =>
  SEEDS.flatMap((seed) => Array.from({ length: I }, (_, item) => ({ seed, key, step: 5, item })));

Deno.test("integer_fill: the integers of lib/random/laws, one, odd counts, large ranges", async () => {
  for (const [I, C, below] of [[1, 1, 1], [3, 5, 7], [2, 67, 2], [1, 9, 4_294_967_295]]) {
    using y = integerFill({ seeds, clock, key: "k" }, { I, C, below });
    assertEquals(y.shape, [3, I, C]);
    assertEquals([...await y.read()], draws("k", I).flatMap((draw) => [...integersBelow(draw, below, C)]));
  }
});

Deno.test("permutation_fill: the permutations of lib/random/laws, whole ones and their first elements", async () => {
  for (const [I, C, K] of [[1, 1, 1], [3, 5, 5], [2, 67, 67], [2, 130, 4]]) {
    using y = permutationFill({ seeds, clock, key: "k" }, { I, C, K });
    const expected = draws("k", I).flatMap((draw) => [...permutation(draw, C)].slice(0, K));
    assertEquals([...await y.read()], expected);
  }
  using whole = permutationFill({ seeds, clock, key: "k" }, { I: 1, C: 4 });
  assertEquals(whole.shape, [3, 1, 4]);
});

Deno.test("integer_fill and permutation_fill: over 65 535 workgroups, all equally likely up to the last", async () => {
  const I = 65_536;
  using one = Tensor.from(Uint32Array.of(1));
  using integers = integerFill({ seeds: one, clock, key: "many" }, { I, C: 65, below: 7 });
  using orders = permutationFill({ seeds: one, clock, key: "many" }, { I, C: 5, K: 2 });
  for (const [values, below] of [[await integers.read(), 7], [await orders.read(), 5]] as const) {
    const counts = new Array(below).fill(0);
    values.subarray(values.length / 2).forEach((value) => counts[value]++);
    const expected = values.length / 2 / below;
    // Six standard deviations.
    assertEquals(counts.filter((count) => Math.abs(count - expected) > 6 * Math.sqrt(expected)), []);
  }
});

Deno.test("integer_fill and permutation_fill: what cannot be drawn is refused", () => {
  const draw = { seeds, clock, key: "k" };
  const refused = (compute: () => unknown, message: string) => assertThrows(compute, ShapeError, message);
  refused(
    () => integerFill(draw, { I: 1, C: 1, below: 0 }),
    "expected an integer from 1 to 4294967295 to stay below, found 0",
  );
  refused(
    () => permutationFill(draw, { I: 1, C: 3, K: 4 }),
    "permutation_fill: expected from 1 to 3 elements, found 4",
  );
});
