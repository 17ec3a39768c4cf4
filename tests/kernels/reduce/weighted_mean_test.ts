import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { weightedMean } from "../../../kernels/reduce/weighted_mean.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients } from "../../oracles/gradients.ts";

await openGpu();

/** Positive, so that errors are relative to what is summed. */
function positive(shape: number[], wave: number): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Tensor.from(Array.from({ length: size }, (_, i) => 1.5 + Math.sin(wave * i + 1)), shape);
}

Deno.test("weighted_mean: values and gradients, fused and composed, weights of each replica, of all, and none", async () => {
  for (const shape of [[1, 1, 1], [3, 5, 1], [2, 67, 3], [3, 200, 1], [1, 9000, 2]]) {
    using x = positive(shape, 1);
    using own = positive(shape, 2);
    using shared = positive(shape.slice(1), 3);
    for (const [name, weights] of Object.entries({ own, shared, none: undefined })) {
      const compute = () => weightedMean(x, weights);
      // Sums of up to 9 000 terms in parts of 64.
      const tensors = weights ? [x, weights] : [x];
      await assertGradients(compute, tensors, 5e-6, `(${shape}) ${name}`);
      await assertGradients(() => twiceDifferentiable(compute), tensors, 5e-6, `(${shape}) ${name} composed`);
    }
  }
});

Deno.test("weighted_mean: a weight of 0 leaves out, value and gradient", async () => {
  using x = Tensor.from([1, 3, 1e30, 5], [2, 2, 1]);
  using weights = Tensor.from([1, 1, 0, 2], [2, 2, 1]);
  const [y, dx] = await evaluate(() => {
    const y = weightedMean(x, weights);
    return [y, ...gradients(y, [x])];
  });
  assertEquals([...await y.read(), ...await dx.read()], [2, 5, 0.5, 0.5, 0, 1]);
  y.destroy();
  dx.destroy();
});

Deno.test("weighted_mean: a replica has the same bits alone and in an ensemble", async () => {
  using many = positive([3, 1000, 1], 1);
  using alone = Tensor.from((await many.read()).slice(1000, 2000), [1, 1000, 1]);
  using all = weightedMean(many);
  using one = weightedMean(alone);
  assertEquals((await all.read())[1], (await one.read())[0]);
});

Deno.test("weighted_mean: more than 65 535 workgroups, and more than 65 535 examples", async () => {
  const T = 65_537;
  using wide = new Tensor([1, 2, T]);
  wide.write([4], 2 * T - 1);
  using y = weightedMean(wide);
  assertEquals((await y.read()).at(-1), 2);
  using long = Tensor.from(new Float32Array(4_000_001).fill(0.1), [1, 4_000_001, 1]);
  using mean = weightedMean(long);
  // A lane adds 977 sums of 64: an error of up to 977 roundings of 6e-8, which here all go the same way.
  assertAlmostEquals((await mean.read())[0], 0.1, 6e-6);
  using grown = await evaluate(() => gradients(weightedMean(long), [long])[0]);
  assertAlmostEquals((await grown.read()).at(-1)! * 4_000_001, 1, 1e-6);
});

Deno.test("weighted_mean: weights of another size are refused", () => {
  using x = new Tensor([2, 3, 1]);
  using weights = new Tensor([2]);
  assertThrows(
    () => weightedMean(x, weights),
    ShapeError,
    "weightedMean: expected weights of shape (2, 3, 1) or (3, 1), found (2)",
  );
});
