import { assertEquals } from "@std/assert";
import { argsort, argsortReference } from "../../../kernels/arrange/argsort.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { normals } from "../../../lib/random/random.ts";

await openGpu();

for (const [name, shape] of Object.entries({ "one row": [1, 7], "one number": [3, 1], "many rows": [2, 5, 131] })) {
  Deno.test(`argsort: the order of the host, ${name}`, async () => {
    const size = shape.reduce((product, extent) => product * extent);
    // Rounded, so that many are equal, −0 and 0 among them.
    const values = Float32Array.from(
      normals({ seed: 3, key: "x", step: 0, item: 0 }, size),
      (z) => Math.round(4 * z) / 4,
    );
    using x = Tensor.from(values, shape);
    using order = argsort(x);
    assertEquals(order.shape, shape);
    const C = shape.at(-1)!;
    const expected = Array.from({ length: size / C }, (_, n) => argsortReference(values.subarray(n * C, (n + 1) * C)));
    assertEquals([...await order.read()], expected.flat());
  });
}

Deno.test("argsort: more than 65 535 workgroups", async () => {
  const N = 32 * 65_536 + 1;
  using x = Tensor.from(Float32Array.from({ length: 2 * N }, (_, at) => -at), [N, 2]);
  using order = argsort(x);
  assertEquals([...(await order.read()).slice(-2)], [1, 0]);
});
