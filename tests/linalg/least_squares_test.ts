import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { pinv, solveLeastSquares, solveRidge } from "../../lib/linalg/least_squares.ts";
import { regressReference } from "../../lib/linalg/reference_solve.ts";
import { gaussian, LAPACK, largest, largestDifference, readAll } from "./matrices.ts";

await openGpu();

/** Singular values below this ratio were left out of the fixtures too. */
const CUTOFF = 1e-5;

for (const { name, M, N, a, b, s, pinv: inverse, leastSquares: solution } of LAPACK.general) {
  Deno.test(`solveLeastSquares and pinv, against LAPACK: ${name}`, async () => {
    using left = Tensor.from(a, [M, N]);
    using right = Tensor.from(b, [M, 2]);
    // An error of 1e-6 in the smallest value that counts is one of its ratio to the largest value in its inverse.
    const counted = s.filter((value) => value > CUTOFF * s[0]);
    const tolerance = 1e-6 * (counted.length > 0 ? s[0] / counted[counted.length - 1] : 1);
    const [found] = await readAll(pinv(left, { cutoff: CUTOFF }));
    assertEquals(found.length, N * M);
    assertLess(largestDifference(found, inverse), tolerance * (largest(inverse) || 1), "pinv");
    const [x] = await readAll(solveLeastSquares(left, right, { cutoff: CUTOFF }));
    assertLess(largestDifference(x, solution), 3 * tolerance * (largest(solution) || 1), "solveLeastSquares");
  });
}

Deno.test("solveRidge, against float64: over- and underdetermined, weak and strong penalties", async () => {
  for (const [M, N, K] of [[12, 5, 3], [5, 12, 1], [70, 33, 2], [9, 9, 9]]) {
    const [a, b] = [gaussian(M * N, 3), gaussian(M * K, 4)];
    using left = Tensor.from(a, [M, N]);
    using right = Tensor.from(b, [M, K]);
    for (const lambda of [1e-3, 1, 1e4]) {
      const expected = regressReference(a, b, M, N, K, (s) => s / (s * s + lambda));
      const [x] = await readAll(solveRidge(left, right, lambda));
      // The condition of A is below 1e3 here.
      assertLess(largestDifference(x, expected), 1e-4 * largest(expected), `${M}, ${N}, ${K}, ${lambda}`);
    }
  }
});

Deno.test("solveRidge: a penalty whose square root is far from every singular value", async () => {
  using a = Tensor.from([1e-12, 1e12], [2, 1, 1]);
  using b = Tensor.from([1, 1], [2, 1, 1]);
  const [x] = await readAll(solveRidge(a, b, 1));
  assertLess(Math.abs(x[0] / 1e-12 - 1), 1e-5);
  assertLess(Math.abs(x[1] / 1e-12 - 1), 1e-5);
});

Deno.test("solveLeastSquares takes the shortest of all solutions where columns repeat", async () => {
  using a = Tensor.from([1, 1, 2, 2, 3, 3], [3, 2]);
  using b = Tensor.from([2, 4, 6], [3, 1]);
  const [x] = await readAll(solveLeastSquares(a, b));
  assertLess(largestDifference(x, [1, 1]), 1e-5);
});

Deno.test("solveLeastSquares and pinv: leading axes", async () => {
  const [M, N] = [7, 4];
  const [a, b] = [gaussian(6 * M * N, 1), gaussian(6 * M, 2)];
  using left = Tensor.from(a, [3, 2, M, N]);
  using right = Tensor.from(b, [3, 2, M, 1]);
  using x = solveLeastSquares(left, right);
  using inverse = pinv(left);
  assertEquals([x.shape, inverse.shape], [[3, 2, N, 1], [3, 2, N, M]]);
  const expected = regressReference(a.slice(5 * M * N), b.slice(5 * M), M, N, 1, (s) => 1 / s);
  assertLess(largestDifference((await x.read()).slice(5 * N), expected), 1e-4 * largest(expected));
});

Deno.test("solveLeastSquares and solveRidge: errors name the arguments", () => {
  using a = new Tensor([4, 2]);
  using b = new Tensor([3, 1]);
  assertThrows(
    () => solveLeastSquares(a, b),
    ShapeError,
    'solveLeastSquares: expected "b" of shape (4, K), found (3, 1)',
  );
  const message = "solveRidge: expected lambda > 0, found 0: solveLeastSquares has no penalty";
  assertThrows(() => solveRidge(a, b, 0), RangeError, message);
});
