import { assertEquals, assertThrows } from "@std/assert";
import { branches } from "../../lib/interventions/branches.ts";
import { censoredCrossing, delays } from "../../lib/interventions/delays.ts";

const tensors = [
  { name: "w", shape: [2, 1], data: Float32Array.of(1, 2) },
  { name: "optimizer.mean.w", shape: [2, 1], data: Float32Array.of(3, 4) },
];

Deno.test("branches: the replicas of a state once for each name, which are found again by it", () => {
  const found = branches({ step: 7, tensors }, ["held", "free", "moved"]);
  assertEquals([found.state.step, found.replicas, found.names], [7, 2, ["held", "free", "moved"]]);
  assertEquals(found.state.tensors.map(({ shape, data }) => [shape, [...data]]), [
    [[6, 1], [1, 2, 1, 2, 1, 2]],
    [[6, 1], [3, 4, 3, 4, 3, 4]],
  ]);
  assertEquals([found.at("free", 1), found.indices("moved"), found.each([8, 9])], [3, [4, 5], [8, 9, 8, 9, 8, 9]]);
});

Deno.test("branches: of different names, of a state at a report", () => {
  const message = "branches: expected different names, found a, a";
  assertThrows(() => branches({ step: 7, tensors }, ["a", "a"]), RangeError, message);
  const between = [...tensors, { name: "run.losses", shape: [3, 2], data: new Float32Array(6) }];
  assertThrows(() => branches({ step: 7, tensors: between }, ["a"]), RangeError, "expected a state at a report");
});

Deno.test("delays: from either side, of each replica's own level; a lower bound where it never happens", () => {
  const curve = (...y: number[]) => ({ x: [0, 10, 20, 30], y });
  const without = [curve(0, -2, -4, -4), curve(0, -1, -2, -3), curve(0, 0, 0, 0), curve(0, -4, -4, -4)];
  const late = [curve(0, 0, -2, -4), curve(0, 0, 0, 0), curve(0, -4, -4, -4), curve(0, 0, 0, -4)];
  assertEquals(delays(without, late, [-1, -2, -1, null], { direction: "down", end: 30 }), [
    { replica: 0, steps: 10, censored: false },
    { replica: 1, steps: 10, censored: true },
  ]);
  const rising = { x: [1, 100], y: [0, 1] };
  const { step } = censoredCrossing(rising, 0.5, { direction: "up", end: 100, scale: "log" });
  assertEquals(Math.round(1e9 * step), 1e10);
});
