import { assertAlmostEquals, assertLess, assertThrows } from "@std/assert";
import { gradientDescentPrefixes, gradientDescentReference } from "../../../kernels/baselines/gradient_descent.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

const gpu = await openGpu();

Deno.test("gradient_descent: as gradient descent in float64, pair by pair", async () => {
  for (const [R, B, N, D] of [[1, 1, 2, 1], [2, 3, 5, 1], [2, 33, 13, 3], [1, 8, 40, 20]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1, 0.5), bothNormal([R, B, N], 2)];
    using input = x.tensor;
    using label = y.tensor;
    for (const rates of [[0.5], [0.3, 0.2, 0.1], Array(40).fill(0.1)]) {
      const rate = both([1, rates.length], rates);
      using eta = rate.tensor;
      using prediction = gradientDescentPrefixes({ x: input, y: label }, eta);
      const error = relativeError(await prediction.read(), gradientDescentReference(x.exact, y.exact, rate.exact));
      assertLess(error, 2e-6, `(${R}, ${B}, ${N}, ${D}), ${rates.length} steps`);
    }
  }
});

Deno.test("gradient_descent: rates of each replica; more than 65 535 workgroups", async () => {
  const B = 16 * 65_536 + 1;
  using x = new Tensor([2, B, 2, 1]);
  using y = new Tensor([2, B, 2]);
  for (const last of [B - 1, 2 * B - 1]) {
    x.write([1, 2], 2 * last);
    y.write([3], 2 * last);
  }
  using rate = Tensor.from([0.5, 0.5, 0.25, 0], [2, 2]);
  using prediction = gradientDescentPrefixes({ x, y }, rate, "last");
  const found = await prediction.read();
  assertAlmostEquals(found[B - 1], 2 * 3 * 0.75, 1e-6);
  assertAlmostEquals(found[2 * B - 1], 2 * 3 * 0.25, 1e-6);
});

Deno.test({
  name: "gradient_descent: as many steps as a software driver takes are all taken, more are refused",
  ignore: !gpu.adapter.software,
  fn: async () => {
    using x = Tensor.from([1, 1], [1, 1, 2, 1]);
    using y = Tensor.from([1, 0], [1, 1, 2]);
    const K = 65_533;
    using rate = Tensor.from(new Float32Array(K + 1).fill(1e-5), [1, K + 1]);
    using fitting = Tensor.from(new Float32Array(K).fill(1e-5), [1, K]);
    using prediction = gradientDescentPrefixes({ x, y }, fitting, "last");
    // Each step rounds; K of them by up to 6e-8 / 2.
    assertAlmostEquals((await prediction.read())[0], 1 - (1 - Math.fround(1e-5)) ** K, 2e-3);
    assertThrows(
      () => gradientDescentPrefixes({ x, y }, rate),
      ShapeError,
      "gradient_descent: expected at most 65535 loop",
    );
  },
});
