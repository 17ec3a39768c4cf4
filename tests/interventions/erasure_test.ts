/** Erasure of what a linear readout reads. */
import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { erasure } from "../../lib/interventions/erasure.ts";
import { regressReference } from "../../lib/linalg/reference_solve.ts";
import { linearProbe } from "../../lib/metrics/linear_probe.ts";
import { randomSubspace } from "../../lib/random/laws.ts";
import { normals } from "../../lib/random/random.ts";

const [S, F, K] = [200, 6, 2];

/** Correlated activations with means, and targets that depend on them and on noise. */
function problem() {
  const raw = normals({ seed: 1, key: "activations" }, S * F);
  const x = raw.map((value, index) => value * (1 + index % F) + (index % F > 0 ? 0.5 * raw[index - 1] : 0) + index % 3);
  const noise = normals({ seed: 2, key: "activations" }, S * K);
  const targets = noise.map((value, index) => {
    const s = Math.floor(index / K);
    return value + (index % K === 0 ? x[s * F] - x[s * F + 3] : Math.tanh(x[s * F + 1]) + 0.3 * x[s * F + 2]);
  });
  return { x, targets };
}

/** Columns less their means. */
function centred(values: ArrayLike<number>, width: number): Float64Array {
  const means = Float64Array.from({ length: width }, (_, f) => {
    let sum = 0;
    for (let s = 0; s < S; s++) sum += values[s * width + f] / S;
    return sum;
  });
  return Float64Array.from(values, (value, index) => value - means[index % width]);
}

const leastSquares = (x: ArrayLike<number>, y: ArrayLike<number>) =>
  regressReference(centred(x, F), centred(y, K), S, F, K, (s, largest) => s > 1e-12 * largest ? 1 / s : 0);

function applied(x: Float64Array, { map, offset }: ReturnType<typeof erasure>): Float64Array {
  return x.map((_, index) => {
    const [s, g] = [Math.floor(index / F), index % F];
    let value = offset[g];
    for (let f = 0; f < F; f++) value += x[s * F + f] * map[f * F + g];
    return value;
  });
}

Deno.test("erasure: no linear map reads the targets any more, means stay, and erasing twice is erasing once", () => {
  const { x, targets } = problem();
  const A = leastSquares(x, targets);
  const found = erasure(x, A, { S, F, K });
  const left = applied(x, found);
  // Correlation of every coordinate that is left with every target.
  const [a, z] = [centred(left, F), centred(targets, K)];
  for (let f = 0; f < F; f++) {
    for (let k = 0; k < K; k++) {
      let dot = 0;
      for (let s = 0; s < S; s++) dot += a[s * F + f] * z[s * K + k] / S;
      assertLess(Math.abs(dot), 1e-10);
    }
  }
  // Least squares on the same samples finds nothing; before, it found most.
  assertLess(Math.hypot(...leastSquares(left, targets)), 1e-8);
  assert(linearProbe(x, targets, { S, F, K }, { train: 150 }) > 0.6);
  assertLess(linearProbe(left, targets, { S, F, K }, { train: 150 }), 0.05);
  const difference = centred(x, F).map((value, index) => value - a[index]);
  let shift = 0;
  for (let s = 0; s < S; s++) for (let f = 0; f < F; f++) shift += left[s * F + f] - x[s * F + f];
  assertAlmostEquals(shift, 0, 1e-8);
  applied(left, found).forEach((value, index) => assertAlmostEquals(value, left[index], 1e-8));
  // What is taken away has rank K, and what is left is uncorrelated with it: nothing smaller would do.
  for (let f = 0; f < F; f++) {
    for (let g = 0; g < F; g++) {
      let dot = 0;
      for (let s = 0; s < S; s++) dot += a[s * F + f] * difference[s * F + g] / S;
      assertLess(Math.abs(dot), 1e-9);
    }
  }
  let trace = 0;
  for (let f = 0; f < F; f++) trace += found.map[f * F + f];
  assertAlmostEquals(trace, F - K, 1e-9);
});

Deno.test("erasure: of all directions the mean is left; a constant direction erases nothing; of white activations, a projection", () => {
  const { x } = problem();
  const all = erasure(x, randomSubspace({ seed: 3, key: "all" }, F, F), { S, F, K: F });
  centred(applied(x, all), F).forEach((value) => assertAlmostEquals(value, 0, 1e-8));
  const flat = x.map((value, index) => index % F === 0 ? 7 : value);
  const first = Float64Array.from({ length: F }, (_, f) => Number(f === 0));
  applied(flat, erasure(flat, first, { S, F, K: 1 })).forEach((value, index) =>
    assertAlmostEquals(value, flat[index], 1e-12)
  );
  // ± unit vectors: covariance I / F.
  const white = Float64Array.from({ length: 2 * F * F }, (_, index) => {
    const [s, f] = [Math.floor(index / F), index % F];
    return s % F === f ? (s < F ? 1 : -1) : 0;
  });
  const q = randomSubspace({ seed: 4, key: "all" }, F, K);
  erasure(white, q, { S: 2 * F, F, K }).map.forEach((value, index) => {
    const [f, g] = [Math.floor(index / F), index % F];
    const dot = q[f * K] * q[g * K] + q[f * K + 1] * q[g * K + 1];
    assertAlmostEquals(value, Number(f === g) - dot, 1e-12);
  });
});

Deno.test("erasure: sizes that do not fit are refused", () => {
  assertEquals(
    assertThrows(() => erasure([1, 2], [1, 0], { S: 1, F: 2, K: 1 }), RangeError).message,
    "erasure: expected activations (S, F) and a readout (F, K), K ≤ F, S ≥ 2, found 2 and 2 numbers for S = 1, F = 2, K = 1",
  );
});
