import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  chiSquareCdf,
  correlationScore,
  gammaP,
  kolmogorovSmirnov,
  logGamma,
  momentScore,
  normalCdf,
  pairUniformity,
} from "./distributions.ts";

const close = (actual: number, expected: number, relative = 1e-12) =>
  assertAlmostEquals(actual, expected, relative * Math.abs(expected));

Deno.test("the gamma functions meet closed forms and tables", () => {
  close(logGamma(0.5), 0.5 * Math.log(Math.PI));
  close(logGamma(5), Math.log(24));
  close(logGamma(171), 706.5730622457874);
  for (const x of [1e-3, 0.5, 1, 3, 20]) {
    close(gammaP(1, x), -Math.expm1(-x), 1e-11);
    close(gammaP(3, x), 1 - Math.exp(-x) * (1 + x + x * x / 2), x < 0.1 ? 1e-5 : 1e-11);
  }
  close(normalCdf(1), 0.8413447460685429);
  close(normalCdf(-1.959963984540054), 0.025, 1e-11);
  close(normalCdf(-4), 3.167124183311986e-5, 1e-9);
  close(chiSquareCdf(1, 3.841458820694124), 0.95);
  close(chiSquareCdf(10, 18.307038053275146), 0.95);
  // Wilson and Hilferty's cube root is normal up to O(1/dof).
  const z = ((1_001_000 / 1e6) ** (1 / 3) - (1 - 2 / 9e6)) / Math.sqrt(2 / 9e6);
  close(chiSquareCdf(1e6, 1_001_000), normalCdf(z), 1e-7);
});

Deno.test("the statistics see what is wrong, and only that", () => {
  const n = 10_000;
  const even = Float64Array.from({ length: n }, (_, i) => (i + 0.5) / n);
  const uniform = (power: number) => 1 / (power + 1);
  assert(kolmogorovSmirnov(even, (x) => x) < 0.01);
  assert(kolmogorovSmirnov(even, (x) => x ** 1.1) > 3);
  assert(Math.abs(momentScore(even, 3, uniform)) < 0.01);
  assert(momentScore(even.map((x) => x ** 0.9), 1, uniform) > 5);
  assertAlmostEquals(correlationScore(even, even), Math.sqrt(n), 1e-9);
  const golden = Float64Array.from(even, (_, i) => (i * 0.6180339887498949) % 1);
  assert(Math.abs(correlationScore(even, golden)) < 1);
  assertEquals(pairUniformity(even, even, 4), 0);
  assert(pairUniformity(even, golden, 4) > 0.9);
});
