import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { svdOfProduct } from "../../lib/linalg/product_svd.ts";
import { matmulReference } from "../../lib/linalg/reference_solve.ts";
import { svd } from "../../lib/linalg/svd.ts";
import { squaredCosines, squaredDistances } from "../../lib/metrics/row_spaces.ts";
import { rowDimensions, subspaceAngles, subspaceDistances } from "../../lib/metrics/subspace_stability.ts";
import { projectorOverlap, rankRule, rowSpaceAngles, subspaceDistance } from "../../lib/metrics/subspace.ts";
import { gaussian } from "../linalg/matrices.ts";

await openGpu();

/** M(t) reads the first k axes; M(∞) the same axes turned by given angles out of that space, with given strengths. */
function turned(angles: readonly number[], strengths: readonly number[]) {
  const K = angles.length;
  const [M, N] = [K + 1, 2 * K + 1];
  const now = new Float64Array(M * N), final = new Float64Array(M * N);
  angles.forEach((angle, k) => {
    now[k * N + k] = K - k;
    final[k * N + k] = strengths[k] * Math.cos(angle);
    final[k * N + K + k] = strengths[k] * Math.sin(angle);
  });
  const total = strengths.reduce((sum, x) => sum + x * x, 0);
  const distance = Math.sqrt(strengths.reduce((sum, x, k) => sum + (x * Math.sin(angles[k])) ** 2, 0) / total);
  const overlap = angles.reduce((sum, angle) => sum + Math.cos(angle) ** 2, 0) / K;
  return { M, N, K, now, final, distance, overlap };
}

Deno.test("subspaces: known angles give distance, overlap and angles, whatever is done from the left", () => {
  const angles = [0, 1e-4, 0.3, 1.2, Math.PI / 2];
  const { M, N, K, now, final, distance, overlap } = turned(angles, [3, 1, 2, 0.5, 1]);
  const mixed = matmulReference(gaussian(M * M, 1), now, M, M, N);
  for (const m of [now, mixed]) {
    const sizes = { M, N, rank: K };
    assertAlmostEquals(subspaceDistance(m, final, sizes), distance, 1e-12);
    assertAlmostEquals(projectorOverlap(m, final, sizes), overlap, 1e-12);
    rowSpaceAngles(m, final, sizes).forEach((angle, k) => assertAlmostEquals(angle, angles[k], 1e-10));
  }
});

Deno.test("subspaces: the rank rule", () => {
  assertEquals(rankRule([2, 2, 2]), 3);
  assertEquals(rankRule([2, 2, 1e-2]), 3);
  assertEquals(rankRule([5, 0, 0]), 1);
  assertEquals(rankRule([0, 0]), 1);
  // Final spectrum (1, 1, 0): k = 2, so the third direction of M(t) is of no use to it.
  const diagonal = (s: readonly number[]) => s.flatMap((value, i) => s.map((_, j) => i === j ? value : 0));
  const [now, final] = [diagonal([3, 1, 2]), diagonal([1, 1, 0])];
  assertAlmostEquals(subspaceDistance(now, final, { M: 3, N: 3 }), Math.SQRT1_2, 1e-12);
  assertAlmostEquals(subspaceDistance(now, final, { M: 3, N: 3, rank: 3 }), 0, 1e-12);
});

Deno.test("subspaces: of a matrix with itself, of a zero matrix, of directions that are zero up to rounding", () => {
  const m = gaussian(12, 2);
  const sizes = { M: 3, N: 4 };
  assertLess(subspaceDistance(m, m, { ...sizes, rank: 3 }), 1e-12);
  assertAlmostEquals(projectorOverlap(m, m, { ...sizes, rank: 2 }), 1, 1e-12);
  const zero = new Float64Array(12);
  assertEquals(subspaceDistance(zero, m, { ...sizes, rank: 3 }), 1);
  assertEquals(projectorOverlap(zero, m, { ...sizes, rank: 3 }), 0);
  assertEquals(subspaceDistance(m, zero, { ...sizes, rank: 3 }), NaN);
  // Without a cutoff, the second direction would be noise, and would catch what lies outside.
  assertAlmostEquals(subspaceDistance([1, 0, 0, 1e-9], [0, 0, 0, 1], { M: 2, N: 2, rank: 2 }), 1, 1e-12);
});

