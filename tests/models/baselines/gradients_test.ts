/** Gradients through exact baselines: as float64 has them by differences, in inputs, labels, and constants that are tensors. */
import { assertEquals, assertRejects } from "@std/assert";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import {
  type Baseline,
  bayesRidge,
  dmmse,
  gdPlusPlus,
  gradientDescent,
  lasso,
  leastSquares,
  logisticRegression,
  type Positions,
  principalComponentRegression,
  priorRidge,
  ridge,
} from "../../../lib/models/baselines/mod.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

const [R, B, N, D] = [2, 2, 5, 3];

Deno.test("gradients through one step of gradient descent are those of the formula", async () => {
  using x = Tensor.from([1, 2], [1, 1, 2, 1]);
  using y = Tensor.from([3, 0], [1, 1, 2]);
  using model = gradientDescent({ steps: 1, learningRate: 0.5, positions: "last" });
  // ŷ = η y₁ x₁ x₂.
  const [dx, dy] = await evaluate(() => gradients(model.apply({ x, y }), [x, y]));
  assertEquals([[...await dx.read()], [...await dy.read()]], [[3, 1.5], [1, 0]]);
  [dx, dy].forEach((tensor) => tensor.destroy());
});

const rates = Tensor.from([0.3, 0.1, 0.2, -0.2], [R, 2], "rates");
const shrinkages = Tensor.from([0.2, 0.3], [1, 2], "shrinkages");
const penalties = Tensor.from([0.7, 0.3], [R], "penalties");
const pool = waveTensor([R, 4, D], 3);
const broad = Tensor.from([1.5, 2], [R], "broad");
const deviations = Tensor.from([0.5, 0.8], [R], "deviations");

const MODELS: Readonly<Record<string, { of: (positions: Positions) => Baseline; constants: readonly Tensor[] }>> = {
  ridge: { of: (positions) => ridge({ lambda: penalties, positions }), constants: [penalties] },
  "prior ridge": {
    of: (positions) => priorRidge({ variances: [1, 0.5, 2], noise: [0.5, 0.9], positions }),
    constants: [],
  },
  "gradient descent": {
    of: (positions) => gradientDescent({ steps: 2, learningRate: rates, positions }),
    constants: [rates],
  },
  "GD++": {
    of: (positions) => gdPlusPlus({ steps: 2, learningRate: rates, gamma: shrinkages, positions }),
    constants: [rates, shrinkages],
  },
  dMMSE: {
    of: (positions) => dmmse({ pool, sigma: broad, tasks: [4, 3], positions }),
    constants: [pool, broad],
  },
  "Bayes ridge": {
    of: (positions) => bayesRidge({ sigmas: [0.4, 1, 2], tau: deviations, positions }),
    constants: [deviations],
  },
};

for (const [name, { of, constants }] of Object.entries(MODELS)) {
  Deno.test(`gradients through ${name}: in inputs, labels and constants, every position and the last`, async () => {
    using x = waveTensor([R, B, N, D], 1);
    using y = waveTensor([R, B, N], 2);
    for (const positions of ["every", "last"] as const) {
      using model = of(positions);
      await assertGradients(() => model.apply({ x, y }), [x, y, ...constants], 2e-5, positions);
    }
  });
}

Deno.test("baselines without gradients are refused by name, where a gradient is wanted through them and only there", async () => {
  using x = waveTensor([1, 2, 4, 2], 1);
  using y = waveTensor([1, 2, 4], 2);
  const models = {
    least_squares: leastSquares(),
    lasso: lasso({ lambda: 0.1 }),
    logistic_regression: logisticRegression({ lambda: 1 }),
  };
  for (const [label, model] of Object.entries(models)) {
    const message = `gradients: cannot differentiate through "${label}" because it has no gradient; ` +
      "pass what it reads as `stopGradient(…)` if it is meant as a constant";
    await assertRejects(() => evaluate(() => gradients(model.apply({ x, y }), [x])), Error, message);
    const apart = await evaluate(() => gradients(model.apply({ x: x.detached, y: y.detached }), [x]));
    assertEquals([...await apart[0].read()], new Array(16).fill(0));
    apart[0].destroy();
    model.destroy();
  }
  using components = principalComponentRegression({ components: [[1, 0]] });
  await assertRejects(() => evaluate(() => gradients(components.apply({ x, y }), [y])), Error, '"least_squares"');
});
