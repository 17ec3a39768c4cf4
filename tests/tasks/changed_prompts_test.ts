/** Changed prompts, pair by pair. */
import { assertEquals, assertThrows } from "@std/assert";
import { argsortReference } from "../../kernels/arrange/argsort.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { normals } from "../../lib/random/random.ts";
import { replacedPair, sortedPrompts } from "../../lib/tasks/changed_prompts.ts";

await openGpu();

const [R, B, N, D] = [2, 3, 5, 2];
const draw = (key: string, size: number) => Float32Array.from(normals({ seed: 1, key }, size));
const inputs = draw("x", R * B * N * D);
const labels = draw("y", R * B * N);

/** Rows of every prompt, in an order of its own. */
const reordered = (values: Float32Array, width: number, orderOf: (prompt: number) => readonly number[]) =>
  Array.from(
    { length: R * B },
    (_, p) => orderOf(p).flatMap((n) => [...values.subarray((p * N + n) * width, (p * N + n + 1) * width)]),
  ).flat();

Deno.test("sortedPrompts: every prompt in the order of its first coordinates, labels with their inputs", async () => {
  using x = Tensor.from(inputs, [R, B, N, D]);
  using y = Tensor.from(labels, [R, B, N]);
  const sorted = sortedPrompts({ x, y });
  assertEquals([sorted.x.shape, sorted.y.shape], [x.shape, y.shape]);
  const order = (p: number) => argsortReference(Array.from({ length: N }, (_, n) => inputs[(p * N + n) * D]));
  assertEquals([...await sorted.x.read()], reordered(inputs, D, order));
  assertEquals([...await sorted.y.read()], reordered(labels, 1, order));
});

Deno.test("replacedPair: first, middle and last of the pairs that stay", async () => {
  using x = Tensor.from(inputs, [R, B, N, D]);
  using y = Tensor.from(labels, [R, B, N]);
  for (const [pair, order] of [[0, [4, 1, 2, 3]], [2, [0, 1, 4, 3]], [3, [0, 1, 2, 4]]] as const) {
    const changed = replacedPair({ x, y }, pair);
    assertEquals([changed.x.shape, changed.y.shape], [[R, B, N - 1, D], [R, B, N - 1]]);
    assertEquals([...await changed.x.read()], reordered(inputs, D, () => order));
    assertEquals([...await changed.y.read()], reordered(labels, 1, () => order));
  }
});

Deno.test("changed prompts: shapes and pairs that do not fit are refused", () => {
  using x = Tensor.from(inputs, [R, B, N, D]);
  using y = Tensor.from(labels, [R, B * N]);
  assertThrows(
    () => sortedPrompts({ x, y }),
    ShapeError,
    "sortedPrompts: expected inputs (R, B, N, D) and labels (R, B, N), found (2, 3, 5, 2) and (2, 15)",
  );
  const prompts = { x, y: y.reshape([R, B, N]) };
  assertThrows(() => replacedPair(prompts, 4), RangeError, "replacedPair: expected a pair from 0 to 3, found 4");
});
