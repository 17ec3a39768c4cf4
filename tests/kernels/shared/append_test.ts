import { assertEquals, assertThrows } from "@std/assert";
import { append } from "../../../kernels/shared/append.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

Deno.test("append: one row is the copy, its neighbours stay; one column, odd sizes, beyond 65 535 workgroups", async () => {
  // 4 194 305 columns need 65 537 workgroups.
  for (const [K, C] of [[1, 1], [2, 65], [3, 1000], [2, 4_194_305]]) {
    const values = waves(C, 1);
    const kept = waves(K * C, 2);
    using row = Tensor.from(values);
    using cursor = Tensor.from(Uint32Array.of(K - 1, 99, 1));
    using ring = Tensor.from(kept, [K, C]);
    append({ row, cursor, ring });
    const expected = Float32Array.from(kept);
    expected.set(values, (K - 1) * C);
    const found = await ring.read();
    // Element by element: a failed assertEquals would print millions of numbers.
    assertEquals(found.findIndex((value, k) => value !== expected[k]), -1, `(${K}, ${C})`);
    assertEquals([...await cursor.read()], [K - 1, 99, 1]);
  }
});

Deno.test("append: the cursor counts round and round, up to the largest step", async () => {
  using row = new Tensor([2]);
  using cursor = new Tensor([3], "u32");
  using ring = Tensor.from(new Float32Array(6).fill(-1), [3, 2]);
  // 2³² − 1 is a multiple of 3.
  for (const [step, values] of [[4, [1, 2]], [5, [3, 4]], [7, [5, 6]], [0xffff_ffff, [7, 8]]] as const) {
    row.write(values);
    cursor.write([step], 0);
    append({ row, cursor, ring });
  }
  assertEquals([...await ring.read()], [7, 8, 5, 6, 3, 4]);
});

Deno.test("append: a row of another length, or the ring itself as the row, is refused", () => {
  using cursor = new Tensor([3], "u32");
  using ring = new Tensor([1, 4]);
  using short = new Tensor([3]);
  assertThrows(() => append({ row: short, cursor, ring }), ShapeError, 'expected axis C of "ring" to be 3');
  assertThrows(() => append({ row: ring.reshape([4]), cursor, ring }), ShapeError, "a tensor of its own");
});
