import { assertEquals, assertThrows } from "@std/assert";
import { expand, permute } from "../../../kernels/arrange/strided.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("strided: permuting and repeating, and their gradients", async () => {
  using x = waveTensor([2, 3, 4, 5], 1);
  using z = waveTensor([2, 1, 1], 3);
  await assertGradients(() => permute(x, [0, 2, 1, 3]), [x], 1e-6);
  await assertGradients(() => permute(x, [3, 2, 1, 0]), [x], 1e-6);
  await assertGradients(() => expand(z, [3, 2, 4, 5]), [z], 2e-6);
});

Deno.test("strided: four numbers at a time, where extents are multiples of four", async () => {
  using x = waveTensor([2, 3, 4, 8], 1);
  using y = waveTensor([2, 1, 4, 8], 2);
  using z = waveTensor([2, 3, 1, 1], 3);
  await assertGradients(() => permute(x, [0, 2, 1, 3]), [x], 1e-6);
  await assertGradients(() => permute(x, [0, 1, 3, 2]), [x], 1e-6);
  await assertGradients(() => expand(y, [2, 3, 4, 8]), [y], 1e-6);
  await assertGradients(() => expand(z, [2, 3, 4, 8]), [z], 2e-6);
});

Deno.test("strided: six axes", async () => {
  using x = Tensor.from(Array.from({ length: 64 }, (_, i) => i), [2, 2, 2, 2, 2, 2]);
  using y = permute(x, [5, 4, 3, 2, 1, 0]);
  assertEquals((await y.read()).slice(0, 4), Float32Array.of(0, 32, 16, 48));
});

Deno.test("strided: more than 65 535 workgroups", async () => {
  const size = 64 * 65_536 + 1;
  using x = Tensor.from([3], [1]);
  using y = expand(x, [size]);
  assertEquals((await y.read()).at(-1), 3);
});

Deno.test("strided: what does not fit is refused", () => {
  using x = waveTensor([2, 3], 1);
  assertThrows(() => permute(x, [0, 0]), ShapeError, "permute: expected each axis of (2, 3) once, found 0, 0");
  assertThrows(() => expand(x, [2, 4]), ShapeError, "expand: expected a shape that repeats to (2, 4), found (2, 3)");
});
