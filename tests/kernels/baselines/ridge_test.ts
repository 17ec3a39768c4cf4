import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { ridgePrefixes, ridgeReference } from "../../../kernels/baselines/ridge.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

const gpu = await openGpu();

Deno.test("ridge: as the normal equations in float64, with errors of the condition number and not of its square", async () => {
  for (const [R, B, N, D] of [[1, 1, 1, 1], [2, 3, 5, 1], [3, 33, 13, 3], [1, 64, 40, 8], [1, 5, 128, 32]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1), bothNormal([R, B, N], 2)];
    using input = x.tensor;
    using label = y.tensor;
    for (const lambda of [1, 1e-2, 1e-4]) {
      const penalty = both([1, 1], [lambda]);
      using shared = penalty.tensor;
      using prediction = ridgePrefixes({ x: input, y: label }, shared);
      const exact = ridgeReference(x.exact, y.exact, penalty.exact);
      if (N === 1) {
        assertEquals([...await prediction.read()], [...exact.data]);
        continue;
      }
      // Normal equations in single precision would be off by 6e-8 condition², which is 0.1 in the worst of these cases.
      const condition = Math.sqrt((Math.sqrt(N) + Math.sqrt(D)) ** 2 + lambda) / Math.sqrt(lambda);
      const error = relativeError(await prediction.read(), exact);
      assertLess(error, 2e-7 * condition, `(${R}, ${B}, ${N}, ${D}), λ = ${lambda}`);
    }
  }
});

Deno.test("ridge: a penalty for every replica and coordinate", async () => {
  const [R, B, N, D] = [2, 3, 9, 3];
  const [x, y] = [bothNormal([R, B, N, D], 3), bothNormal([R, B, N], 4)];
  using input = x.tensor;
  using label = y.tensor;
  for (const [shape, values] of [[[2, 3], [1, 2, 3, 0.4, 0.5, 0.6]], [[1, 3], [1, 2, 3]], [[2, 1], [1, 0.2]]]) {
    const penalty = both(shape, values);
    using each = penalty.tensor;
    using prediction = ridgePrefixes({ x: input, y: label }, each);
    const error = relativeError(await prediction.read(), ridgeReference(x.exact, y.exact, penalty.exact));
    assertLess(error, 1e-6, `(${shape})`);
  }
});

Deno.test("ridge: no drift over 60 000 pairs", async () => {
  const [N, D] = [60_000, 2];
  const [x, y] = [bothNormal([1, 1, N, D], 5), bothNormal([1, 1, N], 6)];
  // Labels with a signal: what the factor loses shows in the weights.
  y.exact.data.forEach((_, n) => {
    y.exact.data[n] = Math.fround(3 * x.exact.data[2 * n] - x.exact.data[2 * n + 1]);
  });
  using input = x.tensor;
  using label = y.tensor;
  label.write(y.exact.data);
  using penalty = Tensor.from([1], [1, 1]);
  using prediction = ridgePrefixes({ x: input, y: label }, penalty, "last");
  assertAlmostEquals((await prediction.read())[0], y.exact.data[N - 1], 2e-4);
});

Deno.test("ridge: more than 65 535 workgroups", async () => {
  const B = 32 * 65_536 + 1;
  using x = new Tensor([1, B, 2, 1]);
  using y = new Tensor([1, B, 2]);
  x.write([1, 2], 2 * (B - 1));
  y.write([3], 2 * (B - 1));
  using penalty = Tensor.from([0.5], [1, 1]);
  using prediction = ridgePrefixes({ x, y }, penalty, "last");
  const found = await prediction.read();
  assertEquals(found[0], 0);
  assertAlmostEquals(found[B - 1], 4, 1e-6);
});

Deno.test("ridge: shapes that do not fit are refused", () => {
  using x = new Tensor([2, 3, 4, 5]);
  using y = new Tensor([2, 3, 4]);
  using wide = new Tensor([1, 1, 1, 65]);
  using penalty = new Tensor([3, 1]);
  const refused = (compute: () => unknown, message: string) => assertThrows(compute, ShapeError, message);
  refused(() => ridgePrefixes({ x, y }, penalty), `ridge: expected axis R of "penalty" to be 1 or 2, found 3`);
  refused(
    () => ridgePrefixes({ x, y }, new Tensor([1, 4])),
    `ridge: expected axis D of "penalty" to be 1 or 5, found 4`,
  );
  refused(
    () => ridgePrefixes({ x: wide, y }, penalty),
    `ridge: expected "x" of shape (R, B, N, D) with D ≤ 64, found (1, 1, 1, 65)`,
  );
});

Deno.test({
  name: "ridge: prompts that a software driver would cut short are refused",
  ignore: !gpu.adapter.software,
  fn: () => {
    using x = new Tensor([1, 1, 65_536, 1]);
    using penalty = new Tensor([1, 1]);
    assertThrows(
      () => ridgePrefixes({ x, y: x.reshape([1, 1, 65_536]) }, penalty),
      ShapeError,
      "ridge: expected at most 65535 loop iterations",
    );
  },
});
