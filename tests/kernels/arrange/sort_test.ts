import { assertEquals } from "@std/assert";
import { sort } from "../../../kernels/arrange/sort.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("sort: values and gradients of one, odd and long rows, several axes", async () => {
  for (const shape of [[1, 1], [2, 5], [2, 3, 7], [1, 300]]) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    // Far enough apart that differences do not change the order.
    using x = Tensor.from(Array.from({ length: size }, (_, i) => (i * 79) % size / 8), shape);
    const [values, C] = [await x.read(), shape.at(-1)!];
    const rows = Array.from({ length: values.length / C }, (_, n) => values.slice(n * C, (n + 1) * C).sort());
    using y = await evaluate(() => sort(x));
    assertEquals([y.shape, ...await y.read()], [shape, ...rows.flatMap((row) => [...row])]);
    await assertGradients(() => sort(x), [x], 1e-6, `(${shape})`);
  }
  using ties = Tensor.from([2, 1, 2]);
  using y = await evaluate(() => sort(ties));
  assertEquals([...await y.read()], [1, 2, 2]);
});
