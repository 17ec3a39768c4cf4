import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { kernelRidgePrefixes, kernelRidgeReference } from "../../../kernels/baselines/kernel_ridge.ts";
import { ridgeReference } from "../../../kernels/baselines/ridge.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

const gpu = await openGpu();

/** Linear kernel of inputs (R, B, N, D), rounded to single precision on both sides. */
function linearKernel(x: ArrayLike<number>, [R, B, N, D]: readonly number[]) {
  const gram = Float64Array.from({ length: R * B * N * N }, (_, index) => {
    const [prompt, n, m] = [Math.floor(index / (N * N)), Math.floor(index / N) % N, index % N];
    let dot = 0;
    for (let d = 0; d < D; d++) dot += x[(prompt * N + n) * D + d] * x[(prompt * N + m) * D + d];
    return dot;
  });
  return both([R, B, N, N], gram);
}

Deno.test("kernel_ridge: as a system for every prefix in float64; with the linear kernel, as ridge regression", async () => {
  for (const [R, B, N, D] of [[1, 1, 1, 1], [2, 3, 5, 1], [3, 33, 13, 20], [1, 65, 41, 8]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1), bothNormal([R, B, N], 2)];
    const gram = linearKernel(x.exact.data, [R, B, N, D]);
    for (const penalties of [[1], Array.from({ length: R }, (_, r) => 0.1 * (r + 1))]) {
      const lambda = both([penalties.length], penalties);
      using prediction = kernelRidgePrefixes(gram.tensor, y.tensor, lambda.tensor);
      const found = await prediction.read();
      const exact = kernelRidgeReference(gram.exact, y.exact, lambda.exact);
      const ridge = ridgeReference(x.exact, y.exact, { shape: [penalties.length, 1], data: lambda.exact.data });
      using last = kernelRidgePrefixes(gram.tensor, y.tensor, lambda.tensor, "last");
      assertEquals([...await last.read()], [...found.filter((_, index) => index % N === N - 1)]);
      if (N === 1) assertEquals([...found], [0]);
      else {
        assertLess(relativeError(found, exact), 2e-4, `(${R}, ${B}, ${N}, ${D})`);
        assertLess(relativeError(exact.data, ridge), 1e-4, `(${R}, ${B}, ${N}, ${D}), against ridge`);
      }
      lambda.tensor.destroy();
    }
    for (const { tensor } of [x, y, gram]) tensor.destroy();
  }
});

Deno.test("kernel_ridge: two points by hand, and more than 65 535 workgroups", async () => {
  const B = 32 * 65_536 + 1;
  using gram = new Tensor([1, B, 2, 2]);
  using y = new Tensor([1, B, 2]);
  gram.write([1, 2, 2, 4], 4 * (B - 1));
  y.write([3], 2 * (B - 1));
  using lambda = Tensor.from([0.5]);
  using prediction = kernelRidgePrefixes(gram, y, lambda, "last");
  const found = await prediction.read();
  assertEquals(found[0], 0);
  // k(x₂, x₁) y₁ / (k(x₁, x₁) + λ) = 2 · 3 / 1.5
  assertAlmostEquals(found[B - 1], 4, 1e-6);
});

Deno.test("kernel_ridge: shapes that do not fit are refused", () => {
  using gram = new Tensor([2, 3, 4, 4]);
  using odd = new Tensor([2, 3, 4, 5]);
  using y = new Tensor([2, 3, 4]);
  using lambda = new Tensor([3]);
  const refused = (compute: () => unknown, message: string) => assertThrows(compute, ShapeError, message);
  refused(
    () => kernelRidgePrefixes(gram, y, lambda),
    `kernel_ridge: expected axis R of "lambda" to be 1 or 2, found 3`,
  );
  refused(
    () => kernelRidgePrefixes(odd, y, lambda),
    `kernel_ridge: expected "gram" of shape (R, B, N, N), found (2, 3, 4, 5)`,
  );
});

Deno.test({
  name: "kernel_ridge: prompts that a software driver would cut short are refused",
  ignore: !gpu.adapter.software,
  fn: () => {
    using gram = new Tensor([1, 1, 73, 73]);
    using y = new Tensor([1, 1, 73]);
    using lambda = new Tensor([1]);
    assertThrows(() => kernelRidgePrefixes(gram, y, lambda), ShapeError, "expected at most 65535 loop iterations");
  },
});
