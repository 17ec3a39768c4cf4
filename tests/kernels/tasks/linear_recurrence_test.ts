import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  linearRecurrence,
  linearRecurrenceReference,
  spectralRadius,
  spectralRescale,
  spectralRescaleReference,
} from "../../../kernels/tasks/linear_recurrence.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { normals } from "../../../lib/random/random.ts";
import { waves } from "../../oracles/waves.ts";

const gpu = await openGpu();

/** Gaussian matrices (count, D, D), the law that they are drawn from. */
const gaussian = (count: number, D: number) => normals({ seed: 3, key: "matrices" }, count * D * D);

async function rescaled(matrices: ArrayLike<number>, [R, B, D]: [number, number, number], radii: number[]) {
  using a = Tensor.from(matrices, [R, B, D, D]);
  using radius = Tensor.from(radii);
  using program = await record("rescale", () => spectralRescale(a, radius));
  program.replay();
  // Once more: nothing of the first run may stick, and a rescaled matrix stays.
  program.replay();
  return await a.read();
}

Deno.test("the reference's spectral radius: rotations, triangular, defective, nilpotent, complex and real pairs", () => {
  const of = (...a: number[]) => spectralRadius(Float64Array.from(a));
  assertAlmostEquals(of(-3), 3, 1e-12);
  assertAlmostEquals(of(0, -2, 2, 0), 2, 1e-11);
  assertAlmostEquals(of(0.5, 100, 0, -0.7), 0.7, 1e-10);
  assertAlmostEquals(of(1, 1, 0, 1), 1, 1e-9);
  assertEquals(of(0, 1, 0, 0), 0);
  // Companion of (x − 2)(x² + x + 9): |x| = 2 and 3.
  assertAlmostEquals(of(0, 0, 18, 1, 0, -7, 0, 1, 1), 3, 1e-10);
});

Deno.test("spectral_rescale: as in double precision, one entry, odd sizes, more columns than lanes", async () => {
  for (const [R, B, D] of [[1, 1, 1], [3, 5, 5], [2, 4, 20], [1, 2, 67]] as [number, number, number][]) {
    const radii = [0.9, 1.5, 0.3].slice(0, R);
    const matrices = gaussian(R * B, D);
    const found = await rescaled(matrices, [R, B, D], radii);
    for (let item = 0; item < R * B; item++) {
      const entries = (all: ArrayLike<number>) => Float64Array.from({ length: D * D }, (_, e) => all[item * D * D + e]);
      const radius = radii[Math.floor(item / B)];
      // Entries' signs and ratios stay; the radius is good to a few 1e-6, far less than its own precision matters.
      assertLess(Math.abs(spectralRadius(entries(found)) / radius - 1), 1e-5, `D = ${D}, matrix ${item}`);
      const exact = spectralRescaleReference(entries(matrices), radius);
      exact.forEach((value, e) => assertLess(Math.abs(value - entries(found)[e]), 1e-5 * Math.max(1, Math.abs(value))));
    }
  }
});

Deno.test("spectral_rescale: rotations, real and defective matrices; nilpotent and zero ones stay finite", async () => {
  const M = 10;
  const kinds = [[0, -2, 2, 0], [0.5, 100, 0, -0.7], [1, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]];
  const matrices = Float64Array.from({ length: M * 4 }, (_, k) => kinds[Math.floor(k / 4) % 5][k % 4]);
  const found = await rescaled(matrices, [1, M, 2], [0.9]);
  const scales = [0.45, 0.9 / 0.7, 0.9];
  found.forEach((value, k) => {
    const kind = Math.floor(k / 4) % 5;
    if (kind > 2) assert(Number.isFinite(value));
    // Gelfand's formula with k = 2²² is off by ln(k)/k = 4e-6 for the defective one, twice over.
    else assertLess(Math.abs(value - matrices[k] * scales[kind]), 2e-5 * Math.max(1, Math.abs(value)));
  });
});

Deno.test("spectral_rescale: over 65 535 workgroups, the last matrix like the first", async () => {
  const M = 1_050_001;
  const matrices = Float64Array.from({ length: M * 4 }, (_, k) => [0, -2, 2, 0][k % 4]);
  const found = await rescaled(matrices, [1, M, 2], [0.9]);
  assertEquals(found.findIndex((value, k) => Math.abs(value - 0.45 * matrices[k]) > 1e-5), -1);
});

Deno.test("linear_recurrence: as in double precision, one state, odd sizes, more columns than lanes, many workgroups", async () => {
  for (
    const [R, B, T, D] of [[1, 1, 1, 1], [2, 3, 11, 5], [1, 2, 41, 20], [1, 2, 3, 131], [2, 3, 7, 9], [
      1,
      65_539,
      3,
      2,
    ]] as const
  ) {
    const matrices = waves(R * B * D * D, 1).map((value) => value / D);
    const noise = waves(R * B * T * D, 2);
    using a = Tensor.from(matrices, [R, B, D, D]);
    using x = Tensor.from(noise, [R, B, T, D]);
    linearRecurrence(a, x);
    const found = await x.read();
    let worst = 0;
    for (let item = 0; item < R * B; item++) {
      const exact = linearRecurrenceReference(
        matrices.subarray(item * D * D, (item + 1) * D * D),
        noise.subarray(item * T * D, (item + 1) * T * D),
      );
      exact.forEach((value, k) => worst = Math.max(worst, Math.abs(value - found[item * T * D + k])));
    }
    // Norms of these matrices stay below 1.3: errors of sums of D products do not grow.
    assertLess(worst, 1e-5, `(${R}, ${B}, ${T}, ${D})`);
  }
});

Deno.test({
  name: "linear_recurrence: what a software driver would cut short is refused",
  ignore: !gpu.adapter.software,
  fn: () => {
    using a = new Tensor([1, 1, 55, 55]);
    using x = new Tensor([1, 1, 1200, 55]);
    assertThrows(() => linearRecurrence(a, x), ShapeError, "linear_recurrence: expected at most 65535");
  },
});
