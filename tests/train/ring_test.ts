import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { GpuError, ShapeError } from "../../lib/gpu/errors.ts";
import { Ring } from "../../lib/train/ring.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { countCalls } from "../gpu/kernels.ts";

const gpu = await openGpu();

const rowsOf = async (ring: Ring) => (await ring.drain()).map((row) => [...row]);

Deno.test("ring: copies come back once, oldest first, whatever row the ring has reached", async () => {
  using x = new Tensor([2, 3]);
  using ring = await Ring.of(x, 3);
  const copy = (value: number) => {
    x.write(new Float32Array(6).fill(value));
    ring.push();
    return new Array(6).fill(value);
  };
  assertEquals(await rowsOf(ring), []);
  let value = 0;
  for (const count of [1, 2, 3, 3, 1, 3]) {
    const expected = Array.from({ length: count }, () => copy(value++));
    assertEquals(ring.waiting, count);
    assertEquals(await rowsOf(ring), expected);
    assertEquals(ring.waiting, 0);
    assertEquals(await rowsOf(ring), []);
  }
});

Deno.test("ring: a copy is of the moment of its push, and a drained copy is the caller's own", async () => {
  using x = Tensor.from([1]);
  using ring = await Ring.of(x, 1);
  ring.push();
  x.write([2]);
  const [first] = await ring.drain();
  ring.push();
  const [second] = await ring.drain();
  assertEquals([first[0], second[0]], [1, 2]);
});

Deno.test("ring: a full ring refuses to lose a copy, also while it is being drained", async () => {
  using x = Tensor.from([1]);
  using ring = await Ring.of(x, 2);
  ring.push();
  ring.push();
  const full = "ring: expected a drain after 2 copies, found none";
  assertThrows(() => ring.push(), Error, full);
  const drained = ring.drain();
  assertThrows(() => ring.push(), Error, full);
  assertEquals((await drained).length, 2);
  ring.push();
  assertEquals(await rowsOf(ring), [[1]]);
});

Deno.test("ring: pushing and draining allocate nothing", async () => {
  using x = new Tensor([100]);
  using ring = await Ring.of(x, 4);
  const work = async () => {
    for (let round = 0; round < 10; round++) {
      for (let copy = 0; copy < 4; copy++) ring.push();
      await ring.drain();
    }
  };
  assertEquals(await countCalls(gpu.device, "createBuffer", work), 0);
  assertEquals(await countCalls(gpu.device, "createBindGroup", work), 0);
});

Deno.test("ring: no copies fit into a capacity of 0, and none come out of a destroyed ring", async () => {
  using x = Tensor.from([1]);
  await assertRejects(() => Ring.of(x, 0), ShapeError, "ring of tensor: expected a shape of positive integers");
  const ring = await Ring.of(x, 2);
  ring.push();
  ring.destroy();
  assertThrows(() => ring.push(), GpuError, "ring: expected a live program, found one that was destroyed");
  await assertRejects(() => ring.drain(), GpuError, "destroyed");
  assertEquals([...await x.read()], [1]);
});
