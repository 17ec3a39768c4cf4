import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { type JacobiLayout, jacobiLayout, jacobiSweeps } from "../../../kernels/linalg/jacobi.ts";
import { completeBasis, gatherColumns, jacobiValues, sortValues } from "../../../kernels/linalg/jacobi_result.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { eighReference, svdReference } from "../../../lib/linalg/reference.ts";
import { gaussian, largestDifference, orthonormalityError, symmetrised, transpose } from "../../linalg/matrices.ts";

const { adapter } = await openGpu();

/** Layouts of a GPU and of a software driver, which any adapter can run, and workgroups that share a matrix. */
const LAYOUTS: Readonly<Record<string, (P: number) => JacobiLayout>> = {
  "one lane to a pair": (P) => jacobiLayout(P, true),
  "lanes share a pair": (P) => jacobiLayout(P, false),
  "workgroups share a matrix": () => ({ LANES: 8, SPLIT: 1, within: false }),
  "workgroups share a matrix, lanes a pair": () => ({ LANES: 32, SPLIT: 32, within: false }),
  "odd numbers of matrices in a workgroup": (P) => ({ LANES: 3 * P / 8, SPLIT: 1, within: true }),
};

const SWEEPS = 15;

/** Columns [w | v] of matrices with orthonormal v. */
function columns(w: Float32Array, B: number, P: number, height: number): Float32Array {
  const H = height + P;
  return Float32Array.from({ length: B * P * H }, (_, index) => {
    const [row, column] = [index % H, Math.floor(index / H) % P];
    const b = Math.floor(index / (P * H));
    return row < height ? w[(b * P + column) * height + row] : Number(row - height === column);
  });
}

for (const [name, layoutOf] of Object.entries(LAYOUTS)) {
  Deno.test(`jacobiSweeps, ${name}: orthogonal columns whose lengths are singular values`, async () => {
    for (const [B, P, height] of [[1, 8, 4], [3, 16, 20], [2, 40, 40]]) {
      const w = gaussian(B * P * height, P);
      using x = Tensor.from(columns(w, B, P, height), [B, P, height + P]);
      using stats = Tensor.from(new Uint32Array(B * SWEEPS * 2), [B, SWEEPS, 2]);
      using scale = Tensor.from(new Float32Array(B).fill(1));
      jacobiSweeps(x, stats, height, false, layoutOf(P));
      const { value, factors } = jacobiValues({ x, scale, height }, { N: P });
      const { sorted, order } = sortValues({ value });
      const found = await sorted.read();
      for (let b = 0; b < B; b++) {
        const K = Math.min(P, height);
        const expected = new Float64Array(P);
        expected.set(svdReference(w.slice(b * P * height, (b + 1) * P * height), P, height).s.slice(0, K));
        assertLess(largestDifference(found.slice(b * P, (b + 1) * P), expected), 1e-5 * expected[0], `${B}, ${P}`);
      }
      using v = gatherColumns({ x, factors, order, M: P, offset: height, part: 1 }, { I: P, J: P }).y;
      assertLess(orthonormalityError((await v.read()).slice(0, P * P), P, P), 1e-5);
      for (const tensor of [value, factors, sorted, order]) tensor.destroy();
    }
  });

  Deno.test(`jacobiSweeps, ${name}: eigenvalues of a symmetric matrix`, async () => {
    const P = 24;
    const a = symmetrised(gaussian(P * P, 2), P);
    using x = Tensor.from(columns(a, 1, P, P), [1, P, 2 * P]);
    using stats = Tensor.from(new Uint32Array(SWEEPS * 2), [1, SWEEPS, 2]);
    using scale = Tensor.from([1]);
    jacobiSweeps(x, stats, P, true, layoutOf(P));
    const { value, factors } = jacobiValues({ x, scale, height: P }, { N: P, SYMMETRIC: 1 });
    const { sorted, order } = sortValues({ value }, { ASCENDING: 1 });
    assertLess(largestDifference(await sorted.read(), eighReference(a, P).values), 1e-5 * 10);
    for (const tensor of [value, factors, sorted, order]) tensor.destroy();
  });
}

