import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { hostProduct } from "../../../lib/linalg/host/host_product.ts";
import { hostRowSpace, hostSingularValues, hostSvd } from "../../../lib/linalg/host/host_svd.ts";
import { svdReference } from "../../../lib/linalg/reference.ts";
import { matmulReference } from "../../../lib/linalg/reference_solve.ts";
import {
  gaussian,
  LAPACK,
  largestDifference,
  orthonormalityError,
  transpose,
  withSingularValues,
} from "../matrices.ts";

/** Of values relative to the largest, of entries of V Vᵀ, and of lengths of M v: less than single precision leaves. */
const TOLERANCE = 1e-7;

/** Decomposes one matrix and checks all that is promised. */
function assertDecomposed(name: string, a: ArrayLike<number>, M: number, N: number, expected: ArrayLike<number>) {
  const { s, v, rows } = hostRowSpace(a, { M, N });
  const K = Math.min(M, N);
  assertEquals([s.length, rows, v.length], [K, K, K * N], name);
  const scale = expected[0] || 1;
  assertLess(largestDifference(s, expected), TOLERANCE * scale, `${name}: values`);
  assert(s.every((value, k) => value >= 0 && (k === 0 || value <= s[k - 1])), `${name}: order`);
  // Vectors of a wide matrix are its rows' sums over σ, which loses digits as σ² falls.
  const sound = M >= N ? K : s.filter((value) => value > 1e-3 * s[0]).length;
  assertLess(orthonormalityError(transpose(v.slice(0, sound * N), sound, N), N, sound), TOLERANCE, `${name}: V`);
  const lengths = lengthsOf(a, v, M, N, K);
  assertLess(largestDifference(lengths.slice(0, sound), s.slice(0, sound)), TOLERANCE * scale, `${name}: M v`);
  assertEquals(hostSingularValues(a, { M, N }).length, K);
  assertLess(largestDifference(hostSingularValues(a, { M, N }), expected), TOLERANCE * scale, `${name}: values alone`);
  assertBothSides(name, a, M, N, expected);
}

/** All that is promised of both sides. */
function assertBothSides(name: string, a: ArrayLike<number>, M: number, N: number, expected: ArrayLike<number>) {
  const { u, s, v } = hostSvd(a, { M, N });
  const K = Math.min(M, N);
  const scale = expected[0] || 1;
  assertLess(largestDifference(s, expected), TOLERANCE * scale, `${name}: values`);
  assertLess(orthonormalityError(transpose(u, K, M), M, K), 1e-12, `${name}: U`);
  assertLess(orthonormalityError(transpose(v, K, N), N, K), 1e-12, `${name}: V`);
  const product = matmulReference(
    transpose(u.map((value, index) => value * s[Math.floor(index / M)]), K, M),
    v,
    M,
    K,
    N,
  );
  assertLess(largestDifference(product, a), TOLERANCE * scale, `${name}: U diag(s) Vᵀ`);
}

/** ‖M v_k‖. */
function lengthsOf(a: ArrayLike<number>, v: Float64Array, M: number, N: number, K: number): number[] {
  const image = matmulReference(Float64Array.from(a), transpose(v, K, N), M, N, K);
  return Array.from({ length: K }, (_, k) => {
    let square = 0;
    for (let i = 0; i < M; i++) square += image[i * K + k] ** 2;
    return Math.sqrt(square);
  });
}

Deno.test("on the CPU, against LAPACK", () => {
  for (const { name, M, N, a, s } of LAPACK.general) assertDecomposed(name, a, M, N, s);
});

Deno.test("on the CPU, against float64: sizes about pairs, blocks of four, and stretches of columns", () => {
  for (const [M, N] of [[1, 1], [1, 2], [2, 1], [2, 2], [3, 3], [4, 5], [7, 9], [9, 7], [16, 17], [33, 40], [64, 64]]) {
    const a = gaussian(M * N, M + N);
    assertDecomposed(`${M} × ${N}`, a, M, N, svdReference(a, M, N).s);
  }
});

const many = (count: number, value: (k: number) => number) => Array.from({ length: count }, (_, k) => value(k));

