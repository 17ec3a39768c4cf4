import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { sgd } from "../../kernels/sgd.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { waves } from "../oracles/waves.ts";

await openGpu();

Deno.test("sgd: p − lr g, every row with its own rate, also beyond 65 535 workgroups", async () => {
  // 2 · 2 100 001 numbers fill 65 626 workgroups.
  for (const [R, C] of [[1, 1], [3, 67], [2, 2_100_001]]) {
    const [p, g] = [waves(R * C, 1), waves(R * C, 2)];
    const rates = Float32Array.from({ length: R }, (_, r) => 0.1 * (r + 1));
    using gradient = Tensor.from(g, [R, C]);
    using lr = Tensor.from(rates);
    using parameters = Tensor.from(p, [R, C]);
    sgd({ gradient, lr, parameters });
    const result = await parameters.read();
    let worst = 0;
    for (let k = 0; k < R * C; k++) {
      worst = Math.max(worst, Math.abs(result[k] - (p[k] - rates[Math.floor(k / C)] * g[k])));
    }
    assertLess(worst, 2e-7, `(${R}, ${C})`);
    assertEquals(await gradient.read(), g);
  }
});

Deno.test("sgd: a gradient of another shape is refused", () => {
  using gradient = new Tensor([2, 3]);
  using lr = new Tensor([2]);
  using parameters = new Tensor([2, 4]);
  assertThrows(() => sgd({ gradient, lr, parameters }), ShapeError, 'expected axis C of "parameters" to be 3');
});
