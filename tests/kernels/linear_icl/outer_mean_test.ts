import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { outerMean } from "../../../kernels/linear_icl/outer_mean.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

const gpu = await openGpu();

/** The mean of outer products in float64, (R, I, J) flattened. */
function outerMeanReference(a: Float32Array, c: Float32Array, [R, B, I, J]: readonly number[]): Float64Array {
  const y = new Float64Array(R * I * J);
  for (let r = 0; r < R; r++) {
    for (let b = 0; b < B; b++) {
      for (let i = 0; i < I; i++) {
        for (let j = 0; j < J; j++) {
          y[(r * I + i) * J + j] += a[(r * B + b) * I + i] * c[(r * B + b) * J + j] / B;
        }
      }
    }
  }
  return y;
}

Deno.test("outer_mean: the batch mean; one row, odd sizes, more than 65 535 rows, more than 65 535 workgroups", async () => {
  for (const [R, B, I, J] of [[1, 1, 1, 1], [2, 17, 3, 5], [3, 16, 7, 1], [2, 70_001, 2, 3], [1, 2, 2049, 2053]]) {
    const [a, c] = [waves(R * B * I, 1), waves(R * B * J, 2)];
    // A constant part, so that every row of a long batch counts.
    a.forEach((value, k) => a[k] = value + 1);
    c.forEach((value, k) => c[k] = value + 1);
    using left = Tensor.from(a, [R, B, I]);
    using right = Tensor.from(c, [R, B, J]);
    using y = new Tensor([R, 1, I, J]);
    outerMean({ a: left, c: right, y, slot: 0 });
    const exact = outerMeanReference(a, c, [R, B, I, J]);
    const result = await y.read();
    const worst = exact.reduce((most, value, k) => Math.max(most, Math.abs(value - result[k])), 0);
    assertLess(worst, 3e-6, `(${R}, ${B}, ${I}, ${J})`);
  }
});

Deno.test("outer_mean: one slot is overwritten, the others stay", async () => {
  using a = Tensor.from([1, 2], [2, 1, 1]);
  using c = Tensor.from([3, 4], [2, 1, 1]);
  using y = Tensor.from([9, 9, 9, 9, 9, 9], [2, 3, 1, 1]);
  outerMean({ a, c, y, slot: 1 });
  outerMean({ a, c, y, slot: 1 });
  assertEquals([...await y.read()], [9, 3, 9, 9, 8, 9]);
});

Deno.test({
  name: "outer_mean: a batch that a software driver would cut short is refused",
  ignore: !gpu.adapter.software,
  fn: () => {
    using a = new Tensor([1, 1_048_577, 1]);
    using y = new Tensor([1, 1, 1, 1]);
    assertThrows(() => outerMean({ a, c: a, y, slot: 0 }), ShapeError, "outer_mean: expected at most");
  },
});
