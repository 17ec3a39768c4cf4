import { assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { biasSpec, linear, weightSpec } from "../../lib/models/layers.ts";
import { assertGradients, waveTensor } from "../oracles/gradients.ts";

await openGpu();

Deno.test("linear: each replica's rows meet its own weights and biases, whatever the axes between", async () => {
  using x = Tensor.from([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2, 2]);
  using weight = Tensor.from([1, 0, 10, 0, 1, 100, 2, 0, 0, 0, 2, 0], [2, 2, 3]);
  using bias = Tensor.from([0, 0, 0.5, 1, 1, 1], [2, 3]);
  using y = await evaluate(() => linear(x, weight, bias));
  assertEquals(y.shape, [2, 1, 2, 3]);
  assertEquals([...await y.read()], [1, 2, 210.5, 3, 4, 430.5, 11, 13, 1, 15, 17, 1]);
  using flat = await evaluate(() => linear(x.reshape([2, 2, 2]), weight));
  assertEquals([...await flat.read()], [1, 2, 210, 3, 4, 430, 10, 12, 0, 14, 16, 0]);
});

Deno.test("linear: gradients in input, weights and biases", async () => {
  using x = waveTensor([2, 3, 5, 7], 1);
  using weight = waveTensor([2, 7, 4], 2);
  using bias = waveTensor([2, 4], 3);
  await assertGradients(() => linear(x, weight, bias), [x, weight, bias], 2e-6);
});

Deno.test("linear: what does not fit is refused with both shapes", () => {
  const refuses = (x: number[], weight: number[]) => {
    using a = new Tensor(x);
    using b = new Tensor(weight);
    const found = `found (${x.join(", ")}) and (${weight.join(", ")})`;
    const { message } = assertThrows(() => linear(a, b), ShapeError);
    assertEquals(message, `linear: expected activations (R, …, C) and weights (R, C, N), ${found}`);
  };
  refuses([2, 3, 4], [1, 4, 5]);
  refuses([2, 3, 4], [2, 3, 5]);
  refuses([2, 3, 4], [4, 5]);
  refuses([4], [4, 4, 4]);
});

Deno.test("specifications of weights and biases", () => {
  assertEquals(weightSpec(16, 3), { shape: [16, 3], init: { law: "normal", deviation: 0.25 } });
  assertEquals(weightSpec(16, 3, 2), { shape: [16, 3], init: { law: "normal", deviation: 0.5 } });
  assertEquals(biasSpec(3), { shape: [3], init: { law: "constant", value: 0 } });
});
