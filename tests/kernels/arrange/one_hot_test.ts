import { assertEquals } from "@std/assert";
import { oneHot } from "../../../kernels/arrange/one_hot.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";

await openGpu();

Deno.test("one_hot: rows of zeros and a one, taken over and over; none for a number that is no class", async () => {
  using targets = Tensor.from(Uint32Array.of(1, 0, 2, 7), [2, 2]);
  using once = oneHot(targets, 3);
  assertEquals(once.shape, [4, 3]);
  assertEquals([...await once.read()], [0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]);
  using twice = oneHot(targets, 1, 8);
  assertEquals([...await twice.read()], [0, 1, 0, 0, 0, 1, 0, 0]);
});

Deno.test("one_hot: more than 65 535 workgroups", async () => {
  const N = 64 * 65_536 + 1;
  using targets = Tensor.from(Uint32Array.of(0));
  using y = oneHot(targets, 1, N);
  assertEquals((await y.read()).at(-1), 1);
});