Deno.test("on the CPU: clusters, low rank, graded spectra, and none", () => {
  const size = 100;
  const spectra: Record<string, number[]> = {
    "one value": many(size, () => 1),
    "two clusters": many(size, (k) => k < size / 2 ? 2 : 1 + 1e-6 * k),
    "low rank": many(size, (k) => k < 5 ? 5 - k : 0),
    "graded, condition 1e6": many(size, (k) => 10 ** (-6 * k / (size - 1))),
    "graded far below single precision": many(size, (k) => 10 ** (-30 * k / (size - 1))),
  };
  for (const [name, values] of Object.entries(spectra)) {
    const a = withSingularValues(values, size, size, 3);
    assertDecomposed(name, a, size, size, svdReference(a, size, size).s);
  }
  for (
    const [name, a] of [["zero", new Float32Array(70)], [
      "identity",
      many(49, (k) => Number(k % 8 === 0)),
    ]] as const
  ) {
    assertDecomposed(name, a, a.length / 7, 7, svdReference(a, a.length / 7, 7).s);
  }
  const { s, v } = hostRowSpace(new Float32Array(6), { M: 2, N: 3 });
  assertEquals([[...s], [...v]], [[0, 0], [0, 0, 0, 0, 0, 0]]);
});

Deno.test("on the CPU: scales whose squares single precision does not hold, and small values to their digits", () => {
  for (const scale of [1e-30, 1e-37, 1e30, 1e37]) {
    const a = gaussian(12 * 9, 5).map((value) => value * scale);
    assertDecomposed(`times ${scale}`, a, 12, 9, svdReference(a, 12, 9).s);
  }
  const a = withSingularValues(many(40, (k) => 10 ** (-4 * k / 39)), 50, 40, 7);
  const { s } = svdReference(a, 50, 40);
  hostSingularValues(a, { M: 50, N: 40 }).forEach((value, k) => assertLess(Math.abs(value / s[k] - 1), 1e-6));
});

Deno.test("on the CPU: entries that are hardly numbers of single precision, beside others and alone", () => {
  const size = 40;
  const g = gaussian(size * size, 8);
  for (const scale of [2 ** -149, 2 ** -140, 2 ** -130]) {
    const a = g.map((value) => Math.round(8 * value) * scale);
    const expected = hostSingularValues(g.map((value) => Math.round(8 * value)), { M: size, N: size });
    assertDecomposed(`times ${scale}`, a.map((value) => value / scale), size, size, expected);
    const found = hostSingularValues(a, { M: size, N: size });
    assertEquals(found, expected.map((value) => value * scale), `alone, times ${scale}`);
    // Two blocks that nothing joins; the values of the larger one are alone above rounding.
    const half = size / 2;
    const inBlock = (index: number) => Number(index % size < half) + Number(Math.floor(index / size) < half);
    const blocks = Float64Array.from(g, (value, index) => value * [scale, 0, 1][inBlock(index)]);
    const first = Float64Array.from({ length: half * half }, (_, i) => g[Math.floor(i / half) * size + i % half]);
    const own = svdReference(first, half, half).s;
    const { s } = hostRowSpace(blocks, { M: size, N: size });
    assertLess(largestDifference(s, [...own, ...new Array(half).fill(0)]), TOLERANCE * own[0], `blocks, ${scale}`);
  }
});

Deno.test("on the CPU: products whose squares leave float64, of factors that single precision holds, and float64 alike", () => {
  const [M, D] = [50, 6];
  for (const N of [40, 8]) {
    const [a, b] = [gaussian(M * D, 4), gaussian(N * D, 5)];
    const expected = hostRowSpace(a, { M, N, D }, undefined, b);
    for (const [left, right] of [[-60, -60], [-100, -90], [90, 90], [120, 100], [-100, 120], [0, -100]]) {
      const factors = [a.map((value) => value * 2 ** left), b.map((value) => value * 2 ** right)];
      const { s, v } = hostRowSpace(factors[0], { M, N, D }, undefined, factors[1]);
      const name = `2^${left}, 2^${right}, N = ${N}`;
      const values = expected.s.map((value) => value * 2 ** (left + right));
      assertLess(
        largestDifference(s.map((value) => value / values[0]), values.map((value) => value / values[0])),
        1e-12,
      );
      assertLess(largestDifference(v.map(Math.abs), expected.v.map(Math.abs)), 1e-7, name);
    }
  }
  const a = Float64Array.from(gaussian(12 * 9, 5));
  const { u, s, v } = hostSvd(a, { M: 12, N: 9 });
  for (const power of [-1000, -560, 520, 1000]) {
    const found = hostSvd(a.map((value) => value * 2 ** power), { M: 12, N: 9 });
    const back = found.s.map((value) => value * 2 ** -power);
    assertLess(largestDifference(back, s), 1e-12, `2^${power}`);
    assertLess(largestDifference(found.u, u) + largestDifference(found.v, v), 1e-10, `2^${power}`);
  }
});

