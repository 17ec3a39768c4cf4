import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { batchNorm } from "../../../kernels/norm/batch_norm.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate, record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("batch norm: values and gradients, fused and composed, odd widths, several axes", async () => {
  for (const shape of [[1, 3, 1], [2, 5, 7], [3, 4, 3, 8], [1, 130, 12], [2, 67, 33]]) {
    const [R, C] = [shape[0], shape.at(-1)!];
    using x = waveTensor(shape, 1);
    using gain = waveTensor([R, C], 2);
    using bias = waveTensor([R, C], 3);
    // Sums of up to 130 terms, and differences of dx that cancel.
    const of = () => batchNorm(x, gain, bias);
    await assertGradients(of, [x, gain, bias], 5e-6, `(${shape})`);
    await assertGradients(() => twiceDifferentiable(of), [x, gain, bias], 5e-6, `(${shape}), composed`);
    await assertGradients(() => batchNorm(x, null, null, { epsilon: 0.1 }), [x], 5e-6, `(${shape}) alone`);
    await assertGradients(() => batchNorm(x, null, bias), [x, bias], 5e-6, `(${shape}) with bias`);
  }
});

Deno.test("batch norm: a large mean does not drown the variance", async () => {
  using x = Tensor.from([4096.25, 4095.75, 4096.25, 4095.75, 4096.25, 4095.75], [1, 6, 1]);
  using y = batchNorm(x, null, null, { epsilon: 1e-12 });
  // Means of three rows near 4096 are rounded by up to 2.4e-4, a thousandth of the deviation.
  (await y.read()).forEach((value, i) => assertAlmostEquals(value, i % 2 === 0 ? 1 : -1, 1e-3));
});

Deno.test("batch norm: every replay moves the running averages, which evaluation uses", async () => {
  using x = Tensor.from([1, 10, 3, 30], [1, 2, 2]);
  using mean = Tensor.from([0, 0], [1, 2]);
  using variance = Tensor.from([1, 1], [1, 2]);
  const running = { mean, variance };
  using program = await record("train", () => batchNorm(x, null, null, { running, momentum: 0.5 }));
  program.replay(2);
  // mean ← mean + (2 − mean)/2 twice; the unbiased variances are 2 and 200.
  assertEquals([...await mean.read()], [1.5, 15]);
  assertEquals([...await variance.read()], [1.75, 150.25]);
  using gain = Tensor.from([2, 3], [1, 2]);
  using bias = Tensor.from([1, -1], [1, 2]);
  const evaluation = () => batchNorm(x, gain, bias, { running, training: false, epsilon: 1e-5 });
  await assertGradients(evaluation, [x, gain, bias], 2e-6);
  using y = await evaluate(evaluation);
  const exact = [1, 10, 3, 30].map((value, i) =>
    (value - [1.5, 15][i % 2]) / Math.sqrt([1.75, 150.25][i % 2] + 1e-5) * [2, 3][i % 2] + [1, -1][i % 2]
  );
  (await y.read()).forEach((value, i) => assertAlmostEquals(value, exact[i], 2e-6));
  assertEquals([...await mean.read()], [1.5, 15]);
});

Deno.test("batch norm: replica r has the same bits alone and in an ensemble", async () => {
  using x = waveTensor([3, 70, 8], 1);
  using weights = waveTensor([3, 70, 8], 2);
  const part = async (tensor: Tensor) => Tensor.from((await tensor.read()).slice(560, 1120), [1, 70, 8]);
  using one = await part(x);
  using own = await part(weights);
  const of = (x: Tensor, weights: Tensor) => evaluate(() => gradients(batchNorm(x), [x], { weights })[0]);
  using all = await of(x, weights);
  using alone = await of(one, own);
  assertEquals(await alone.read(), (await all.read()).slice(560, 1120));
});

Deno.test("batch norm: more than 65 535 workgroups", async () => {
  const M = 64 * 65_536 + 2;
  using x = Tensor.from(Float32Array.from({ length: M }, (_, i) => i % 2 === 0 ? 1 : -1), [1, M, 1]);
  using y = batchNorm(x, null, null, { epsilon: 1e-12 });
  assertEquals((await y.read()).slice(-2).map((value) => Math.round(value * 1e5) / 1e5), Float32Array.of(1, -1));
});

Deno.test("batch norm: what does not fit is refused", () => {
  using x = waveTensor([2, 3, 4], 1);
  using gain = waveTensor([1, 4], 1);
  assertThrows(() => batchNorm(x, gain), ShapeError, 'batch_norm: expected "gain" of shape (2, 4), found (1, 4)');
  assertThrows(
    () => batchNorm(x, null, null, { training: false }),
    Error,
    "batch_norm: expected running averages outside of training, found none",
  );
});
