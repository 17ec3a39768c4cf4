import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { GpuError, ShapeError } from "../../lib/gpu/errors.ts";
import { Staging, Tensor } from "../../lib/gpu/tensor.ts";
import { affine, countCalls } from "./kernels.ts";

const gpu = await openGpu();
const failure = (call: () => unknown) => assertThrows(call, ShapeError).message;

Deno.test("a new tensor holds zeros, whatever its rank", async () => {
  for (const shape of [[], [3], [2, 3, 4], [1, 1, 1, 5]]) {
    using x = new Tensor(shape);
    assertEquals(x.size, shape.reduce((product, extent) => product * extent, 1));
    assertEquals([...await x.read()], Array(x.size).fill(0));
  }
});

Deno.test("the host array decides the element type", async () => {
  using words = Tensor.from(Uint32Array.of(0, 0xffff_ffff));
  using integers = Tensor.from(Int32Array.of(-1, 2 ** 31 - 1));
  using numbers = Tensor.from(Float64Array.of(0.1, -1e30));
  assertEquals([words.dtype, integers.dtype, numbers.dtype], ["u32", "i32", "f32"]);
  assertEquals(await words.read(), Uint32Array.of(0, 0xffff_ffff));
  assertEquals(await integers.read(), Int32Array.of(-1, 2 ** 31 - 1));
  assertEquals(await numbers.read(), Float32Array.of(0.1, -1e30));
});

Deno.test("shapes are positive integers that hold as many elements as are given", () => {
  for (const shape of [[0], [2, -1], [1.5], [NaN]]) {
    assertEquals(
      failure(() => new Tensor(shape, "f32", "w")),
      `w: expected a shape of positive integers, found (${shape.join(", ")})`,
    );
  }
  assertEquals(failure(() => Tensor.from([], undefined, "w")), "w: expected a shape of positive integers, found (0)");
  assertEquals(failure(() => Tensor.from([1, 2, 3], [2, 2], "w")), "w: expected 4 elements for shape (2, 2), found 3");
});

Deno.test("a tensor that cannot be bound is refused before anything is allocated", async () => {
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.device.limits;
  const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  const rows = Math.floor(limit / 4096) + 1;
  const allocated = await countCalls(gpu.device, "createBuffer", () => {
    const { kind, message } = assertThrows(() => new Tensor([rows, 1024], "f32", "activations"), GpuError);
    assertEquals(kind, "out-of-memory");
    assertEquals(
      message,
      `activations: expected at most ${limit} bytes, found shape (${rows}, 1024) of ${rows * 4096} bytes`,
    );
    assertThrows(() => new Tensor([1e200, 1e200]), GpuError, "Infinity bytes");
    assertThrows(() => new Staging(2 ** 45), GpuError, `staging: expected at most ${maxBufferSize} bytes`);
  });
  assertEquals(allocated, 0);
  await gpu.settle();
});

Deno.test("writes replace all elements, or some from a start", async () => {
  using x = Tensor.from([1, 2, 3, 4]);
  x.write([5, 6], 1);
  assertEquals([...await x.read()], [1, 5, 6, 4]);
  x.write([9], 3);
  x.write([], 4);
  x.write(new Float64Array([7]), 0);
  assertEquals([...await x.read()], [7, 5, 6, 9]);
  x.write([1, 1, 1, 1]);
  assertEquals([...await x.read()], [1, 1, 1, 1]);
});

Deno.test("writes that do not fit are refused and change nothing", async () => {
  using x = Tensor.from([1, 2, 3, 4], [4], "x");
  assertEquals(failure(() => x.write([1])), "x: expected 4 elements, found 1");
  assertEquals(failure(() => x.write([1, 2], 3)), "x: expected a range within 4 elements, found 3 + 2");
  assertEquals(failure(() => x.write([1], -1)), "x: expected a range within 4 elements, found -1 + 1");
  assertEquals(failure(() => x.write([1], 0.5)), "x: expected a range within 4 elements, found 0.5 + 1");
  assertEquals([...await x.read()], [1, 2, 3, 4]);
});

Deno.test("writes are ordered with kernels before and after them", async () => {
  using x = Tensor.from([1], [1, 1]);
  using first = affine({ x, scale: 2 }).y;
  x.write([10]);
  using second = affine({ x, scale: 2 }).y;
  x.write([100]);
  assertEquals([(await first.read())[0], (await second.read())[0], (await x.read())[0]], [2, 20, 100]);
});

Deno.test("staging reads ranges into arrays of their own, without allocating again", async () => {
  using x = Tensor.from(Uint32Array.of(1, 2, 3, 4, 5), undefined, "x");
  using staging = new Staging(3);
  const allocated = await countCalls(gpu.device, "createBuffer", async () => {
    const first = await staging.read(x, 0, 3);
    const second = await staging.read(x, 4, 1);
    assertEquals([first, second], [Uint32Array.of(1, 2, 3), Uint32Array.of(5)]);
  });
  assertEquals(allocated, 0);
  for (const [start, count] of [[0, 4], [3, 3], [-1, 2], [0, 0], [0.5, 1], [0, NaN]]) {
    assertEquals(
      (await assertRejects(() => staging.read(x, start, count), ShapeError)).message,
      `x: expected a range within 5 elements and 3 staged ones, found ${start} + ${count}`,
    );
  }
  for (const capacity of [0, 1.5, NaN]) {
    assertEquals(failure(() => new Staging(capacity)), `staging: expected a capacity of at least 1, found ${capacity}`);
  }
});

Deno.test("two reads at once from one staging buffer are refused, and the first still arrives", async () => {
  using x = Tensor.from([1, 2], undefined, "x");
  using staging = new Staging(2);
  const first = staging.read(x, 0, 2);
  await assertRejects(
    () => staging.read(x, 0, 1),
    Error,
    "x: expected one read at a time from a staging buffer, found two",
  );
  assertEquals([...await first], [1, 2]);
  assertEquals([...await staging.read(x, 1, 1)], [2]);
});

Deno.test("a view shares memory and lifetime", async () => {
  const x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3], "x");
  const view = x.reshape([6]);
  view.write([9], 5);
  assertEquals([...await x.read()], [1, 2, 3, 4, 5, 9]);
  assertEquals(failure(() => x.reshape([4])), "x: expected 6 elements, found shape (4)");
  assertEquals(failure(() => x.reshape([7])), "x: expected 6 elements, found shape (7)");
  view.destroy();
  assert(x.destroyed);
});

Deno.test("any use of a destroyed tensor is an error with its label, at once", async () => {
  const x = new Tensor([2, 2], "f32", "weights");
  using y = new Tensor([2, 2]);
  using staging = new Staging(4);
  x.destroy();
  x.destroy();
  const expected = "weights: expected a live tensor, found one that was destroyed";
  for (
    const use of [
      () => x.write([1, 2, 3, 4]),
      () => x.reshape([4]),
      () => affine({ x, scale: 1 }),
      () => affine({ x: y, y: x, scale: 1 }),
    ]
  ) assertEquals(assertThrows(use, GpuError).message, expected);
  assertEquals((await assertRejects(() => x.read(), GpuError)).message, expected);
  assertEquals((await assertRejects(() => staging.read(x, 0, 1), GpuError)).message, expected);
  staging.destroy();
  assertEquals(
    (await assertRejects(() => staging.read(y, 0, 1), GpuError)).message,
    "tensor: expected live staging, found it destroyed",
  );
  await gpu.settle();
});
