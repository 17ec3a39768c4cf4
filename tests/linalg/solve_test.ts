import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { matmulReference, solveReference } from "../../lib/linalg/reference_solve.ts";
import { solve, solvePositive, solveTriangular } from "../../lib/linalg/solve.ts";
import { assertGradients } from "../oracles/gradients.ts";
import { gaussian, LAPACK, largest, largestDifference, readAll, transpose } from "./matrices.ts";

await openGpu();

const TOLERANCE = 1e-5;
const SIZES = [[1, 1], [2, 3], [5, 1], [8, 4], [17, 40], [64, 33], [131, 2]];

/** Triangles with a diagonal from 1 on and the rest small enough that solutions do not grow. */
function triangular(N: number, upper: boolean, transposed: boolean) {
  const stored = gaussian(N * N, N).map((value, index) =>
    Math.floor(index / N) === index % N ? 1 + Math.abs(value) : value / N
  );
  const triangle = Float64Array.from(stored, (value, index) => {
    const [row, column] = [Math.floor(index / N), index % N];
    return row === column || row < column === upper ? value : 0;
  });
  return { stored, matrix: transposed ? transpose(triangle, N, N) : triangle };
}

Deno.test("solveTriangular, against float64: both triangles, straight and transposed", async () => {
  for (const [N, K] of SIZES) {
    const b = gaussian(N * K, 2);
    using right = Tensor.from(b, [N, K]);
    for (const upper of [false, true]) {
      for (const transpose of [false, true]) {
        const { stored, matrix } = triangular(N, upper, transpose);
        using t = Tensor.from(stored, [N, N]);
        const [x] = await readAll(solveTriangular(t, right, { upper, transpose }));
        const expected = solveReference(matrix, b, N, K);
        assertLess(largestDifference(x, expected), TOLERANCE * largest(expected), `${N}, ${K}, ${upper}, ${transpose}`);
      }
    }
  }
});

Deno.test("solveTriangular: more unknowns than one dispatch of a software driver may solve", async () => {
  const N = 1600;
  // A difference equation: x_i = b_i + x_{i−1} / 2.
  const t = new Float32Array(N * N);
  for (let i = 0; i < N; i++) {
    t[i * N + i] = 1;
    if (i > 0) t[i * N + i - 1] = -0.5;
  }
  using tensor = Tensor.from(t, [N, N]);
  using ones = Tensor.from(new Float32Array(N).fill(1), [N, 1]);
  const [x] = await readAll(solveTriangular(tensor, ones));
  const expected = Array.from({ length: N }, (_, i) => 2 - 2 ** -i);
  assertLess(largestDifference(x, expected), 1e-6);
});

for (const { name, N, a, b, x } of LAPACK.positive) {
  Deno.test(`solvePositive and solve, against LAPACK: ${name}`, async () => {
    using left = Tensor.from(a, [N, N]);
    using right = Tensor.from(b, [N, 3]);
    // Rounding the matrix to f32 moves a solution by up to the condition times 6e-8; both add their own rounding.
    const tolerance = (name.startsWith("condition 1e4") ? 1e4 : 10) * 1e-6;
    for (const solver of [solvePositive, solve]) {
      const [found] = await readAll(solver(left, right));
      assertLess(largestDifference(found, x), tolerance * largest(x), solver.name);
    }
  });
}

Deno.test("solvePositive: gradients of matrices, of which the lower triangle is read, and right-hand sides", async () => {
  for (const [N, K] of [[1, 1], [3, 2], [5, 1]]) {
    const root = gaussian(2 * N * N, 1);
    const matrices = Array.from({ length: 2 * N * N }, (_, at) => {
      const [matrix, i, j] = [Math.floor(at / N / N), Math.floor(at / N) % N, at % N];
      const row = (r: number) => root.slice((matrix * N + r) * N, (matrix * N + r + 1) * N);
      return row(i).reduce((sum, value, k) => sum + value * row(j)[k], i === j ? 1 : 0);
    });
    using a = Tensor.from(matrices, [2, N, N]);
    using b = Tensor.from(gaussian(2 * N * K, 2), [2, N, K]);
    await assertGradients(() => solvePositive(a, b), [a, b], 2e-5, `${N}, ${K}`);
  }
});

Deno.test("solve: residuals of random systems, and rows that must be exchanged", async () => {
  for (const [N, K] of SIZES) {
    const [a, b] = [gaussian(N * N, 1), gaussian(N * K, 2)];
    using left = Tensor.from(a, [N, N]);
    using right = Tensor.from(b, [N, K]);
    const [x] = await readAll(solve(left, right));
    const residual = largestDifference(matmulReference(a, x, N, N, K), b);
    assertLess(residual, TOLERANCE * Math.max(1, largest(x)), `${N}, ${K}`);
  }
  using swap = Tensor.from([0, 1, 1, 0], [2, 2]);
  using right = Tensor.from([5, 7], [2, 1]);
  const [x] = await readAll(solve(swap, right));
  assertLess(largestDifference(x, [7, 5]), TOLERANCE);
});

Deno.test("solve: leading axes", async () => {
  const [N, K] = [6, 2];
  const [a, b] = [gaussian(4 * N * N, 1), gaussian(4 * N * K, 2)];
  using left = Tensor.from(a, [2, 2, N, N]);
  using right = Tensor.from(b, [2, 2, N, K]);
  using together = solve(left, right);
  assertEquals(together.shape, [2, 2, N, K]);
  const all = await together.read();
  using lastLeft = Tensor.from(a.slice(3 * N * N), [N, N]);
  using lastRight = Tensor.from(b.slice(3 * N * K), [N, K]);
  const [alone] = await readAll(solve(lastLeft, lastRight));
  assertEquals(all.slice(3 * N * K), alone);
});

Deno.test("solve: errors name the arguments", () => {
  using a = new Tensor([2, 3, 3]);
  using b = new Tensor([2, 4, 1]);
  using c = new Tensor([2, 3]);
  const message = 'expected "b" of shape (2, 3, K), found (2, 4, 1)';
  assertThrows(() => solve(a, b), ShapeError, `solve: ${message}`);
  assertThrows(() => solvePositive(a, b), ShapeError, `solvePositive: ${message}`);
  assertThrows(() => solveTriangular(a, b), ShapeError, `solveTriangular: ${message}`);
  assertThrows(() => solve(c, b), ShapeError, 'solve: expected "a" of shape (…, N, N), found (2, 3)');
});
