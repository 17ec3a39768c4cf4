import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { erf, erfReference, gelu } from "../../../kernels/elementwise/gelu.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients, hessianVectorProduct } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients } from "../../oracles/gradients.ts";

await openGpu();

const anywhere = Array.from({ length: 132 }, (_, i) => (i - 65.3) / 13);

Deno.test("erf: the reference at values from tables, on both sides of its seam", () => {
  const table = [[0, 0], [0.1, 0.1124629160182849], [1, 0.8427007929497149], [2, 0.9953222650189527]];
  for (const [x, y] of table) {
    // A few roundings of 1.1e-16.
    assertAlmostEquals(erfReference(x), y, 5e-16);
    assertAlmostEquals(erfReference(-x), -y, 5e-16);
  }
  assertAlmostEquals(1 - erfReference(2.5), 4.069520174449589e-4, 1e-15);
  assertAlmostEquals(erfReference(2.5 - 1e-12), erfReference(2.5 + 1e-12), 1e-14);
});

Deno.test("erf: to 3e-7 everywhere, and relative to small arguments", async () => {
  const values = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 400);
  using x = Tensor.from(values);
  using y = erf(x);
  const largest = (await y.read()).reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - erfReference(Math.fround(values[i])))),
    0,
  );
  assertLess(largest, 3e-7);
  const small = [1e-30, -1e-8, 1e-3, 0.4999, -0.5001, 0.1];
  using s = Tensor.from(small);
  using z = erf(s);
  (await z.read()).forEach((value, i) => assertLess(Math.abs(value / erfReference(Math.fround(small[i])) - 1), 4e-7));
  using far = Tensor.from([-100, 100, 0]);
  using saturated = erf(far);
  assertEquals([...await saturated.read()], [-1, 1, 0]);
});

Deno.test("gelu and erf: values and gradients, four at a time and one at a time, fused and composed", async () => {
  const forms = {
    exact: (x: Tensor) => gelu(x),
    tanh: (x: Tensor) => gelu(x, { approximate: "tanh" }),
    erf,
  };
  for (const [name, form] of Object.entries(forms)) {
    for (const values of [anywhere, anywhere.slice(1), [0.7]]) {
      using x = Tensor.from(values);
      await assertGradients(() => form(x), [x], 2e-6, name);
      await assertGradients(() => twiceDifferentiable(() => form(x)), [x], 2e-6, `${name}, composed`);
    }
  }
});

Deno.test("gelu: keeps the digits of its lower tail", async () => {
  using x = Tensor.from([-5, -4, -3]);
  using y = gelu(x);
  // −x/2 erfc(|x|/√2), from tables of the normal distribution.
  const exact = [-5 * 2.8665157187919391e-7, -4 * 3.1671241833119921e-5, -3 * 1.3498980316300946e-3];
  (await y.read()).forEach((value, i) => assertLess(Math.abs(value / exact[i] - 1), 5e-6));
});

Deno.test("gelu: its second derivative", async () => {
  const values = [-2, -0.5, 0, 0.3, 1.7];
  using x = Tensor.from(values);
  using ones = Tensor.from(values.map(() => 1));
  using second = await evaluate(() => hessianVectorProduct(twiceDifferentiable(() => gelu(x)), [x], [ones])[0]);
  // (xΦ)″ = (2 − x²) φ
  (await second.read()).forEach((value, i) => {
    const density = Math.exp(-(values[i] ** 2) / 2) / Math.sqrt(2 * Math.PI);
    assertAlmostEquals(value, (2 - values[i] ** 2) * density, 1e-6);
  });
});

Deno.test("gelu: more than 65 535 workgroups, forwards and backwards", async () => {
  const size = 64 * 65_536 * 4 + 4;
  using x = new Tensor([size]);
  x.write([3], size - 1);
  using slope = await evaluate(() => gradients(gelu(x), [x])[0]);
  const last = (await slope.read()).slice(-2);
  assertAlmostEquals(last[0], 0.5, 1e-6);
  assertAlmostEquals(last[1], 1.0119457, 1e-6);
});
