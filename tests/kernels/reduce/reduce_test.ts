import { assertEquals, assertThrows } from "@std/assert";
import { max, mean, sum, sumTo } from "../../../kernels/reduce/reduce.ts";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("reduce: sums and means over any axes, and their gradients", async () => {
  const cases: [number[], number[]][] = [
    [[1], [0]],
    [[5], [0]],
    [[130, 3], [0]],
    [[3, 130], [-1]],
    [[3, 4, 5], [0, 2]],
    [[3, 4, 5], [1, 2]],
    [[2, 3, 4, 5], [0, 1, 2, 3]],
    [[2, 9000, 3], [1]],
    // Four numbers at a time: across, or along the last axis.
    [[2, 130, 8], [1]],
    [[1, 9000, 4], [1]],
    [[3, 512], [1]],
    [[2, 516], [1]],
    [[2, 8000], [1]],
  ];
  for (const [shape, axes] of cases) {
    // Of one sign: errors are relative to the sum.
    using x = Tensor.from(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 1.5 + Math.sin(i)), shape);
    await assertGradients(() => sum(x, axes), [x], 3e-6, `sum (${shape}) over ${axes}`);
    await assertGradients(() => mean(x, axes), [x], 3e-6, `mean (${shape}) over ${axes}`);
  }
});

Deno.test("reduce: sumTo sums what broadcasting repeats", async () => {
  using x = waveTensor([2, 3, 4], 1);
  for (const shape of [[3, 1], [1, 1, 4], [4], [2, 3, 4], [1]]) {
    await assertGradients(() => sumTo(x, shape), [x], 1e-6, `(${shape})`);
  }
  assertThrows(() => sumTo(x, [2]), ShapeError, "sumTo: expected a shape that repeats to (2, 3, 4), found (2)");
});

Deno.test("reduce: maxima, of negative numbers too and over long axes", async () => {
  const values = Array.from({ length: 70_001 }, (_, i) => -1 - ((i * 7919) % 70_001));
  using x = Tensor.from(values, [1, 70_001]);
  using y = max(x, [1]);
  assertEquals([...await y.read()], [-1]);
});

Deno.test("reduce: the gradient of a maximum goes to the largest, in equal parts where there are several", async () => {
  using x = waveTensor([3, 4, 5], 1);
  for (const axes of [[0], [1, 2], [-1]]) await assertGradients(() => max(x, axes), [x], 1e-6, `${axes}`);
  await assertGradients(() => max(x.reshape([12, 1, 5]), [1]), [x], 1e-6, "an axis of one");
  using ties = Tensor.from([2, 1, 2, 2, 0, 1], [2, 3]);
  using dx = await evaluate(() => gradients(max(ties, [1]), [ties])[0]);
  assertEquals([...await dx.read()], [0.5, 0, 0.5, 1, 0, 0]);
});

Deno.test("reduce: more summands than a loop may take, more sums than 65 535 workgroups", async () => {
  using long = Tensor.from(new Float32Array(5_000_000).fill(1));
  using total = sum(long, [0]);
  assertEquals([...await total.read()], [5_000_000]);
  const wide = 64 * 65_536 + 1;
  using x = new Tensor([2, wide]);
  x.write([2], wide - 1);
  x.write([3], 2 * wide - 1);
  using y = sum(x, [0]);
  assertEquals((await y.read()).at(-1), 5);
});

Deno.test("reduce: replica r has the same bits alone and in an ensemble", async () => {
  using x = waveTensor([3, 700, 8], 1);
  using one = Tensor.from((await x.read()).slice(5600, 11_200), [1, 700, 8]);
  for (const axes of [[1], [2], [1, 2]]) {
    using all = sum(x, axes);
    using alone = sum(one, axes);
    assertEquals(await alone.read(), (await all.read()).slice(alone.size, 2 * alone.size));
  }
});

Deno.test("reduce: axes that are not there are refused", () => {
  using x = waveTensor([2, 3], 1);
  assertThrows(() => sum(x, [2]), ShapeError, "sum: expected axes of shape (2, 3), found 2");
});

Deno.test("max: the largest of what holds something that is no number is none, over rows and columns, in both forms", async () => {
  for (const n of [3, 8]) {
    const square = Float32Array.from({ length: n * n }, (_, i) => i === n + 1 ? NaN : i);
    using x = Tensor.from(square, [n, n]);
    for (const axis of [0, 1]) {
      using y = await evaluate(() => max(x, [axis]));
      assertEquals([...await y.read()].map(Number.isNaN), Array.from({ length: n }, (_, i) => i === 1));
    }
  }
});
