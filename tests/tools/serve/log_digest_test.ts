import { assertEquals, assertLessOrEqual } from "@std/assert";
import { float, int } from "../../../lib/run/columns.ts";
import { LogDigest } from "../../../lib/tools/serve/log_digest.ts";
import { columns, trainLines } from "./runs.ts";

const product = { kind: "measure", series: "main", quantity: "product" };

Deno.test("columns say what is a position, a value, a figure and a curve", () => {
  const digest = new LogDigest(columns);
  for (const mode of [1, 2]) {
    for (const x of [0, 10]) {
      digest.add(
        JSON.stringify({ ...product, step: x, index: mode, replica: 0, value: mode + x }),
      );
    }
  }
  const patches = digest.since(-1);
  assertEquals(patches.map(({ name }) => [name!.x, name!.y, name!.facets, name!.groups]), [
    ["step", "value", { quantity: "product" }, { series: "main", index: "1" }],
    ["step", "value", { quantity: "product" }, { series: "main", index: "2" }],
  ]);
  assertEquals(patches[1].points, [[0, 2, 2, 2], [10, 12, 12, 12]]);
});

Deno.test("a number written before the replica is a condition, and no value", () => {
  const digest = new LogDigest({
    train: { step: int("steps", ""), scale: float("", ""), seed: int("", ""), loss: float("", "") },
  });
  for (const scale of [0.1, 0.2]) digest.add(JSON.stringify({ kind: "train", step: 0, scale, seed: 1, loss: 1 }));
  assertEquals(digest.since(-1).map(({ name }) => [name!.y, name!.groups]), [
    ["loss", { scale: "0.1" }],
    ["loss", { scale: "0.2" }],
  ]);
});

Deno.test("the newest values are means over replicas at the last step that is whole", () => {
  const digest = new LogDigest(columns);
  const lines = trainLines(0, 3).split("\n");
  for (const line of lines.slice(0, 5)) digest.add(line);
  assertEquals(digest.newest().train, { x: "step", at: 1, values: { loss: 0.55 } });
});

Deno.test("of measured numbers the newest are those of the first series, by quantity", () => {
  const digest = new LogDigest(columns);
  for (const [series, step, value] of [["main", 0, 4], ["main", 10, 2], ["control", 10, 9]] as const) {
    for (const replica of [0, 1]) {
      for (const quantity of ["loss", "accuracy"]) {
        const at = { kind: "measure", series, step, quantity, replica };
        digest.add(JSON.stringify({ ...at, value: value + replica + (quantity === "loss" ? 0 : 100) }));
      }
    }
  }
  assertEquals(digest.newest().measure, { x: "step", at: 10, values: { loss: 2.5, accuracy: 102.5 } });
});

Deno.test("what is no row is counted and harmless", () => {
  const digest = new LogDigest(columns);
  for (
    const line of [
      "torn {",
      "[1]",
      "null",
      "7",
      '{"kind":3}',
      "",
      '{"kind":"unknown","x":1}',
      '{"kind":"train","step":1e999,"replica":0,"loss":1}',
      '{"kind":"train","step":"1","loss":1}',
      '{"kind":"train","step":1,"replica":0,"loss":null}',
      '{"kind":"__proto__","step":1}',
    ]
  ) digest.add(line);
  assertEquals([digest.unread, digest.rows], [5, 5]);
  assertEquals(digest.since(-1), []);
});

Deno.test("curves without end are not kept without end", () => {
  const digest = new LogDigest(columns);
  for (let mode = 0; mode < 1000; mode++) {
    digest.add(
      JSON.stringify({
        ...product,
        series: "<b>",
        step: 0,
        replica: 0,
        quantity: "q".repeat(1000),
        index: mode,
        value: 1,
      }),
    );
  }
  assertEquals(digest.since(-1).length, 400);
  assertEquals(digest.unread, 600);
  assertLessOrEqual(digest.since(-1)[0].name!.facets.quantity.length, 120);
});
