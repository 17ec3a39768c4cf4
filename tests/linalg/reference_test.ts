import { assertLess } from "@std/assert";
import { eighReference, svdReference } from "../../lib/linalg/reference.ts";
import { choleskyReference, expmReference, qrReference, solveReference } from "../../lib/linalg/reference_solve.ts";
import { LAPACK, largest, largestDifference } from "./matrices.ts";

/** Float64 against float64: what is left is rounding. */
const TOLERANCE = 1e-12;

Deno.test("svdReference against LAPACK", () => {
  for (const { name, M, N, a, s } of LAPACK.general) {
    assertLess(largestDifference(svdReference(a, M, N).s, s), TOLERANCE * (s[0] || 1), name);
  }
});

Deno.test("eighReference against LAPACK", () => {
  for (const { name, N, a, values } of LAPACK.symmetric) {
    assertLess(largestDifference(eighReference(a, N).values, values), TOLERANCE * (largest(values) || 1), name);
  }
});

Deno.test("choleskyReference and solveReference against LAPACK", () => {
  for (const { name, N, a, b, l, x } of LAPACK.positive) {
    assertLess(largestDifference(choleskyReference(a, N), l), TOLERANCE * largest(l), name);
    assertLess(largestDifference(solveReference(a, b, N, 3), x), 1e-10 * largest(x), name);
  }
});

Deno.test("qrReference against LAPACK, whose diagonal may be negative", () => {
  for (const { name, M, N, a, r } of LAPACK.general.filter(({ name }) => /random, (square|tall)|column/.test(name))) {
    const found = qrReference(a, M, N).r.map(Math.abs);
    assertLess(largestDifference(found, r.map(Math.abs)), TOLERANCE * largest(r), name);
  }
});

Deno.test("expmReference: a rotation by 100 radians", () => {
  const [cosine, sine] = [Math.cos(100), Math.sin(100)];
  assertLess(largestDifference(expmReference([0, -100, 100, 0], 2), [cosine, -sine, sine, cosine]), 1e-11);
});
