import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { add } from "../../../kernels/elementwise/binary.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { evaluate, record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import type { Baseline, Positions } from "../../../lib/models/baselines/mod.ts";
import {
  bayesRidge,
  dmmse,
  featureKernel,
  gdPlusPlus,
  gradientDescent,
  kernelRidge,
  lasso,
  leastSquares,
  logisticRegression,
  principalComponentRegression,
  priorRidge,
  ridge,
} from "../../../lib/models/baselines/mod.ts";
import { normals } from "../../../lib/random/random.ts";

await openGpu();

const [R, B, N, D, M] = [3, 5, 7, 3, 9];
const [inputs, labels, tasks] = [R * B * N * D, R * B * N, R * M * D].map((count, index) =>
  Float32Array.from(normals({ seed: index, key: "baselines" }, count))
);

/** Tensors of some replicas of the prompts. */
function promptsOf(replicas: readonly number[]): { x: Tensor; y: Tensor; pool: Tensor } {
  const take = (values: Float32Array, size: number, shape: number[]) =>
    Tensor.from(replicas.flatMap((r) => [...values.subarray(r * size, (r + 1) * size)]), [replicas.length, ...shape]);
  return {
    x: take(inputs, B * N * D, [B, N, D]),
    y: take(labels, B * N, [B, N]),
    pool: take(tasks, M * D, [M, D]),
  };
}

const baselines: Record<string, (pool: Tensor, positions?: Positions) => Baseline> = {
  ridge: (_, positions) => ridge({ lambda: 0.3, positions }),
  priorRidge: (_, positions) => priorRidge({ variances: [1, 0.5, 0.25], noise: 0.1, positions }),
  principalComponentRegression: (_, positions) =>
    principalComponentRegression({ components: [[1, 0, 0], [0, 0.6, 0.8]], positions }),
  leastSquares: (_, positions) => leastSquares({ positions }),
  kernelRidge: (_, positions) => kernelRidge({ lambda: 0.3, kernel: (x) => featureKernel([x]), positions }),
  lasso: (_, positions) => lasso({ lambda: 0.1, positions }),
  logisticRegression: (_, positions) => logisticRegression({ lambda: 0.3, positions }),
  gradientDescent: (_, positions) => gradientDescent({ steps: 3, learningRate: 0.2, positions }),
  gdPlusPlus: (_, positions) => gdPlusPlus({ steps: 3, learningRate: 0.2, gamma: [0.1, 0.2, 0.1], positions }),
  bayesRidge: (_, positions) => bayesRidge({ sigmas: [0.1, 1], tau: 1, positions }),
  dmmse: (pool, positions) => dmmse({ pool, sigma: 0.5, positions }),
};

for (const [name, make] of Object.entries(baselines)) {
  Deno.test(`${name}: the last position alone, a replica alone, and inside of a program: the same bits`, async () => {
    const { x, y, pool } = promptsOf([0, 1, 2]);
    using every = make(pool);
    using last = make(pool, "last");
    using prediction = every.apply({ x, y });
    assertEquals(prediction.shape, [R, B, N]);
    const found = await prediction.read();
    assertEquals(found.every(Number.isFinite), true);

    using ending = last.apply({ x, y });
    assertEquals(ending.shape, [R, B]);
    assertEquals([...await ending.read()], [...found.filter((_, index) => index % N === N - 1)]);

    const alone = promptsOf([1]);
    using single = make(alone.pool);
    using part = single.apply(alone);
    assertEquals(await part.read(), found.slice(B * N, 2 * B * N));

    using program = await record(name, () => make(pool).apply({ x, y }));
    for (let replay = 0; replay < 2; replay++) {
      program.replay();
      assertEquals(await program.outputs.read(), found);
    }
    for (const tensor of [x, y, pool, alone.x, alone.y, alone.pool]) tensor.destroy();
  });

  Deno.test(`${name}: a label counts from the next position on; zero inputs`, async () => {
    const { x, y, pool } = promptsOf([0]);
    using model = make(pool);
    using prediction = model.apply({ x, y });
    const before = await prediction.read();
    y.write([100], N - 1);
    y.write([-50], N + 3);
    using changed = model.apply({ x, y });
    const after = await changed.read();
    // Prompt 0 loses its last label, prompt 1 the fourth: predictions from the fifth on change.
    const same = [...before].map((value, index) => value === after[index]);
    assertEquals(same.slice(0, N + 4).every(Boolean), true);
    // Logistic regression only reads signs.
    if (name !== "logisticRegression" || labels[N + 3] > 0) assertEquals(same[N + 4], false);
    x.write([0, 0, 0, 0, 0, 0], 0);
    using zeros = model.apply({ x, y });
    const found = await zeros.read();
    assertEquals([...found.slice(0, 2)].map(Math.abs), [0, 0]);
    assertEquals(found.every(Number.isFinite), true);
    for (const tensor of [x, y, pool]) tensor.destroy();
  });
}

