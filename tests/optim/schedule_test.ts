import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  constantSchedule,
  cosineSchedule,
  linearSchedule,
  type Schedule,
  scheduleFactor,
  triangleSchedule,
  warmUp,
} from "../../lib/optim/schedule.ts";

function factors(schedule: Schedule, steps: readonly number[], replica = 0): number[] {
  return steps.map((step) => scheduleFactor(schedule, step, replica));
}

function assertFactors(found: readonly number[], expected: readonly number[]): void {
  assertEquals(found.length, expected.length);
  expected.forEach((value, i) => assertAlmostEquals(found[i], value, 1e-12));
}

Deno.test("schedule: shapes at their corners, and their ends for good", () => {
  assertFactors(factors(constantSchedule(), [0, 7]), [1, 1]);
  const cosine = (1 + Math.cos(Math.PI / 4)) / 2;
  assertFactors(factors(cosineSchedule({ steps: 8 }), [0, 2, 4, 8, 9]), [1, cosine, 0.5, 0, 0]);
  assertFactors(factors(linearSchedule({ steps: 8, floor: 0.2 }), [0, 2, 8, 100]), [1, 0.8, 0.2, 0.2]);
  assertFactors(factors(triangleSchedule({ steps: 8 }), [0, 2, 4, 6, 8, 9]), [0, 0.5, 1, 0.5, 0, 0]);
});

Deno.test("schedule: the first update of a warm-up has 1/warmup, the one after its end the full rate", () => {
  assertFactors(factors(warmUp(4), [0, 1, 2, 3, 4]), [0.25, 0.5, 0.75, 1, 1]);
  assertFactors(factors(warmUp(2, linearSchedule({ steps: 6 })), [0, 1, 2, 3, 4, 6]), [0.5, 1, 1, 0.75, 0.5, 0]);
});

Deno.test("schedule: lengths of each replica", () => {
  const schedule = warmUp([0, 2], linearSchedule({ steps: [4, 10], floor: [0, 0.5] }));
  assertFactors(factors(schedule, [0, 2, 4], 0), [1, 0.5, 0]);
  assertFactors(factors(schedule, [0, 2, 6, 10], 1), [0.5, 1, 0.75, 0.5]);
});