Deno.test("jacobiSweeps: sweeps after convergence are left out, and the statistics say how it went", async () => {
  const P = 16;
  using x = Tensor.from(columns(gaussian(P * P, 1), 1, P, P), [1, P, 2 * P]);
  using stats = Tensor.from(new Uint32Array(SWEEPS * 2), [1, SWEEPS, 2]);
  jacobiSweeps(x, stats, P, false);
  const words = new Float32Array((await stats.read()).buffer);
  const met = Array.from({ length: SWEEPS }, (_, sweep) => words[2 * sweep]);
  const done = met.findIndex((cosine) => cosine <= 2e-6);
  assertLess(done, 9);
  assertEquals(met.slice(done + 1).some((cosine) => cosine !== 0), false);
  assertLess(0.1, met[0]);
});

Deno.test("jacobiSweeps: columns longer than a software driver's loops may count are refused, not cut short", () => {
  if (!adapter.software) return;
  using x = new Tensor([1, 8, 4 * 70_000]);
  using stats = Tensor.from(new Uint32Array(2), [1, 1, 2]);
  assertThrows(() => jacobiSweeps(x, stats, 4 * 70_000, false), ShapeError, "jacobi: expected at most 65535 loop");
});

Deno.test("sortValues: equal, negative and zero values, odd numbers of them, one each and many rows", async () => {
  for (const rows of [[[2, -1, 2, 0, 5]], [[3]], Array.from({ length: 70 }, (_, b) => [b % 3, -b, b % 5, 1])]) {
    const N = rows[0].length;
    using value = Tensor.from(rows.flat(), [rows.length, N]);
    for (const ASCENDING of [0, 1]) {
      const { sorted, order } = sortValues({ value }, { ASCENDING });
      const places = rows.map((row) =>
        row.map((_, k) => k).sort((i, j) => (ASCENDING ? row[i] - row[j] : row[j] - row[i]) || i - j)
      );
      assertEquals([...await order.read()], places.flat());
      assertEquals([...await sorted.read()], places.flatMap((place, b) => place.map((k) => rows[b][k])));
      for (const tensor of [sorted, order]) tensor.destroy();
    }
  }
});

Deno.test("completeBasis: directions that are missing become orthonormal to those that are there", async () => {
  for (const [M, N, known] of [[1, 1, 0], [5, 5, 3], [70, 9, 0], [130, 130, 128], [90, 75, 20]]) {
    const q = svdReference(gaussian(M * N, 3), M, N).u.map((value, index) => index % N < known ? value : 0);
    using u = Tensor.from(q, [1, M, N]);
    const present = (k: number) => Number(Math.floor(k / 2) < known);
    using factors = Tensor.from(Float32Array.from({ length: 2 * N }, (_, k) => present(k)), [1, N, 2]);
    using order = Tensor.from(Uint32Array.from({ length: N }, (_, k) => k), [1, N]);
    completeBasis(factors, order, u).destroy();
    const found = await u.read();
    assertLess(orthonormalityError(found, M, N), 1e-5, `${M} × ${N}`);
    const kept = found.filter((_, index) => index % N < known);
    assertEquals(kept, Float32Array.from(q.filter((_, index) => index % N < known)));
  }
});

Deno.test("gatherColumns: rows, filled up with zeros", async () => {
  using x = Tensor.from([1, 2, 3, 4, 5, 6], [1, 2, 3]);
  using factors = Tensor.from([10, 1, 20, 2], [1, 2, 2]);
  using order = Tensor.from(Uint32Array.of(1, 0), [1, 2]);
  using y = gatherColumns({ x, factors, order, M: 2, offset: 1, part: 1 }, { I: 2, J: 4, ROWS: 1 }).y;
  assertEquals([...await y.read()], [10, 12, 0, 0, 2, 3, 0, 0]);
  using straight = gatherColumns({ x, factors, order, M: 2, offset: 1, part: 1 }, { I: 2, J: 2 }).y;
  assertEquals([...await straight.read()], [...transpose([10, 12, 2, 3], 2, 2)]);
});
