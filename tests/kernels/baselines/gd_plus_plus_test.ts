import { assertAlmostEquals, assertLess, assertThrows } from "@std/assert";
import { gdPlusPlusPrefixes, gdPlusPlusReference } from "../../../kernels/baselines/gd_plus_plus.ts";
import { gradientDescentReference } from "../../../kernels/baselines/gradient_descent.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

await openGpu();

Deno.test("gd_plus_plus: as labels and inputs moved token by token in float64", async () => {
  for (const [R, B, N, D] of [[1, 1, 2, 1], [2, 3, 5, 1], [2, 9, 13, 3], [1, 4, 30, 11], [1, 1, 4, 39]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1, 0.5), bothNormal([R, B, N], 2)];
    using input = x.tensor;
    using label = y.tensor;
    for (const K of [1, 2, 5]) {
      const rate = both([1, K], Array.from({ length: K }, (_, k) => 0.4 + 0.1 * k));
      const gamma = both([1, K], Array.from({ length: K }, (_, k) => 0.3 - 0.05 * k));
      using eta = rate.tensor;
      using shrinkage = gamma.tensor;
      using prediction = gdPlusPlusPrefixes({ x: input, y: label }, eta, shrinkage);
      const exact = gdPlusPlusReference(x.exact, y.exact, rate.exact, gamma.exact);
      assertLess(relativeError(await prediction.read(), exact), 5e-6, `(${R}, ${B}, ${N}, ${D}), ${K} steps`);
    }
  }
});

Deno.test("gd_plus_plus: without shrinkage it is gradient descent; each replica has its own numbers", async () => {
  const [x, y] = [bothNormal([2, 3, 8, 3], 3, 0.5), bothNormal([2, 3, 8], 4)];
  const rate = both([2, 2], [0.5, 0.4, 0.3, 0.2]);
  const [none, some] = [both([1, 2], [0, 0]), both([2, 2], [0.1, 0.2, 0.3, 0.4])];
  const tensors = [x, y, rate, none, some].map(({ tensor }) => tensor);
  const prompts = { x: x.tensor, y: y.tensor };
  using plain = gdPlusPlusPrefixes(prompts, rate.tensor, none.tensor);
  assertLess(relativeError(await plain.read(), gradientDescentReference(x.exact, y.exact, rate.exact)), 2e-6);
  using shrunk = gdPlusPlusPrefixes(prompts, rate.tensor, some.tensor);
  const exact = gdPlusPlusReference(x.exact, y.exact, rate.exact, some.exact);
  assertLess(relativeError(await shrunk.read(), exact), 2e-6);
  tensors.forEach((tensor) => tensor.destroy());
});

Deno.test("gd_plus_plus: more than 65 535 workgroups; too many dimensions", async () => {
  const B = 65_537;
  using x = new Tensor([1, B, 2, 1]);
  using y = new Tensor([1, B, 2]);
  x.write([1, 2], 2 * (B - 1));
  y.write([3], 2 * (B - 1));
  using rate = Tensor.from([0.5, 0.5], [1, 2]);
  using prediction = gdPlusPlusPrefixes({ x, y }, rate, rate, "last");
  assertAlmostEquals((await prediction.read())[B - 1], 2 * (1.5 + 0.5 * 0.5 * 1.5 * 0.5), 1e-6);
  using wide = new Tensor([1, 1, 2, 40]);
  assertThrows(
    () => gdPlusPlusPrefixes({ x: wide, y }, rate, rate),
    ShapeError,
    `gd_plus_plus: expected "x" of shape (R, B, N, D) with D ≤ 39, found (1, 1, 2, 40)`,
  );
});
