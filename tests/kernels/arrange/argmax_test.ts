import { assertEquals } from "@std/assert";
import { argmax, argmaxReference } from "../../../kernels/arrange/argmax.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

Deno.test("argmax: of one, odd and long rows, several axes, the first of equal numbers", async () => {
  for (const shape of [[1], [5], [3, 1], [2, 3, 67], [1, 9000]]) {
    const C = shape.at(-1)!;
    const values = Float32Array.from(waves(shape.reduce((a, b) => a * b, 1), 1).map((x) => Math.round(8 * x)));
    using x = Tensor.from(values, shape);
    using y = argmax(x);
    assertEquals(y.shape, shape.slice(0, -1));
    const rows = Array.from({ length: values.length / C }, (_, n) => values.subarray(n * C, (n + 1) * C));
    assertEquals([...await y.read()], rows.map(argmaxReference));
  }
});

Deno.test("argmax: more than 65 535 workgroups, and rows as long as a loop may be", async () => {
  const N = 64 * 65_536 + 1;
  using x = new Tensor([N, 2]);
  x.write([1], 2 * N - 1);
  using y = argmax(x);
  const found = await y.read();
  assertEquals([found[0], found[N - 1]], [0, 1]);
  using long = new Tensor([65_535]);
  long.write([1], 65_534);
  using last = argmax(long);
  assertEquals([...await last.read()], [65_534]);
});
