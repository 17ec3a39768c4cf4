import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { sum } from "../../../kernels/reduce/reduce.ts";
import { layerNorm, type NormOptions, rmsNorm } from "../../../kernels/norm/norm.ts";
import { multiply } from "../../../kernels/elementwise/binary.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients, hessianVectorProduct } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

const norms = {
  "layer norm": (x: Tensor, gain: Tensor, bias: Tensor, options?: NormOptions) => layerNorm(x, gain, bias, options),
  "RMS norm": (x: Tensor, gain: Tensor, _: Tensor, options?: NormOptions) => rmsNorm(x, gain, options),
};

Deno.test("norm: values and gradients, one row, odd and long rows, rows shared by 1, 4 or 64 invocations", async () => {
  // Rows of two have a gradient of all but nothing, whose relative error says nothing.
  const shapes = [[1, 1, 3], [2, 5, 7], [3, 2, 3, 32], [2, 67, 33], [1, 9, 260], [2, 130, 12], [1, 3, 1027]];
  for (const shape of shapes) {
    const [R, C] = [shape[0], shape.at(-1)!];
    using x = waveTensor(shape, 1);
    using gain = waveTensor([R, C], 2);
    using bias = waveTensor([R, C], 3);
    for (const [name, norm] of Object.entries(norms)) {
      for (const lanes of [1, 4, 64]) {
        const inputs = name === "layer norm" ? [x, gain, bias] : [x, gain];
        // Sums of up to 1027 terms and differences of dx that cancel: some tens of roundings of 6e-8.
        const of = () => norm(x, gain, bias, { lanes });
        await assertGradients(of, inputs, 5e-6, `${name} (${shape}) by ${lanes}`);
      }
    }
  }
});

Deno.test("norm: without gain or bias, and with another epsilon", async () => {
  using x = waveTensor([2, 5, 8], 1);
  using gain = waveTensor([2, 8], 2);
  await assertGradients(() => layerNorm(x), [x], 5e-6);
  await assertGradients(() => layerNorm(x, null, gain), [x, gain], 5e-6);
  await assertGradients(() => layerNorm(x, gain), [x, gain], 5e-6);
  await assertGradients(() => rmsNorm(x, null, { epsilon: 0.5 }), [x], 5e-6);
});

Deno.test("norm: a large mean does not drown the variance", async () => {
  using x = Tensor.from([4096.25, 4095.75, 4096.25, 4095.75], [1, 1, 4]);
  using y = layerNorm(x, null, null, { epsilon: 1e-12 });
  (await y.read()).forEach((value, i) => assertAlmostEquals(value, i % 2 === 0 ? 1 : -1, 1e-6));
});

Deno.test("norm: the composed form is the same function, and differentiates twice", async () => {
  using x = waveTensor([2, 3, 5], 1);
  using gain = waveTensor([2, 5], 2);
  using bias = waveTensor([2, 5], 3);
  using v = waveTensor([2, 3, 5], 4);
  for (const [name, norm] of Object.entries(norms)) {
    await assertGradients(() => twiceDifferentiable(() => norm(x, gain, bias)), [x, gain], 5e-6, name);
    const loss = () => {
      const y = norm(x, gain, bias);
      return sum(multiply(y, multiply(y, y)), [0, 1, 2]);
    };
    using product = await evaluate(() => hessianVectorProduct(twiceDifferentiable(loss), [x], [v])[0]);
    const along = async (step: number) => {
      const [values, direction] = [await x.read(), await v.read()];
      using moved = Tensor.from(values.map((value, i) => value + step * direction[i]), x.shape);
      using slope = await evaluate(() => {
        const y = norm(moved, gain, bias);
        return gradients(sum(multiply(y, multiply(y, y)), [0, 1, 2]), [moved])[0];
      });
      return await slope.read();
    };
    const [above, below, exact] = [await along(1e-2), await along(-1e-2), await product.read()];
    const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Central differences in single precision: an error of order step², and of rounding over step.
    exact.forEach((value, i) => assertLess(Math.abs((above[i] - below[i]) / 2e-2 - value) / largest, 5e-3, name));
  }
});

Deno.test("norm: replica r has the same bits alone and in an ensemble", async () => {
  const [R, M, C] = [3, 70, 36];
  using x = waveTensor([R, M, C], 1);
  using gain = waveTensor([R, C], 2);
  using bias = waveTensor([R, C], 3);
  using weights = waveTensor([R, M, C], 4);
  const of = (x: Tensor, gain: Tensor, bias: Tensor, weights: Tensor) =>
    evaluate(() => {
      const y = layerNorm(x, gain, bias);
      return [y, ...gradients(y, [x, gain, bias], { weights })];
    });
  const all = await of(x, gain, bias, weights);
  const part = async (tensor: Tensor, r: number) => {
    const size = tensor.size / R;
    return Tensor.from((await tensor.read()).slice(r * size, (r + 1) * size), [1, ...tensor.shape.slice(1)]);
  };
  const alone = await of(await part(x, 1), await part(gain, 1), await part(bias, 1), await part(weights, 1));
  for (const [index, tensor] of alone.entries()) {
    const size = tensor.size;
    assertEquals(await tensor.read(), (await all[index].read()).slice(size, 2 * size));
  }
});

Deno.test("norm: more than 65 535 workgroups", async () => {
  const M = 64 * 65_536 + 1;
  using x = new Tensor([1, M, 2]);
  x.write([1, 3], 2 * M - 2);
  using y = layerNorm(x, null, null, { epsilon: 1e-12 });
  assertEquals((await y.read()).slice(-2).map(Math.round), Float32Array.of(-1, 1));
});

Deno.test("norm: parameters of another shape are refused", () => {
  using x = waveTensor([2, 3, 4], 1);
  using gain = waveTensor([2, 3], 1);
  assertThrows(() => rmsNorm(x, gain), ShapeError, 'rms_norm: expected "gain" of shape (2, 4), found (2, 3)');
  using flat = waveTensor([4], 1);
  assertThrows(() => layerNorm(flat), ShapeError, 'layer_norm: expected "x" of shape (R, …, C), found (4)');
});
