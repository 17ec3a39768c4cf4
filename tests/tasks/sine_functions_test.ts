/** Sine functions: their formula, the laws of their numbers, and what they depend on. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { sineFunctions } from "../../lib/tasks/sine_functions.ts";
import { differingTensor, sample } from "./sample.ts";

Deno.test("y = a sin(x + φ) with uniform amplitude, phase and points, the same alone as in an ensemble and for any batch", async () => {
  await openGpu();
  const [N, B] = [5, 4000];
  const options = { context: N, batch: B };
  const batch = await sample(sineFunctions(options), { seeds: [3, 4], step: 2 });
  const { x: { values: x }, y: { values: y }, coefficients: { values: c, shape } } = batch;
  assertEquals([batch.x.shape, batch.y.shape, shape], [[2, B, N], [2, B, N], [2, B, 2]]);
  const bounds = [[0.1, 0.5], [0, Math.PI]];
  for (let prompt = 0; prompt < 2 * B; prompt++) {
    const [a, phase] = [c[2 * prompt], c[2 * prompt + 1]];
    assert(a > 0.1 && a < 0.5 && phase > 0 && phase < Math.PI, `found ${a}, ${phase}`);
    for (let n = prompt * N; n < (prompt + 1) * N; n++) {
      assert(Math.abs(x[n]) < 5);
      assertAlmostEquals(y[n], a * Math.sin(x[n] + phase), 2e-6);
    }
  }
  // Mean and variance of uniform numbers, within five standard errors.
  const check = (values: number[], [low, high]: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const expected = (high - low) ** 2 / 12;
    assertAlmostEquals(mean, (low + high) / 2, 5 * Math.sqrt(expected / values.length));
    assertAlmostEquals(variance / expected, 1, 0.05);
  };
  [0, 1].forEach((part) => check([...c].filter((_, i) => i % 2 === part), bounds[part]));
  check([...x], [-5, 5]);

  assertEquals(differingTensor(batch, await sample(sineFunctions(options), { seeds: [4], step: 2 }), 1), null);
  const few = await sample(sineFunctions({ ...options, batch: 3 }), { seeds: [3], step: 2 });
  assertEquals(few.y.values, y.slice(0, 3 * N));
  const other = { amplitudes: [1, 2], phases: [0, 0.5], range: 1 } as const;
  const { x: near, coefficients } = await sample(sineFunctions({ ...options, ...other }), { seeds: [3] });
  assert(near.values.every((value) => Math.abs(value) < 1));
  assert(coefficients.values.every((value, i) => i % 2 === 0 ? value > 1 && value < 2 : value > 0 && value < 0.5));
  assertThrows(
    () => sineFunctions({ context: 0, batch: 1 }),
    RangeError,
    "expected context to be an integer ≥ 1, found 0",
  );
});
