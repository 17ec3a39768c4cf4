import { assertAlmostEquals, assertEquals } from "@std/assert";
import { autocorrelationCurvature, curvature, sharpest } from "../../../experiments/icl_emergence/curvature.ts";

Deno.test("curvature: that of t² is 2, that of a line 0", () => {
  assertEquals(curvature([0, 1, 4, 9, 16]), [0, 2, 2, 2, 0]);
  assertEquals(curvature([3, 5, 7]), [0, 0, 0]);
});

Deno.test("autocorrelation: of a loss that falls by a per step the curvature is −a², of a constant one 0", () => {
  const losses = Array.from({ length: 100 }, (_, step) => 5 - 0.02 * step);
  const [early, late] = autocorrelationCurvature(losses, [10, 60], 40, 7);
  assertEquals(early, 0);
  assertAlmostEquals(late, -0.0004, 1e-12);
  assertAlmostEquals(autocorrelationCurvature(losses.map(() => 1), [60], 40, 7)[0], 0);
});

Deno.test("sharpest: the report with the largest size, whatever its sign", () => {
  assertEquals(sharpest([0, 10, 20, 30], [1, -5, 3, 4]), 10);
});
