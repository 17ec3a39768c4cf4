import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { erf, gelu } from "../../../kernels/elementwise/gelu.ts";
import { squareRelu } from "../../../kernels/elementwise/square_relu.ts";
import * as unary from "../../../kernels/elementwise/unary.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients, hessianVectorProduct } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients } from "../../oracles/gradients.ts";

await openGpu();

const anywhere = Array.from({ length: 131 }, (_, i) => (i - 65.3) / 13);
const positive = Array.from({ length: 131 }, (_, i) => 0.05 + i / 20);

Deno.test("unary: values and gradients", async () => {
  using x = Tensor.from(anywhere);
  using p = Tensor.from(positive);
  using one = Tensor.from([0.7]);
  using four = Tensor.from(anywhere.slice(0, 128));
  const everywhere = {
    scale: (x: Tensor) => unary.scale(x, -1.5, 0.25),
    negate: unary.negate,
    exp: unary.exp,
    square: unary.square,
    tanh: unary.tanh,
    sigmoid: unary.sigmoid,
    softplus: unary.softplus,
    relu: unary.relu,
    leakyRelu: (x: Tensor) => unary.leakyRelu(x, 0.2),
    abs: unary.abs,
    sign: unary.sign,
    sin: unary.sin,
    cos: unary.cos,
    clip: (x: Tensor) => unary.clip(x, -1.5, 0.75),
  };
  const onPositive = { log: unary.log, sqrt: unary.sqrt, reciprocal: unary.reciprocal };
  for (const [name, f] of Object.entries(everywhere)) {
    for (const input of [x, four, one]) {
      await assertGradients(() => f(input), [input], 2e-6, name);
      await assertGradients(() => twiceDifferentiable(() => f(input)), [input], 2e-6, `${name}, composed`);
    }
  }
  for (const [name, f] of Object.entries(onPositive)) {
    for (const input of [p, one]) {
      await assertGradients(() => f(input), [input], 2e-6, name);
      await assertGradients(() => twiceDifferentiable(() => f(input)), [input], 2e-6, `${name}, composed`);
    }
  }
});

Deno.test("unary: small and large arguments keep their digits", async () => {
  const small = [1e-30, 1e-8, -3e-7, 1e-4, 0.2499, 0.2501];
  using x = Tensor.from(small);
  using y = unary.tanh(x);
  (await y.read()).forEach((value, i) => assertLess(Math.abs(value / Math.tanh(Math.fround(small[i])) - 1), 3e-7));
  using large = Tensor.from([-100, -20, 20, 100]);
  using saturated = unary.tanh(large);
  assertEquals([...await saturated.read()], [-1, -1, 1, 1]);
  using near = Tensor.from([1 + 2 ** -20, 1 - 2 ** -20, 1e-37, 1e38]);
  using logs = unary.log(near);
  const exact = [2 ** -20, -(2 ** -20), Math.log(1e-37), Math.log(1e38)];
  (await logs.read()).forEach((value, i) => assertLess(Math.abs(value / exact[i] - 1), 1e-6));
  using plus = unary.softplus(large);
  const found = await plus.read();
  assertAlmostEquals(found[1] / Math.log1p(Math.exp(-20)), 1, 1e-5);
  assertEquals([found[0], found[3]], [found[0], 100]);
});

Deno.test("unary: the slope of a rectifier at 0 is that of its negative side", async () => {
  using zero = Tensor.from([0, -0]);
  using y = unary.leakyRelu(zero, 0.5);
  assertEquals([...await y.read()], [0, -0]);
});

Deno.test("unary: what is not a number stays none, so that a lost replica does not look like a trained one", async () => {
  using x = Tensor.from([NaN, 0.5]);
  const {
    abs,
    clip,
    cos,
    exp,
    leakyRelu,
    log,
    negate,
    reciprocal,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    square,
    tanh,
  } = unary;
  const functions = {
    ...{ abs, cos, exp, log, negate, reciprocal, relu, sigmoid, sign, sin, softplus, sqrt, square, tanh },
    ...{ erf, gelu, squareRelu },
    clip: (x: Tensor) => clip(x, -2, 2),
    leakyRelu: (x: Tensor) => leakyRelu(x, 0.1),
  };
  for (const [name, of] of Object.entries(functions)) {
    using y = await evaluate(() => of(x));
    const [lost, kept] = await y.read();
    assertEquals([Number.isNaN(lost), Number.isFinite(kept)], [true, true], name);
  }
});

Deno.test("unary: sine and cosine over many turns, and beside the edges of quadrants", async () => {
  const values = Array.from({ length: 20_001 }, (_, i) => (i - 10_000) / 2.0003);
  for (let k = -20; k <= 20; k++) values.push(k * Math.PI / 4 + 1e-4, k * Math.PI / 4 - 1e-4, k * Math.PI / 2);
  using x = Tensor.from(values);
  for (const [f, exact] of [[unary.sin, Math.sin], [unary.cos, Math.cos]] as const) {
    using y = f(x);
    (await y.read()).forEach((value, i) => {
      assertLess(Math.abs(value - exact(Math.fround(values[i]))), 2e-7, `${f.spec.label} ${values[i]}`);
    });
  }
  using tiny = Tensor.from([1e-30, -1e-5]);
  using same = unary.sin(tiny);
  assertEquals([...await same.read()], [Math.fround(1e-30), Math.fround(Math.sin(Math.fround(-1e-5)))]);
});

Deno.test("unary: slopes where a function bends, and second derivatives", async () => {
  const slopeAt = async (f: (x: Tensor) => Tensor, at: number) => {
    using x = Tensor.from([at]);
    using fused = await evaluate(() => gradients(f(x), [x])[0]);
    using composed = await evaluate(() => gradients(twiceDifferentiable(() => f(x)), [x])[0]);
    assertEquals(await fused.read(), await composed.read());
    return (await fused.read())[0];
  };
  assertEquals(await slopeAt(unary.abs, 0), 0);
  assertEquals(await slopeAt(unary.relu, 0), 0);
  const clip = (x: Tensor) => unary.clip(x, -1, 2);
  assertEquals([await slopeAt(clip, -1), await slopeAt(clip, 2), await slopeAt(clip, 2.5)], [1, 1, 0]);
  using x = Tensor.from([0.3, 2, -4]);
  using one = Tensor.from([1, 1, 1]);
  using second = await evaluate(() => hessianVectorProduct(twiceDifferentiable(() => unary.sin(x)), [x], [one])[0]);
  (await second.read()).forEach((value, i) => assertAlmostEquals(value, -Math.sin([0.3, 2, -4][i]), 1e-6));
  assertThrows(() => unary.clip(x, 1, 0), RangeError, 'clip: expected "low" of at most "high", found 1 and 0');
});

Deno.test("unary: more than 65 535 workgroups", async () => {
  const size = 64 * 65_536 + 1;
  using x = new Tensor([size]);
  x.write([3], size - 1);
  using y = unary.square(x);
  assertEquals((await y.read()).at(-1), 9);
});
