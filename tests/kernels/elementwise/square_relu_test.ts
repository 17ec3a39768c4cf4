import { squareRelu } from "../../../kernels/elementwise/square_relu.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("square_relu: value and gradient, of one element, of odd sizes and of fours, fused and composed", async () => {
  for (const shape of [[1], [3, 67], [2, 64]]) {
    using x = waveTensor(shape, 1);
    await assertGradients(() => squareRelu(x), [x], 1e-6);
    await assertGradients(() => twiceDifferentiable(() => squareRelu(x)), [x], 1e-6);
  }
});
