/** The clipped error against means over drawn functions, and where it is known. */
import { assertAlmostEquals, assertLess, assertThrows } from "@std/assert";
import { normals, uniforms } from "../../../lib/random/random.ts";
import { clippedError } from "../../../lib/theory/beyond_the_training_range/clipped_error.ts";

const DRAWS = 400_000;
const a = normals({ seed: 1, key: "a" }, DRAWS), b = normals({ seed: 1, key: "b" }, DRAWS);
const POINTS = {
  normal: normals({ seed: 1, key: "x" }, DRAWS),
  uniform: uniforms({ seed: 1, key: "x" }, DRAWS).map((u) => 2 * u - 1),
};

Deno.test("clipped error: the mean over drawn functions, within 5 standard errors", () => {
  for (const law of ["normal", "uniform"] as const) {
    for (const [functions, scale, bound] of [[1, 1, 0.5], [10, 1, 30], [3, 4, 12], [1, 10, 13.7]]) {
      const errors = POINTS[law].map((x, i) => Math.max(0, functions * Math.abs(a[i] * scale * x + b[i]) - bound) ** 2);
      const mean = errors.reduce((sum, one) => sum + one) / DRAWS;
      const deviation = Math.sqrt(errors.reduce((sum, one) => sum + (one - mean) ** 2, 0) / DRAWS);
      const found = clippedError(bound, { functions, inputs: { law, scale } });
      assertLess(Math.abs(found - mean), 5 * deviation / Math.sqrt(DRAWS), `${law}, ${functions}, ${scale}, ${bound}`);
    }
  }
});

Deno.test("clipped error: all of the variance at bound 0, nothing far out", () => {
  const normal = { functions: 10, inputs: { law: "normal", scale: 1 } } as const;
  assertAlmostEquals(clippedError(0, normal), 200, 1e-9);
  assertAlmostEquals(clippedError(0, { functions: 2, inputs: { law: "uniform", scale: 5 } }), 4 * (1 + 25 / 3), 1e-9);
  assertLess(clippedError(1000, normal), 1e-6);
});

Deno.test("clipped error: what is no bound or scale is refused", () => {
  const inputs = { law: "normal", scale: 1 } as const;
  assertThrows(() => clippedError(-1, { functions: 1, inputs }), RangeError, "expected a bound ≥ 0, found -1");
  assertThrows(() => clippedError(1, { functions: 0, inputs }), RangeError, "expected functions above 0, found 0");
});