Deno.test("on the CPU: rows longer than what is converted at a time, tall and wide", () => {
  const a = gaussian(2500 * 6, 2);
  const { s } = svdReference(a, 2500, 6);
  assertDecomposed("tall", a, 2500, 6, s);
  assertDecomposed("wide", Float32Array.from(transpose(a, 2500, 6)), 6, 2500, s);
});

Deno.test("on the CPU: products, through their factors and formed; factors of low rank and of none", () => {
  const low = withSingularValues([3, 1, 0.5], 40, 6, 9);
  for (
    const [name, M, N, D, b] of [
      ["narrow", 50, 40, 6, gaussian(40 * 6, 1)],
      ["formed", 12, 9, 7, gaussian(9 * 7, 1)],
      ["wider than the product", 5, 30, 9, gaussian(30 * 9, 1)],
      ["low rank", 50, 40, 6, low],
      ["no rank", 50, 40, 6, new Float32Array(240)],
    ] as const
  ) {
    const a = gaussian(M * D, 4);
    const product = matmulReference(Float64Array.from(a), transpose(b, N, D), M, D, N);
    const K = Math.min(M, N, D);
    const expected = svdReference(product, M, N).s.slice(0, K);
    const { s, v, rows } = hostRowSpace(a, { M, N, D }, undefined, b);
    assertEquals([s.length, rows], [K, K], name);
    const scale = expected[0] || 1;
    assertLess(largestDifference(s, expected), TOLERANCE * scale, `${name}: values`);
    assertLess(orthonormalityError(transpose(v, K, N), N, K), TOLERANCE, `${name}: V`);
    assertLess(largestDifference(lengthsOf(product, v, M, N, K), s), TOLERANCE * scale, `${name}: M v`);
    const some = hostRowSpace(a, { M, N, D }, 2, b);
    assertEquals([some.rows, some.v], [2, v.slice(0, 2 * N)], name);
  }
});

Deno.test("product on the CPU: sizes about the tile of 4 × 2, and rows longer than what is summed at a time", () => {
  for (const [M, N, K] of [[1, 1, 1], [4, 2, 4], [5, 3, 2], [7, 100, 3], [2, 9, 300]]) {
    const [a, b] = [gaussian(M * K, 1), gaussian(N * K, 2)];
    const expected = matmulReference(Float64Array.from(a), transpose(b, N, K), M, K, N);
    assertLess(largestDifference(hostProduct(a, b, K), expected), 1e-12);
  }
});

Deno.test("on the CPU: errors name what was expected", () => {
  assertThrows(
    () => hostRowSpace([1, 2, 3], { M: 2, N: 2 }),
    ShapeError,
    "hostRowSpace: expected (2, 2) entries, found 3",
  );
  assertThrows(
    () => hostRowSpace([1, 2], { M: 2, N: 2, D: 1 }, 1, [1]),
    ShapeError,
    "hostRowSpace: expected (2, 1) and (2, 1) entries, found 2 and 1",
  );
  assertThrows(() => hostSvd([1, 2], { M: 3, N: 1 }), ShapeError, "hostSvd: expected (3, 1) entries, found 2");
  assertThrows(() => hostSingularValues([1, NaN, 2, 3], { M: 2, N: 2 }), RangeError, "finite entries");
  assertThrows(
    () => hostSingularValues([1, Infinity, 2, 3, 1, 1, 2, 1, 3], { M: 3, N: 3 }),
    RangeError,
    "finite entries",
  );
  for (const value of [NaN, Infinity, -Infinity]) {
    const found = `expected finite entries, found ${value}`;
    assertThrows(() => hostSingularValues([value], { M: 1, N: 1 }), RangeError, `hostRowSpace: ${found}`);
    assertThrows(() => hostRowSpace([1, value, 2], { M: 1, N: 3 }), RangeError, found);
    assertThrows(() => hostRowSpace([1, 2], { M: 2, N: 2, D: 1 }, 1, [1, value]), RangeError, found);
    assertThrows(() => hostSvd([1, value], { M: 2, N: 1 }), RangeError, `hostSvd: ${found}`);
  }
  assertThrows(() => hostProduct([1, 2, 3], [1, 2], 2), ShapeError, "hostProduct: expected whole rows of 2 entries");
});
