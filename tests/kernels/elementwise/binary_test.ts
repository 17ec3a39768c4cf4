import { assertEquals, assertThrows } from "@std/assert";
import { add, divide, greater, maximum, minimum, multiply, subtract } from "../../../kernels/elementwise/binary.ts";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

/** Away from 0, so that quotients stay moderate. */
function positive(shape: readonly number[], wave: number, middle = 1.5): Tensor {
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => middle + Math.sin(wave * i + 1));
  return Tensor.from(values, shape);
}

const operations = { add, subtract, multiply, divide, maximum, minimum, greater };

Deno.test("binary: values and gradients of every operation, equal shapes and repeated axes on either side", async () => {
  const shapes = [
    [[1], [1]],
    [[67], [67]],
    [[3, 5, 7], [3, 5, 7]],
    [[2, 3, 4, 5], [2, 1, 1, 5]],
    [[2, 1, 4, 1], [1, 3, 1, 5]],
    [[5], [2, 3, 5]],
    [[3, 1], [1, 4]],
    [[1, 1], [3, 130]],
    // Four numbers at a time: both, or one number that stands for four on either side.
    [[3, 8], [3, 8]],
    [[2, 3, 8], [2, 1, 8]],
    [[2, 3, 8], [2, 3, 1]],
    [[1], [3, 8]],
    [[2, 1, 4], [1, 3, 1]],
    [[2, 3, 1], [2, 1, 8]],
  ];
  for (const [left, right] of shapes) {
    using a = positive(left, 1);
    // Nowhere equal to a: there maximum, minimum and greater have no slope.
    using b = positive(right, 2, 1.503);
    for (const [name, operation] of Object.entries(operations)) {
      // The longest sum has 390 terms; roundings of 6e-8 add up to some 1e-6 at worst.
      await assertGradients(() => operation(a, b), [a, b], 2e-6, `${name} (${left}) (${right})`);
    }
  }
});

Deno.test("binary: a tensor with itself gets both gradients", async () => {
  using a = positive([9], 1);
  await assertGradients(() => multiply(a, a), [a], 1e-6);
  await assertGradients(() => subtract(a, a), [a], 1e-6);
});

Deno.test("binary: the larger and the smaller number share a gradient where they are equal", async () => {
  using a = Tensor.from([1, 2, 3]);
  using b = Tensor.from([2, 2, 2]);
  for (const [choose, shares] of [[maximum, [0, 0.5, 1]], [minimum, [1, 0.5, 0]]] as const) {
    const [da, db] = [0, 1].map((which) => evaluate(() => gradients(choose(a, b), [a, b])[which]));
    using first = await da;
    using second = await db;
    assertEquals([...await first.read()], [...shares]);
    assertEquals([...await second.read()], shares.map((share) => 1 - share));
  }
  using mask = greater(a, b);
  assertEquals([...await mask.read()], [0, 0, 1]);
});

Deno.test("binary: what is not a number stays none on either side, one at a time and four at a time", async () => {
  for (const n of [3, 4]) {
    const numbers = [NaN, 1, 2, 3].slice(0, n);
    using a = Tensor.from(numbers);
    using b = Tensor.from(numbers.toReversed());
    for (const  of of[add, divide, maximum, minimum, multiply, subtract]) {
      using y = await evaluate(() => of(a, b));
      assertEquals([...await y.read()].map(Number.isNaN), numbers.map((_, i) => i === 0 || i === n - 1));
    }
  }
});

Deno.test("binary: more than 65 535 workgroups, with and without repeating", async () => {
  const size = 64 * 65_536 + 1;
  using a = new Tensor([size]);
  a.write([5], size - 1);
  using one = Tensor.from([2], [1]);
  using doubled = multiply(a, one);
  using sum = add(doubled, a);
  assertEquals((await sum.read()).at(-1), 15);
});

Deno.test("binary: shapes that do not broadcast are refused", () => {
  using a = waveTensor([2, 3], 1);
  using b = waveTensor([2], 1);
  assertThrows(
    () => add(a, b),
    ShapeError,
    "add: expected shapes that agree from the right or have extent 1 there, found (2, 3) and (2)",
  );
  using c = waveTensor([2, 1, 2, 1, 2, 1], 1);
  using d = waveTensor([1, 2, 1, 2, 1, 2], 1);
  assertThrows(() => multiply(c, d), ShapeError, "multiply: expected at most 4 axes that alternate in repeating");
});
