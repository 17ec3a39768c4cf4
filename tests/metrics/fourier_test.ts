/** Fourier analysis where the answer is known. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  cyclicGroup,
  fourierComponents,
  fourierPowers,
  fourierSynthesis,
  gini,
  keyFrequencies,
} from "../../lib/metrics/fourier.ts";
import { normals } from "../../lib/random/random.ts";

const sumOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0);

for (const m of [2, 5, 8]) {
  Deno.test(`components are orthonormal over ${m} elements, and all of them with the mean give back the matrix`, () => {
    const C = 3;
    const x = normals({ seed: 1, key: "fourier test" }, m * C);
    const means = [0, 1, 2].map((c) => sumOf(Array.from({ length: m }, (_, s) => x[s * C + c])) / m);
    const parts = fourierComponents(x, m);
    assertEquals(parts.length, Math.floor(m / 2));
    const total = sumOf(x.map((value) => value ** 2)) - m * sumOf(means.map((mean) => mean ** 2));
    assertAlmostEquals(sumOf(fourierPowers(parts)), total, 1e-10);
    const back = fourierSynthesis(parts, parts.map(({ frequency }) => frequency), m);
    back.forEach((value, index) => assertAlmostEquals(value + means[index % C], x[index], 1e-10));
    assertEquals([...fourierSynthesis(parts, [], m)], new Array(m * C).fill(0));
  });
}

Deno.test("a wave has all of its power at its frequency", () => {
  const wave = Array.from({ length: 7 }, (_, s) => 3 * Math.cos(2 * Math.PI * 2 * s / 7 + 1));
  fourierPowers(fourierComponents(wave, 7)).forEach((power, index) =>
    assertAlmostEquals(power, index === 1 ? 9 * 7 / 2 : 0, 1e-9)
  );
});

Deno.test("Gini coefficient: equal values 0, one of n has all 1 − 1/n, order does not matter", () => {
  assertAlmostEquals(gini([2, 2, 2]), 0);
  assertAlmostEquals(gini([0, 5, 0, 0]), 0.75);
  assertAlmostEquals(gini([3, 1]), 0.25);
  assertEquals(gini([0, 0]), 0);
});

Deno.test("key frequencies: those above the share, and the strongest in any case", () => {
  assertEquals(keyFrequencies([50, 1, 40, 9], 0.1), [1, 3]);
  assertEquals(keyFrequencies([1, 1, 1.1, 1], 0.9), [3]);
});

for (const operation of ["add", "subtract", "multiply", "divide"] as const) {
  Deno.test(`${operation} modulo 7 is addition or subtraction in its group`, () => {
    const p = 7;
    const { order, element, combine } = cyclicGroup(p, operation);
    assertEquals(order, operation === "add" || operation === "subtract" ? 7 : 6);
    for (let a = 0; a < p; a++) {
      for (let b = 0; b < p; b++) {
        if (element[a] < 0 || element[b] < 0) continue;
        const answer = operation === "add"
          ? (a + b) % p
          : operation === "subtract"
          ? (a - b + p) % p
          : operation === "multiply"
          ? a * b % p
          : [1, 2, 3, 4, 5, 6].find((q) => q * b % p === a)!;
        assertEquals(combine(element[a], element[b]), element[answer]);
      }
    }
  });
}

Deno.test("logarithms exist modulo primes only", () => {
  assertThrows(() => cyclicGroup(8, "multiply"), RangeError, "cyclicGroup: expected a prime, found 8");
});