Deno.test("subspaces on the GPU: distances, overlaps, cosines and sines as on the host", async () => {
  const cases = [turned([0, 1e-3, 0.3, 1.2], [3, 1, 2, 0.5]), turned([0.1, 0.2, 0.3, Math.PI / 2], [1, 1, 1, 1])];
  const { M, N, K } = cases[0];
  using now = Tensor.from(cases.flatMap(({ now }) => [...now]), [2, M, N]);
  using final = Tensor.from(cases.flatMap(({ final }) => [...final]), [2, M, N]);
  const [a, b] = [svd(now), svd(final)];
  for (const rank of [K, 2]) {
    using ranks = Tensor.from(Uint32Array.of(rank, rank));
    using distances = squaredDistances(a, b, ranks);
    using overlaps = squaredCosines(a, b, ranks);
    const [squares, sums, s] = [await distances.read(), await overlaps.read(), await b.s.read()];
    cases.forEach(({ now, final }, index) => {
      const own = s.subarray(index * s.length / 2, (index + 1) * s.length / 2);
      const total = own.reduce((sum, value) => sum + (value / own[0]) ** 2, 0);
      const sizes = { M, N, rank };
      assertAlmostEquals(Math.sqrt(squares[index] / total), subspaceDistance(now, final, sizes), 1e-5);
      assertAlmostEquals(sums[index] / rank, projectorOverlap(now, final, sizes), 1e-5);
    });
    const angles = await subspaceAngles(a, b, ranks);
    cases.forEach(({ now, final }, index) => {
      const expected = rowSpaceAngles(now, final, { M, N, rank });
      assertEquals(angles[index].length, expected.length);
      expected.forEach((angle, k) => assertAlmostEquals(angles[index][k], angle, 1e-5, `${rank} ${k}`));
    });
  }
  for (const { u, s, v } of [a, b]) [u, s, v].forEach((tensor) => tensor.destroy());
});

Deno.test("subspaceDistances and subspaceAngles: of known angles, of spaces that lack dimensions, of a zero matrix", async () => {
  const known = [0, 1e-3, 0.3, 1.2];
  const { M, N, K, now, final, distance } = turned(known, [3, 1, 2, 0.5]);
  // M(t) without its last direction; M(∞) = 0.
  const fewer = now.map((value, index) => Math.floor(index / N) === K - 1 ? 0 : value);
  using first = Tensor.from([...now, ...fewer, ...now], [3, M, N]);
  using last = Tensor.from([...final, ...final, ...new Float64Array(M * N)], [3, M, N]);
  using ranks = Tensor.from(Uint32Array.of(K, K, K));
  const [a, b] = [svd(first), svd(last)];
  const [distances, angles] = [await subspaceDistances(a, b, ranks), await subspaceAngles(a, b, ranks)];
  assertAlmostEquals(distances[0], distance, 1e-5);
  assertAlmostEquals(distances[1], subspaceDistance(fewer, final, { M, N, rank: K }), 1e-5);
  assertEquals(distances[2], NaN);
  assertEquals(angles.map(({ length }) => length), [K, K, 0]);
  known.forEach((angle, k) => assertAlmostEquals(angles[0][k], angle, 1e-5));
  [0, 1e-3, 0.3, Math.PI / 2].forEach((angle, k) => assertAlmostEquals(angles[1][k], angle, 1e-5));
  for (const { u, s, v } of [a, b]) [u, s, v].forEach((tensor) => tensor.destroy());
});

Deno.test("rowDimensions: directions that are neither beyond the rank nor zero up to rounding", () => {
  assertEquals(rowDimensions([2, 1, 1e-9], 3, 4), 2);
  assertEquals(rowDimensions([2, 1, 1e-9], 1, 4), 1);
  assertEquals(rowDimensions([0, 0], 2, 4), 0);
});

Deno.test("svdOfProduct: values and row space of the product, small and large beside its inner size, wide and tall", async () => {
  for (const [M, N, D] of [[40, 30, 4], [5, 6, 4], [4, 3, 7], [9, 50, 3], [1, 1, 1]]) {
    const B = 3;
    const [left, right] = [gaussian(B * M * D, 1), gaussian(B * N * D, 2)];
    using a = Tensor.from(left, [B, 1, M, D]);
    using b = Tensor.from(right, [B, 1, N, D]);
    const found = svdOfProduct(a, b);
    const K = Math.min(M, N, D);
    assertEquals([found.s.shape, found.v.shape], [[B, 1, K], [B, 1, N, K]]);
    const [s, v] = [await found.s.read(), await found.v.read()];
    for (let i = 0; i < B; i++) {
      const own = (x: Float32Array, size: number) => x.subarray(i * size, (i + 1) * size);
      const transposed = Float64Array.from(
        { length: N * D },
        (_, k) => own(right, N * D)[k % N * D + Math.floor(k / N)],
      );
      const product = matmulReference(own(left, M * D), transposed, M, D, N);
      // ‖M v_k‖ = s_k and Σ s² = ‖M‖² together leave no other vectors.
      const images = matmulReference(product, own(v, N * K), M, N, K);
      let total = 0;
      for (let k = 0; k < K; k++) {
        let square = 0;
        for (let m = 0; m < M; m++) square += images[m * K + k] ** 2;
        assertLess(Math.abs(Math.sqrt(square) - own(s, K)[k]), 2e-5 * own(s, K)[0], `${[M, N, D]}`);
        total += own(s, K)[k] ** 2;
      }
      assertLess(Math.abs(total / product.reduce((sum, x) => sum + x * x, 0) - 1), 2e-5);
    }
    for (const tensor of [found.s, found.v]) tensor.destroy();
  }
});
