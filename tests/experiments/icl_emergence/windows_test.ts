import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { crossing, deepestDip, findWindow, halfWay } from "../../../experiments/icl_emergence/windows.ts";
import { normals } from "../../../lib/random.ts";

const steps = Array.from({ length: 61 }, (_, report) => 25 * report);
const noise = normals({ seed: 3, key: "noise of a score", step: 0 }, steps.length);

/** A slow fall of 1 nat, a fast one of 2 between 400 and 550, then level. */
const score = (step: number) => -Math.min(1, step / 400) - 2 * Math.min(1, Math.max(0, (step - 400) / 150));

Deno.test("window: the change points are those of the curve, with noise to a report", () => {
  const exact = findWindow({ steps, values: steps.map(score) }, -2)!;
  assertEquals([exact.start, exact.end], [400, 550]);
  assertAlmostEquals(exact.before, -1, 1e-6);
  assertAlmostEquals(exact.after, -3, 1e-6);
  assertAlmostEquals(exact.explained, 1, 1e-6);
  const noisy = findWindow({ steps, values: steps.map((step, i) => score(step) + 0.05 * noise[i]) }, -2)!;
  assert(Math.abs(noisy.start - 400) <= 25 && Math.abs(noisy.end - 550) <= 25, JSON.stringify(noisy));
});

Deno.test("window: none for a level, for a fall that ends too high, for noise, for a rise", () => {
  const find = (values: number[], level = -2) => findWindow({ steps, values }, level);
  assertEquals(find(steps.map(() => -3)), null);
  assertEquals(find(steps.map((step) => 0.5 * score(step))), null);
  assertEquals(find([...noise].map((value) => -3 + value)), null);
  assertEquals(find(steps.map((step) => -3 - score(step))), null);
});

Deno.test("window: a straight fall has no middle that is steeper", () => {
  assertEquals(findWindow({ steps, values: steps.map((step) => -step / 500) }, -1)?.explained ?? null, null);
});

Deno.test("dip: the deepest valley counts from its lower rim, and monotone curves have none", () => {
  assertEquals(deepestDip({ steps: [0, 1, 2, 3, 4], values: [10, 9, 10, 4, 5] }), { step: 3, depth: 0.2 });
  assertEquals(deepestDip({ steps: [0, 1, 2], values: [1, 2, 3] }).depth, 0);
  assertEquals(deepestDip({ steps: [0, 1, 2], values: [0, 0, 0] }).depth, 0);
});

Deno.test("half way: the last time it is passed, by linear interpolation; null without any way", () => {
  assertEquals(halfWay({ steps: [0, 10, 20], values: [0, 1, 2] }), 10);
  assertEquals(halfWay({ steps: [0, 10, 20, 30], values: [4, 0, 4, 0] }), 25);
  assertEquals(halfWay({ steps: [0, 10], values: [1, 1] }), null);
});

Deno.test("crossing: the first time a level is reached; null if never", () => {
  assertEquals(crossing({ steps: [0, 10, 20], values: [0, -2, -4] }, -1), 5);
  assertEquals(crossing({ steps: [5, 10], values: [-2, -4] }, -1), 5);
  assertEquals(crossing({ steps: [0, 10], values: [0, -0.5] }, -1), null);
});
