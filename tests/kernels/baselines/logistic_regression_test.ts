import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import {
  logisticRegressionPrefixes,
  logisticRegressionReference,
} from "../../../kernels/baselines/logistic_regression.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

await openGpu();

Deno.test("logistic_regression: as Newton's method in float64, separable labels and small penalties included", async () => {
  for (const [R, B, N, D] of [[1, 1, 2, 1], [2, 3, 5, 1], [2, 8, 12, 3], [1, 4, 30, 8], [1, 2, 30, 20]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1), bothNormal([R, B, N], 2)];
    using input = x.tensor;
    using label = y.tensor;
    for (const [penalty, iterations, tolerance] of [[1, 8, 1e-6], [0.1, 10, 2e-6], [1e-3, 20, 2e-5]]) {
      const lambda = both([1], [penalty]);
      using each = lambda.tensor;
      using prediction = logisticRegressionPrefixes({ x: input, y: label }, each, iterations);
      const exact = logisticRegressionReference(x.exact, y.exact, lambda.exact);
      const error = relativeError(await prediction.read(), exact);
      assertLess(error, tolerance, `(${R}, ${B}, ${N}, ${D}), λ = ${penalty}`);
    }
  }
});

Deno.test("logistic_regression: large inputs, where full Newton steps overshoot", async () => {
  const [x, y] = [bothNormal([1, 8, 24, 2], 3, 30), bothNormal([1, 8, 24], 4)];
  using input = x.tensor;
  using label = y.tensor;
  const lambda = both([1], [0.1]);
  using each = lambda.tensor;
  using prediction = logisticRegressionPrefixes({ x: input, y: label }, each, 30);
  assertLess(relativeError(await prediction.read(), logisticRegressionReference(x.exact, y.exact, lambda.exact)), 1e-4);
});

Deno.test("logistic_regression: labels 0 and 1 are labels −1 and 1", async () => {
  const x = bothNormal([1, 4, 9, 2], 5);
  const signs = bothNormal([1, 4, 9], 6).exact.data.map(Math.sign);
  using input = x.tensor;
  using both = Tensor.from(signs, [1, 4, 9]);
  using binary = Tensor.from(signs.map((sign) => Math.max(sign, 0)), [1, 4, 9]);
  using lambda = Tensor.from([0.5]);
  using first = logisticRegressionPrefixes({ x: input, y: both }, lambda, 8);
  using second = logisticRegressionPrefixes({ x: input, y: binary }, lambda, 8);
  assertEquals(await first.read(), await second.read());
});

Deno.test("logistic_regression: a penalty for each replica; more than 65 535 workgroups", async () => {
  const B = 16 * 65_536 + 1;
  using x = new Tensor([2, B, 2, 1]);
  using y = new Tensor([2, B, 2]);
  for (const last of [B - 1, 2 * B - 1]) {
    x.write([1, 1], 2 * last);
    y.write([1], 2 * last);
  }
  using lambda = Tensor.from([0.5, 2]);
  using prediction = logisticRegressionPrefixes({ x, y }, lambda, 8, "last");
  const found = await prediction.read();
  for (const [w, penalty] of [[found[B - 1], 0.5], [found[2 * B - 1], 2]]) {
    assertAlmostEquals(1 / (1 + Math.exp(w)), penalty * w, 1e-6);
  }
});
