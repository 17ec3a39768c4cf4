import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { cholesky } from "../../lib/linalg/cholesky.ts";
import { choleskyReference, matmulReference } from "../../lib/linalg/reference_solve.ts";
import { gaussian, LAPACK, largest, largestDifference, readAll, symmetrised, transpose } from "./matrices.ts";

await openGpu();

const TOLERANCE = 1e-5;

/** `g gᵀ / N + 0.1` for Gaussian g: condition about 40. */
function positive(N: number, seed: number): Float32Array {
  const g = gaussian(N * N, seed);
  const product = matmulReference(g, transpose(g, N, N), N, N, N);
  return symmetrised(
    Float32Array.from(product, (value, index) => value / N + 0.1 * Number(Math.floor(index / N) === index % N)),
    N,
  );
}

for (const { name, N, a, l } of LAPACK.positive) {
  Deno.test(`cholesky, against LAPACK: ${name}`, async () => {
    using tensor = Tensor.from(a, [N, N]);
    const [found] = await readAll(cholesky(tensor));
    // Of a pivot that condition 1e4 leaves, single precision knows three digits.
    const tolerance = name.startsWith("condition 1e4") ? 1e-4 : TOLERANCE;
    assertLess(largestDifference(found, l), tolerance * largest(l));
  });
}

Deno.test("cholesky, against float64: sizes about the steps of four, in one workgroup and over many", async () => {
  for (const N of [1, 2, 3, 4, 5, 8, 17, 64, 129, 150]) {
    const a = positive(N, N);
    using tensor = Tensor.from(a, [N, N]);
    const [found] = await readAll(cholesky(tensor));
    assertLess(largestDifference(found, choleskyReference(a, N)), TOLERANCE * Math.sqrt(largest(a)), `${N}`);
    assertEquals(found.filter((value, index) => Math.floor(index / N) < index % N && value !== 0).length, 0);
  }
});

Deno.test("cholesky: leading axes; a matrix has the same bits alone and in a batch", async () => {
  const N = 10;
  const matrices = [1, 2, 3].map((seed) => positive(N, seed));
  using batch = Tensor.from(matrices.flatMap((a) => [...a]), [3, 1, N, N]);
  using together = cholesky(batch);
  assertEquals(together.shape, [3, 1, N, N]);
  const all = await together.read();
  using last = Tensor.from(matrices[2], [N, N]);
  const [alone] = await readAll(cholesky(last));
  assertEquals(all.slice(2 * N * N), alone);
});

Deno.test("cholesky: NaN from the column on whose pivot is not positive", async () => {
  using indefinite = Tensor.from([4, 0, 0, 0, 1, 2, 0, 2, 1], [3, 3]);
  const [l] = await readAll(cholesky(indefinite));
  assertEquals([...l.slice(0, 6)], [2, 0, 0, 0, 1, 0]);
  assert(Number.isNaN(l[8]));
  using zero = new Tensor([2, 2]);
  assert(Number.isNaN((await readAll(cholesky(zero)))[0][0]));
});

Deno.test("cholesky: errors name the argument", () => {
  using a = new Tensor([2, 3]);
  assertThrows(() => cholesky(a), ShapeError, 'cholesky: expected "a" of shape (…, N, N), found (2, 3)');
});
