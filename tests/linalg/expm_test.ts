import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { expm } from "../../lib/linalg/expm.ts";
import { expmReference } from "../../lib/linalg/reference_solve.ts";
import { gaussian, largest, largestDifference, readAll } from "./matrices.ts";

await openGpu();

Deno.test("expm, against float64: sizes and norms", async () => {
  for (const N of [1, 2, 5, 16, 33]) {
    for (const scale of [0, 1e-3, 0.3, 2]) {
      const a = gaussian(N * N, N).map((value) => value * scale / Math.sqrt(N));
      using tensor = Tensor.from(a, [N, N]);
      const [found] = await readAll(expm(tensor));
      const expected = expmReference(a, N);
      assertLess(largestDifference(found, expected), 1e-5 * largest(expected), `${N}, ${scale}`);
    }
  }
});

Deno.test("expm: a nilpotent matrix, a decay and a fast rotation, as known analytically", async () => {
  using nilpotent = Tensor.from([0, 3, 4, 0, 0, 5, 0, 0, 0], [3, 3]);
  const [series] = await readAll(expm(nilpotent));
  assertLess(largestDifference(series, [1, 3, 4 + 7.5, 0, 1, 5, 0, 0, 1]), 1e-5 * 11.5);
  using decay = Tensor.from([-40, 0, 0, -1], [2, 2]);
  assertLess(largestDifference((await readAll(expm(decay)))[0], [0, 0, 0, Math.exp(-1)]), 1e-5);
  // Eight squarings: the error grows with the norm.
  using turns = Tensor.from([0, -100, 100, 0], [2, 2]);
  const [cosine, sine] = [Math.cos(100), Math.sin(100)];
  assertLess(largestDifference((await readAll(expm(turns)))[0], [cosine, -sine, sine, cosine]), 5e-5);
});

Deno.test("expm: leading axes with norms of their own, at once and recorded", async () => {
  const N = 4;
  const a = gaussian(3 * N * N, 1).map((value, index) => value * [0.01, 1, 3][Math.floor(index / (N * N))]);
  using batch = Tensor.from(a, [3, 1, N, N]);
  using found = expm(batch);
  assertEquals(found.shape, [3, 1, N, N]);
  const values = await found.read();
  for (let b = 0; b < 3; b++) {
    const expected = expmReference(a.slice(b * N * N, (b + 1) * N * N), N);
    assertLess(largestDifference(values.slice(b * N * N, (b + 1) * N * N), expected), 1e-5 * largest(expected));
  }
  using program = await record("expm", () => expm(batch));
  program.replay(2);
  assertEquals(await program.outputs.read(), values);
});

Deno.test("expm: errors name the argument", () => {
  using a = new Tensor([2, 3]);
  assertThrows(() => expm(a), ShapeError, 'expm: expected "a" of shape (…, N, N), found (2, 3)');
});
