import { assertEquals, assertLessOrEqual } from "@std/assert";
import { float, int, text } from "../../../lib/run/columns.ts";
import { LogDigest } from "../../../lib/tools/serve/log_digest.ts";
import { columns, row, trainLines } from "./runs.ts";

Deno.test("a quantity is a figure, series and places its curves, theories stand beside what is measured", () => {
  const digest = new LogDigest(columns);
  for (const step of [0, 10]) {
    for (const replica of [0, 1]) {
      digest.add(row("measure", { step, replica, value: step + replica }));
      digest.add(row("measure", { series: "control", step, replica, value: 7 }));
      digest.add(row("measure", { step, replica, quantity: "QK norm", layer: 1, head: 0, value: 3 }));
    }
    digest.add(row("theory", { theory: "exact flow", step, value: step }));
  }
  const patches = digest.since(-1);
  assertEquals(patches.map(({ name }) => [name!.kind, name!.facets.quantity, name!.groups, name!.theory]), [
    ["measure", "loss", { series: "main" }, ""],
    ["measure", "loss", { series: "control" }, ""],
    ["measure", "QK norm", { series: "main", layer: "1", head: "0" }, ""],
    ["measure", "loss", { series: "main" }, "exact flow"],
  ]);
  assertEquals([patches[0].name!.x, patches[0].name!.y], ["step", "value"]);
  assertEquals(patches[0].points, [[0, 0.5, 0, 1, Math.SQRT1_2, 2], [10, 10.5, 10, 11, Math.SQRT1_2, 2]]);
  assertEquals(patches[3].points, [[0, 0, 0, 0, 0, 1], [10, 10, 10, 10, 0, 1]]);
});

Deno.test("text that is no series tells figures apart, as study does in older logs", () => {
  const digest = new LogDigest({
    measure: {
      study: text(""),
      x: float("", ""),
      replica: int("", ""),
      quantity: text(""),
      mode: int("", ""),
      value: float("", ""),
    },
  });
  for (const mode of [1, 2]) {
    digest.add(JSON.stringify({ kind: "measure", study: "main", x: 0, replica: 0, quantity: "q", mode, value: 1 }));
  }
  assertEquals(digest.since(-1).map(({ name }) => [name!.x, name!.facets, name!.groups]), [
    ["x", { study: "main", quantity: "q" }, { mode: "1" }],
    ["x", { study: "main", quantity: "q" }, { mode: "2" }],
  ]);
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
  const newest = (at: number, value: number) => [{ kind: "train", quantity: "loss", groups: {}, x: "step", at, value }];
  assertEquals(digest.newest(false), newest(1, 0.55));
  digest.add(lines[5]);
  assertEquals(digest.newest(false)[0].at, 2, "as many replicas as before");
  assertEquals(digest.newest(true)[0].at, 2);
  digest.add('{"kind":"train","step":3,"replica":0,"loss":5}');
  assertEquals([digest.newest(false)[0].at, digest.newest(true)], [2, newest(3, 5)]);
});

Deno.test("the newest values are those of the main series: controls, sweeps and places are not averaged with it", () => {
  const digest = new LogDigest(columns);
  for (const step of [0, 10, 40]) {
    digest.add(row("measure", { series: "depth-2", step, replica: 0, value: 100 }));
    digest.add(row("measure", { step, replica: 0, value: step }));
    digest.add(row("measure", { step, replica: 1, value: step + 1 }));
    for (const head of [0, 1]) digest.add(row("measure", { step, replica: 0, quantity: "norm", head, value: head }));
    digest.add(row("theory", { theory: "flow", step, value: -1 }));
  }
  // A sweep after the training.
  digest.add(row("measure", { series: "N = 8", step: 9999, replica: 0, value: 3 }));
  assertEquals(digest.newest(true), [
    { kind: "measure", quantity: "loss", groups: { series: "main" }, x: "step", at: 40, value: 40.5 },
    { kind: "measure", quantity: "norm", groups: { series: "main", head: "0" }, x: "step", at: 40, value: 0 },
  ]);
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
      row("measure", { series: "<b>", step: 0, replica: 0, quantity: "q".repeat(1000), index: mode, value: 1 }).trim(),
    );
  }
  assertEquals(digest.since(-1).length, 400);
  assertEquals(digest.unread, 600);
  assertLessOrEqual(digest.since(-1)[0].name!.facets.quantity.length, 120);
});

Deno.test("where the time of rows is known, it is a quantity of each series, and no newest value", () => {
  const digest = new LogDigest(columns);
  for (const [step, ms] of [[0, 500], [10, 2500]]) {
    for (const replica of [0, 1]) digest.add(row("measure", { step, replica, layer: 0, head: replica, value: 1 }), ms);
    digest.add(row("measure", { series: "control", step, replica: 0, value: 1 }), ms + 1000);
  }
  digest.add(row("measure", { step: 20, replica: 0, value: 1 }));
  const timed = digest.since(-1).filter(({ name }) => name!.facets.quantity === "wall time");
  assertEquals(timed.map(({ name, points }) => [name!.groups, name!.unit, points.map(([x, y]) => [x, y])]), [
    [{ series: "main" }, "s", [[0, 0.5], [10, 2.5]]],
    [{ series: "control" }, "s", [[0, 1.5], [10, 3.5]]],
  ]);
  assertEquals(digest.newest(true).some(({ quantity }) => quantity === "wall time"), false);
});
