import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { add, multiply } from "../../kernels/elementwise/binary.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { exp, tanh } from "../../kernels/elementwise/unary.ts";
import { differentiable, stopGradient, twiceDifferentiable } from "../../lib/autodiff/differentiable.ts";
import { gradients, hessianVectorProduct } from "../../lib/autodiff/gradients.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate, record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";
import { assertGradients, waveTensor } from "../oracles/gradients.ts";

await openGpu();

async function values(compute: () => Tensor): Promise<number[]> {
  using y = await evaluate(compute);
  return [...await y.read()];
}

Deno.test("gradients: a tensor that is used several times gets the sum, whatever view it is used through", async () => {
  using x = waveTensor([4], 1);
  await assertGradients(() => add(multiply(x, x), exp(x.reshape([2, 2])).reshape([4])), [x], 1e-6);
});

Deno.test("gradients: each element of the loss has its own, or is weighted", async () => {
  using x = Tensor.from([1, 2]);
  using weights = Tensor.from([10, 0]);
  assertEquals(await values(() => gradients(multiply(x, x), [x])[0]), [2, 4]);
  assertEquals(await values(() => gradients(multiply(x, x), [x], { weights })[0]), [20, 0]);
});

Deno.test("gradients: stop at a stopped tensor, and are zero where the loss does not reach", async () => {
  using x = Tensor.from([3, 5]);
  using y = Tensor.from([1, 2, 3]);
  assertEquals(await values(() => gradients(multiply(x, stopGradient(x)), [x])[0]), [3, 5]);
  assertEquals(await values(() => gradients(multiply(x, stopGradient(exp(x))), [y])[0]), [0, 0, 0]);
  assertEquals(await values(() => gradients(stopGradient(x), [x.detached])[0]), [1, 1]);
});

Deno.test("gradients: of an intermediate result", async () => {
  using x = Tensor.from([2]);
  const slopes = await values(() => {
    const y = multiply(x, x);
    return gradients(multiply(y, y), [y])[0];
  });
  assertEquals(slopes, [8]);
});

Deno.test("gradients: kernels that no gradient needs are left out", async () => {
  using x = Tensor.from([2]);
  using y = Tensor.from([3]);
  using both = await record("both", () => gradients(multiply(exp(x), exp(y)), [x, y]));
  using one = await record("one", () => gradients(multiply(exp(x), exp(y)), [x]));
  assertEquals([both.work.unfused.launches, one.work.unfused.launches], [7, 5]);
});

Deno.test("gradients: memory grows with what is kept for the way back only", async () => {
  using x = waveTensor([1000], 1);
  const chain = (length: number) => {
    let y = x;
    for (let i = 0; i < length; i++) y = tanh(y);
    return y;
  };
  using forward = await record("forward", () => chain(50));
  using backward = await record("backward", () => gradients(chain(50), [x])[0]);
  assertEquals(forward.memory.planned, 3 * 4000);
  assertEquals(backward.memory.planned < 56 * 4000, true, `${backward.memory.planned} bytes`);
});

Deno.test("a Hessian-vector product is that of the function, and needs operations that differentiate twice", async () => {
  using x = Tensor.from([0.5, -1]);
  using v = Tensor.from([1, 2]);
  // f = s² with s = Σ x² = 1.25 and x·v = −1.5: H v = 4 s v + 8 x (x·v).
  const product = await values(() => {
    const loss = twiceDifferentiable(() => {
      const s = sum(multiply(x, x), [0]);
      return multiply(s, s);
    });
    return hessianVectorProduct(loss, [x], [v])[0];
  });
  assertEquals(product, [-1, 22]);
  const fused = (input: Tensor) =>
    differentiable({
      label: "cube",
      inputs: [input],
      output: multiply(input.detached, input.detached),
      gradient: (dy) => [dy],
      reference: (array) => array,
      fused: true,
    });
  await assertRejects(
    () => evaluate(() => hessianVectorProduct(fused(x), [x], [v])[0]),
    Error,
    "cube: expected an operation recorded within twiceDifferentiable, found a fused one",
  );
});

Deno.test("gradients: what does not fit is refused by name", async () => {
  using x = Tensor.from([1, 2]);
  using three = Tensor.from([1, 2, 3]);
  const refused = (compute: () => Tensor) => assertRejects(() => evaluate(compute), ShapeError);
  assertEquals(
    (await refused(() => gradients(multiply(x, x), [x], { weights: three })[0])).message,
    "gradients: expected 2 weights, found shape (3)",
  );
  assertEquals(
    (await refused(() => hessianVectorProduct(multiply(x, x), [x], [three])[0])).message,
    "hessianVectorProduct: expected a vector of 2 elements, found shape (3)",
  );
  assertThrows(() => gradients(x, [x]), Error, "gradients: expected a recording in progress, found none");
});

Deno.test("gradients: an undefined tensor, as a misspelt weight is, is refused with its index and the names there are", async () => {
  const model = transformer({ input: { vocabulary: 4 }, outputs: 4, length: 3, layers: 1, heads: 2, width: 4, mlp: 0 });
  using parameters = ParameterSet.create(model.parameters, [1]);
  using tokens = Tensor.from(new Uint32Array(3), [1, 1, 3]);
  // A copy: the set itself knows a misspelt name.
  const weights = { ...parameters.weights };
  const compute = (name: string) =>
    evaluate(() => gradients(model.apply(weights, tokens), [weights.unembedding, weights[name]])[1]);
  using _ = await compute("blocks.0.attention.qkv");
  const error = await assertRejects(() => compute("blocks.0.attention.query"), ShapeError);
  const start = "gradients: expected a tensor as tensors[1], found undefined; inputs of operations before are ";
  assertEquals(error.message.slice(0, start.length), start);
  assertEquals(new Set(error.message.slice(start.length).split(", ")), new Set(Object.keys(model.parameters)));
});
