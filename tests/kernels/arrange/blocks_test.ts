import { assertEquals, assertThrows } from "@std/assert";
import { concatenate, pad, slice } from "../../../kernels/arrange/blocks.ts";
import { fill } from "../../../kernels/shared/fill.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("blocks: cutting, padding and joining, and their gradients", async () => {
  using x = waveTensor([2, 3, 4, 5], 1);
  using y = waveTensor([2, 1, 4, 5], 2);
  await assertGradients(() => slice(x, 1, 1, 3), [x], 1e-6);
  await assertGradients(() => slice(x, -1, 0, 1), [x], 1e-6);
  await assertGradients(() => pad(x, 2, 1, 2), [x], 1e-6);
  await assertGradients(() => concatenate([y, x, y], 1), [x, y], 1e-6);
});

Deno.test("blocks: four numbers at a time, where extents are multiples of four", async () => {
  using x = waveTensor([2, 3, 4, 8], 1);
  using y = waveTensor([2, 1, 4, 8], 2);
  using odd = waveTensor([2, 3, 4, 3], 4);
  for (const [start, end] of [[0, 4], [4, 8], [1, 5], [3, 4]]) {
    await assertGradients(() => slice(x, -1, start, end), [x], 1e-6, `${start} … ${end}`);
  }
  await assertGradients(() => pad(x, -1, 4, 8), [x], 1e-6);
  await assertGradients(() => pad(x, 0, 1, 0), [x], 1e-6);
  await assertGradients(() => pad(x, -1, 0, 3), [x], 1e-6);
  await assertGradients(() => concatenate([x, y, x], 1), [x, y], 1e-6);
  await assertGradients(() => concatenate([x, odd, x], -1), [x, odd], 1e-6);
});

Deno.test("concatenate: writes its parts into one tensor, one dispatch each", async () => {
  using x = waveTensor([2, 3, 4], 1);
  using y = waveTensor([2, 5, 4], 2);
  using program = await record("joined", () => concatenate([x, y, x], 1));
  assertEquals(program.dispatches, ["blocks", "blocks", "blocks"]);
  const [a, b] = [await x.read(), await y.read()];
  program.replay();
  assertEquals([...(await program.outputs.read()).slice(0, 44)], [
    ...a.slice(0, 12),
    ...b.slice(0, 20),
    ...a.slice(0, 12),
  ]);
});

Deno.test("blocks: what each operation gives", async () => {
  using m = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
  using cut = slice(m, 1, 1, 3);
  assertEquals([...await cut.read()], [2, 3, 5, 6]);
  using padded = pad(m, 0, 1, 1);
  assertEquals([...await padded.read()], [0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0]);
  using joined = concatenate([m, cut], -1);
  assertEquals([...await joined.read()], [1, 2, 3, 2, 3, 4, 5, 6, 5, 6]);
});

Deno.test("blocks and fill: more than 65 535 workgroups", async () => {
  const size = 64 * 65_536 + 1;
  using x = fill([2, size], 3);
  assertEquals((await x.read()).at(-1), 3);
  using y = slice(x, 0, 1, 2);
  assertEquals((await y.read()).at(-1), 3);
});

Deno.test("blocks: what does not fit is refused", () => {
  using x = waveTensor([2, 3], 1);
  using wide = waveTensor([3, 4], 1);
  assertThrows(() => slice(x, 1, 2, 4), ShapeError, "slice: expected entries within axis 1 of (2, 3), found 2 … 4");
  assertThrows(() => pad(x, 1, -1, 0), ShapeError, "pad: expected an axis of (2, 3) and numbers of zeros ≥ 0");
  assertThrows(() => concatenate([x, wide], 0), ShapeError, "concatenate: expected shapes that agree");
});
