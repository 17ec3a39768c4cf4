import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { advance } from "../../kernels/shared/advance.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { GpuError, ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate, own, record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { currentTrace } from "../../lib/gpu/trace.ts";
import { affine, countCalls, update } from "./kernels.ts";

const gpu = await openGpu();

Deno.test("a program replays as often as it is told to", async () => {
  using x = Tensor.from(Int32Array.of(0));
  using program = await record("count", () => {
    update({ x, a: 1, b: 1 });
  });
  let expected = 0;
  for (const times of [1, 0, 2, 511, 512, 513, 3000]) {
    program.replay(times);
    expected += times;
    assertEquals((await x.read())[0], expected);
  }
  program.replay();
  assertEquals((await x.read())[0], expected + 1);
  for (const times of [-1, 1.5, NaN, Infinity]) {
    assertEquals(
      assertThrows(() => program.replay(times), RangeError).message,
      `count: expected an integer number of replays ≥ 0, found ${times}`,
    );
  }
});

Deno.test("dispatches run in the order in which they were recorded, each seeing the earlier ones", async () => {
  using x = Tensor.from(Int32Array.of(1, 2));
  using program = await record("order", () => {
    update({ x, a: 3, b: 0 });
    update({ x, a: 1, b: 1 });
    update({ x, a: 2, b: 0 });
  });
  assertEquals(program.dispatches, ["update", "update", "update"]);
  program.replay(2);
  const step = (value: number) => (3 * value + 1) * 2;
  assertEquals([...await x.read()], [step(step(1)), step(step(2))]);
});

Deno.test("more dispatches than fit one submission still run in order", async () => {
  using x = Tensor.from(Int32Array.of(0));
  using program = await record("long", () => {
    for (let i = 0; i < 700; i++) update({ x, a: i % 2, b: i });
  });
  program.replay(2);
  let expected = 0;
  for (let i = 0; i < 1400; i++) expected = (i % 2) * expected + i % 700;
  assertEquals((await x.read())[0], expected);
});

Deno.test("a program of nothing may be replayed", async () => {
  using program = await record("empty", () => {});
  program.replay(1000);
  await gpu.finish();
});

Deno.test("outputs made while recording live and die with the program", async () => {
  using x = Tensor.from([1, 2], [1, 2]);
  const program = await record("owner", () => {
    const { y } = affine({ x, scale: 2 });
    const state = own(new Tensor([1, 2]));
    affine({ x: y, y: state, scale: 2 });
    return { y, state };
  });
  program.replay();
  const { y, state } = program.outputs;
  assertEquals([...await y.read(), ...await state.read()], [2, 4, 4, 8]);
  program.destroy();
  program.destroy();
  assertEquals([x.destroyed, y.destroyed, state.destroyed], [false, true, true]);
  assertEquals(
    assertThrows(() => program.replay(), GpuError).message,
    "owner: expected a live program, found one that was destroyed",
  );
  assert(own(x) === x && !x.destroyed, "outside of a recording the caller owns it");
});

Deno.test("kernels that nothing depends on are left out, and buffers are shared over time", async () => {
  using x = Tensor.from([1, 2], [1, 2]);
  let between: Tensor | undefined;
  using program = await record("chain", () => {
    affine({ x, scale: 9 });
    let y = affine({ x, scale: 2 }).y;
    between = y;
    for (let i = 0; i < 9; i++) y = affine({ x: y, scale: 2 }).y;
    return y;
  });
  program.replay();
  assertEquals([...await program.outputs.read()], [1024, 2048]);
  assertEquals(program.dispatches.length, 10);
  assertEquals(program.memory, { planned: 3 * 8, unshared: 10 * 8 });
  const { message } = await assertRejects(() => between!.read(), GpuError);
  assertEquals(
    message,
    "affine.y: expected a tensor with a buffer of its own, found one whose buffer a program uses for others too: " +
      "return it from the recorded step",
  );
});

Deno.test("a planned tensor must be written before it is read", async () => {
  const { message } = await assertRejects(
    () => record("early", () => affine({ x: Tensor.planned([1, 2], "f32", "nothing"), scale: 2 }).y),
    ShapeError,
  );
  assertEquals(message, `affine: expected "nothing" to be written before it is read, found no kernel`);
});