Deno.test("baselines: parameters of each replica, as numbers and as a tensor", async () => {
  const { x, y, pool } = promptsOf([0, 1, 2]);
  using values = Tensor.from([0.1, 1, 10]);
  for (const lambda of [[0.1, 1, 10], values]) {
    using model = ridge({ lambda });
    using prediction = model.apply({ x, y });
    const found = await prediction.read();
    for (const [replica, value] of [0.1, 1, 10].entries()) {
      const alone = promptsOf([replica]);
      using single = ridge({ lambda: value });
      using part = single.apply(alone);
      assertEquals(await part.read(), found.slice(replica * B * N, (replica + 1) * B * N));
      for (const tensor of [alone.x, alone.y, alone.pool]) tensor.destroy();
    }
  }
  assertEquals(values.destroyed, false);
  for (const tensor of [x, y, pool]) tensor.destroy();
});

Deno.test("baselines: numbers out of their domain are refused by name", () => {
  using pool = new Tensor([1, 4, 2]);
  using rates = new Tensor([1, 2]);
  const cases: [() => unknown, string][] = [
    [() => ridge({ lambda: 0 }), "ridge: expected lambda to be positive and finite, found 0"],
    [() => ridge({ lambda: [1, NaN] }), "ridge: expected lambda to be positive and finite, found NaN"],
    [() => ridge({ lambda: [] }), "ridge: expected at least one lambda, found none"],
    [
      () => kernelRidge({ lambda: 0, kernel: (x) => x }),
      "kernel ridge: expected lambda to be positive and finite, found 0",
    ],
    [() => featureKernel([]), "featureKernel: expected at least one representation, found none"],
    [() => priorRidge({ variances: [1, -1], noise: 1 }), "prior ridge: expected noise / variance to be positive"],
    [() => lasso({ lambda: -1 }), "lasso: expected lambda to be at least 0 and finite, found -1"],
    [() => lasso({ lambda: 1, iterations: 0 }), "lasso: expected iterations to be an integer ≥ 1, found 0"],
    [
      () => logisticRegression({ lambda: 0 }),
      "logistic regression: expected lambda to be positive and finite, found 0",
    ],
    [() => dmmse({ pool, sigma: 0 }), "dMMSE: expected sigma to be positive and finite, found 0"],
    [() => dmmse({ pool, sigma: 1, tasks: [4, 5] }), "dMMSE: expected tasks to be integers from 1 to 4, found 5"],
    [
      () => gradientDescent({ steps: 0, learningRate: 1 }),
      "gradient descent: expected steps to be an integer ≥ 1, found 0",
    ],
    [
      () => gradientDescent({ steps: 2, learningRate: [1, Infinity] }),
      "gradient descent: expected learningRate to be finite, found Infinity",
    ],
    [
      () => gdPlusPlus({ steps: 3, learningRate: 1, gamma: rates }),
      "GD++: expected 3 numbers for gamma, one per step, found 2",
    ],
    [() => bayesRidge({ sigmas: [1], tau: -1 }), "Bayes ridge: expected tau to be positive and finite, found -1"],
  ];
  for (const [compute, message] of cases) assertThrows(compute, RangeError, message);
});

Deno.test("a kernel of many features, multiplied in several groups, is that of a few at once", async () => {
  const widths = [100, 100, 100, 300, 1, 1];
  const make = (width: number, index: number) =>
    Tensor.from(normals({ seed: index, key: "features" }, 2 * 3 * width), [1, 2, 3, width]);
  const maps = widths.map(make);
  using found = await evaluate(() => featureKernel(maps.values()));
  using apart = await evaluate(() => maps.map((map) => featureKernel([map])).reduce((sum, one) => add(sum, one)));
  assertEquals(found.shape, [1, 2, 3, 3]);
  const expected = await apart.read();
  (await found.read()).forEach((value, at) => assertAlmostEquals(value, expected[at] / widths.length, 1e-4));
  maps.forEach((map) => map.destroy());
  assertThrows(() => featureKernel([]), RangeError, "featureKernel: expected at least one representation, found none");
});
