import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { svdReference } from "../../lib/linalg/reference.ts";
import { matmulReference } from "../../lib/linalg/reference_solve.ts";
import { singularValues, svd } from "../../lib/linalg/svd.ts";
import {
  gaussian,
  LAPACK,
  largestDifference,
  orthonormalityError,
  readAll,
  transpose,
  withSingularValues,
} from "./matrices.ts";

await openGpu();

/** Of values relative to the largest, and of entries of UᵀU and VᵀV. */
const TOLERANCE = 1e-5;

/** Decomposes one matrix and checks all that is promised of the factors. */
async function assertDecomposed(name: string, a: ArrayLike<number>, M: number, N: number, expected: ArrayLike<number>) {
  using tensor = Tensor.from(a, [M, N]);
  const factors = svd(tensor);
  const K = Math.min(M, N);
  assertEquals([factors.u.shape, factors.s.shape, factors.v.shape], [[M, K], [K], [N, K]], name);
  const [u, s, v] = await readAll(factors.u, factors.s, factors.v);
  const scale = expected[0] || 1;
  assertLess(largestDifference(s, expected), TOLERANCE * scale, `${name}: values`);
  assert(s.every((value, k) => value >= 0 && (k === 0 || value <= s[k - 1])), `${name}: order`);
  assertLess(orthonormalityError(u, M, K), TOLERANCE, `${name}: U`);
  assertLess(orthonormalityError(v, N, K), TOLERANCE, `${name}: V`);
  const scaled = Float64Array.from(u, (value, index) => value * s[index % K]);
  const product = matmulReference(scaled, transpose(v, N, K), M, K, N);
  assertLess(largestDifference(product, a), TOLERANCE * scale, `${name}: U diag(s) Vᵀ`);
  using values = singularValues(tensor);
  assertLess(largestDifference(await values.read(), expected), TOLERANCE * scale, `${name}: values alone`);
}

for (const { name, M, N, a, s } of LAPACK.general) {
  Deno.test(`svd, against LAPACK: ${name}`, async () => {
    await assertDecomposed(name, a, M, N, s);
  });
}

Deno.test("svd, against float64: sizes about the blocks of four and pairs of eight", async () => {
  for (const [M, N] of [[2, 2], [4, 4], [5, 5], [7, 9], [8, 8], [12, 11], [17, 16], [24, 25], [33, 40], [64, 64]]) {
    const a = gaussian(M * N, M + N);
    await assertDecomposed(`${M} × ${N}`, a, M, N, svdReference(a, M, N).s);
  }
});

const many = (count: number, value: (k: number) => number) => Array.from({ length: count }, (_, k) => value(k));

/** Spectra of 64 values, of 150 (spread over workgroups). */
for (const size of [64, 150]) {
  const spectra: Record<string, number[]> = {
    "one value": many(size, () => 1),
    "two clusters": many(size, (k) => k < size / 2 ? 2 : 1 + 1e-6 * k),
    "low rank": many(size, (k) => k < 5 ? 5 - k : 0),
    "graded, condition 1e6": many(size, (k) => 10 ** (-6 * k / (size - 1))),
    "graded far below single precision": many(size, (k) => 10 ** (-30 * k / (size - 1))),
  };
  for (const [name, values] of Object.entries(spectra)) {
    Deno.test(`svd of ${size} × ${size}, ${name}`, async () => {
      const a = withSingularValues(values, size, size, 3);
      const expected = svdReference(a, size, size).s;
      await assertDecomposed(name, a, size, size, expected);
    });
  }
}

Deno.test("svd of zero, of scales that squares do not survive, and of subnormal remains", async () => {
  await assertDecomposed("zero", new Float32Array(140 * 130), 140, 130, new Float64Array(130));
  for (const scale of [1e-30, 1e-37, 1e30, 1e37]) {
    const a = gaussian(12 * 9, 5).map((value) => value * scale);
    await assertDecomposed(`times ${scale}`, a, 12, 9, svdReference(a, 12, 9).s);
  }
});

Deno.test("svd of tall and wide matrices by blocks of rows", async () => {
  const a = gaussian(2100 * 7, 2);
  const expected = svdReference(a, 2100, 7).s;
  await assertDecomposed("tall", a, 2100, 7, expected);
  await assertDecomposed("wide", transpose(a, 2100, 7), 7, 2100, expected);
  // Blocks of rows without a remainder, and of low rank.
  const flat = withSingularValues([3, 1], 1280, 5, 4);
  await assertDecomposed("low rank", flat, 1280, 5, svdReference(flat, 1280, 5).s);
});

Deno.test("svd: more rows than a software driver's loops may count", async () => {
  const a = gaussian(70_000 * 2, 6);
  await assertDecomposed("70 000 rows", a, 70_000, 2, svdReference(a, 70_000, 2).s);
});

Deno.test("svd: leading axes; a matrix has the same bits alone and in a batch", async () => {
  for (const N of [3, 20, 64]) {
    const a = gaussian(6 * N * N, N);
    using batch = Tensor.from(a, [2, 3, N, N]);
    const together = svd(batch);
    assertEquals([together.u.shape, together.s.shape], [[2, 3, N, N], [2, 3, N]]);
    const all = await readAll(together.u, together.s, together.v);
    for (const b of [0, 5]) {
      using one = Tensor.from(a.slice(b * N * N, (b + 1) * N * N), [N, N]);
      const alone = svd(one);
      const each = await readAll(alone.u, alone.s, alone.v);
      all.forEach((values, index) => {
        const size = each[index].length;
        assertEquals(values.slice(b * size, (b + 1) * size), each[index]);
      });
    }
  }
});

Deno.test("svd: more matrices than a grid has workgroups", async () => {
  const B = 66_000;
  using a = Tensor.from(gaussian(B * 2, 8), [B, 1, 2]);
  const values = await a.read();
  using s = singularValues(a);
  const found = await s.read();
  const expected = found.map((_, b) => Math.hypot(values[2 * b], values[2 * b + 1]));
  assertLess(largestDifference(found, expected), TOLERANCE);
});

Deno.test("svd, recorded: every replay decomposes what is there, as called at once", async () => {
  const N = 24;
  using a = Tensor.from(gaussian(N * N, 1), [N, N]);
  using program = await record("svd", () => svd(a));
  for (const seed of [1, 2]) {
    a.write(gaussian(N * N, seed));
    program.replay();
    const { outputs } = program;
    const found = [await outputs.u.read(), await outputs.s.read(), await outputs.v.read()];
    const { u, s, v } = svd(a);
    assertEquals(found, await readAll(u, s, v));
  }
});

Deno.test("svd: errors name the argument", () => {
  using a = Tensor.from([1, 2]);
  assertThrows(() => svd(a), ShapeError, 'svd: expected "a" of shape (…, M, N), found (2)');
  assertThrows(() => singularValues(a), ShapeError, 'singularValues: expected "a" of shape (…, M, N), found (2)');
});
