import { assertEquals, assertLess } from "@std/assert";
import { householder, householderApply, householderTriangle } from "../../../kernels/linalg/householder.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { matmulReference } from "../../../lib/linalg/reference_solve.ts";
import { gaussian, largestDifference, transpose } from "../../linalg/matrices.ts";

await openGpu();

/** Rows of numbers, filled up with zeros to a multiple of four. */
function padded(rows: ArrayLike<number>, count: number, length: number): { values: Float32Array; H: number } {
  const H = Math.ceil(length / 4) * 4;
  const values = new Float32Array(count * H);
  for (let i = 0; i < count * length; i++) values[Math.floor(i / length) * H + i % length] = rows[i];
  return { values, H };
}

Deno.test("householder and its application: Q R is the matrix, and Qᵀ undoes Q", async () => {
  for (const [M, N] of [[1, 1], [4, 3], [7, 7], [3, 8], [33, 40], [70, 131]]) {
    const K = Math.min(M, N);
    const a = gaussian(M * N, N);
    const { values, H } = padded(transpose(a, M, N), N, M);
    using x = Tensor.from(values, [1, N, H]);
    using pivots = householder(x, M);
    using scale = Tensor.from([1]);
    using r = householderTriangle({ x, pivots, scale }).r;
    // Columns of R, to be multiplied by Q.
    const triangle = padded(transpose(await r.read(), K, N), N, K);
    const wide = padded(triangle.values.filter((_, index) => index % triangle.H < K), N, K);
    const start = new Float32Array(N * H);
    for (let i = 0; i < N * K; i++) {
      start[Math.floor(i / K) * H + i % K] = wide.values[Math.floor(i / K) * wide.H + i % K];
    }
    using y = Tensor.from(start, [1, N, H]);
    householderApply(x, pivots, y, true);
    assertLess(largestDifference(await y.read(), values), 1e-5 * 4, `${M} × ${N}: Q R`);
    householderApply(x, pivots, y, false);
    assertLess(largestDifference(await y.read(), start), 1e-5 * 10, `${M} × ${N}: Qᵀ Q R`);
  }
});

Deno.test("householder: columns of zeros are left alone", async () => {
  using x = Tensor.from([0, 0, 0, 0, 1, 2, 2, 0], [1, 2, 4]);
  using pivots = householder(x, 3);
  assertEquals([...(await pivots.read()).slice(0, 2)], [0, 0]);
});

Deno.test("householder: more matrices than a grid has workgroups in a row", async () => {
  const B = 65_540;
  using x = Tensor.from(Float32Array.from({ length: B * 4 }, (_, i) => [3, 4, 0, 0][i % 4]), [B, 1, 4]);
  using pivots = householder(x, 2);
  const found = await pivots.read();
  assertLess(largestDifference(found.filter((_, i) => i % 2 === 0), new Float32Array(B).fill(-5)), 1e-5);
});

Deno.test("householderApply: more steps than one dispatch of a software driver may make", async () => {
  // 260 reflections of 1028 numbers: 134 000 iterations.
  const [M, N] = [1028, 260];
  const a = gaussian(M * N, 2);
  using x = Tensor.from(a, [1, N, M]);
  using pivots = householder(x, M);
  const b = gaussian(M, 3);
  using y = Tensor.from(b, [1, 1, M]);
  householderApply(x, pivots, y, false);
  const turned = await y.read();
  // The first entries are those within the column space, the rest is orthogonal to it: lengths are kept.
  const norm = (v: Float32Array) => matmulReference(v, v, 1, v.length, 1)[0];
  assertLess(Math.abs(norm(turned) / norm(b) - 1), 1e-5);
  householderApply(x, pivots, y, true);
  assertLess(largestDifference(await y.read(), b), 1e-4);
});
