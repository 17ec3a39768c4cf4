/** No operation loses a dependence without a word: what has no gradient is refused by name. */
import { assertEquals, assertRejects } from "@std/assert";
import { add, greater, multiply } from "../../kernels/elementwise/binary.ts";
import { sign } from "../../kernels/elementwise/unary.ts";
import { argsort } from "../../kernels/arrange/argsort.ts";
import { embedding } from "../../kernels/arrange/embedding.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { copy } from "../../kernels/shared/copy.ts";
import { differentiable, stopGradient } from "../../lib/autodiff/differentiable.ts";
import { gradients } from "../../lib/autodiff/gradients.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { ParameterSet, type Weights } from "../../lib/models/parameters.ts";
import { sgd } from "../../lib/optim/mod.ts";
import { Training } from "../../lib/train/training.ts";

await openGpu();

/** x ← 2 x, in place. */
const double = kernel({
  label: "double in place",
  code: {
    "double.wgsl": `
      struct Dims { C: u32 }
      @group(0) @binding(0) var<uniform> dims: Dims;
      @group(0) @binding(1) var<storage, read_write> x: array<f32>;  // (C)
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x < dims.C) { x[id.x] *= 2.0; }
      }`,
  },
  inputs: { x: ["C"] },
  outputs: {},
  groups: ({ C }) => Math.ceil(C / 64),
});

/** y = a b, a kernel that is no operation. */
const times = kernel({
  label: "times",
  code: {
    "times.wgsl": `
      struct Dims { C: u32 }
      @group(0) @binding(0) var<uniform> dims: Dims;
      @group(0) @binding(1) var<storage, read> a: array<f32>;        // (C)
      @group(0) @binding(2) var<storage, read> b: array<f32>;        // (C)
      @group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (C)
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x < dims.C) { y[id.x] = a[id.x] * b[id.x]; }
      }`,
  },
  inputs: { a: ["C"], b: ["C"] },
  outputs: { y: ["C"] },
  groups: ({ C }) => Math.ceil(C / 64),
});

const x = Tensor.from([1, 2, 3], [3], "x");
const w = Tensor.from([2, 4, 8], [3], "w");

async function slope(compute: () => Tensor, tensor: Tensor = x): Promise<number[]> {
  using found = await evaluate(() => gradients(compute(), [tensor])[0]);
  return [...await found.read()];
}

/** An operation that reads x and w, and names x alone or both, w without a gradient. */
function product(names: "one" | "both", kind: { readonly stepwise?: boolean } = {}): Tensor {
  return differentiable({
    label: "product",
    inputs: names === "one" ? [x] : [x, w],
    output: times({ a: copy({ x }).y, b: copy({ x: w }).y }).y,
    gradient: (dy) => names === "one" ? [multiply(dy, w)] : [multiply(dy, w), null],
    reference: (x) => x,
    ...kind,
  });
}

const FIX = "pass what it reads as `stopGradient(…)` if it is meant as a constant";

Deno.test("a kernel that is no operation is refused by name, and passes where its input is stopped", async () => {
  const copied = (x: Tensor) => multiply(copy({ x }).y, w);
  const message = `gradients: cannot differentiate through "copy" because it has no gradient; ${FIX}`;
  await assertRejects(() => slope(() => copied(x)), Error, message);
  await assertRejects(() => slope(() => copied(multiply(x, x))), Error, message);
  await assertRejects(() => slope(() => copy({ x }).y), Error, message);
  assertEquals(await slope(() => add(x, copied(stopGradient(x)))), [1, 1, 1]);
  // Nothing of w lies before the copy.
  assertEquals(await slope(() => copied(x), w), [1, 2, 3]);
});

Deno.test("an operation that reads a tensor without naming it, or names it without a gradient, is refused by name", async () => {
  await assertRejects(
    () => slope(() => product("one"), w),
    Error,
    `gradients: cannot differentiate through "product" because it reads "w" without a gradient in it; ${FIX}`,
  );
  await assertRejects(
    () => slope(() => product("both"), w),
    Error,
    'gradients: cannot differentiate "product" in "w" because it has no gradient there; ' +
      "pass `stopGradient(…)` of it if it is meant as a constant",
  );
  assertEquals(await slope(() => product("one")), [2, 4, 8]);
  assertEquals(await slope(() => product("both", { stepwise: true }), w), [0, 0, 0]);
});

Deno.test("a part of a result, and a result that is changed in place, are refused by name", async () => {
  await assertRejects(
    () => slope(() => multiply(x, x).view(0, [2])),
    Error,
    'gradients: cannot differentiate through "multiply" because it has no gradient',
  );
  await assertRejects(
    () =>
      slope(() => {
        const y = multiply(x, x);
        double({ x: y });
        return add(y, y);
      }),
    Error,
    `gradients: cannot differentiate through "double in place" because it changes the result of "multiply" in place; ${FIX}`,
  );
});

Deno.test("steps have a gradient of zero, and none passes through integers", async () => {
  assertEquals(await slope(() => add(multiply(x, x), sign(x))), [2, 4, 6]);
  assertEquals(await slope(() => multiply(greater(x, stopGradient(w)), x)), [0, 0, 0]);
  const sorted = () => embedding(argsort(x).reshape([1, 3]), x.reshape([1, 3, 1]));
  assertEquals(await slope(() => multiply(sorted().reshape([3]), w)), [2, 4, 8]);
});

Deno.test("training on a loss that loses its parameters on the way is refused by name", async () => {
  using parameters = ParameterSet.create({ w: { shape: [3], init: { law: "constant", value: 1 } } }, [1]);
  const loss = ({ w }: Weights) => sum(copy({ x: w.reshape([3]) }).y.reshape([1, 3]), [1]);
  await assertRejects(
    () => Training.create({ parameters, optimizer: sgd({ lr: 1 }), loss }),
    Error,
    'gradients: cannot differentiate through "copy" because it has no gradient',
  );
});
