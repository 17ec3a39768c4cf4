import { assertEquals, assertThrows } from "@std/assert";
import { momentProduct } from "../../../kernels/attention/moment_product.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("moment product: values and gradients in float64, one query or many, all tokens keys or the first, wide ones by matrix products", async () => {
  for (
    const [P, S, T, C, keys] of [
      [1, 1, 1, 1, 1],
      [3, 1, 5, 4, 4],
      [37, 6, 6, 11, 5],
      [5, 7, 3, 2, 3],
      [2, 3, 4, 3, 0],
      [2, 3, 5, 33, 4],
    ]
  ) {
    using q = waveTensor([P, S, C], 1);
    using z = waveTensor([P, T, C], 2);
    await assertGradients(() => momentProduct(q, z, keys), [q, z], 2e-6, `${P} ${S} ${T} ${C} ${keys}`);
  }
});

Deno.test("moment product: over 65 535 workgroups", async () => {
  const P = 65_536 * 32 + 1;
  using q = new Tensor([P, 1, 1]);
  using z = new Tensor([P, 1, 1]);
  q.write([3], P - 1);
  z.write([2], P - 1);
  using y = momentProduct(q, z);
  const found = await y.read();
  assertEquals([found[0], found[P - 1]], [0, 12]);
  using many = new Tensor([P, 3, 1]);
  many.write([3, 4, 5], 3 * (P - 1));
  using rows = momentProduct(many, z);
  assertEquals([...(await rows.read()).slice(3 * (P - 2))], [0, 0, 0, 12, 16, 20]);
});

Deno.test("moment product: what does not fit is refused", () => {
  using q = new Tensor([2, 1, 3]);
  using z = new Tensor([2, 4, 3]);
  using wide = new Tensor([2, 4, 2]);
  const refuses = (call: () => unknown, text: string) =>
    assertEquals(assertThrows(call, ShapeError).message, `moment_product: ${text}`);
  refuses(() => momentProduct(q, z, 5), "expected from 0 to 4 keys, found 5");
  refuses(
    () => momentProduct(q, wide),
    "expected queries (P, S, C) and tokens (P, T, C), found (2, 1, 3) and (2, 4, 2)",
  );
});
