import { assertAlmostEquals, assertEquals } from "@std/assert";
import { largestDeviation } from "../../lib/statistics/mod.ts";

Deno.test("largestDeviation: picks what is farthest from its prediction in its own unit, with the interval of its mean", () => {
  const { which, centre, low, high, replicas } = largestDeviation([
    { predicted: 1, measured: [1.4, 1.6], scale: 5 },
    { predicted: 0, measured: [-0.3, -0.5], scale: 1 },
    { predicted: 10, measured: [12, 12], scale: 100 },
  ]);
  assertEquals([which, replicas], [1, 2]);
  assertAlmostEquals(centre, 0.4, 1e-12);
  // Two values 0.2 apart: standard error 0.1, t = 12.706.
  assertAlmostEquals(high - centre, 1.2706, 1e-4);
  assertEquals(low, 0);
});
