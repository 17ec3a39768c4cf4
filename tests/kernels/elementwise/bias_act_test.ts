import { assertEquals, assertThrows } from "@std/assert";
import { activate, type Activation, type ActivationOptions, biasAct } from "../../../kernels/elementwise/bias_act.ts";
import { add } from "../../../kernels/elementwise/binary.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate, record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

const activations: [Activation, ActivationOptions?][] = [
  ["relu"],
  ["leaky_relu"],
  ["leaky_relu", { slope: 0.3 }],
  ["gelu"],
  ["gelu", { approximate: "tanh" }],
  ["tanh"],
  ["sigmoid"],
  ["softplus"],
];

Deno.test("bias_act: values and gradients of every activation, one row, odd widths, fused and composed", async () => {
  for (const shape of [[1, 1, 1], [2, 5, 7], [3, 2, 3, 8], [1, 70, 36]]) {
    using x = waveTensor(shape, 1);
    using bias = waveTensor([shape[0], shape.at(-1)!], 2);
    for (const [name, options] of activations) {
      const of = () => biasAct(x, bias, name, options);
      // Sums of up to 70 terms of both signs.
      await assertGradients(of, [x, bias], 3e-6, `${name} (${shape})`);
      await assertGradients(() => twiceDifferentiable(of), [x, bias], 3e-6, `${name} (${shape}), composed`);
    }
  }
});

Deno.test("bias_act: the same bits as a sum and an activation, in one dispatch", async () => {
  using x = waveTensor([1, 9, 12], 1);
  using bias = waveTensor([1, 12], 2);
  for (const [name, options] of activations) {
    using fused = biasAct(x, bias, name, options);
    using two = await evaluate(() => activate(add(x, bias.reshape([1, 1, 12])), name, options));
    assertEquals(await fused.read(), await two.read(), name);
  }
  using program = await record("dx", () => gradients(biasAct(x, bias, "gelu"), [x])[0]);
  assertEquals(program.dispatches, ["fill + bias_act_backward"]);
});

Deno.test("bias_act: replica r has the same bits alone and in an ensemble", async () => {
  using x = waveTensor([3, 300, 8], 1);
  using bias = waveTensor([3, 8], 2);
  using one = Tensor.from((await x.read()).slice(2400, 4800), [1, 300, 8]);
  using own = Tensor.from((await bias.read()).slice(8, 16), [1, 8]);
  using all = await evaluate(() => gradients(biasAct(x, bias, "gelu"), [bias])[0]);
  using alone = await evaluate(() => gradients(biasAct(one, own, "gelu"), [own])[0]);
  assertEquals(await alone.read(), (await all.read()).slice(8, 16));
});

Deno.test("bias_act: more than 65 535 workgroups", async () => {
  const M = 64 * 65_536 + 1;
  using x = new Tensor([1, M, 1]);
  x.write([2], M - 1);
  using bias = Tensor.from([1], [1, 1]);
  using y = biasAct(x, bias, "relu");
  assertEquals((await y.read()).slice(-2), Float32Array.of(1, 3));
});

Deno.test("bias_act: a bias of another shape is refused", () => {
  using x = waveTensor([2, 3, 4], 1);
  using bias = waveTensor([4], 1);
  assertThrows(() => biasAct(x, bias, "relu"), ShapeError, 'bias_act: expected "bias" of shape (2, 4), found (4)');
});
