import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { eigh } from "../../lib/linalg/eigh.ts";
import { eighReference } from "../../lib/linalg/reference.ts";
import { matmulReference } from "../../lib/linalg/reference_solve.ts";
import {
  gaussian,
  LAPACK,
  largest,
  largestDifference,
  orthonormalityError,
  readAll,
  symmetrised,
  transpose,
} from "./matrices.ts";

await openGpu();

/** Of values and residuals relative to the largest magnitude, and of entries of VᵀV. */
const TOLERANCE = 1e-5;

async function assertDecomposed(name: string, a: ArrayLike<number>, N: number, expected: ArrayLike<number>) {
  using tensor = Tensor.from(a, [N, N]);
  const { values, vectors } = eigh(tensor);
  assertEquals([values.shape, vectors.shape], [[N], [N, N]], name);
  const [w, v] = await readAll(values, vectors);
  const scale = largest(expected) || 1;
  assertLess(largestDifference(w, expected), TOLERANCE * scale, `${name}: values`);
  assert(w.every((value, k) => k === 0 || value >= w[k - 1]), `${name}: order`);
  assertLess(orthonormalityError(v, N, N), TOLERANCE, `${name}: V`);
  const scaled = Float64Array.from(v, (value, index) => value * w[index % N]);
  assertLess(largestDifference(matmulReference(a, v, N, N, N), scaled), TOLERANCE * scale, `${name}: A V − V diag(w)`);
}

/** `V diag(values) Vᵀ` with random eigenvectors. */
function withEigenvalues(values: readonly number[], seed: number): Float32Array {
  const N = values.length;
  const { vectors } = eighReference(symmetrised(gaussian(N * N, seed), N), N);
  const scaled = vectors.map((value, index) => value * values[index % N]);
  return symmetrised(Float32Array.from(matmulReference(scaled, transpose(vectors, N, N), N, N, N)), N);
}

for (const { name, N, a, values } of LAPACK.symmetric) {
  Deno.test(`eigh, against LAPACK: ${name}`, async () => {
    await assertDecomposed(name, a, N, values);
  });
}

Deno.test("eigh, against float64: sizes about the blocks of four and pairs of eight", async () => {
  for (const N of [2, 3, 4, 5, 8, 9, 16, 17, 31, 64]) {
    const a = symmetrised(gaussian(N * N, N), N);
    await assertDecomposed(`${N}`, a, N, eighReference(a, N).values);
  }
});

for (const size of [64, 150]) {
  const spectrum = (value: (k: number) => number) => Array.from({ length: size }, (_, k) => value(k));
  const spectra: Record<string, number[]> = {
    "opposite pairs": spectrum((k) => (k % 2 === 0 ? 1 : -1) * Math.ceil((k + 1) / 2)),
    "two clusters": spectrum((k) => k < size / 2 ? 2 : -1 + 1e-6 * k),
    "low rank": spectrum((k) => k < 4 ? k - 1.5 : 0),
    "graded, condition 1e6": spectrum((k) => 10 ** (-6 * k / (size - 1))),
  };
  for (const [name, values] of Object.entries(spectra)) {
    Deno.test(`eigh of ${size} × ${size}, ${name}`, async () => {
      const a = withEigenvalues(values, 2);
      await assertDecomposed(name, a, size, eighReference(a, size).values);
    });
  }
}

Deno.test("eigh reads the lower triangle only", async () => {
  using full = Tensor.from([2, 1, 1, 2], [2, 2]);
  using lower = Tensor.from([2, 99, 1, 2], [2, 2]);
  const [one, two] = [eigh(full), eigh(lower)];
  assertEquals(await readAll(one.values, one.vectors), await readAll(two.values, two.vectors));
});

Deno.test("eigh: leading axes; a matrix has the same bits alone and in a batch, at once and recorded", async () => {
  const N = 12;
  const a = symmetrised(gaussian(6 * N * N, 1), N);
  using batch = Tensor.from(a, [3, 2, N, N]);
  const together = eigh(batch);
  assertEquals(together.values.shape, [3, 2, N]);
  const [values, vectors] = await readAll(together.values, together.vectors);
  using one = Tensor.from(a.slice(5 * N * N), [N, N]);
  using program = await record("eigh", () => eigh(one));
  program.replay(2);
  assertEquals(await program.outputs.values.read(), values.slice(5 * N));
  assertEquals(await program.outputs.vectors.read(), vectors.slice(5 * N * N));
});

Deno.test("eigh: errors name the argument", () => {
  using a = new Tensor([2, 3]);
  assertThrows(() => eigh(a), ShapeError, 'eigh: expected "a" of shape (…, N, N), found (2, 3)');
});
