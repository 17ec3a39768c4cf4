import { assertEquals, assertThrows } from "@std/assert";
import { arrayNamed, repeatReplicas, selectReplicas } from "../../lib/models/parameter_arrays.ts";

const w = { name: "w", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6), heads: 2 };

Deno.test("replicas are picked in any order, several times, as copies; heads are remembered", () => {
  const [picked] = selectReplicas([w], [2, 0, 2]);
  assertEquals(picked, { name: "w", shape: [3, 2], data: Float32Array.of(5, 6, 1, 2, 5, 6), heads: 2 });
  picked.data[0] = 9;
  assertEquals(w.data[4], 5);
  assertThrows(() => selectReplicas([w], [3]), RangeError, "w: expected replicas below 3, found 3");
});

Deno.test("replicas are repeated copy by copy", () => {
  const [all] = repeatReplicas([{ ...w, shape: [2, 3] }], 2);
  assertEquals([all.shape, [...all.data]], [[4, 3], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]]);
});

Deno.test("an array is found by its name, or those that are there are named", () => {
  assertEquals(arrayNamed([w], "w"), w);
  assertThrows(() => arrayNamed([w], "v"), RangeError, 'expected an array "v", found w');
});
