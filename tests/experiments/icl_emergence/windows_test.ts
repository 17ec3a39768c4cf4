import { assert, assertEquals } from "@std/assert";
import { findWindow, halfWay } from "../../../experiments/icl_emergence/windows.ts";
import { normals } from "../../../lib/random/random.ts";

const x = Array.from({ length: 61 }, (_, report) => 25 * report);
const noise = normals({ seed: 3, key: "noise of a score", step: 0 }, x.length);

/** A slow fall of 1 nat, a fast one of 2 between 400 and 550, then level. */
const score = (step: number) => -Math.min(1, step / 400) - 2 * Math.min(1, Math.max(0, (step - 400) / 150));

Deno.test("window: that of the fall, with noise to a report", () => {
  const exact = findWindow({ x, y: x.map(score) }, -2, 0.9)!;
  assertEquals([exact.start, exact.end], [400, 550]);
  const noisy = findWindow({ x, y: x.map((step, i) => score(step) + 0.05 * noise[i]) }, -2, 0.9)!;
  assert(Math.abs(noisy.start - 400) <= 25 && Math.abs(noisy.end - 550) <= 25, JSON.stringify(noisy));
});

Deno.test("window: none for a fall that ends too high, for one that noise hides, for a rise", () => {
  const find = (y: number[], level = -2) => findWindow({ x, y }, level, 0.9);
  assertEquals(find(x.map((step) => 0.5 * score(step))), null);
  assert(find(x.map((step) => 0.5 * score(step)), -1.4));
  assertEquals(find(x.map((step, i) => score(step) + noise[i])), null);
  assertEquals(find(x.map((step) => -3 - score(step))), null);
});

Deno.test("half way: of a fall and of a rise; null without any way", () => {
  assertEquals(halfWay({ x: [0, 10, 20], y: [0, 1, 2] }), 10);
  assertEquals(halfWay({ x: [0, 10, 20], y: [2, 1.5, 0] }), 10 + 10 / 3);
  assertEquals(halfWay({ x: [0, 10], y: [1, 1] }), null);
});
