import { assertAlmostEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { gdPlusPlus, gradientDescent } from "../../lib/models/baselines/mod.ts";
import { descentConstruction } from "../../lib/models/descent_construction.ts";
import { linearTransformer, regressionTokens } from "../../lib/models/linear_transformer.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { waveTensor } from "../oracles/gradients.ts";

await openGpu();

Deno.test("constructed weights predict what gradient descent and GD++ do, for one to three steps", async () => {
  const [B, N, D] = [5, 7, 3];
  using x = waveTensor([1, B, N + 1, D], 1);
  using y = waveTensor([1, B, N + 1], 2);
  for (const steps of [1, 2, 3]) {
    for (const plus of [false, true]) {
      const learningRate = [0.7, 0.4, 0.9].slice(0, steps), gamma = [0.2, 0.3, 0.1].slice(0, steps);
      const model = linearTransformer({ width: D + 1, layers: steps, queryIsKey: false, average: false, deviation: 1 });
      using parameters = ParameterSet.create(model.parameters, [1]);
      const perPair = (values: number[]) => values.map((value) => value / N);
      parameters.load(descentConstruction({
        dimension: D,
        rates: perPair(learningRate),
        ...(plus && { shrinkages: perPair(gamma) }),
      }));
      using found = await evaluate(() =>
        model.apply(parameters.weights, regressionTokens(x, y.reshape([1, B, N + 1, 1])))
      );
      const options = { steps, learningRate, positions: "last" } as const;
      using baseline = plus ? gdPlusPlus({ ...options, gamma }) : gradientDescent(options);
      using expected = baseline.apply({ x, y });
      const tokens = await found.read();
      (await expected.read()).forEach((value, b) =>
        assertAlmostEquals(-tokens[(b + 1) * (N + 1) * (D + 1) - 1], value, 1e-5)
      );
    }
  }
});

Deno.test("constructed weights: as many shrinkages as rates", () => {
  assertThrows(
    () => descentConstruction({ dimension: 1, rates: [1, 2], shrinkages: [1] }),
    RangeError,
    "descentConstruction: expected 2 shrinkages, one a step, found 1",
  );
});
