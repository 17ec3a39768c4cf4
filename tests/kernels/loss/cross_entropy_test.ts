import { assertAlmostEquals, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { crossEntropyReference, crossEntropyRows } from "../../../kernels/loss/cross_entropy.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients, hessianVectorProduct } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { GpuError, ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

function classes(count: number, below: number): Tensor<"u32"> {
  return Tensor.from(Uint32Array.from({ length: count }, (_, n) => (n * 7919 + 3) % below));
}

/** Loss and gradient of rows, read back. */
async function lossAndGradient(logits: Tensor, targets: Tensor<"u32">) {
  const [loss, gradient] = await evaluate(() => {
    const loss = crossEntropyRows(logits, targets);
    return [loss, ...gradients(loss, [logits])];
  });
  const read = [await loss.read(), await gradient.read()];
  loss.destroy();
  gradient.destroy();
  return read;
}

Deno.test("cross_entropy: values and gradients, one row, one class, more columns than lanes, shared targets", async () => {
  for (
    const [N, V, T] of [[1, 1, 1], [1, 2, 1], [3, 5, 3], [7, 8, 7], [6, 113, 3], [67, 64, 67], [3, 1030, 1], [
      2,
      66_001,
      2,
    ]]
  ) {
    using logits = Tensor.from(waves(N * V, 1).map((value) => 4 * value), [N, V]);
    using targets = classes(T, V);
    // exp of arguments around 10 is off by some 1e-6 on drivers; sums of positive terms add little.
    await assertGradients(() => crossEntropyRows(logits, targets), [logits], 3e-6, `(${N}, ${V}) ${T}`);
  }
});

Deno.test("cross_entropy: losses from 1e-35 to 200 keep a relative accuracy of 1e-5, and so does every gradient", async () => {
  const margins = [80, 46, 44.03125, 23, 18.5, 16, 10, 1, 0.125, 0, -0.125, -1, -20, -86, -88, -200];
  const V = 11;
  // Multiples of 1/32: differences of logits are exact.
  const row = (margin: number) => Array.from({ length: V }, (_, j) => j === 4 ? margin : -((j * 13) % 32) / 32);
  const values = margins.flatMap(row);
  using logits = Tensor.from(values, [margins.length, V]);
  using targets = Tensor.from(Uint32Array.of(4));
  const [loss, gradient] = await lossAndGradient(logits, targets);
  margins.forEach((margin, n) => {
    const z = row(margin);
    const others = z.reduce((sum, value, j) => j === 4 ? sum : sum + Math.exp(value - margin), 0);
    assertAlmostEquals(loss[n] / Math.log1p(others), 1, 1e-5, `loss at ${margin}`);
    z.forEach((value, j) => {
      const exact = (j === 4 ? -others : Math.exp(value - margin)) / (1 + others);
      assertAlmostEquals(gradient[n * V + j] / exact, 1, 1e-5, `gradient ${j} at ${margin}`);
    });
  });
  assertLess(loss[1], 1e-19);
  assertLess(1e-20, loss[1]);
});

Deno.test("cross_entropy: beyond the range of float32 the loss is 0, and never anything but finite", async () => {
  using logits = Tensor.from([1e4, 0, -1e4, 0, 1e4, 3e4], [2, 3]);
  using targets = Tensor.from(Uint32Array.of(0, 0));
  const [loss, gradient] = await lossAndGradient(logits, targets);
  assertEquals([...loss], [0, 3e4]);
  assertEquals([...gradient], [-0, 0, 0, -1, 0, 1]);
});

Deno.test("cross_entropy: the composed form has the same values, gradients and Hessian", async () => {
  const [N, V] = [5, 19];
  using logits = Tensor.from(waves(N * V, 2).map((value) => 3 * value), [N, V]);
  using targets = classes(N, V);
  using vector = waveTensor([N, V], 3);
  await assertGradients(() => twiceDifferentiable(() => crossEntropyRows(logits, targets)), [logits], 3e-6, "composed");
  const [fused] = await lossAndGradient(logits, targets);
  using composed = await evaluate(() => twiceDifferentiable(() => crossEntropyRows(logits, targets)));
  (await composed.read()).forEach((value, n) => assertAlmostEquals(value, fused[n], 2e-6 * fused[n] + 1e-7));
  using product = await evaluate(() => {
    const loss = twiceDifferentiable(() => crossEntropyRows(logits, targets));
    return hessianVectorProduct(loss, [logits], [vector])[0];
  });
  // H = diag(p) − p pᵀ, whatever the target.
  const [found, z, v] = [await product.read(), await logits.read(), await vector.read()];
  for (let n = 0; n < N; n++) {
    const row = [...z.subarray(n * V, (n + 1) * V)];
    const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
    const p = row.map((value) => Math.exp(value) / total);
    const along = p.reduce((sum, value, j) => sum + value * v[n * V + j], 0);
    p.forEach((value, j) => assertAlmostEquals(found[n * V + j], value * (v[n * V + j] - along), 2e-6));
  }
});

Deno.test("cross_entropy: more than 65 535 workgroups, forward and backward", async () => {
  const N = 32 * 65_536 + 1;
  using logits = new Tensor([N, 9]);
  logits.write([5], 9 * N - 1);
  using targets = Tensor.from(Uint32Array.of(8));
  const [loss, gradient] = await lossAndGradient(logits, targets);
  const other = 1 / (8 + Math.exp(5));
  assertAlmostEquals(loss[0], Math.log(9), 1e-6);
  assertAlmostEquals(loss[N - 1], Math.log1p(8 * Math.exp(-5)), 1e-6);
  assertAlmostEquals(gradient[9 * N - 1], -8 * other, 1e-7);
  assertAlmostEquals(gradient[9 * N - 2], other, 1e-8);
});

Deno.test("cross_entropy: a row of more than 65 535 columns", async () => {
  const V = 600_001;
  const values = waves(V, 5);
  using logits = Tensor.from(values, [1, V]);
  using targets = Tensor.from(Uint32Array.of(V - 1));
  const [loss, gradient] = await lossAndGradient(logits, targets);
  const exact = crossEntropyReference(
    { shape: [1, V], data: Float64Array.from(values) },
    { shape: [1], data: Float64Array.of(V - 1) },
  );
  assertAlmostEquals(loss[0] / exact.data[0], 1, 1e-6);
  assertAlmostEquals(gradient.reduce((sum, value) => sum + value, 0), 0, 1e-6);
});

Deno.test("cross_entropy: a target that is no class makes the loss NaN; shapes that do not fit are refused", async () => {
  using logits = new Tensor([2, 3]);
  using targets = Tensor.from(Uint32Array.of(3, 2));
  const [loss] = await lossAndGradient(logits, targets);
  assertEquals([...loss], [NaN, Math.fround(Math.log(3))]);
  using four = new Tensor([4], "u32");
  assertThrows(
    () => crossEntropyRows(logits, four),
    ShapeError,
    "crossEntropyRows: expected targets for 2 rows or a part of them, found 4",
  );
  assertThrows(() => crossEntropyRows(logits.reshape([6]), four), ShapeError, 'expected "logits" with 2 axes');
  targets.destroy();
  await assertRejects(() => evaluate(() => crossEntropyRows(logits, targets)), GpuError, "destroyed");
});

Deno.test("cross_entropy: a logit that is no number makes loss and gradients NaN, be it the target's or another one's", async () => {
  using logits = Tensor.from([NaN, 1, -1, 0, NaN, -1, 0, 1, -1, NaN, NaN, NaN], [4, 3]);
  using targets = Tensor.from(Uint32Array.of(1, 1, 1, 1));
  const [loss, slopes] = await evaluate(() => {
    const loss = crossEntropyRows(logits, targets);
    return [loss, ...gradients(loss, [logits])];
  });
  const [found, slope] = [await loss.read(), await slopes.read()];
  assertEquals([...found].map(Number.isNaN), [true, true, false, true]);
  [0, 1, 2, 3].forEach((row) =>
    assertEquals(slope.subarray(3 * row, 3 * row + 3).some(Number.isNaN), row !== 2, `gradients of row ${row}`)
  );
  loss.destroy();
  slopes.destroy();
});