Deno.test("a program may read what another one keeps", async () => {
  using x = Tensor.from([1, 2], [1, 2]);
  using first = await record("first", () => affine({ x, scale: 2 }).y);
  using second = await record("second", () => affine({ x: first.outputs, scale: 3 }).y);
  first.replay();
  second.replay();
  assertEquals([...await second.outputs.read()], [6, 12]);
});

Deno.test("evaluating hands over copies that the caller owns", async () => {
  using x = Tensor.from([1, 2], [1, 2]);
  const { twice, nested: [four] } = await evaluate(() => {
    const twice = affine({ x, scale: 2 }).y;
    return { twice, nested: [affine({ x: twice, scale: 2 }).y] };
  });
  assertEquals([...await twice.read(), ...await four.read()], [2, 4, 4, 8]);
  twice.destroy();
  four.destroy();
});

Deno.test("replaying allocates no GPU memory, binds nothing and compiles nothing", async () => {
  using x = Tensor.from(Int32Array.of(0));
  using clock = Tensor.from(Uint32Array.of(0, 1e6, 1), [3]);
  using program = await record("steady", () => {
    update({ x, a: 1, b: 1 });
    advance({ clock });
  });
  for (const method of ["createBuffer", "createBindGroup", "createComputePipeline"] as const) {
    assertEquals(await countCalls(gpu.device, method, () => program.replay(100)), 0, method);
  }
  assertEquals(await countCalls(gpu.device, "createBuffer", () => new Tensor([1]).destroy()), 1, "the spy sees calls");
  assertEquals([(await x.read())[0], (await clock.read())[0]], [300, 300]);
});

Deno.test("100 000 replays keep memory flat", async () => {
  using clock = Tensor.from(Uint32Array.of(0, 0xffff_ffff, 1), [3]);
  using program = await record("stress", () => {
    advance({ clock });
  });
  const replays = async (count: number) => {
    for (let done = 0; done < count; done += 5000) {
      for (let call = 0; call < 5; call++) program.replay(1000);
      await gpu.finish();
    }
  };
  await replays(20_000);
  const before = Deno.memoryUsage().rss;
  await replays(80_000);
  const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
  assertEquals((await clock.read())[0], 100_000);
  assert(grown < 16, `resident memory grew by ${grown.toFixed(1)} MiB`);
});

Deno.test("programs do not nest", async () => {
  let inner: Promise<unknown> = Promise.resolve();
  using _ = await record("outer", () => {
    inner = record("inner", () => {});
    inner.catch(() => {});
  });
  const { message } = await assertRejects(() => inner, Error);
  assertEquals(message, "inner: expected no recording in progress, found one: programs do not nest");
});

Deno.test("a step that throws ends the recording and frees what it made", async () => {
  using x = Tensor.from([1, 2], [1, 2]);
  let y: Tensor | undefined;
  const step = () => {
    y = affine({ x, scale: 2 }).y;
    affine({ x, y: x, scale: 1 });
  };
  await assertRejects(() => record("broken", step), ShapeError, "affine: expected a tensor of its own");
  assert(y!.destroyed);
  assertEquals(currentTrace(), null);
  using z = affine({ x, scale: 3 }).y;
  assertEquals([...await z.read()], [3, 6]);
});

Deno.test("a step must not await", async () => {
  const { message } = await assertRejects(() => record("late", async () => await Promise.resolve()), Error);
  assertEquals(message, "late: expected a step that does not await, found an async function");
});

Deno.test("a destroyed tensor is found before the replay that would use it", async () => {
  const x = Tensor.from(Int32Array.of(0), undefined, "weights");
  using program = await record("train", () => {
    update({ x, a: 1, b: 1 });
  });
  program.replay();
  x.destroy();
  const { kind, message } = assertThrows(() => program.replay(), GpuError);
  assertEquals([kind, message], ["validation", `train: expected live tensors, found "weights" destroyed`]);
  await gpu.finish();
});

Deno.test("a fault of the GPU is thrown by the next replay, once", async () => {
  using x = Tensor.from(Int32Array.of(0));
  using program = await record("after", () => {
    update({ x, a: 1, b: 1 });
  });
  gpu.device.createBuffer({ label: "bad", size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertThrows(() => program.replay(), GpuError, "GPU: `MAP` usage");
  program.replay();
  assertEquals((await x.read())[0], 1);
});
