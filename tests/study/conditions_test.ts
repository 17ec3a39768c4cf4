import { assertEquals, assertThrows } from "@std/assert";
import { Conditions } from "../../lib/study/mod.ts";

Deno.test("replicas of conditions lie side by side, addressed by name", () => {
  const design = new Conditions([
    { name: "main", seeds: [7, 8], decay: 1 },
    { name: "left out", seeds: [], decay: 5 },
    { name: "no decay", seeds: [7], decay: 0 },
  ]);
  assertEquals(design.replicas, [
    { condition: "main", replica: 0, seed: 7, decay: 1 },
    { condition: "main", replica: 1, seed: 8, decay: 1 },
    { condition: "no decay", replica: 0, seed: 7, decay: 0 },
  ]);
  assertEquals(design.names, ["main", "no decay"]);
  assertEquals(design.seeds, [7, 8, 7]);
  assertEquals([design.indices("main"), design.indices("no decay"), design.indices("none")], [[0, 1], [2], []]);
  assertEquals(design.each(({ decay, seed }) => decay * seed), [7, 8, 0]);
});

Deno.test("two conditions of one name are refused", () => {
  const twice = [{ name: "main", seeds: [1] }, { name: "main", seeds: [2] }];
  assertThrows(() => new Conditions(twice), RangeError, 'expected conditions with distinct names, found "main" twice');
});
