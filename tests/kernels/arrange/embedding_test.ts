import { assertEquals, assertThrows } from "@std/assert";
import { embedding, embeddingTransposed } from "../../../kernels/arrange/embedding.ts";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

/** Tokens below V that repeat without a pattern; a third of them are token V − 1, as a separator would be. */
function tokensOf(shape: readonly number[], V: number): Tensor<"u32"> {
  const size = shape.reduce((a, b) => a * b, 1);
  return Tensor.from(
    Uint32Array.from({ length: size }, (_, i) => i % 3 === 2 ? V - 1 : (i * 7919 + (i >> 3)) % V),
    shape,
  );
}

Deno.test("embedding: rows and their scatter gradient, own and shared tokens, odd widths, one row", async () => {
  const cases: [number[], number[]][] = [
    [[1, 1], [1, 1, 1]],
    [[1, 1], [3, 2, 4]],
    [[2, 5, 3], [2, 7, 3]],
    [[1, 4, 9], [3, 17, 5]],
    [[2, 130], [2, 300, 8]],
    [[1, 700], [2, 5, 12]],
    [[3, 333], [3, 16, 4]],
  ];
  for (const [shape, [R, V, C]] of cases) {
    using tokens = tokensOf(shape, V);
    using table = waveTensor([R, V, C], 1);
    using rows = waveTensor([R, ...shape.slice(1), C], 2);
    const name = `(${shape}) of (${[R, V, C]})`;
    await assertGradients(() => embedding(tokens, table), [table], 3e-6, name);
    // Sums of up to 230 waves that partly cancel: roundings of 6e-8, relative to the largest sum.
    for (const slices of [1, 8] as const) {
      const sums = () => embeddingTransposed(tokens, rows, V, { slices });
      await assertGradients(sums, [rows], 5e-6, `transposed ${name} in ${slices}`);
    }
  }
});

Deno.test("embedding: tokens outside of the table count as its last row, in either direction", async () => {
  using tokens = Tensor.from(Uint32Array.of(0, 3, 2, 4_294_967_295, 65_536), [1, 5]);
  using table = Tensor.from([1, 2, 3], [1, 3, 1]);
  using y = embedding(tokens, table);
  assertEquals([...await y.read()], [1, 3, 3, 3, 3]);
  using dy = Tensor.from([1, 10, 100, 1000, 10_000], [1, 5, 1]);
  using sums = embeddingTransposed(tokens, dy, 3);
  assertEquals([...await sums.read()], [1, 0, 11_110]);
});

Deno.test("embedding: each token's rows are found, for as many tokens as need every pass of the sort", async () => {
  for (const V of [1, 2, 15, 16, 17, 256, 257, 70_000]) {
    const numbers = Uint32Array.from({ length: 1000 }, (_, i) => (i * 48_271) % V);
    using tokens = Tensor.from(numbers, [1, 1000]);
    using dy = Tensor.from(Float32Array.from({ length: 1000 }, (_, i) => i + 1), [1, 1000, 1]);
    using sums = embeddingTransposed(tokens, dy, V);
    const expected = new Array<number>(V).fill(0);
    numbers.forEach((token, i) => expected[token] += i + 1);
    assertEquals([...await sums.read()], expected, `V = ${V}`);
  }
});

Deno.test("embedding: replica r has the same bits alone and in an ensemble, and at every run", async () => {
  const [R, V, C] = [3, 11, 8];
  using tokens = tokensOf([R, 400], V);
  using dy = waveTensor([R, 400, C], 1);
  using all = embeddingTransposed(tokens, dy, V);
  const ensemble = await all.read();
  for (let r = 0; r < R; r++) {
    using own = Tensor.from((await tokens.read()).slice(r * 400, (r + 1) * 400), [1, 400]);
    using rows = Tensor.from((await dy.read()).slice(r * 400 * C, (r + 1) * 400 * C), [1, 400, C]);
    using alone = embeddingTransposed(own, rows, V);
    assertEquals(await alone.read(), ensemble.slice(r * V * C, (r + 1) * V * C));
  }
  using shared = tokensOf([1, 400], V);
  using first = embeddingTransposed(shared, dy, V);
  using again = embeddingTransposed(shared, dy, V);
  assertEquals(await first.read(), await again.read());
});

Deno.test("embedding: more than 65 535 workgroups, and more equal tokens than a loop may take", async () => {
  const N = 300_000;
  using table = Tensor.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 1, 16]);
  using tokens = new Tensor([1, N], "u32");
  using y = embedding(tokens, table);
  assertEquals((await y.read()).slice(-4), Float32Array.of(13, 14, 15, 16));
  using ones = Tensor.from(new Float32Array(N).fill(1), [1, N, 1]);
  using sums = embeddingTransposed(tokens, ones, 1);
  assertEquals([...await sums.read()], [N]);
  const V = 64 * 65_536 + 1;
  using last = Tensor.from(Uint32Array.of(V - 1, 0), [1, 2]);
  using both = Tensor.from([5, 7], [1, 2, 1]);
  using wide = embeddingTransposed(last, both, V);
  const found = await wide.read();
  assertEquals([found[0], found[1], found[V - 2], found[V - 1]], [7, 0, 0, 5]);
});

Deno.test("embedding: a gradient that is differentiated again is linear in the table", async () => {
  using tokens = tokensOf([1, 9], 4);
  using dy = waveTensor([1, 9, 2], 1);
  using weights = waveTensor([1, 4, 2], 2);
  using slope = await evaluate(() => gradients(embeddingTransposed(tokens, dy, 4), [dy], { weights })[0]);
  using rows = embedding(tokens, weights);
  assertEquals(await slope.read(), await rows.read());
});

Deno.test("embedding: what does not fit is refused", () => {
  using tokens = tokensOf([2, 3], 4);
  using table = waveTensor([3, 4, 2], 1);
  assertThrows(
    () => embedding(tokens, table),
    ShapeError,
    'embedding: expected "tokens" (R, …) or (1, …) and "table" (R, V, C), found (2, 3) and (3, 4, 2)',
  );
  using dy = waveTensor([2, 4, 2], 1);
  assertThrows(
    () => embeddingTransposed(tokens, dy, 4),
    ShapeError,
    'embeddingTransposed: expected "tokens" (R, …) and "dy" (R, …, C), found (2, 3) and (2, 4, 2)',
  );
});
