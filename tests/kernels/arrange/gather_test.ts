import { assertEquals, assertThrows } from "@std/assert";
import { gather, scatter, select } from "../../../kernels/arrange/gather.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

function indexOf(shape: readonly number[], T: number): Tensor<"u32"> {
  const size = shape.reduce((a, b) => a * b, 1);
  return Tensor.from(Uint32Array.from({ length: size }, (_, i) => (i * 7 + 2) % T), shape);
}

Deno.test("gather: one entry of any axis but the first, own and shared index, and back", async () => {
  const cases: [number[], number[], number][] = [
    [[1, 1], [1], 1],
    [[3, 5], [3], 1],
    [[3, 5], [1], 1],
    [[2, 3, 7], [2, 3], -1],
    [[2, 3, 7, 8], [1, 3], 2],
    [[2, 3, 7, 5], [2, 3], -2],
    [[2, 3, 4, 2, 2], [1], 1],
  ];
  for (const [shape, places, axis] of cases) {
    const T = shape.at(axis)!;
    using x = waveTensor(shape, 1);
    using y = waveTensor(shape.filter((_, other) => other !== (axis + shape.length) % shape.length), 2);
    using index = indexOf(places, T);
    await assertGradients(() => gather(x, index, axis), [x], 1e-6, `(${shape}) by (${places})`);
    await assertGradients(() => scatter(y, index, axis, T), [y], 1e-6, `(${shape}) back by (${places})`);
  }
});

Deno.test("gather: an index outside of the axis counts as its last entry", async () => {
  using x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
  using index = Tensor.from(Uint32Array.of(3, 4_294_967_295), [2]);
  using y = gather(x, index, 1);
  assertEquals([...await y.read()], [3, 6]);
  using back = scatter(y, index, 1, 2);
  assertEquals([...await back.read()], [0, 3, 0, 6]);
});

Deno.test("select: an entry counted from either end, and its gradient", async () => {
  using x = waveTensor([2, 3, 4, 8], 1);
  const values = await x.read();
  using last = select(x, 2, -1);
  assertEquals([last.shape, (await last.read()).slice(0, 8)], [[2, 3, 8], values.slice(24, 32)]);
  using first = select(x, -2, 0);
  assertEquals((await first.read()).slice(0, 8), values.slice(0, 8));
  await assertGradients(() => select(x, 2, -1), [x], 1e-6);
  assertThrows(() => select(x, 2, 4), ShapeError, "slice: expected entries within axis 2 of (2, 3, 4, 8), found 4 … 5");
});

Deno.test("gather: more than 65 535 workgroups", async () => {
  const N = 64 * 65_536 + 1;
  using index = new Tensor([1, N], "u32");
  index.write([1], N - 1);
  using y = new Tensor([1, N]);
  y.write([3], N - 1);
  using x = scatter(y, index, 2, 2);
  using z = gather(x, index, 2);
  assertEquals((await z.read()).at(-1), 3);
});

Deno.test("gather: an index of another shape is refused", () => {
  using x = waveTensor([2, 3, 4], 1);
  using index = indexOf([3, 3], 4);
  assertThrows(
    () => gather(x, index, 2),
    ShapeError,
    "gather: expected an index of the axes before axis 2 ≥ 1 of (2, 3, 4), or with 1 in place of R, found (3, 3)",
  );
});
