import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  differences,
  geometricMean,
  mean,
  meanInterval,
  quantile,
  quantileInterval,
  quotients,
  ratioInterval,
  slope,
  standardDeviation,
  studentQuantile,
  wilsonInterval,
} from "../../lib/statistics/mod.ts";

Deno.test("quantiles of Student's t are those of the tables", () => {
  const table: [number, number, number][] = [
    [0.975, 1, 12.7062047364],
    [0.975, 2, 4.30265272991],
    [0.975, 3, 3.18244630528],
    [0.95, 7, 1.89457860506],
    [0.975, 7, 2.36462425101],
    [0.995, 10, 3.16927267261],
    [0.975, 1000, 1.96233908083],
  ];
  for (const [probability, freedom, expected] of table) {
    assertAlmostEquals(studentQuantile(probability, freedom), expected, 1e-9 * expected);
  }
});

Deno.test("the interval of a mean is symmetric, collapses without spread, and needs two finite replicas", () => {
  const { centre, low, high } = meanInterval([1, 2, 3, 4, 5]);
  assertEquals(centre, 3);
  assertAlmostEquals(high - low, 2 * 2.7764451052 * Math.sqrt(2.5 / 5), 1e-8);
  assertAlmostEquals((high + low) / 2, 3, 1e-12);
  assertEquals(meanInterval([7, 7, 7]), { centre: 7, low: 7, high: 7 });
  assertThrows(() => meanInterval([1]), RangeError, "expected values of at least two replicas, found 1");
  assertThrows(() => meanInterval([1, NaN]), RangeError, "expected finite values, found NaN for replica 1");
  assertThrows(() => meanInterval([1, 2], 1), RangeError, "expected level in (0, 1), found 1");
});

Deno.test("the quantile interval of 0..100 at 90 % is 5..95, in any order", () => {
  const values = Array.from({ length: 101 }, (_, index) => (index * 37) % 101);
  const { centre, low, high } = quantileInterval(values, 0.9);
  assertAlmostEquals(low, 5, 1e-12);
  assertAlmostEquals(centre, 50, 1e-12);
  assertAlmostEquals(high, 95, 1e-12);
  assertThrows(() => quantileInterval([1, 2], 1), RangeError, "expected level in (0, 1), found 1");
});

Deno.test("the interval of ratios is that of their logarithms, cut where it is no number", () => {
  const { centre, low, high } = ratioInterval([1 / 2, 2]);
  assertAlmostEquals(centre, 1, 1e-12);
  // The logarithms ±ln 2 have deviation √2 ln 2, so half the width is t · ln 2.
  assertAlmostEquals(Math.log(high), 12.7062047364 * Math.LN2, 1e-8);
  assertAlmostEquals(low * high, 1, 1e-12);
  assertEquals(ratioInterval([1e-30, 1e30]).high, Math.exp(50));
  assertThrows(() => ratioInterval([1, 0]), RangeError, "expected ratios above 0, found 0");
});

Deno.test("Wilson's interval solves |p − s| = z √(p (1 − p)/n) at both ends", () => {
  for (const [share, n] of [[0, 5], [0.25, 8], [0.5, 2], [1, 12]]) {
    const { centre, low, high } = wilsonInterval(share, n);
    assertEquals(centre, share);
    for (const p of [low, high]) {
      if (p === 0 || p === 1) continue;
      assertAlmostEquals(Math.abs(p - share), 1.96 * Math.sqrt(p * (1 - p) / n), 1e-12);
    }
  }
  assertEquals(wilsonInterval(0, 5).low, 0);
  assertEquals(wilsonInterval(1, 5).high, 1);
  // Of n out of n the lower end is n / (n + z²): three quarters are reached at n = 3 z² = 11.5.
  assertEquals([wilsonInterval(1, 11).low >= 0.75, wilsonInterval(1, 12).low >= 0.75], [false, true]);
  assertThrows(() => wilsonInterval(0.5, 0), RangeError, "expected at least one case, found 0");
  assertThrows(() => wilsonInterval(1.1, 3), RangeError, "expected a share in [0, 1], found 1.1");
});

Deno.test("mean, deviation, geometric mean, quantile and slope where they are known", () => {
  assertEquals(mean([1, 2, 6]), 3);
  assertAlmostEquals(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7), 1e-12);
  assertAlmostEquals(geometricMean([1, 10, 100]), 10, 1e-12);
  assertEquals([0, 0.25, 0.5, 1].map((q) => quantile([1, 2, 4], q)), [1, 1.5, 2, 4]);
  assertEquals(slope([0, 1, 3], [1, 3, 7]), 2);
});

Deno.test("too few values, and values outside the domain, are refused by name", () => {
  assertThrows(() => mean([]), RangeError, "mean: expected at least one value, found none");
  assertThrows(() => standardDeviation([1]), RangeError, "standardDeviation: expected at least two values, found 1");
  assertThrows(() => geometricMean([1, -1]), RangeError, "geometricMean: expected values above 0, found -1");
  assertThrows(() => geometricMean([]), RangeError, "expected at least one value");
  assertThrows(() => quantile([], 0.5), RangeError, "quantile: expected at least one value, found none");
  assertThrows(() => quantile([1], 2), RangeError, "quantile: expected q in [0, 1], found 2");
  assertThrows(() => slope([1, 2], [1]), RangeError, "slope: expected 2 values, found 1");
  assertThrows(() => slope([1, 1], [1, 2]), RangeError, "slope: expected at least two different positions");
});

Deno.test("quotients and differences go replica by replica, and by one number for all; other lengths are refused", () => {
  assertEquals(quotients([6, -1], [3, 4]), [2, -0.25]);
  assertEquals(differences([6, -1], [3, 4]), [3, -5]);
  assertEquals([quotients([6, -1], 2), differences([6, -1], 2)], [[3, -0.5], [4, -3]]);
  assertThrows(
    () => differences([1, 2], [1]),
    RangeError,
    "differences: expected as many values on both sides, found 2 and 1",
  );
});
