import { assertAlmostEquals, assertLess } from "@std/assert";
import { bayesRidgePrefixes, bayesRidgeReference } from "../../../kernels/baselines/bayes_ridge.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

await openGpu();

Deno.test("bayes_ridge: as the law of all labels at once in float64", async () => {
  for (const [R, B, N, D] of [[1, 1, 2, 1], [2, 3, 5, 1], [2, 33, 13, 3], [1, 4, 40, 20]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1), bothNormal([R, B, N], 2)];
    using input = x.tensor;
    using label = y.tensor;
    for (const [levels, spread] of [[[0.5], 1], [[0.1, 0.5, 1], 1], [[0.25, 1, 2, 4], 0.3]] as const) {
      const [sigma, tau] = [both([1, levels.length], levels), both([1], [spread])];
      using deviations = sigma.tensor;
      using prior = tau.tensor;
      using prediction = bayesRidgePrefixes({ x: input, y: label }, deviations, prior);
      const exact = bayesRidgeReference(x.exact, y.exact, sigma.exact, tau.exact);
      assertLess(relativeError(await prediction.read(), exact), 1e-5, `(${R}, ${B}, ${N}, ${D}), levels ${levels}`);
    }
  }
});

Deno.test("bayes_ridge: levels and a prior for each replica; more than 65 535 workgroups", async () => {
  const B = 16 * 65_536 + 1;
  using x = new Tensor([2, B, 2, 1]);
  using y = new Tensor([2, B, 2]);
  for (const last of [B - 1, 2 * B - 1]) {
    x.write([1, 2], 2 * last);
    y.write([3], 2 * last);
  }
  using sigma = Tensor.from([1, 2], [2, 1]);
  using tau = Tensor.from([1, 3]);
  using prediction = bayesRidgePrefixes({ x, y }, sigma, tau, "last");
  const found = await prediction.read();
  assertAlmostEquals(found[B - 1], 2 * 3 / 2, 1e-6);
  assertAlmostEquals(found[2 * B - 1], 2 * 3 / (1 + 4 / 9), 1e-6);
});
