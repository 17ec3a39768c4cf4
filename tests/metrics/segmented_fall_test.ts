import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { segmentedFall } from "../../lib/metrics/segmented_fall.ts";
import { normals } from "../../lib/random/random.ts";

const x = Array.from({ length: 61 }, (_, report) => 25 * report);
const noise = normals({ seed: 3, key: "noise of a score", step: 0 }, x.length);
const curve = (t: number) => -Math.min(1, t / 400) - 2 * Math.min(1, Math.max(0, (t - 400) / 150));

Deno.test("segmentedFall: change points of a piecewise linear curve exactly, wherever time begins", () => {
  for (const offset of [0, 1e4]) {
    const { start, end, before, after, explained } = segmentedFall({ x: x.map((t) => t + offset), y: x.map(curve) })!;
    assertEquals([start - offset, end - offset], [400, 550]);
    assertAlmostEquals(before, -1, 1e-6);
    assertAlmostEquals(after, -3, 1e-6);
    assertAlmostEquals(explained, 1, 1e-6);
  }
});

Deno.test("segmentedFall: with noise to a sample, and noise alone explains little", () => {
  const { start, end } = segmentedFall({ x, y: x.map((t, i) => curve(t) + 0.05 * noise[i]) })!;
  assert(Math.abs(start - 400) <= 25 && Math.abs(end - 550) <= 25, `${start} … ${end}`);
  assert((segmentedFall({ x, y: noise })?.explained ?? 0) < 0.5);
});

Deno.test("segmentedFall: none in a constant, a line, a straight rise", () => {
  for (const y of [x.map(() => 3), x.map((t) => -t / 500), x.map((t) => t)]) {
    assertEquals(segmentedFall({ x, y }), null);
  }
  assertThrows(
    () => segmentedFall({ x: [0, 1], y: [0, 1] }),
    RangeError,
    "segmentedFall: expected at least 6 points (x, y), found 2 and 2",
  );
});
