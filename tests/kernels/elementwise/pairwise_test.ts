import { divide, multiply } from "../../../kernels/elementwise/binary.ts";
import { pairwise } from "../../../kernels/elementwise/pairwise.ts";
import { sumTo } from "../../../kernels/reduce/reduce.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("pairwise: a declared function, its gradients, operands that repeat, one at a time and four at a time", async () => {
  const hypotenuse = pairwise({
    label: "hypotenuse",
    wgsl: "sqrt(a * a + b * b)",
    gradient: ({ dy, a, b, y }) => [
      sumTo(multiply(dy, divide(a, y)), a.shape),
      sumTo(multiply(dy, divide(b, y)), b.shape),
    ],
    reference: Math.hypot,
  });
  for (const [left, right] of [[[1], [1]], [[3, 5], [3, 5]], [[2, 8], [8]], [[2, 1], [1, 8]], [[7], [3, 1]]]) {
    const [a, b] = [left, right].map((shape, which) =>
      Tensor.from(Array.from({ length: shape.reduce((p, q) => p * q) }, (_, i) => 1 + which + Math.cos(3 * i)), shape)
    );
    await assertGradients(() => hypotenuse(a, b), [a, b], 2e-6, `(${left}) (${right})`);
    for (const tensor of [a, b]) tensor.destroy();
  }
});
