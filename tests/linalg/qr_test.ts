import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { qr } from "../../lib/linalg/qr.ts";
import { matmulReference, qrReference } from "../../lib/linalg/reference_solve.ts";
import { svd } from "../../lib/linalg/svd.ts";
import { gaussian, LAPACK, largest, largestDifference, orthonormalityError, readAll } from "./matrices.ts";

await openGpu();

const TOLERANCE = 1e-5;

async function assertDecomposed(name: string, a: ArrayLike<number>, M: number, N: number): Promise<Float32Array> {
  using tensor = Tensor.from(a, [M, N]);
  const factors = qr(tensor);
  const K = Math.min(M, N);
  assertEquals([factors.q.shape, factors.r.shape], [[M, K], [K, N]], name);
  const [q, r] = await readAll(factors.q, factors.r);
  assertLess(orthonormalityError(q, M, K), TOLERANCE, `${name}: Q`);
  const scale = largest(a) || 1;
  assertLess(largestDifference(matmulReference(q, r, M, K, N), a), TOLERANCE * scale, `${name}: Q R`);
  assertEquals(r.filter((value, index) => Math.floor(index / N) > index % N && value !== 0).length, 0, name);
  return r;
}

for (const { name, M, N, a, r } of LAPACK.general) {
  Deno.test(`qr, against LAPACK: ${name}`, async () => {
    const found = await assertDecomposed(name, a, M, N);
    // Below rank 3, rows of R are made of rounding.
    if (!/rank|clustered|graded/.test(name)) {
      assertLess(largestDifference(found, r), TOLERANCE * (largest(r) || 1), `${name}: R`);
    }
  });
}

Deno.test("qr, against float64: odd and even sizes, in one workgroup and over many", async () => {
  for (const [M, N] of [[3, 2], [5, 5], [21, 20], [64, 64], [90, 33], [20, 90], [140, 133], [40, 150]]) {
    const a = gaussian(M * N, M);
    const found = await assertDecomposed(`${M} × ${N}`, a, M, N);
    if (M >= N) {
      const { r } = qrReference(a, M, N);
      // Signs of rows are free.
      assertLess(largestDifference(found.map(Math.abs), r.map(Math.abs)), TOLERANCE * largest(r), `${M} × ${N}: |R|`);
    }
  }
});

Deno.test("qr of tall matrices by blocks of rows, with and without a remainder", async () => {
  for (const [M, N] of [[1280, 5], [1500, 12], [70_001, 3]]) {
    await assertDecomposed(`${M} × ${N}`, gaussian(M * N, N), M, N);
  }
  await assertDecomposed("one column repeated", Float32Array.from({ length: 1500 * 2 }, () => 1), 1500, 2);
});

Deno.test("qr: leading axes; a matrix has the same bits alone and in a batch, at once and recorded", async () => {
  const [M, N] = [9, 6];
  const a = gaussian(4 * M * N, 1);
  using batch = Tensor.from(a, [2, 2, M, N]);
  const together = qr(batch);
  assertEquals([together.q.shape, together.r.shape], [[2, 2, M, N], [2, 2, N, N]]);
  const [q, r] = await readAll(together.q, together.r);
  using last = Tensor.from(a.slice(3 * M * N), [M, N]);
  using program = await record("qr", () => qr(last));
  program.replay(2);
  assertEquals(await program.outputs.q.read(), q.slice(3 * M * N));
  assertEquals(await program.outputs.r.read(), r.slice(3 * N * N));
});

Deno.test("qr: errors name the argument", () => {
  using a = Tensor.from([1]);
  assertThrows(() => qr(a), ShapeError, 'qr: expected "a" of shape (…, M, N), found (1)');
});

Deno.test("qr and svd of columns that differ by less than the square root of the smallest number are finite", async () => {
  // What the first reflection leaves of the second column has a square without a finite inverse.
  for (const tiny of [1e-17, 1e-19, 3e-20, 1e-20, 1e-22, 1e-30]) {
    const a = [1, 1, 1, 0, tiny, 0, 0, tiny, 2, 0, tiny, 1];
    await assertDecomposed(`${tiny}`, a, 4, 3);
    using tensor = Tensor.from(a, [4, 3]);
    const { u, s, v } = svd(tensor);
    for (const values of await readAll(u, s, v)) assertEquals(values.every(Number.isFinite), true, `${tiny}`);
  }
});
