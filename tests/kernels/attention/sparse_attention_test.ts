/** Attention to sparse tokens: values and gradients in float64, and what is refused. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { sparseAttention } from "../../../kernels/attention/sparse_attention.ts";
import { gradients, hessianVectorProduct, twiceDifferentiable } from "../../../lib/autodiff/mod.ts";
import { sum } from "../../../kernels/reduce/reduce.ts";
import { square } from "../../../kernels/elementwise/unary.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

function indexTensor(shape: readonly number[], G: number): Tensor<"u32"> {
  const size = shape.reduce((a, b) => a * b, 1);
  return Tensor.from(Uint32Array.from({ length: size }, (_, i) => (i * 7 + 2) % G), shape);
}

Deno.test("sparse attention: values and gradients in float64, one token or many, places that stand twice, all tokens keys or the first", async () => {
  for (
    const [R, B, T, K, G, keys] of [
      [1, 1, 1, 1, 1, 1],
      [2, 3, 5, 3, 4, 5],
      [1, 67, 21, 3, 31, 20],
      [3, 2, 4, 2, 9, 1],
      [2, 2, 130, 4, 3, 129],
    ]
  ) {
    using u = waveTensor([R, B, G], 1);
    using index = indexTensor([R, B, T, K], G);
    using value = waveTensor([R, B, T, K], 2);
    const compute = () => sparseAttention(u, { index, value }, keys);
    await assertGradients(compute, [u], 2e-6, `${R} ${B} ${T} ${K} ${G} ${keys}`);
  }
});

Deno.test("sparse attention: only the first tokens are keys; large scores do no harm", async () => {
  using u = Tensor.from([200, -200, 1], [1, 1, 3]);
  using index = Tensor.from(Uint32Array.of(0, 1, 2, 0), [1, 1, 4, 1]);
  using value = Tensor.from([1, -1, 1, 5], [1, 1, 4, 1]);
  using pooled = sparseAttention(u, { index, value }, 3);
  assertEquals([...await pooled.read()], [0.5, -0.5, 0]);
});

Deno.test("sparse attention: products with the Hessian are those of differences of its gradient", async () => {
  const [R, B, T, K, G] = [1, 2, 4, 2, 5];
  using index = indexTensor([R, B, T, K], G);
  using value = waveTensor([R, B, T, K], 2);
  using u = waveTensor([R, B, G], 1);
  using v = waveTensor([R, B, G], 3);
  const loss = (x: Tensor) => sum(square(sparseAttention(x, { index, value })), [1, 2]);
  using product = await evaluate(() => hessianVectorProduct(twiceDifferentiable(() => loss(u)), [u], [v])[0]);
  assertEquals(product.shape, [R, B, G]);
  const at = async (shift: number) => {
    const [x, by] = [await u.read(), await v.read()];
    using moved = Tensor.from(x.map((value, i) => value + shift * by[i]), [R, B, G]);
    using gradient = await evaluate(() => gradients(loss(moved), [moved])[0]);
    return await gradient.read();
  };
  const [up, down] = [await at(1e-2), await at(-1e-2)];
  (await product.read()).forEach((value, i) => assertAlmostEquals(value, (up[i] - down[i]) / 2e-2, 2e-3));
});

Deno.test("sparse attention: over 65 535 workgroups", async () => {
  const B = 65_536 * 64 + 1;
  using u = new Tensor([1, B, 1]);
  using index = new Tensor([1, B, 2, 1], "u32");
  using value = new Tensor([1, B, 2, 1]);
  value.write([3, 5], 2 * (B - 1));
  using pooled = sparseAttention(u, { index, value });
  const found = await pooled.read();
  assertEquals([found[0], found[B - 1]], [0, 4]);
});

Deno.test("sparse attention: what does not fit is refused", () => {
  using u = new Tensor([1, 2, 3]);
  using index = new Tensor([1, 2, 4, 2], "u32");
  using value = new Tensor([1, 2, 4, 2]);
  using other = new Tensor([1, 2, 4, 1]);
  const refuses = (call: () => unknown, text: string) =>
    assertEquals(assertThrows(call, ShapeError).message, `sparse_attention: ${text}`);
  refuses(() => sparseAttention(u, { index, value }, 5), "expected from 1 to 4 keys, found 5");
  refuses(
    () => sparseAttention(u, { index, value: other }),
    "expected u (R, B, G), index and value (R, B, T, K), found (1, 2, 3), (1, 2, 4, 2), (1, 2, 4, 1)",
  );
});
