import { assertEquals, assertThrows } from "@std/assert";
import { cumulativeSum } from "../../../kernels/reduce/cumulative_sum.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

const { adapter } = await openGpu();

Deno.test("cumulative_sum: values and gradients, of one number, odd sizes and long rows, from either end", async () => {
  for (const shape of [[1], [3, 67], [2, 3, 300]]) {
    using x = waveTensor(shape, 1);
    for (const reverse of [false, true]) await assertGradients(() => cumulativeSum(x, { reverse }), [x], 2e-6);
  }
});

Deno.test("cumulative_sum: more than 65 535 workgroups, rows of 65 535 numbers; longer ones are refused", async () => {
  using x = new Tensor([64 * 65_536 + 1, 2]);
  x.write([3, 4], 2 * 64 * 65_536);
  using y = cumulativeSum(x);
  assertEquals((await y.read()).slice(-2), Float32Array.of(3, 7));
  using ones = Tensor.from(new Float32Array(65_536).fill(1));
  using row = Tensor.from(new Float32Array(65_535).fill(1));
  using sums = cumulativeSum(row);
  assertEquals((await sums.read()).at(-1), 65_535);
  const refused = "cumulative_sum: expected at most 65535 loop iterations";
  if (adapter.software) assertThrows(() => cumulativeSum(ones), ShapeError, refused);
});
