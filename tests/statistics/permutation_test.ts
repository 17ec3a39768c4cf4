import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { eventsInWindows } from "../../lib/statistics/permutation.ts";
import { uniforms } from "../../lib/random/random.ts";

const window = { start: 400, end: 500 };

Deno.test("eventsInWindows: events that all lie inside short windows are no chance", () => {
  const placed = Array.from({ length: 4 }, () => ({ window, events: [420, 450, 480] }));
  const { share, expected, p } = eventsInWindows(placed, { last: 1000 });
  assertEquals(share, 1);
  assertLess(p, 0.001);
  assertLess(expected, 0.15);
});

Deno.test("eventsInWindows: one event in the middle is inside as often as the window covers it", () => {
  // A window of 100 placed in 0 … 1000 starts uniformly in 0 … 900: it holds step 450 with probability 1/9.
  const { expected, p } = eventsInWindows([{ window, events: [450] }], { last: 1000 });
  assertAlmostEquals(expected, 1 / 9, 0.01);
  assertAlmostEquals(p, 1 / 9, 0.01);
});

Deno.test("eventsInWindows: events anywhere are seldom found to be inside, and none give p = 1", () => {
  const levels = Array.from({ length: 200 }, (_, trial) => {
    const events = uniforms({ seed: trial, key: "anywhere", step: 0 }, 4);
    const placed = [...events].map((event) => ({ window, events: [1000 * event] }));
    return eventsInWindows(placed, { last: 1000, draws: 199 }).p;
  });
  assert(levels.filter((p) => p <= 0.05).length <= 20, "at most a tenth at p ≤ 0.05");
  assertEquals(eventsInWindows([{ window, events: [] }], { last: 1000 }), {
    share: 0,
    expected: 0,
    p: 1,
    perSeed: [],
  });
});
