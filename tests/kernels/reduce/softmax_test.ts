import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { multiply } from "../../../kernels/elementwise/binary.ts";
import { sum } from "../../../kernels/reduce/reduce.ts";
import { logSoftmax, softmax, type SoftmaxOptions } from "../../../kernels/reduce/softmax.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { hessianVectorProduct } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

const forms = { softmax, logSoftmax };

Deno.test("softmax: values and gradients, one row, odd and long rows, rows shared by 1, 4 or 64 invocations", async () => {
  for (const shape of [[2], [1, 3], [5, 7], [2, 3, 32], [67, 33], [9, 260], [3, 1027]]) {
    using x = waveTensor(shape, 1);
    for (const [name, form] of Object.entries(forms)) {
      for (const lanes of [1, 4, 64]) {
        // The driver's exp is off by 1e-6.
        await assertGradients(() => form(x, { lanes, scale: 1.5 }), [x], 5e-6, `${name} (${shape}) by ${lanes}`);
      }
    }
  }
});

Deno.test("softmax: scores far apart, equal, or with a negative scale", async () => {
  using x = Tensor.from([1000, 0, -1000, 7, 7, 7], [2, 3]);
  using y = softmax(x);
  const found = await y.read();
  assertEquals([...found.slice(0, 3)], [1, 0, 0]);
  found.slice(3).forEach((value) => assertLess(Math.abs(value - 1 / 3), 1e-7));
  using turned = softmax(x, { scale: -1 });
  assertEquals([...(await turned.read()).slice(0, 3)], [0, 0, 1]);
});

Deno.test("log softmax: a probability close to 1 keeps its digits, ties too", async () => {
  const rows = [[0, -20], [3, 3 - 40], [5, 5 - 80], [2, 2], [0, -1e-3]];
  using x = Tensor.from(rows.flat(), [5, 2]);
  for (const lanes of [1, 2]) {
    using y = logSoftmax(x, { lanes });
    const found = await y.read();
    rows.forEach(([top, below], m) => {
      const exact = -Math.log1p(Math.exp(Math.fround(below) - top));
      // exp of the driver to 1e-6, and its argument rounded.
      assertLess(Math.abs(found[2 * m] / exact - 1), 5e-6, `row ${m}`);
    });
  }
});

Deno.test("softmax: the composed form is the same function, and differentiates twice", async () => {
  using x = waveTensor([3, 5], 1);
  for (const [name, form] of Object.entries(forms)) {
    const composed = (options: SoftmaxOptions) => twiceDifferentiable(() => form(x, options));
    await assertGradients(() => composed({ scale: 0.7 }), [x], 5e-6, name);
  }
  // ln Σ e^z has the Hessian diag(p) − p pᵀ for each row.
  using z = Tensor.from([0, Math.log(3)], [1, 2]);
  using v = Tensor.from([1, 0], [1, 2]);
  using weights = Tensor.from([-1, 0], [1, 2]);
  using product = await evaluate(() => {
    const loss = twiceDifferentiable(() => sum(multiply(logSoftmax(z), weights), [0, 1]));
    return hessianVectorProduct(loss, [z], [v])[0];
  });
  const [a, b] = await product.read();
  assertLess(Math.abs(a - 3 / 16) + Math.abs(b + 3 / 16), 1e-6);
});

Deno.test("softmax: row m has the same bits alone and among others", async () => {
  using x = waveTensor([70, 36], 1);
  using one = Tensor.from((await x.read()).slice(36 * 33, 36 * 34), [1, 36]);
  for (const form of Object.values(forms)) {
    using all = form(x);
    using alone = form(one);
    assertEquals(await alone.read(), (await all.read()).slice(36 * 33, 36 * 34));
  }
});

Deno.test("softmax: more scores than a loop may take", async () => {
  for (const C of [70_001, 100_000]) {
    using x = new Tensor([1, C]);
    x.write([Math.log(C)], C - 1);
    using y = softmax(x);
    const found = await y.read();
    // C − 1 terms of 1 and one of C. An invocation sums up to 1094 equal terms, each with a rounding of up to 6e-8.
    assertLess(Math.abs(found[0] * (2 * C - 1) - 1), 6.6e-5);
    assertLess(Math.abs(found[C - 1] * (2 * C - 1) / C - 1), 6.6e-5);
  }
  using long = new Tensor([1, 100_000]);
  assertThrows(() => softmax(long, { lanes: 1 }), ShapeError, "softmax: expected at most 65535 loop iterations");
});

Deno.test("softmax: more than 65 535 workgroups", async () => {
  const M = 64 * 65_536 + 1;
  using x = new Tensor([M, 2]);
  x.write([200, 0], 2 * M - 2);
  using y = softmax(x);
  assertEquals((await y.read()).slice(-4), Float32Array.of(0.5, 0.5, 1, 0));
});
